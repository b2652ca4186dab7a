"""Whoever carries a re-assessment out is killed, between two batches and within: never half."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from creditbank.crediting import reassessment_works
from creditbank.jobs.reassessments import run_reassessments
from creditbank.ledger.models import Act, Entry, Movement
from tests.bank import TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.faults.audit import live_credits, violations
from tests.faults.processes import Worker
from tests.reassessing import (
    agree,
    attended,
    day_worth,
    found_county,
    listed,
    mend,
    one,
    propose,
    rehearse,
)

BATCH, BATCHES = 2, 4
PEOPLE = BATCH * BATCHES
Tally = Callable[[str, object], None]


@pytest.fixture
def bank(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home"))
    monkeypatch.setattr(reassessment_works, "BATCH_PEOPLE", BATCH)
    # Whoever is dead is known to be: nobody waits for the minute of silence.
    monkeypatch.setattr(reassessment_works, "SILENT_SECONDS", -60)
    yield made
    made.close()


def approved(bank: TestBank) -> str:
    """Let people attend a day worth 8 hours and agree that it was worth 6."""
    found_county(bank)
    attended(bank, *(invented_person(number) for number in range(1, PEOPLE + 1)))
    mend(bank, **day_worth("6"))
    number = rehearse(bank)
    propose(bank, number)
    agree(bank, number)
    return number


def killed(bank: TestBank, *, moment: int = 0, batches: int = 0) -> str:
    """Kill whoever carries it out, at a moment of a batch or after some; say where."""
    worker = Worker(
        bank, "reassess_and_wait", batch=BATCH, silent=-60, moment=moment, batches=batches
    )
    said = worker.hear()
    worker.kill()
    return str(said["moment"])


def moments_of_a_batch(bank: TestBank) -> int:
    """Carry out one batch, be killed behind it, and tell how many moments it had."""
    worker = Worker(bank, "reassess_and_wait", batch=BATCH, silent=-60, moment=0, batches=1)
    said = worker.hear()
    worker.kill()
    return int(said["moments"])


def hours(bank: TestBank) -> Counter[int]:
    """Count people by what they hold live, in centihours."""
    with bank.reading() as session:
        entries = session.scalars(select(Entry)).all()
    held: Counter[int] = Counter()
    for credit in live_credits(entries):
        held[credit.person_id] += credit.centihours
    return Counter(held.values())


def test_a_killed_reassessment_is_completed_exactly_once(
    bank: TestBank, record_property: Tally
) -> None:
    number = approved(bank)

    moments = moments_of_a_batch(bank)
    assert hours(bank) == {600: BATCH, 800: PEOPLE - BATCH}
    within = killed(bank, moment=random.randint(1, moments))
    assert hours(bank) == {600: BATCH, 800: PEOPLE - BATCH}, within
    assert killed(bank, batches=1) == "behind a batch"
    assert hours(bank) == {600: 2 * BATCH, 800: PEOPLE - 2 * BATCH}
    assert one(bank, number).state == "carrying"
    assert run_reassessments(threading.Event()) == 1

    record_property("tally", f"killed at 1 of {moments} moments of a batch: {within}")
    assert hours(bank) == {600: PEOPLE}
    assert {outcome for *_, outcome in listed(bank, number)} == {"done"}
    done = one(bank, number)
    assert (done.state, done.step_done, done.attempt) == ("done", PEOPLE, 4)
    assert counted(bank) == {Movement.CREDIT: 2 * PEOPLE, Movement.REVERSE: PEOPLE}
    assert completions(bank) == 1
    assert violations(bank) == []


def counted(bank: TestBank) -> dict[str, int]:
    with bank.reading() as session:
        query = select(Entry.movement, func.count()).group_by(Entry.movement)
        return {row[0]: row[1] for row in session.execute(query)}


def completions(bank: TestBank) -> int:
    with bank.reading() as session:
        query = select(func.count()).where(Act.kind == "reassessment.completed")
        return session.scalars(query).one()
