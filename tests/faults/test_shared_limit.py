"""Processes at once under one client's limit: not one request more gets through."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bank import TestBank, found_test_bank
from tests.conftest import Database
from tests.faults.processes import Worker, event

PROCESSES = 4
LIMIT = 100
#: of each process; together more than the limit
REQUESTS = 40

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    settings = replace(database.settings(tmp_path / "home"), rate_client_requests=LIMIT)
    made = found_test_bank(settings)
    yield made
    made.close()


def let_through(bank: TestBank, double: str = "") -> int:
    start = event()
    workers = [
        Worker(bank, "ask_often", start=start, requests=REQUESTS, double=double)
        for _ in range(PROCESSES)
    ]
    for each in workers:
        assert each.hear() == {"ready": True}
    start.set()
    through = [int(each.hear()["through"]) for each in workers]
    for each in workers:
        each.end()
    return sum(through)


def test_processes_together_get_the_limit_and_no_more(bank: TestBank) -> None:
    assert let_through(bank) == LIMIT


def test_processes_that_count_each_for_themselves_are_caught(bank: TestBank) -> None:
    assert let_through(bank, double="count_alone") > LIMIT
