"""The system's Chromium before a bank served on this machine; skipped where there is none."""

import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from tests.accounts.lobby import PASSWORD

ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
#: What a page with its style sheet may weigh.
PAGE_BYTES_MAX = 100_000
#: What is not asked for takes most of its time.
_AXE = {"resultTypes": ["violations"]}
#: More stops than any page here has.
_STOPS_MAX = 60


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; skip without one, and fail in CI, which has to have it."""
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium: apt-get install chromium")
        pytest.skip("no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on a free port; yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Watched:
    """A page with everything it asked for and complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        wide: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wide


@contextmanager
def window(browser: Browser, width: int, *, dark: bool = False) -> Iterator[Watched]:
    """Open a window of a width, by day or by night."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, locale="zh-CN",
        color_scheme="dark" if dark else "light",
    )  # fmt: skip
    try:
        yield Watched(context.new_page())
    finally:
        context.close()


class Keyboard:
    """Somebody without a mouse, who sees every page checked."""

    def __init__(self, watched: Watched, address: str) -> None:
        self.page, self.watched, self.address = watched.page, watched, address
        self.faults: list[str] = []

    def open(self, path: str) -> None:
        """Open a page by its address."""
        self.page.goto(self.address + path)
        self.look()

    def reach(self, selector: str) -> None:
        """Press Tab until the focus is there, where it has to be seen."""
        for _ in range(_STOPS_MAX):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                outline = "getComputedStyle(document.activeElement).outlineStyle"
                assert self.page.evaluate(outline) != "none", f"{selector} shows no focus"
                return
        pytest.fail(f"no Tab leads to {selector}")

    def type(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.reach(selector)
        self.page.keyboard.type(text)

    def press(self, selector: str) -> None:
        """Follow a button or a link; the page that it leads to is looked at."""
        self.reach(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.look()

    def click(self, selector: str) -> None:
        """Follow a button or a link with the mouse; the page that it leads to is looked at."""
        with self.page.expect_navigation():
            self.page.click(selector)
        self.look()

    def unfold(self, selector: str) -> None:
        """Show what a page keeps folded away."""
        self.reach(selector)
        self.page.keyboard.press("Enter")
        self.look()

    def look(self) -> None:
        """Note what axe finds, and whether the page is heavy or wider than the window."""
        found = Axe().run(self.page, options=_AXE).response["violations"]
        path = re.sub(r"^https?://[^/]+", "", self.page.url)
        self.faults += [
            f"{path}: {each['id']}" for each in found if each["impact"] in ("serious", "critical")
        ]
        if len(self.page.content().encode()) > PAGE_BYTES_MAX:
            self.faults.append(f"{path}: too heavy")
        if self.watched.overflow():
            self.faults.append(f"{path}: wider than the window")

    def sign_in(self, name: str) -> None:
        """Fill in the sign-in page."""
        self.open("/sign-in")
        self.reach("#login_kind")
        self.page.keyboard.press("End")
        self.type("#login", name)
        self.type("#password", PASSWORD)
        self.press("main button")
