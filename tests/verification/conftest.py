"""A bank with one client of each kind."""

import pytest

from tests.api.desk import Desk
from tests.bank import TestBank


@pytest.fixture
def desk(bank: TestBank) -> Desk:
    return Desk(bank)
