"""Sign-in by an identity provider through the pages, against a real one on loopback."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from creditbank.app import create_app
from creditbank.db import db
from creditbank.registry.clients import Role
from tests.accounts.provider import running_provider
from tests.accounts.test_identity import came_back_to, user
from tests.bank import attendance, invented_person
from tests.web.browser import Browser, Door
from tests.web.visitors import Visitors, enrol, sign_in

PERSON = invented_person(98)
RETURN = "https://bank.example/identity/return"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider() as found:
        yield found


@pytest.fixture
def offered(visitors: Visitors, issuer: str) -> Iterator[Browser]:
    """A browser before a bank that knows the provider."""
    settings = replace(
        visitors.lobby.settings, oidc_issuer=issuer, oidc_client_id="creditbank",
        oidc_client_secret="of this client", oidc_number_claim="id_number",
    )  # fmt: skip
    app = create_app(settings)
    browser = Browser(visitors.bank, https=True)
    browser.http = Door(app, TestResponse)
    yield browser
    with app.app_context():
        db.engine.dispose()
    app.extensions["creditbank-sealer-engine"].dispose()


def vouched(browser: Browser, subject: str) -> Browser:
    """Go to the provider by the link on the page, sign in there, and come back."""
    assert 'href="/identity"' in browser.text
    departure = browser.led("/identity")
    query = came_back_to(RETURN, departure, subject)
    return browser.get("/identity/return", query_string=query)


def test_whoever_the_provider_vouches_for_comes_in_without_a_password(
    visitors: Visitors, offered: Browser, issuer: str
) -> None:
    visitors.bank.post(visitors.bank.approved_filing(), attendance([PERSON]))
    user(issuer, "lin", name=PERSON.name, id_number=PERSON.document.number)

    vouched(offered.get("/sign-in"), "lin")

    assert offered.path == "/"
    assert "<h1>专业技术人员</h1>" in offered.text


def test_an_official_links_the_identity_and_is_asked_for_the_second_factor_all_the_same(
    visitors: Visitors, offered: Browser
) -> None:
    visitors.staff("jingban", visitors.seat(Role.OFFICIAL))
    sign_in(offered, "jingban")
    enrol(offered)
    vouched(offered.get("/account"), "wang")
    linked = offered.path, "已关联" in offered.text
    offered.get("/").send("/sign-out")

    vouched(offered.get("/sign-in"), "wang")

    assert linked == ("/account", True)
    assert offered.path == "/second-factor"


def test_an_unknown_identity_is_told_what_to_do(offered: Browser) -> None:
    vouched(offered.get("/sign-in"), "nobody")

    assert offered.status == 403
    assert "还没有关联账号" in offered.text


def test_a_return_that_nobody_began_is_refused(offered: Browser) -> None:
    offered.get("/identity/return", query_string={"code": "x", "state": "y.1.z"})

    assert offered.status == 403
    assert "身份认证没有完成" in offered.text
