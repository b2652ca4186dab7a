"""What a check of everything costs, phase by phase, beside a loop that only reads and hashes.

The floor reads the very same rows (entries and facts, in the order of people, with nothing but the
driver) and makes one HMAC and two SHA-256 of as many bytes for each entry: less no check can do.
Figures are of this process alone unless they say "with the server's" (on PostgreSQL the time of the
server's process that answers it is added) or "by the clock". Each session has a thousand people: of
a thousand, or, with --people, of more. All filings are of the same days, so that caps hold most of
what was posted: nothing is harder to count again. PostgreSQL's tables are vacuumed and analyzed.

    .venv/bin/python -m bench.fsck --entries 200000
"""

import argparse
import hashlib
import hmac
import itertools
import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench import ledger
from bench.banks import DATABASES, bank_on
from bench.growth import owner
from creditbank.auditing import audit
from creditbank.crediting.fold import FoldContext, fold_again
from creditbank.db import db
from creditbank.ledger.bodies import LINE_COLUMNS
from creditbank.ledger.disagreement import FOLDS, PHASES, Progress
from creditbank.ledger.models import CreditFacts, Entry
from creditbank.ledger.quick_sheets import fetched
from creditbank.people.register import secret_states, secrets_of
from creditbank.registry.lawbook import law_of
from tests.acts import seal_all
from tests.bank import NOW, TestBank

#: Bytes of an entry's body and of what its salt is made from, as this bench's entries have them.
BODY, KEY = b"b" * 560, b"k" * 60
PEOPLE_AT_ONCE = 25
FOLDED_AT_ONCE = 200
#: What hashes rows and builds trees; the figure wanted is of these.
CORE = ("people", "rounds", "logs")
#: Of this process, of the server's, and by the clock.
Seconds = tuple[float, float, float]
#: Where Linux tells a process's time in user mode, behind its name; that in the kernel is next.
_USER = 11


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--people", type=int, default=ledger.BATCH)
    parser.add_argument("--without-folds", dest="folds", action="store_false")
    wanted = parser.parse_args()
    for database in wanted.database or DATABASES:
        with bank_on(database) as bank:
            fill(bank, wanted.entries, wanted.people, folds=wanted.folds)
            measure(bank, database, folds=wanted.folds)


def fill(bank: TestBank, entries: int, count: int, *, folds: bool) -> None:
    """Post, count caps where they are to be counted again, and seal."""
    people = ledger.enrolled(bank, count)
    with bank.reading() as session:
        known = secrets_of(session, bank.house.vault, people)
    for batch in ledger.made(bank, people, entries // ledger.BATCH):
        ledger.append(batch, known)
    for start in range(0, len(people) if folds else 0, FOLDED_AT_ONCE):
        with bank.unit() as session:
            context = FoldContext(law_of(session, "cn-3710"), known, NOW)
            groups = [(each,) for each in people[start : start + FOLDED_AT_ONCE]]
            fold_again(session, groups, {NOW.year}, context)
    seal_all(bank)
    if db.engine.dialect.name == "postgresql":
        with owner(bank.house.settings) as connection:
            connection.autocommit = True
            connection.execute("VACUUM ANALYZE")  # as the server does by itself within minutes


def measure(bank: TestBank, database: str, *, folds: bool) -> None:
    """Check everything between two floors, and say what each phase took."""
    before = mebibytes()
    floors = [floor(bank)]
    spent, entries = checked(bank, folds=folds)
    floors.append(floor(bank))
    least, _, least_waited = (sum(each) / len(floors) for each in zip(*floors, strict=True))
    core, served, waited = (sum(spent[phase][each] for phase in CORE) for each in range(3))
    rest = sum(seconds for phase, (seconds, *_) in spent.items() if phase != FOLDS)
    print(f"{database}: {entries:,} entries; floor {entries / least:,.0f} a second of one core")
    for phase, (seconds, answering, _) in spent.items():
        each, theirs = (part / entries * 1e6 for part in (seconds, answering))
        print(f"  {phase:14} {seconds:6.2f} s {each:6.2f} us an entry, {theirs:.2f} of the server")
    print(
        f"  rows, hashes, trees {entries / core:,.0f} a second (wanted 80,000),"
        f" {least / core:.2f} of the floor; with the server's {entries / (core + served):,.0f};"
        f" by the clock {entries / waited:,.0f},"
        f" {least_waited / waited:.2f} of the floor;"
        f" everything but folds {entries / rest:,.0f} a second,"
        f" {mebibytes()} MiB at most ({before} before)"
    )


def checked(bank: TestBank, *, folds: bool) -> tuple[dict[str, Seconds], int]:
    """Check everything; return the seconds of each phase, and how many entries."""
    with bank.reading() as session:
        now = stopwatch(session)
        marks: list[tuple[str, Seconds]] = []
        progress = Progress(
            phases=(*PHASES, FOLDS), told=lambda seen: marks.append((seen.phase, now()))
        )
        states = lambda people: secret_states(session, bank.house.vault, people)  # noqa: E731
        found = list(audit(session, states, progress, folds=folds))
        marks.append(("", now()))
    assert not found, found[:3]
    starts = itertools.pairwise(marks)
    return {phase: between(start, end) for (phase, start), (_, end) in starts}, progress.entries


def stopwatch(session: Session) -> Callable[[], Seconds]:
    """Give what tells the seconds of this process, of the server's for a session, and the clock's.

    SQLite works in this process.
    """
    if session.get_bind().dialect.name == "sqlite":
        return lambda: (time.process_time(), 0.0, time.perf_counter())
    number = session.scalar(select(func.pg_backend_pid()))
    return lambda: (time.process_time(), served(number), time.perf_counter())


def between(start: Seconds, end: Seconds) -> Seconds:
    """Subtract."""
    own, server, clock = (late - early for early, late in zip(start, end, strict=True))
    return own, server, clock


def served(number: int) -> float:
    """Return the processor's seconds of another process, as Linux tells them."""
    spent = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(spent[_USER]) + int(spent[_USER + 1])) / os.sysconf("SC_CLK_TCK")


def floor(bank: TestBank) -> Seconds:
    """Read and hash, and nothing else; return the seconds."""
    secret = bytes(32)
    entries, facts = select(*LINE_COLUMNS), select(*CreditFacts.__table__.columns)
    with bank.reading() as session:
        now = stopwatch(session)
        started = now()
        for people in in_batches(session):
            for _ in fetched(session, entries.where(Entry.person_id.in_(people))):
                salt = hmac.digest(secret, KEY, "sha256")
                hashlib.sha256(salt + BODY).digest()
            rows: list[Any] = fetched(session, facts.where(CreditFacts.person_id.in_(people)))
            for row in rows:
                hashlib.sha256(row[-1].encode()).digest()
        return between(started, now())


def in_batches(session: Session) -> Iterator[list[int]]:
    """Give people, as many at once as the check reads."""
    people = session.scalars(select(Entry.person_id).distinct().order_by(Entry.person_id)).all()
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        yield list(people[start : start + PEOPLE_AT_ONCE])


def mebibytes() -> int:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
