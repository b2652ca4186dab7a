"""A teacher's page in a browser that loses its network, records, and sends it later."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from creditbank.attendance.check_in_models import CheckInPadScan
from creditbank.attendance.check_ins import check_in_numbered, comers_of
from tests.bank import TestBank, invented_person
from tests.web.chromium import Keyboard, chromium, served, window
from tests.web.test_check_in_pages import Teacher
from tests.web.test_filings_in_chromium import come_in
from tests.web.visitors import Visitors

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LI, WANG = map(invented_person, (1, 2))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def opened(page: Page, where: str) -> None:
    """Open the page while there is network, and wait until the browser keeps it."""
    page.goto(where)
    page.click("#pad-open")
    page.wait_for_selector("#pad-state [data-when=ready]:visible")


def add(page: Page, number: str, name: str) -> None:
    """Type who somebody is."""
    page.fill("#pad-number", number)
    page.fill("#pad-name", name)
    page.click("#pad-add button")


def waits(page: Page, scans: int) -> None:
    """Wait until so many scans wait to be sent."""
    waiting = "wanted => document.getElementById('pad-waiting').textContent === wanted"
    page.wait_for_function(waiting, arg=str(scans))


def test_what_is_recorded_without_network_is_sent_later_and_counts_once(
    visitors: Visitors, browser: Browser
) -> None:
    teacher = Teacher(visitors)
    bank, filing_no = teacher.bank, teacher.filing.rpartition("/")[2]
    with served(bank.app) as address, window(browser, 360) as watched:
        hands, page = Keyboard(watched, address), watched.page
        come_in(page, address, teacher.browser.cookie())
        opened(page, f"{address}/pads/{teacher.no}")
        hands.look()

        page.context.set_offline(True)
        page.reload()
        add(page, LI.document.number[:-1] + "z", LI.name)
        assert page.is_visible("#pad-number-wrong")
        add(page, LI.document.number.lower(), LI.name)
        waits(page, 1)
        add(page, WANG.document.number, WANG.name)
        waits(page, 2)
        page.click(f"button[aria-label='签退 {LI.name} {LI.document.number[-4:]}']")
        waits(page, 3)
        kept = page.evaluate(KEPT)
        shown = page.content()
        hands.look()
        assert scans(bank) == []

        page.context.set_offline(False)
        page.wait_for_selector("#pad-said [data-when=uploaded]:visible")
        waits(page, 0)
        page.click("#pad-upload")

        assert LI.document.number not in kept + shown
        assert kept.endswith(",false]"), "the key can be taken out of the browser"
        assert [(each.step, each.outcome) for each in scans(bank)] == [
            (1, "recorded"), (2, "recorded"), (3, "recorded"),
        ]  # fmt: skip
        with bank.reading() as session:
            check_in = check_in_numbered(session, teacher.no)
            comers = comers_of(session, bank.house.vault, check_in)
        assert [(each.identity, each.is_offline, each.is_there) for each in comers] == [
            (LI, True, False), (WANG, True, True),
        ]  # fmt: skip
        assert not any(each.is_doubted or each.is_flagged for each in comers)
        assert all("离线" in line and "设备时钟" in line for line in teacher.rows()[:2])

        teacher.browser.get(teacher.path).send(f"{teacher.path}/closing")
        page.click("#pad-upload")
        page.wait_for_selector("#pad-state [data-when=ended]:visible")
        assert page.evaluate(KEPT) == "[null,null]"
        assert hands.faults == []
        assert filing_no in teacher.filing
        assert all(each.startswith(address) for each in watched.asked)


#: All that the browser keeps of a check-in, and whether its key could be taken out.
KEPT = """() => new Promise(done => {
  const asked = indexedDB.open("creditbank-pads", 1);
  asked.onsuccess = () => {
    const all = asked.result.transaction("pads").objectStore("pads").getAll();
    all.onsuccess = () => {
      const [pad] = all.result;
      asked.result.close();
      done(JSON.stringify([pad ?? null, pad?.key.extractable]));
    };
  };
})"""


def scans(bank: TestBank) -> list[CheckInPadScan]:
    with bank.reading() as session:
        return list(session.scalars(select(CheckInPadScan).order_by(CheckInPadScan.step)))
