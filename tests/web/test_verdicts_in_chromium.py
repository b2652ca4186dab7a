"""The seat of a title system as phone and desk show it: by keyboard, checked by axe."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from creditbank.jobs.batches import run_batches
from creditbank.registry.clients import Role
from tests.web.chromium import Keyboard, chromium, served, window
from tests.web.test_verdict_lists import csv
from tests.web.test_verdict_pages import PERSON, STRANGER, Seat, give_hours
from tests.web.visitors import Visitors

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def send(hands: Keyboard, file: Path) -> str:
    """Send a list and watch it until it is done; return its address."""
    page = hands.page
    hands.open("/verdict-batches")
    hands.press("main a.button")
    page.fill("#day", "2027-03-15")
    hands.press("main form button")
    page.set_input_files("#file", file)
    page.fill("#purpose", "年度评审")
    page.fill("#legal_basis", "第25号令")
    hands.reach("main form button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("meta[http-equiv=refresh]").count() == 1
    return page.url.partition("?")[0]


@pytest.mark.parametrize(("width", "language"), [(360, "zh"), (1280, "en")])
def test_an_applicant_and_a_list_are_asked_about_by_keyboard(
    visitors: Visitors, browser: Browser, tmp_path: Path, width: int, language: str
) -> None:
    bank = visitors.bank
    give_hours(bank)
    cookie = Seat(visitors, visitors.seated(Role.TITLE_SYSTEM)).browser.cookie()
    file = tmp_path / "list.csv"
    file.write_bytes(csv([PERSON, STRANGER], "李不符,身份证,9999,2018-06-30"))
    with served(bank.app) as address, window(browser, width) as watched:
        page, hands = watched.page, Keyboard(watched, address)
        page.context.add_cookies([{"name": "creditbank", "value": cookie, "url": address}])
        hands.open(f"/?lang={language}")
        hands.press("a[href='/verdicts/new']")
        page.fill("#day", "2027-03-15")
        hands.press("main form button")
        hands.type("#document_number", PERSON.document.number)
        hands.type("#person_name", PERSON.name)
        page.fill("#fact-current_title_on", "2018-06-30")
        hands.type("#purpose", "审核")
        hands.type("#legal_basis", "第25号令")
        hands.press("main form button")
        answered = page.locator(".card.verdict.not_met .sign").inner_text()
        hands.open("/verdicts")
        sent = send(hands, file)
        run_batches(threading.Event())
        page.wait_for_selector("a[href$='.jsonl']")  # the page comes again by itself
        hands.look()
        rows = page.locator("table.rows tbody tr").count()
        hands.open(f"{sent.removeprefix(address)}/print")

        assert (answered, rows) == ("✗", 3)
        assert hands.faults == []
        assert watched.complaints == []
        assert all(each.startswith(address) for each in watched.asked)
        assert not any(PERSON.document.number in each for each in watched.asked)
