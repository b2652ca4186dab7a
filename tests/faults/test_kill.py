"""A poster killed in mid-batch leaves the batch wholly there or wholly not."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from creditbank.ledger.models import Entry, Source
from tests.acts import approve, roster
from tests.bank import SEMINAR_DAYS, TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.faults.audit import violations
from tests.faults.processes import Worker
from tests.faults.worker import AFTER_COMMIT

MOMENTS = 10
PEOPLE = 20
ROWS = PEOPLE * len(SEMINAR_DAYS)
Lines = list[tuple[int, str, int]]
Tally = Callable[[str, object], None]


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home"))
    yield made
    made.close()


def lines_of(turn: int) -> Lines:
    """Return a roster of people half of whom are new and half of whom were there a turn before."""
    first = turn * PEOPLE // 2
    return [
        (number, day.isoformat(), 360)
        for number in range(first, first + PEOPLE)
        for day in SEMINAR_DAYS
    ]


def rows_posted(bank: TestBank, filing_no: str) -> int:
    """Count the credits under a filing."""
    query = (
        select(func.count())
        .select_from(Entry)
        .join(Source, Source.source_id == Entry.source_id)
        .where(Source.source_no == filing_no, Entry.movement == "credit")
    )
    with bank.reading() as session:
        return session.scalars(query).one()


def retried(bank: TestBank, filing_no: str, lines: Lines) -> int:
    """Post the same roster again; return how many rows are credited at last."""
    days = {day.isoformat(): day for day in SEMINAR_DAYS}
    again = roster([(invented_person(n), days[day], minutes) for n, day, minutes in lines])
    result = bank.post(filing_no, again)
    assert {problem.code for problem in result.problems} <= {"roster-already-credited"}
    return rows_posted(bank, filing_no)


def killed_at(bank: TestBank, moment: int, turn: int) -> tuple[str, int, int]:
    """Kill a poster at a moment; return its name, and the rows there before and after a retry."""
    filing_no, lines = approve(bank, SEMINAR_DAYS, seats=PEOPLE), lines_of(turn)
    poster = Worker(bank, "post_and_wait", filing_no=filing_no, lines=lines, moment=moment)
    name = poster.hear()["moment"]
    poster.kill()
    left = rows_posted(bank, filing_no)
    return name, left, retried(bank, filing_no, lines)


def moments_of(bank: TestBank) -> int:
    """Count the moments between the first inserted row and the commit of one posting."""
    filing_no = approve(bank, SEMINAR_DAYS, seats=PEOPLE)
    poster = Worker(bank, "post_and_wait", filing_no=filing_no, lines=lines_of(0), moment=0)
    said = poster.hear()
    poster.end()
    assert said["rows"] == ROWS
    return int(said["moments"])


def test_a_poster_killed_in_mid_batch_leaves_all_or_nothing(
    bank: TestBank, record_property: Tally
) -> None:
    count = moments_of(bank)
    assert count > MOMENTS
    chosen = random.sample(range(1, count + 1), MOMENTS)

    tally: Counter[str] = Counter()
    for turn, moment in enumerate(chosen, start=1):
        name, left, after = killed_at(bank, moment, turn)
        tally[name] += 1
        assert (left, after) == (0, ROWS), (moment, name)
    name, left, after = killed_at(bank, AFTER_COMMIT, MOMENTS + 1)
    assert (name, left, after) == ("after the commit", ROWS, ROWS)

    record_property("tally", f"killed at {MOMENTS} of {count} moments: {dict(tally)}")
    assert sum(tally.values()) == MOMENTS
    assert violations(bank) == []
    bank.seal()
    assert bank.fsck() == []
