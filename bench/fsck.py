"""What a check of everything costs, phase by phase, beside a loop that only reads and hashes.

The floor reads the very same rows (entries and facts, in the order of people, with nothing but the
driver) and makes one HMAC and two SHA-256 of as many bytes for each entry: less no check can do.
Figures are of this process alone unless they say "by the clock": on PostgreSQL the server works
beside it, and a check waits for it.

    .venv/bin/python -m bench.fsck --entries 200000
"""

import argparse
import hashlib
import hmac
import itertools
import resource
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bench import ledger
from bench.banks import DATABASES, bank_on
from creditbank.auditing import audit
from creditbank.ledger.bodies import LINE_COLUMNS
from creditbank.ledger.disagreement import FOLDS, PHASES, Progress
from creditbank.ledger.models import CreditFacts, Entry
from creditbank.ledger.quick import fetched
from creditbank.people.register import secret_states, secrets_of
from tests.acts import seal_all
from tests.bank import TestBank

#: Bytes of an entry's body and of what its salt is made from, as this bench's entries have them.
BODY, KEY = b"b" * 560, b"k" * 60
PEOPLE_AT_ONCE = 25
#: What hashes rows and builds trees; the figure wanted is of these.
CORE = ("people", "rounds", "logs")


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--database", choices=DATABASES, action="append")
    wanted = parser.parse_args()
    for database in wanted.database or DATABASES:
        with bank_on(database) as bank:
            fill(bank, wanted.entries)
            measure(bank, database)


def fill(bank: TestBank, entries: int) -> None:
    """Post, and seal."""
    people = ledger.enrolled(bank)
    with bank.reading() as session:
        known = secrets_of(session, bank.house.vault, people)
    for batch in ledger.made(bank, people, entries // ledger.BATCH):
        ledger.append(batch, known)
    seal_all(bank)


def measure(bank: TestBank, database: str) -> None:
    """Check everything between two floors, and say what each phase took."""
    before = mebibytes()
    floors = [floor(bank)]
    spent, entries = checked(bank)
    floors.append(floor(bank))
    least, least_waited = (sum(each) / len(floors) for each in zip(*floors, strict=True))
    core, waited = (sum(spent[phase][each] for phase in CORE) for each in (0, 1))
    rest = sum(seconds for phase, (seconds, _) in spent.items() if phase != FOLDS)
    print(f"{database}: {entries:,} entries; floor {entries / least:,.0f} a second of one core")
    for phase, (seconds, _) in spent.items():
        print(f"  {phase:14} {seconds:6.2f} s {seconds / entries * 1e6:6.2f} us an entry")
    print(
        f"  rows, hashes, trees {entries / core:,.0f} a second (wanted 80,000),"
        f" {least / core:.2f} of the floor; by the clock {entries / waited:,.0f},"
        f" {least_waited / waited:.2f} of the floor;"
        f" everything but folds {entries / rest:,.0f} a second,"
        f" {mebibytes()} MiB at most ({before} before)"
    )


def checked(bank: TestBank) -> tuple[dict[str, tuple[float, float]], int]:
    """Check everything; return the seconds of each phase, and how many entries.

    Seconds of the processor, and by the clock.
    """
    marks: list[tuple[str, float, float]] = []
    progress = Progress(
        phases=(*PHASES, FOLDS), told=lambda seen: marks.append((seen.phase, *now()))
    )
    with bank.reading() as session:
        states = lambda people: secret_states(session, bank.house.vault, people)  # noqa: E731
        found = list(audit(session, states, progress, folds=True))
    marks.append(("", *now()))
    # These hours were posted without counting any cap, which folding them finds out.
    assert {each.code for each in found} <= {"fsck-fold"}, found[:3]
    starts = itertools.pairwise(marks)
    spent = {phase: (end - start, late - early) for (phase, start, early), (_, end, late) in starts}
    return spent, progress.entries


def now() -> tuple[float, float]:
    """Return the processor's seconds of this process, and the clock's."""
    return time.process_time(), time.perf_counter()


def floor(bank: TestBank) -> tuple[float, float]:
    """Read and hash, and nothing else; return seconds of the processor, and by the clock."""
    secret = bytes(32)
    entries, facts = select(*LINE_COLUMNS), select(*CreditFacts.__table__.columns)
    with bank.reading() as session:
        started, began = now()
        for people in in_batches(session):
            for _ in fetched(session, entries.where(Entry.person_id.in_(people))):
                salt = hmac.digest(secret, KEY, "sha256")
                hashlib.sha256(salt + BODY).digest()
            rows: list[Any] = fetched(session, facts.where(CreditFacts.person_id.in_(people)))
            for row in rows:
                hashlib.sha256(row[-1].encode()).digest()
        ended, stopped = now()
        return ended - started, stopped - began


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
