"""Signing in as a phone and a desk show it: by keyboard alone, legible, asking nobody else."""

from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser

from creditbank.clock import utc_now
from creditbank.registry.clients import Role
from tests.bank import TestBank
from tests.web.chromium import Keyboard, chromium, served, window
from tests.web.visitors import Visitors

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
WIDTHS = [360, 1280]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("width", WIDTHS)
def test_an_official_sets_up_a_second_factor_and_signs_in_with_it_by_keyboard_alone(
    visitors: Visitors, bank: TestBank, browser: Browser, width: int
) -> None:
    visitors.staff("jingban", visitors.seat(Role.OFFICIAL))
    with served(bank.app) as address, window(browser, width) as watched:
        hands = Keyboard(watched, address)
        hands.sign_in("jingban")
        hands.press("main button")
        hands.unfold("summary")
        key = watched.page.inner_text(".secret").replace(" ", "")
        hands.type("#code", pyotp.TOTP(key).at(utc_now()))
        hands.press("main ol button")
        codes = watched.page.locator("ol.codes li").all_inner_texts()
        hands.press("main a.button")
        home = watched.page.inner_text("h1")
        hands.press("header form button")
        hands.sign_in("jingban")
        asked = watched.page.url
        hands.type("#code", codes[0])
        hands.press("main button")
        hands.press("nav a[href='/account']")
        account = watched.page.inner_text("h1")

        assert (home, account) == ("人社经办人", "我的账号")
        assert asked.endswith("/second-factor")
        assert len(codes) == 10
        assert hands.faults == []
        assert watched.complaints == []
        assert all(each.startswith(address) for each in watched.asked)


@pytest.mark.parametrize(("width", "language"), [(360, "zh"), (1280, "en")])
def test_axe_finds_no_serious_fault_on_any_page_of_these_seats(
    visitors: Visitors, bank: TestBank, browser: Browser, width: int, language: str
) -> None:
    visitors.staff("worker", visitors.seat(Role.PROVIDER))
    visitors.staff("claimant")
    claimant = visitors.signed_in("claimant")
    claimant.get("/account/claims").send(
        "/account/claims", uscc="91371000MA3TE5T011", role="provider", reference="7", letter=b"x"
    )
    seats = {
        "": ("/", "/sign-in", "/activate", "/register", "/setup", "/nothing-here"),
        visitors.seated(Role.OFFICIAL).cookie(): (
            "/", "/seats", "/account", "/account/password", "/account/second-factor",
            "/account/claims", "/account/hours", "/desk/codes", "/desk/recovery", "/desk/claims",
            "/desk/accounts", "/desk/accounts/new",
        ),
        visitors.seated(Role.PROVIDER, manages=True).cookie(): (
            "/desk/accounts", "/desk/accounts/new", "/desk/second-claims",
        ),
        visitors.seated(Role.ADMINISTRATOR).cookie(): ("/desk/events", "/desk/accounts/new"),
    }  # fmt: skip
    by_night = language == "en"
    with served(bank.app) as address, window(browser, width, dark=by_night) as watched:
        hands = Keyboard(watched, address)
        for cookie, paths in seats.items():
            watched.page.context.clear_cookies()
            if cookie:
                watched.page.context.add_cookies(
                    [{"name": "creditbank", "value": cookie, "url": address}]
                )
            for path in paths:
                watched.page.goto(f"{address}{path}?lang={language}")
                for summary in watched.page.locator("summary").all():
                    summary.click()
                hands.look()

        assert hands.faults == []
        assert all(each.startswith(address) for each in watched.asked)
