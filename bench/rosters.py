"""A long roster from its file to credited, guarded, hashed entries, beside calamine's parse alone.

In one run: the file is parsed by calamine and thrown away, and posted through the very steps of the
clock's process, the people known or new. On PostgreSQL at most eight times the parse is wanted,
below 500 MB; CSV faster still. The file has the five columns of the template that the bank hands
out for such a filing: a sixth, 补学年度, stands there only where its days may make up a year.

    .venv/bin/python -m bench.rosters --rows 100000
"""

import argparse
import csv
import io
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import python_calamine
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from xlsxwriter import Workbook

from bench.banks import DATABASES, bank_on
from creditbank.attendance.roster import HEADERS, REQUIRED, Column, read_roster
from creditbank.attendance.workbook import Limits
from creditbank.crediting.roster_credits import Phase
from creditbank.crediting.rosters import RosterPosting, post_roster
from creditbank.db import unit_of_work
from creditbank.people.documents import resident_id_check_character
from creditbank.registry.filing.filings import filing_numbered
from tests.acts import approve
from tests.bank import NOW, TestBank

#: Each person attends so many days of the filing.
DAYS = 10
MONTHS = (3, 4)
_MIB = 1 << 20
_SERVER = "server"
_LIMITS = Limits(file_bytes_max=64 * _MIB, rows_max=200_000)
_FAMILIES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"


def main() -> None:
    """Measure on each database, each kind of file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=0, help="a tenth of the rows unless said")
    parser.add_argument("--database", choices=DATABASES, action="append")
    wanted = parser.parse_args()
    people = wanted.people or max(wanted.rows // DAYS, 1)
    with get_context("spawn").Pool(1) as pool:  # so that writing is not in our memory
        files = {
            kind: [pool.apply(kind, (wanted.rows, people, month)) for month in MONTHS]
            for kind in (xlsx_file, csv_file)
        }
    print(f"{wanted.rows:,} rows of {people:,} people")
    alone = partial(parse_alone, files[xlsx_file][0])
    for database in wanted.database or DATABASES[::-1]:
        for kind, contents in files.items():
            with bank_on(database) as bank:
                measure(bank, f"{database} {kind.__name__[:-5]}", contents, alone)


def measure(
    bank: TestBank, title: str, contents: Sequence[bytes], alone: Callable[[], None]
) -> None:
    """Post a file to people who are new, and the next month's to the same people."""
    for month, content in zip(MONTHS, contents, strict=True):
        filing_no = approve(bank, days_attended(month), seats=100_000)
        # Beside each other, since other work on the machine comes and goes.
        parsed = min(Took.of(alone) for _ in range(3))
        _reset_peak()
        steps: dict[str, float] = {}
        whole = Took.of(partial(post, bank, filing_no, content, steps))
        server = steps.pop(_SERVER, 0)
        told = ", ".join(f"{step} {took:.1f}" for step, took in steps.items())
        print(
            f"{title}, people {'new' if month == MONTHS[0] else 'known'}: {whole.seconds:.1f} s,"
            f" {whole.seconds / parsed.seconds:.1f} times the parse of {parsed.seconds:.2f} s"
            f" (wanted 8), at most {_peak_mib()} MiB ({told}); of a processor: parse"
            f" {parsed.processor:.2f} s, bank {whole.processor:.2f} s, server {server:.2f} s"
        )


def post(bank: TestBank, filing_no: str, content: bytes, steps: dict[str, float]) -> None:
    """Read and post a file as the clock's process does; note what each step took."""
    started = time.perf_counter()
    phase = str(Phase.READING)

    def told(now: Phase, _done: int, _total: int) -> None:
        nonlocal started, phase
        at = time.perf_counter()
        steps[phase] = steps.get(phase, 0) + at - started
        started, phase = at, str(now)

    roster = read_roster(content, _LIMITS)
    with unit_of_work() as session:
        filing = filing_numbered(session, filing_no)
        posting = RosterPosting(filing, roster, "provider-test", told, file=content)
        before = _server_seconds(session)
        result = post_roster(session, bank.house.vault, posting, now=NOW)
        steps[_SERVER] = _server_seconds(session) - before
    told(Phase.READING, 0, 0)
    assert result.rows_credited == len(roster.rows), result.problems[:3]


def days_attended(month: int) -> list[date]:
    """Return the days of the filing."""
    return [date(2026, month, 2) + timedelta(days=each) for each in range(DAYS)]


def lines(rows: int, people: int, month: int) -> Iterator[list[str]]:
    """Yield the cells of invented people, each of whom attends day after day."""
    days = [day.isoformat() for day in days_attended(month)]
    for row in range(rows):
        day, person = divmod(row, people)
        body = f"9999{person // 1000:02d}19850131{person % 1000:03d}"
        name = _FAMILIES[person % len(_FAMILIES)] + chr(0x4E00 + person % 20_000)
        number = body + resident_id_check_character(body)
        yield [name, "居民身份证", number, days[day % DAYS], "360"]


def xlsx_file(rows: int, people: int, month: int) -> bytes:
    """Write the roster as a workbook."""
    written = io.BytesIO()
    book = Workbook(written, {"in_memory": True})
    sheet = book.add_worksheet()
    for line, cells in enumerate([header(), *lines(rows, people, month)]):
        for place, cell in enumerate(cells):
            sheet.write_string(line, place, cell)
    book.close()
    return written.getvalue()


def csv_file(rows: int, people: int, month: int) -> bytes:
    """Write the roster as CSV."""
    written = io.StringIO(newline="")
    csv.writer(written).writerows([header(), *lines(rows, people, month)])
    return written.getvalue().encode()


def header() -> list[str]:
    """Return the five columns of the template of a filing whose days make up no year."""
    return [HEADERS[column][0] for column in (*REQUIRED[:1], Column.KIND, *REQUIRED[1:])]


def parse_alone(content: bytes) -> None:
    """Parse a workbook into cells and do nothing with them."""
    for row in python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python():
        assert row


class Took(NamedTuple):
    """How long a piece of work took, by the clock and of a processor (the server's not counted)."""

    seconds: float
    processor: float

    @classmethod
    def of(cls, work: Callable[[], object]) -> "Took":
        """Measure it."""
        started, used = time.perf_counter(), time.process_time()
        work()
        return cls(time.perf_counter() - started, time.process_time() - used)


def _server_seconds(session: Session) -> float:
    """Return what PostgreSQL's process for a session has had of a processor."""
    if session.get_bind().dialect.name != "postgresql":
        return 0
    process = session.scalar(select(func.pg_backend_pid()))
    return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[0]) / 1e9


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def _peak_mib() -> int:
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


if __name__ == "__main__":
    main()
