"""The check page as a phone and a desk show it: legible, by keyboard, for everybody, alone."""

from collections.abc import Iterator

import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from creditbank.certificates.numbers import code_text, new_code
from tests.bank import TestBank
from tests.certificates.counter import issue, opened, revoke, with_hours
from tests.web.chromium import chromium, served, window

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
WIDTHS = [360, 1280]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def paths(bank: TestBank) -> dict[str, str]:
    """The address of a page in each of three states."""
    with_hours(bank)
    valid, revoked = (issue(bank, years).certificate.number for years in ((2024, 2025), (2026,)))
    bank.seal()
    revoke(bank, revoked)
    codes = {
        "valid": opened(bank, valid).code,
        "revoked": opened(bank, revoked).code,
        "unknown": new_code(),
    }
    return {state: f"/C/{code_text(code)}" for state, code in codes.items()}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", ["valid", "revoked", "unknown"])
def test_a_page_fits_its_window_and_a_sheet_of_paper_and_asks_nobody_else(
    bank: TestBank, browser: Browser, paths: dict[str, str], state: str, width: int
) -> None:
    with served(bank.app) as address, window(browser, width) as watched:
        watched.page.goto(address + paths[state])

        assert watched.page.locator(f"[data-state={state}]").count() == 1
        assert watched.overflow() == 0
        assert all(each.startswith(address) for each in watched.asked)
        assert [each for each in watched.complaints if "404" not in each] == []
        with pypdfium2.PdfDocument(watched.page.pdf(format="A4")) as paper:
            assert len(paper) == 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_no_serious_fault(
    bank: TestBank, browser: Browser, paths: dict[str, str], language: str, width: int
) -> None:
    faults = []
    with served(bank.app) as address, window(browser, width) as watched:
        for path in paths.values():
            watched.page.goto(f"{address}{path}?lang={language}")
            for summary in watched.page.locator("summary").all():
                summary.click()
            found = Axe().run(watched.page).response["violations"]
            faults += [each["id"] for each in found if each["impact"] in ("serious", "critical")]

    assert faults == []


def test_the_evidence_opens_and_the_language_changes_by_keyboard_alone(
    bank: TestBank, browser: Browser, paths: dict[str, str]
) -> None:
    with served(bank.app) as address, window(browser, 360) as watched:
        watched.page.goto(address + paths["valid"])
        reached = []
        for _ in range(6):
            watched.page.keyboard.press("Tab")
            reached.append(watched.page.evaluate("document.activeElement.tagName"))
            if reached[-1] == "SUMMARY":
                watched.page.keyboard.press("Enter")
                break
        shown = watched.page.locator("dl.evidence").is_visible()
        watched.page.get_by_role("link", name="English").focus()
        watched.page.keyboard.press("Enter")
        watched.page.wait_for_url("**lang=en")

        assert reached[-1] == "SUMMARY"
        assert shown
        assert watched.page.locator("h1").inner_text() == "Valid"
        assert watched.page.evaluate("document.documentElement.lang") == "en"
