"""Investigations beside withdrawals: whoever comes first, nothing is frozen and reversed twice."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.achievements import held
from tests.acts import approve, roster
from tests.bank import SEMINAR_DAYS, TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.faults.processes import run_together

PEOPLE = range(9)
DAY = SEMINAR_DAYS[0]


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home", lock_wait_seconds=120))
    yield made
    made.close()


def at_once(bank: TestBank, double: str = "") -> Counter[str]:
    """Freeze, release, withdraw and find false what nine people hold, in three processes."""
    filing_no = approve(bank, [DAY])
    bank.post(filing_no, roster([(invented_person(number), DAY, 360) for number in PEOPLE]))
    ends = ["", "cleared", "found-false"]
    freezes = [["investigate", filing_no, number, ends[number % 3]] for number in PEOPLE]
    withdrawals = [["withdraw_day", filing_no, number, DAY.isoformat()] for number in PEOPLE]
    jobs = [{"acts": acts, "double": double} for acts in (freezes, freezes, withdrawals)]
    said = run_together(bank, jobs, action="act_many")
    return Counter(outcome for each in said for outcome in each["outcomes"])


def test_each_hour_is_frozen_and_reversed_once_whoever_comes_first(bank: TestBank) -> None:
    outcomes = at_once(bank)

    assert set(outcomes) <= {
        "done", "nothing-to-freeze", "nothing-to-withdraw", "investigation-known",
    }, outcomes  # fmt: skip
    assert [held(bank, invented_person(number), "cn-3710") for number in PEOPLE] == [
        {2026: (0, 0)} for _ in PEOPLE
    ]
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_without_the_locks_the_race_is_seen(bank: TestBank) -> None:
    outcomes = at_once(bank, double="no_hold")

    assert any(each.startswith("error") for each in outcomes) or bank.fsck(), outcomes
