"""The main job through its five seats, on a phone and on a desk: filed, approved, posted, seen,
asked about, certified, checked by a stranger; and turned back when a day is withdrawn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from creditbank.registry.clients import Role
from tests.attendance.rosters import xlsx
from tests.bank import SEMINAR_DAYS, TestBank
from tests.certificates.counter import press_at_hand
from tests.web.browser import Browser as Visitor
from tests.web.chromium import Keyboard, chromium, served, window
from tests.web.test_filing_pages import lines
from tests.web.test_filings_in_chromium import come_in, file_seminar
from tests.web.test_verdict_pages import PERSON, TITLE, Seat, give_hours
from tests.web.visitors import Visitors, sign_in

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


class Desks:
    """Somebody at one screen who changes seats."""

    def __init__(self, hands: Keyboard, visitors: Visitors) -> None:
        self.hands, self.page, self.bank = hands, hands.page, visitors.bank
        visitors.professional(7)
        owner = sign_in(Visitor(self.bank), PERSON.document.number, "resident_id")
        self._cookies = {
            "provider": visitors.seated(Role.PROVIDER).cookie(),
            "official": visitors.seated(Role.OFFICIAL).cookie(),
            "professional": owner.cookie(),
            "title system": Seat(visitors).browser.cookie(),
        }

    def sit(self, seat: str) -> None:
        """Act from a seat; as anybody, from none."""
        if seat == "anybody":
            self.page.context.clear_cookies()
        else:
            come_in(self.page, self.hands.address, self._cookies[seat])

    def approve(self, filing: str) -> None:
        """Approve what was filed after the event."""
        self.sit("official")
        self.hands.open(filing)
        self.hands.type("#approval-reason", "课后补办备案，签到原件已核对")
        self.hands.press("#decision > form button")

    def post(self, filing: str, folder: Path) -> str:
        """Post the person's three days; return what was credited."""
        roster = folder / "roster.xlsx"
        roster.write_bytes(xlsx(lines(*((PERSON, day, 360) for day in SEMINAR_DAYS))))
        self.sit("provider")
        self.hands.open(filing)
        self.page.set_input_files("#file", roster)
        self.hands.press("#roster form button")
        self.hands.press("form[action$=posting] button")
        return self.page.inner_text("dl.facts")

    def withdraw(self, filing: str) -> None:
        """Take the person's first day back."""
        self.sit("provider")
        self.hands.open(f"{filing}/attendance")
        self.hands.press("ul.choices a")
        self.page.check("#day-1")
        self.hands.press("main form button")
        self.hands.press("button.danger")

    def readiness(self) -> str:
        """Ask for oneself whether one is ready; return the answer's heading."""
        self.bank.seal()
        self.sit("professional")
        self.hands.open("/ready")
        self.page.select_option("#scheme", "cn-3710")
        self.page.fill("#application_day", "2027-03-15")
        self.hands.press("main form button")
        self.page.select_option("#level", "associate_senior")
        self.hands.press("main form button")
        self.page.fill("#fact_current_title_on", "2018-06-30")
        self.hands.press("main form button")
        return self.page.inner_text("main")

    def certificate(self) -> str:
        """Take out a certificate of 2026; return the address of its public page."""
        self.hands.open("/hours/certificates")
        self.page.check("input[name=year][value='2026']")
        self.hands.press("main form button")
        address = self.page.locator("a[href^='/C/' i]").first.get_attribute("href")
        assert address is not None
        return address

    def verdict(self) -> str:
        """Ask about the person; return the sign of the answer."""
        self.sit("title system")
        self.hands.open(TITLE.format(level="associate_senior"))
        self.hands.type("#document_number", PERSON.document.number)
        self.hands.type("#person_name", PERSON.name)
        self.page.fill("#fact-current_title_on", "2018-06-30")
        self.hands.type("#purpose", "职称申报资格审核")
        self.hands.type("#legal_basis", "人社部令第25号")
        self.hands.press("main form button")
        return self.page.inner_text(".card.verdict .sign")

    def check(self, public: str) -> str:
        """Open a certificate's page as anybody may; return what it says first."""
        self.sit("anybody")
        self.hands.open(public)
        return self.page.inner_text("main")


@pytest.mark.parametrize("width", [360, 1280])
def test_three_days_go_through_all_five_seats_and_one_withdrawn_turns_every_answer(
    visitors: Visitors, bank: TestBank, browser: Browser, tmp_path: Path, width: int
) -> None:
    press_at_hand()
    give_hours(bank)
    with served(bank.app) as address, window(browser, width) as watched:
        desks = Desks(Keyboard(watched, address), visitors)
        before = desks.readiness()
        desks.sit("provider")
        filing = file_seminar(desks.hands, SEMINAR_DAYS)
        desks.approve(filing)
        credited = desks.post(filing, tmp_path)
        ready = desks.readiness()
        public = desks.certificate()
        met, valid = desks.verdict(), desks.check(public)
        desks.withdraw(filing)
        not_met, superseded = desks.verdict(), desks.check(public)

        assert "学时还不够" in before
        assert "3 行，1 人，24.00 学时" in credited
        assert "学时够了" in ready
        assert (met, not_met) == ("✓", "✗")
        assert valid.startswith("有效")
        assert "60.00" in valid
        assert superseded.startswith("已被取代")
        assert desks.hands.faults == []
        assert watched.complaints == []
        assert all(each.startswith(address) for each in watched.asked)
        assert not any(PERSON.document.number in each for each in watched.asked)
