"""What evidence against tampering costs four writers at once: every row hashed, a sealer beside.

Four processes append credits through the ledger, of one row or of a hundred a transaction, in
turns: as they are, with rounds of the sealer as often as in production; and bare, with noise for
leaves and nobody sealing. Both ways the same rows into the same guarded tables; 0.75 of the bare
rate is wanted.

    .venv/bin/python -m bench.writers --seconds 10
"""

import argparse
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from unittest.mock import patch

from sqlalchemy.orm import Session

from bench.banks import DATABASES, bank_on
from bench.ledger import Batch, enrolled, made
from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.ledger.posting import CreditDraft, post_credits
from creditbank.people.register import secrets_of
from tests.acts import seal_all
from tests.bank import TestBank

WRITERS = 4
#: of each kind: bare first and last, for what is later finds a fuller ledger
TURNS = (True, False, False, True)
SIZES = {1: 4, 100: 40}


@dataclass(frozen=True, slots=True)
class Work:
    """What one writer appends: its rows, how many a transaction, for how long, and how."""

    settings: Settings
    batches: Sequence[Batch]
    secrets: Mapping[int, bytes]
    size: int
    seconds: float
    bare: bool


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--database", choices=DATABASES, action="append")
    wanted = parser.parse_args()
    for database in wanted.database or DATABASES:
        with bank_on(database) as bank:
            measure(bank, database, wanted.seconds)


def measure(bank: TestBank, database: str, seconds: float) -> None:
    """Let the writers write in turns, and print the rates."""
    people = enrolled(bank)
    with bank.reading() as session:
        secrets = secrets_of(session, bank.house.vault, people)
    for size, batches in SIZES.items():
        rates: dict[bool, list[float]] = {True: [], False: []}
        for bare in TURNS:
            own = [list(made(bank, people, batches)) for _ in range(WRITERS)]
            works = [Work(bank.house.settings, each, secrets, size, seconds, bare) for each in own]
            rates[bare].append(rate_of(bank, works))
            seal_all(bank)  # so that nobody seals another turn's rows
        without, with_it = (sum(rates[bare]) / len(rates[bare]) for bare in (True, False))
        print(
            f"{database}: {WRITERS} writers, {size} a transaction: {with_it:,.0f} rows a second"
            f" hashed and sealed, {without:,.0f} bare: {with_it / without:.2f} (wanted 0.75)"
        )


def rate_of(bank: TestBank, works: Sequence[Work]) -> float:
    """Return rows a second of all writers together; a sealer beside them unless they are bare."""
    context = get_context("spawn")
    pipes, writers = [], []
    for work in works:
        ours, theirs = context.Pipe()
        writer = context.Process(target=write, args=(work, theirs))
        writer.start()
        pipes.append(ours)
        writers.append(writer)
    for pipe in pipes:
        assert pipe.recv() == "ready"
    for pipe in pipes:
        pipe.send("go")
    while not works[0].bare and not any(pipe.poll() for pipe in pipes):
        bank.seal()
        wait(pipes, timeout=bank.house.settings.seal_interval_seconds)
    told: list[tuple[int, float]] = [pipe.recv() for pipe in pipes]
    for writer in writers:
        writer.join()
    return sum(rows / seconds for rows, seconds in told)


def write(work: Work, pipe: Connection) -> None:
    """Append until the time is over; a process of its own."""
    engine = make_engine(work.settings.app_url, work.settings)
    with Session(engine) as session:
        session.connection()
    if work.bare:
        noise = lambda *_: os.urandom(32)  # noqa: E731
        patch("creditbank.ledger.leaves.EntriesAlike.leaf", noise).start()
    pipe.send("ready")
    pipe.recv()
    rows, started = 0, time.perf_counter()
    for batch, drafts in transactions(work):
        with Session(engine) as session:
            post_credits(session, drafts, batch.context, work.secrets)
            session.commit()
        rows += len(drafts)
        if time.perf_counter() - started >= work.seconds:
            break
    pipe.send((rows, time.perf_counter() - started))
    engine.dispose()


def transactions(work: Work) -> Iterator[tuple[Batch, Sequence[CreditDraft]]]:
    """Cut the rows as they are appended."""
    for batch in work.batches:
        for start in range(0, len(batch.drafts), work.size):
            yield batch, batch.drafts[start : start + work.size]


if __name__ == "__main__":
    main()
