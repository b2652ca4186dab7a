"""The pages of a bare yes or no as phone and desk show them, checked by axe."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from creditbank.registry.clients import Role
from tests.web.browser import Browser as Visitor
from tests.web.chromium import chromium, served, window
from tests.web.test_own_codes import made
from tests.web.test_predicate_pages import HERE, asked
from tests.web.visitors import Visitors, sign_in

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("width", [360, 1280])
def test_the_form_and_the_answer_fit_their_window_and_are_for_everybody(
    visitors: Visitors, browser: Browser, tmp_path: Path, width: int
) -> None:
    number = visitors.professional().document.number
    _, code = made(sign_in(Visitor(visitors.bank), number, "resident_id"), disclose="predicate")
    committee = visitors.seated(Role.TITLE_SYSTEM)
    paths = {"form": HERE, "answer": asked(committee, code).path.partition("?")[0]}
    with served(visitors.bank.app) as address, window(browser, width) as watched:
        page = watched.page
        cookie = {"name": "creditbank", "value": committee.cookie(), "url": address}
        page.context.add_cookies([cookie])  # type: ignore[list-item] # a dict is one
        for name, path in paths.items():
            page.goto(address + path)
            page.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)

            assert page.locator("h1").count() == 1
            assert watched.overflow() == 0
            assert Axe().run(page).response["violations"] == []
