"""The people of the demo: each signs in with what is printed, and only to a demo bank."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import text

from creditbank.app import create_app
from creditbank.cli.console import Desk
from creditbank.cli.demo_people import lines_to_sign_in
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.db import db, unit_of_work
from creditbank.registry.clients import Role
from tests.cli.bench import terminal_for
from tests.web.browser import Browser
from tests.web.visitors import sign_in


@dataclass(frozen=True, slots=True)
class Served:
    """The demo's application, and what was noted of its people."""

    app: Flask
    home: Path

    def people(self) -> list[dict[str, Any]]:
        noted: list[dict[str, Any]] = json.loads((self.home / "demo/accounts.json").read_bytes())
        return noted

    def entered(self, person: dict[str, Any], password: str = "") -> Browser:
        browser = Browser(self)
        return sign_in(browser, person["sign_in_name"], password=password or person["password"])


def walk(home: Path) -> None:
    settings = Settings(home=str(home), argon2_memory_kib=7_168, argon2_iterations=1)
    terminal_for(settings).run("demo", "--home", str(home), "--no-serve")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "bank"
    walk(path)
    return path


@pytest.fixture
def demo(home: Path) -> Iterator[Served]:
    app = create_app(Settings(home=str(home), argon2_memory_kib=7_168, argon2_iterations=1))
    yield Served(app, home)
    with app.app_context():
        db.engine.dispose()
    app.extensions["creditbank-sealer-engine"].dispose()


def test_there_is_somebody_in_each_of_the_five_seats(demo: Served) -> None:
    roles = {each["role"] for each in demo.people()}

    assert roles == {"provider", "professional", "employer", "title_system", "official"}


def test_everybody_signs_in_with_what_is_printed(demo: Served) -> None:
    desk = Desk(Settings(listen_port=8_123), "zh")
    printed = lines_to_sign_in(desk, demo.people())

    assert "http://127.0.0.1:8123/" in printed
    for person in demo.people():
        assert person["sign_in_name"] in printed
        assert person["password"] in printed
        browser = demo.entered(person)
        if person["role"] == Role.OFFICIAL:
            assert person["key"] in printed
            assert browser.path == "/second-factor"
            browser.send("/second-factor", code=pyotp.TOTP(person["key"]).at(utc_now()))
        assert browser.path == "/"
        assert browser.status == 200


def test_a_recovery_code_that_is_printed_stands_in_for_a_phone(demo: Served) -> None:
    official = next(each for each in demo.people() if each["codes"])

    browser = demo.entered(official).send("/second-factor", code=official["codes"][0])

    assert "<h1>人社经办人</h1>" in browser.text


def test_a_second_run_changes_nobodys_password(demo: Served) -> None:
    before = demo.people()

    walk(demo.home)

    assert demo.people() == before


def test_what_stands_without_a_note_gets_another_password(demo: Served) -> None:
    before = demo.people()[0]
    (demo.home / "demo/accounts.json").unlink()

    walk(demo.home)

    again = demo.people()[0]
    assert again["password"] != before["password"]
    assert demo.entered(again).path == "/"
    assert demo.entered(again, before["password"]).status == 403


def test_in_a_production_bank_nobody_of_the_demo_signs_in(demo: Served) -> None:
    with demo.app.app_context():
        with unit_of_work() as session:
            session.execute(text("UPDATE bank SET mode = 'production'"))
        try:
            refused = {demo.entered(person).status for person in demo.people()}
        finally:
            with unit_of_work() as session:
                session.execute(text("UPDATE bank SET mode = 'demo'"))

    assert refused == {403}


def test_notes_are_for_their_owner_only(demo: Served) -> None:
    assert (demo.home / "demo/accounts.json").stat().st_mode & 0o077 == 0
