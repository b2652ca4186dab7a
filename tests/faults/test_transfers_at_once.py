"""Transfers while their origins are taken back: a copy never outlives its origin."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from creditbank.ledger.models import Entry
from tests.achievements import ELSEWHERE, publish_works
from tests.acts import approve, key_of, roster
from tests.bank import SEMINAR_DAYS, TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.faults.audit import live_credits
from tests.faults.processes import run_together

PEOPLE = range(12)
DAY = SEMINAR_DAYS[0]


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    settings = database.settings(tmp_path / "home", lock_wait_seconds=120)
    made = found_test_bank(settings)
    publish_works(made)
    yield made
    made.close()


def leaf_of(bank: TestBank, number: int) -> str:
    """Return the leaf of the only entry of a person."""
    with bank.reading() as session:
        mine = Entry.person_id == key_of(bank, invented_person(number))
        return session.scalars(select(Entry).where(mine)).one().leaf.hex()


def test_a_copy_never_outlives_its_origin_whoever_comes_first(bank: TestBank) -> None:
    filing_no, rng = approve(bank, [DAY]), random.Random(20261121)
    bank.post(filing_no, roster([(invented_person(number), DAY, 360) for number in PEOPLE]))
    transfers = [["transfer", number, leaf_of(bank, number)] for number in PEOPLE]
    withdrawals = [["withdraw_day", filing_no, number, DAY.isoformat()] for number in PEOPLE[:9]]
    work = [
        rng.sample(transfers, len(transfers)), rng.sample(transfers, len(transfers)),
        rng.sample(withdrawals, len(withdrawals)),
    ]  # fmt: skip

    said = run_together(bank, [{"acts": acts} for acts in work], action="act_many")

    outcomes = Counter(outcome for each in said for outcome in each["outcomes"])
    assert set(outcomes) <= {"done", "transfer-known", "entry-reversed"}, outcomes
    assert said[2]["outcomes"] == ["done"] * len(withdrawals)
    with bank.reading() as session:
        live = live_credits(session.scalars(select(Entry).where(Entry.scheme == ELSEWHERE)).all())
    kept = {key_of(bank, invented_person(number)) for number in PEOPLE[9:]}
    assert sorted(credit.person_id for credit in live) == sorted(kept)
    assert bank.fsck() == []
