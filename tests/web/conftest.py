"""A bank with people who sign in, on each database."""

import pytest

from tests.accounts.lobby import Lobby
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
