"""A roster of ten thousand rows posts in one piece within bounded memory; one row more does not."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from creditbank.attendance.roster import rows_from_json
from creditbank.attendance.workbook import RosterTooLongError
from creditbank.ledger.models import Entry
from creditbank.people.models import Person
from tests.acts import approve
from tests.bank import TestBank, found_test_bank
from tests.conftest import Database
from tests.faults.processes import Worker

ROWS_MAX = 10_000
DAYS = tuple(date(2026, 11, 1) + timedelta(days=n) for n in range(10))
#: What posting may add at its peak to a process that has everything imported.
GROWN_MIB_MAX = 300
Tally = Callable[[str, object], None]


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home"))
    yield made
    made.close()


def rows(count: int) -> list[dict[str, object]]:
    """Return so many rows of a thousand invented people, all with passports."""
    return [
        {
            "name": "示例",
            "document_kind": "passport",
            "document_number": f"X9999{number // len(DAYS):05d}",
            "day": DAYS[number % len(DAYS)].isoformat(),
            "attended_minutes": 360,
        }
        for number in range(count)
    ]


def test_ten_thousand_rows_post_in_one_piece(
    bank: TestBank, tmp_path: Path, record_property: Tally
) -> None:
    filing_no = approve(bank, DAYS, seats=ROWS_MAX)
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(rows(ROWS_MAX)))

    poster = Worker(bank, "post_large", filing_no=filing_no, file=str(file))
    said = poster.hear()
    poster.end()

    record_property("tally", said)
    assert (said["rows"], said["problems"]) == (ROWS_MAX, [])
    assert said["grown_mib"] < GROWN_MIB_MAX
    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == ROWS_MAX
    while bank.seal().more:
        pass
    assert bank.fsck() == []


def test_one_row_more_is_refused_before_anything_is_written(bank: TestBank) -> None:
    with pytest.raises(RosterTooLongError):
        rows_from_json(rows(ROWS_MAX + 1))

    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == 0
        assert session.scalar(select(func.count()).select_from(Person)) == 0
