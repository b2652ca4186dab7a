"""The provider's and the official's walk as a phone and a desk show it; once by keyboard alone."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from creditbank.registry.clients import Role
from tests.api.desk import DAYS
from tests.attendance.rosters import xlsx
from tests.bank import TestBank, invented_person
from tests.web.chromium import Keyboard, chromium, served, window
from tests.web.test_filing_pages import lines
from tests.web.visitors import Visitors

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TITLE = "碳纤维复合材料成型工艺研修"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def come_in(page: Page, address: str, cookie: str) -> None:
    """Sit down where somebody else is signed in."""
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "creditbank", "value": cookie, "url": address}])


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """A roster of two people, one of whom has a day that was not filed."""
    good, late = invented_person(1), invented_person(2)
    path = tmp_path / "roster.xlsx"
    path.write_bytes(
        xlsx(
            lines(
                (good, DAYS[0], 360), (good, DAYS[1], 180), (late, DAYS[0].replace(year=2020), 360)
            )
        )
    )  # fmt: skip
    return path


def file_seminar(hands: Keyboard, days: Sequence[date]) -> str:
    """File a seminar by the form; return its address and leave what its days would bring shown."""
    page = hands.page
    hands.open("/")
    hands.press("a[href='/filings/new']")
    hands.type("#title", TITLE)
    for field, steps in {"activity": 2, "form": 2, "release": 1, "subject": 1}.items():
        hands.reach(f"#{field}")
        for _ in range(steps):
            page.keyboard.press("ArrowDown")
    hands.type("#seats", "20")
    for number, day in enumerate(days):
        # A date is typed as the browser itself writes it, which is in English here.
        hands.type(f"#day_{number}", f"{day:%m%d%Y}")
        hands.type(f"#minutes_{number}", "360")
    hands.press("button[value=estimate]")
    assert page.inner_text(".notice.good h2") == f"全勤每人 {8 * len(days)}.00 学时"
    hands.press("button[value=submit]")
    return page.url.removeprefix(hands.address).partition("?")[0]


def test_an_activity_is_filed_returned_mended_and_approved_by_keyboard_alone(
    visitors: Visitors, bank: TestBank, browser: Browser
) -> None:
    provider = visitors.seated(Role.PROVIDER).cookie()
    official = visitors.seated(Role.OFFICIAL).cookie()
    with served(bank.app) as address, window(browser, 360) as watched:
        hands, page = Keyboard(watched, address), watched.page
        come_in(page, address, provider)
        filing = file_seminar(hands, DAYS[:2])

        come_in(page, address, official)
        hands.open("/filings?state=submitted")
        hands.press(f"a[href='{filing}']")
        hands.unfold("#decision summary")
        hands.type("#return-reason", "请写明授课单位")
        hands.press("#decision details[open] button")

        come_in(page, address, provider)
        hands.open(filing)
        hands.press(".notice a.button")
        hands.type("#title", "（示例学院授课）")
        hands.press("button[value=submit]")

        come_in(page, address, official)
        hands.open(filing)
        hands.type("#approval-reason", "补办备案")
        hands.press("#decision > form button")

        assert page.locator("ol.history strong").all_inner_texts() == [
            "提交", "退回", "修改后重新提交", "同意备案",
        ]  # fmt: skip
        assert "示例学院" in page.inner_text("h1")
        assert hands.faults == []
        assert watched.complaints == []
        assert all(each.startswith(address) for each in watched.asked)


@pytest.mark.parametrize("width", [360, 1280])
def test_a_roster_is_previewed_posted_pressed_twice_and_one_day_withdrawn(
    visitors: Visitors, bank: TestBank, browser: Browser, roster: Path, width: int
) -> None:
    filing = f"/filings/{bank.approved_filing(days=DAYS)}"
    provider = visitors.seated(Role.PROVIDER).cookie()
    with served(bank.app) as address, window(browser, width) as watched:
        hands, page = Keyboard(watched, address), watched.page
        come_in(page, address, provider)
        hands.open(filing)
        page.set_input_files("#file", roster)
        hands.click("#roster form button")
        fates = page.locator("td .state").all_inner_texts()
        page.dblclick("form[action$=posting] button", no_wait_after=True)
        page.wait_for_url("**/rosters/R*")
        page.wait_for_load_state("networkidle")  # the second press may answer once more
        hands.look()
        credited = page.inner_text("dl.facts")
        with page.expect_download() as download:
            page.click("a[href$='refused.xlsx']")
        page.goto(f"{address}{filing}/attendance")
        hands.look()
        hands.click("ul.choices a")
        page.check("#day-1")
        hands.click("main form button")
        hands.click("button.danger")

        assert fates == ["可入账", "可入账", "不能入账"]
        assert "2 行，1 人，12.00 学时" in credited
        assert Path(download.value.path()).read_bytes().startswith(b"PK")
        assert page.locator("h2 .state").all_inner_texts() == ["已撤回", "已入账"]
        assert "现有 4.00 学时" in page.inner_text("main")
        assert hands.faults == []
        assert watched.complaints == []
        assert all(each.startswith(address) for each in watched.asked)
