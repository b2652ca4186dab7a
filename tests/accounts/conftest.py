"""The lobby of a bank, on each database."""

import pytest

from tests.accounts.lobby import Lobby
from tests.bank import TestBank


@pytest.fixture
def lobby(bank: TestBank) -> Lobby:
    return Lobby(bank)
