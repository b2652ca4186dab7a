"""A poster killed in mid-batch leaves it wholly there or wholly not; a retry completes it."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from creditbank.attendance.file_models import RosterFileContent
from creditbank.attendance.models import RosterBatch
from creditbank.ledger.models import Entry, Source
from tests.api.desk import DAYS, Desk, roster_rows
from tests.attendance.rosters import csv_bytes
from tests.bank import TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.faults.audit import violations
from tests.faults.processes import Worker
from tests.faults.worker import AFTER_COMMIT

MOMENTS = 10
PEOPLE = 20
ROWS = PEOPLE * len(DAYS)
Tally = Callable[[str, object], None]


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home"))
    yield made
    made.close()


class Posting:
    """One file under a filing of its own, sent under one idempotency key however often."""

    def __init__(self, desk: Desk, turn: int) -> None:
        """Take people half of whom are new and half of whom were there a turn before."""
        first = turn * PEOPLE // 2
        people = [invented_person(number) for number in range(first, first + PEOPLE)]
        self.desk, self.key = desk, f"roster-{turn}"
        self.filing_no = desk.approved_filing(seats=PEOPLE)
        rows = roster_rows(people)["rows"]
        self.path = f"/api/v1/filings/{self.filing_no}/rosters"
        self.body = csv_bytes([[*rows[0]], *([*row.values()] for row in rows)])

    def poster(self, moment: int, double: str = "") -> Worker:
        """Start a process that sends the roster and stops at a moment, 0 for none."""
        return Worker(
            self.desk.bank,
            "post_and_wait",
            double=double,
            moment=moment,
            path=self.path,
            body=self.body,
            headers=self.headers(),
        )

    def headers(self) -> dict[str, str]:
        """Return what the request says beside its body."""
        return {
            "Authorization": f"Bearer {self.desk.provider.token}",
            "Idempotency-Key": self.key,
        }

    def killed(self, moment: int, double: str = "") -> str:
        """Kill a poster at a moment; return what the moment is called."""
        poster = self.poster(moment, double)
        name = poster.hear()["moment"]
        poster.kill()
        return str(name)

    def retried(self) -> tuple[int, bool]:
        """Send the roster again with the same key; return the rows credited, and if replayed."""
        again = self.desk.provider.post(
            self.path, data=self.body, content_type="text/csv", retry=self.key
        )
        answer: dict[str, Any] = again.get_json()
        assert again.status_code == 201, answer
        return answer["rows_credited"], again.headers.get("Idempotency-Replayed") == "true"

    def rows_there(self) -> int:
        """Count the credits under the filing."""
        query = (
            select(func.count())
            .select_from(Entry)
            .join(Source, Source.source_id == Entry.source_id)
            .where(Source.source_no == self.filing_no, Entry.movement == "credit")
        )
        with self.desk.bank.reading() as session:
            return session.scalars(query).one()

    def files_there(self) -> int:
        """Count the files that are kept of rosters under the filing."""
        query = (
            select(func.count())
            .select_from(RosterBatch)
            .join(RosterFileContent, RosterFileContent.file_no == RosterBatch.roster_no)
            .where(RosterBatch.filing_no == self.filing_no)
        )
        with self.desk.bank.reading() as session:
            return session.scalars(query).one()


def moments_of(desk: Desk) -> int:
    """Count the moments between the first inserted row and the commit of one posting."""
    poster = Posting(desk, 0).poster(0)
    said = poster.hear()
    poster.end()
    assert said["status"] == 201
    return int(said["moments"])


def test_a_poster_killed_in_mid_batch_leaves_all_or_nothing(
    bank: TestBank, record_property: Tally
) -> None:
    desk = Desk(bank)
    count = moments_of(desk)
    assert count > MOMENTS

    tally: Counter[str] = Counter()
    for turn, moment in enumerate(random.sample(range(1, count + 1), MOMENTS), start=1):
        posting = Posting(desk, turn)
        tally[posting.killed(moment)] += 1
        assert (posting.rows_there(), posting.files_there()) == (0, 0)
        assert posting.retried() == (ROWS, False)
        assert (posting.rows_there(), posting.files_there()) == (ROWS, 1)

    record_property("tally", f"killed at {MOMENTS} of {count} moments: {dict(tally)}")
    assert sum(tally.values()) == MOMENTS
    assert "after the commit" not in tally
    assert violations(bank) == []


def test_a_poster_killed_about_the_file_leaves_neither_it_nor_the_roster(bank: TestBank) -> None:
    """The file is written last, before what is answered to the key."""
    desk = Desk(bank)
    count = moments_of(desk)

    for turn, moment in enumerate(range(count - 4, count + 1), start=1):
        posting = Posting(desk, turn)
        posting.killed(moment)
        assert (posting.rows_there(), posting.files_there()) == (0, 0)
        assert posting.retried() == (ROWS, False)
        assert (posting.rows_there(), posting.files_there()) == (ROWS, 1)
    assert violations(bank) == []


def test_a_poster_killed_after_the_commit_is_answered_as_if_it_lived(bank: TestBank) -> None:
    posting = Posting(Desk(bank), 1)

    assert posting.killed(AFTER_COMMIT) == "after the commit"

    assert posting.rows_there() == ROWS
    assert posting.retried() == (ROWS, True)
    assert posting.rows_there() == ROWS
    assert violations(bank) == []


def test_a_batch_in_two_transactions_is_caught(bank: TestBank) -> None:
    posting = Posting(Desk(bank), 1)

    posting.killed(AFTER_COMMIT, double="commit_in_the_middle")

    assert posting.rows_there() == ROWS
    assert violations(bank) != []
