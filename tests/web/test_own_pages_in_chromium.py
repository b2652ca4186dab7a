"""The pages of professionals, and officials' desks for items and imports, as phone and desk show
them: legible, by keyboard, checked by axe, asking nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from creditbank.registry.clients import Role
from tests.achievements import WORKS, publish_works
from tests.bank import TestBank, invented_person
from tests.crediting.ledgers import varied_record
from tests.web.chromium import Keyboard, chromium, served, window
from tests.web.test_imports_desk import GOOD
from tests.web.test_own_items import declared
from tests.web.visitors import Visitors

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def sit(hands: Keyboard, cookie: str) -> None:
    """Act as whoever has this session."""
    hands.page.context.clear_cookies()
    hands.page.context.add_cookies([{"name": "creditbank", "value": cookie, "url": hands.address}])


def look_at_own(hands: Keyboard, item_no: str, language: str) -> tuple[int, int]:
    """Go through a professional's pages; return whether readiness and a declaration answered."""
    page = hands.page
    hands.open(f"/hours?lang={language}")
    hands.press("main section.year a")
    hands.press("main ul.choices a")
    hands.open("/hours/certificates")
    hands.open("/ready")
    page.select_option("#scheme", "cn-3710")
    hands.press("main form button")
    page.select_option("#level", "associate_senior")
    page.select_option("#pathway", "fast_track")
    hands.press("main form button")
    page.fill("#fact_current_title_on", "2022-06-01")
    hands.press("main form button")
    answered = page.locator("main table").count()
    hands.open("/hours/items/new")
    page.select_option("#scheme", WORKS)
    hands.press("main form button")
    page.select_option("#activity", "book")
    page.fill("#day", "2026-10-01")
    hands.press("main form button")
    asked = page.locator("#measure_characters").count()
    hands.open(f"/hours/items/{item_no}")
    return answered, asked


def decide_and_propose(hands: Keyboard, folder: Path, language: str) -> str:
    """Recognise an item, try a bad file and a good one; return where the import is shown."""
    hands.open(f"/desk/items?lang={language}")
    hands.press("main ul.choices a")
    hands.press("main form button")
    hands.open("/desk/imports/new")
    for name, content in (("bad.csv", GOOD.replace(b"2024", b"2999")), ("good.csv", GOOD)):
        (folder / name).write_bytes(content)
        hands.page.fill("#origin", "原系统")
        hands.page.set_input_files("#file", folder / name)
        hands.press("main form button")
    return hands.page.url


@pytest.mark.parametrize("look", [(360, "zh", False), (1280, "en", True)])
def test_a_professional_and_two_officials_do_their_work_and_axe_finds_no_fault(
    visitors: Visitors, bank: TestBank, browser: Browser, tmp_path: Path,
    look: tuple[int, str, bool],
) -> None:  # fmt: skip
    width, language, dark = look
    publish_works(bank)
    author = visitors.seated(Role.PROFESSIONAL)
    varied_record(bank, invented_person(91))
    item_no = declared(author, "study", asked_hours="60", spread_years="2")
    first, second = visitors.seated(Role.OFFICIAL), visitors.seated(Role.OFFICIAL, name="fuhe")
    with served(bank.app) as address, window(browser, width, dark=dark) as watched:
        hands = Keyboard(watched, address)
        sit(hands, author.cookie())
        shown = look_at_own(hands, item_no, language)
        sit(hands, first.cookie())
        proposed = decide_and_propose(hands, tmp_path, language)
        sit(hands, second.cookie())
        hands.page.goto(proposed)
        hands.page.check("#compared")
        hands.press("main form button")
        approved = hands.page.locator("main .state.approved").count()
        hands.open("/desk/imports")

        assert (shown, approved) == ((1, 1), 1)
        assert hands.faults == []
        assert [each for each in watched.complaints if "422" not in each] == []
        assert all(each.startswith(address) for each in watched.asked)
