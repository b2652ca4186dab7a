"""A bank with one client of each kind, and the offline checker, which knows nothing of it."""

from types import ModuleType

import pytest

from tests.api.desk import Desk
from tests.bank import TestBank
from tools import check_verdict


@pytest.fixture
def desk(bank: TestBank) -> Desk:
    return Desk(bank)


@pytest.fixture
def checker() -> ModuleType:
    return check_verdict
