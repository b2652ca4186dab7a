"""Forms and cookies: nobody else's form is taken, nobody else's cookie opens, nothing is leaked."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from creditbank.accounts.sessions import form_token, new_token
from creditbank.app import create_app
from creditbank.clock import utc_now
from creditbank.db import db
from creditbank.registry.clients import Role
from creditbank.web.doors import Declared
from tests.accounts.lobby import PASSWORD
from tests.bank import TestBank
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in

NAME = "creditbank"


def typed(browser: Browser, **changed: str) -> dict[str, str]:
    values = browser.get("/sign-in").forms()["/sign-in"].values
    return {**values, "login_kind": "name", "login": "peixun", "password": PASSWORD, **changed}


def posted(http: FlaskClient, data: dict[str, str], **headers: str) -> int:
    return http.post("/sign-in", data=data, headers=headers).status_code


@pytest.fixture
def peixun(visitors: Visitors) -> Visitors:
    visitors.staff("peixun", visitors.seat(Role.PROVIDER))
    return visitors


def test_a_form_without_its_token_is_refused_and_nothing_is_done(
    peixun: Visitors, browser: Browser
) -> None:
    data = typed(browser)
    del data["form_token"]

    answer = browser.http.post("/sign-in", data=data)

    assert answer.status_code == 403
    assert "表单已过期" in answer.text
    assert browser.led("/account").startswith("/sign-in")


@pytest.mark.parametrize("token", ["", "x", form_token("another browser"), "é" * 43])
def test_a_form_with_another_browsers_token_is_refused(
    peixun: Visitors, browser: Browser, token: str
) -> None:
    assert posted(browser.http, typed(browser, form_token=token)) == 403


def test_a_token_is_worth_nothing_without_its_cookie(peixun: Visitors, browser: Browser) -> None:
    data = typed(browser)
    browser.http.delete_cookie(NAME)

    assert posted(browser.http, data) == 403


def test_the_token_of_before_signing_in_does_not_hold_inside(
    peixun: Visitors, browser: Browser
) -> None:
    before = typed(browser)["form_token"]
    sign_in(browser, "peixun")

    answer = browser.http.post("/sign-out", data={"form_token": before})

    assert answer.status_code == 403
    assert browser.get("/account").status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "null"}, 303),
        ({}, 303),
    ],
)
def test_a_form_that_another_site_sends_is_refused_though_its_token_fits(
    peixun: Visitors, browser: Browser, headers: dict[str, str], status: int
) -> None:
    assert posted(browser.http, typed(browser), **headers) == status


def test_every_form_that_changes_something_wants_its_token(
    visitors: Visitors, bank: TestBank
) -> None:
    """Each route that an administrator may send a form to, sent without a token."""
    browser = visitors.seated(Role.ADMINISTRATOR)
    signed = visitors.lobby.signed(browser.cookie(), now=utc_now())
    taken = []
    for rule in bank.app.url_map.iter_rules():
        declared = getattr(bank.app.view_functions[rule.endpoint], "declared", None)
        if isinstance(declared, Declared) and "POST" in (rule.methods or ()):
            answer = browser.http.post(re.sub(r"<[^>]+>", "X000", rule.rule))
            if declared.opens.admits(signed) and "表单已过期" not in answer.text:
                taken.append(rule.rule)

    assert taken == []


def test_a_planted_cookie_opens_nothing_once_its_victim_has_signed_in(
    peixun: Visitors, browser: Browser
) -> None:
    planted = new_token()
    browser.http.set_cookie(NAME, planted)

    sign_in(browser, "peixun")

    thief = Browser(peixun.bank)
    thief.http.set_cookie(NAME, planted)
    assert browser.path == "/"
    assert browser.cookie() != planted
    assert thief.led("/account").startswith("/sign-in")


def test_a_cookie_changes_whenever_more_may_be_done_with_it(peixun: Visitors) -> None:
    peixun.staff("liang", peixun.seat(Role.PROVIDER), peixun.seat(Role.EMPLOYER))
    browser = Browser(peixun.bank)
    seen = [browser.get("/sign-in").cookie()]
    sign_in(browser, "liang")
    seen.append(browser.cookie())
    [number, _] = re.findall(r'name="seat_no" value="(\w+)"', browser.text)
    seen.append(browser.send("/seats", seat_no=number).cookie())
    browser.get("/account/password").send(
        "/account/password", present_password=PASSWORD, new_password="winter copper lamp 9",
        new_password_again="winter copper lamp 9",
    )  # fmt: skip
    seen.append(browser.cookie())

    assert len(set(seen)) == 4
    for old in seen[:-1]:
        thief = Browser(peixun.bank)
        thief.http.set_cookie(NAME, old)
        assert thief.led("/account").startswith("/sign-in")


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    peixun: Visitors, browser: Browser
) -> None:
    plain = browser.http.get("/sign-in").headers["Set-Cookie"]
    encrypted = browser.http.get("/sign-in", base_url="https://bank.example").headers["Set-Cookie"]

    for header in (plain, encrypted):
        assert "HttpOnly" in header
        assert "SameSite=Lax" in header
        assert "Path=/" in header
        assert "Domain" not in header
        assert "Expires" not in header
    assert plain.startswith("creditbank=")
    assert encrypted.startswith("__Host-creditbank=")
    assert "Secure" in encrypted


def test_over_https_the_plain_cookie_opens_nothing(peixun: Visitors) -> None:
    plain = sign_in(Browser(peixun.bank), "peixun")
    encrypted = Browser(peixun.bank, https=True)
    encrypted.http.set_cookie(NAME, plain.cookie(), domain="bank.example")

    assert encrypted.led("/account").startswith("/sign-in")
    assert sign_in(encrypted, "peixun").path == "/"


def test_pages_with_people_in_them_are_not_kept(peixun: Visitors, browser: Browser) -> None:
    sign_in(browser, "peixun")

    for path in ("/", "/account", "/desk/codes", "/sign-in"):
        answer = browser.http.get(path)
        assert answer.headers["Cache-Control"] == "no-store", path


def test_pages_are_small_and_ask_for_nothing_from_elsewhere(visitors: Visitors) -> None:
    browser = visitors.seated(Role.OFFICIAL)
    browser.get("/account/second-factor").send("/account/second-factor")
    pages = {"enrolment": browser.text}
    for path in ("/", "/account", "/seats", "/desk/codes", "/desk/accounts", "/desk/claims"):
        pages[path] = browser.get(path).text

    for path, page in pages.items():
        assert len(page.encode()) < 60_000, path
        assert not re.search(r"""(src|href|action)=["'](https?:)?//""", page), path
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page), path


def test_behind_a_trusted_proxy_the_visitors_own_address_and_scheme_count(
    peixun: Visitors,
) -> None:
    told = {
        "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "bank.example",
    }  # fmt: skip
    app = create_app(replace(peixun.lobby.settings, proxies_trusted=1))
    believed = app.test_client().get("/sign-in", headers=told)
    with app.app_context():
        db.engine.dispose()
    app.extensions["creditbank-sealer-engine"].dispose()
    doubted = peixun.bank.app.test_client().get("/sign-in", headers=told)

    assert believed.headers["Set-Cookie"].startswith("__Host-")
    assert "Strict-Transport-Security" in believed.headers
    assert doubted.headers["Set-Cookie"].startswith("creditbank=")


def test_numbers_and_passwords_stay_out_of_logs_and_addresses(
    visitors: Visitors, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    person = visitors.professional()
    browser = Browser(visitors.bank)
    sign_in(browser, person.document.number, "resident_id", "not the password")
    sign_in(browser, person.document.number, "resident_id")
    browser.get("/account")

    output = capfd.readouterr()
    said = caplog.text + output.out + output.err + browser.text
    assert person.document.number not in said
    assert person.name not in said
    assert PASSWORD not in said
    assert browser.cookie() not in said
