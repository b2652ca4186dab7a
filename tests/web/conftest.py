"""A bank with people who sign in, on each database."""

import re
from collections.abc import Iterator

import pytest

from tests.accounts.lobby import OTHER_PASSWORD, PASSWORD, Lobby
from tests.bank import TestBank
from tests.web.browser import Browser
from tests.web.visitors import Visitors


@pytest.fixture
def lobby(bank: TestBank) -> Lobby:
    return Lobby(bank)


@pytest.fixture
def visitors(lobby: Lobby) -> Visitors:
    return Visitors(lobby)


@pytest.fixture
def browser(bank: TestBank) -> Browser:
    return Browser(bank)


@pytest.fixture(autouse=True)
def nothing_told(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No log names a number or a password, whatever a test of pages does; Chromium's names each
    address that was asked for."""
    caplog.set_level("INFO")
    yield
    said = "".join(record.getMessage() for record in caplog.get_records("call"))
    assert not re.search(r"9999\d{13}[\dXx]", said)
    assert PASSWORD not in said
    assert OTHER_PASSWORD not in said
