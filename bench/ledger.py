"""What the ledger's care costs: hashed and guarded rows beside the same rows written raw.

On each database, in one run, in turns: credits and their facts appended through the ledger in
batches, beside the very same rows copied into unguarded tables with the same columns, partitions
and indexes (COPY on PostgreSQL, executemany on SQLite).

    .venv/bin/python -m bench.ledger --entries 200000
"""

import argparse
import json
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import make_url, select

from bench.banks import DATABASES, bank_on
from creditbank.config import Settings
from creditbank.db import db, snapshot, unit_of_work
from creditbank.ddl_guard import EVENT_TRIGGERS
from creditbank.ledger.models import Act, CreditFacts, Entry, Source
from creditbank.ledger.posting import CreditDraft, PostingContext, post_credits
from creditbank.ledger.sources import Taking, pins_id_of, take
from creditbank.people.register import ensure_people, secrets_of
from creditbank.registry.lawbook import law_of
from tests.acts import approve
from tests.bank import NOW, TestBank, invented_person

BATCH = 1_000
DAYS_A_FILING = 20
#: What this bench gives everybody for a day, in centihours.
CENTIHOURS = 800
TABLES = (Entry.__tablename__, CreditFacts.__tablename__)
PARTITIONS = 16


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call posts: a day's attendance of a thousand people."""

    context: PostingContext
    drafts: Sequence[CreditDraft]


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--database", choices=DATABASES, action="append")
    wanted = parser.parse_args()
    for database in wanted.database or DATABASES:
        with bank_on(database) as bank:
            measure(bank, database, wanted.entries)


def measure(bank: TestBank, database: str, entries: int) -> None:
    """Append in turns."""
    people = enrolled(bank)
    with bank.reading() as session:
        known = secrets_of(session, bank.house.vault, people)
    batches = list(made(bank, people, entries // BATCH))
    ours = raw = 0.0
    with raw_tables(bank) as write_raw:
        for batch in batches:
            ours += seconds(partial(append, batch, known))
            raw += seconds(partial(write_raw, written(bank, batch)))
    count = len(batches) * BATCH
    print(
        f"{database}: {count / ours:,.0f} entries a second hashed and guarded,"
        f" {count / raw:,.0f} raw: {raw / ours:.2f} of raw (wanted 0.45)"
    )


def enrolled(bank: TestBank, count: int = BATCH) -> list[int]:
    """Make people; return their keys."""
    with unit_of_work() as session:
        invented = [invented_person(number) for number in range(count)]
        return sorted(ensure_people(session, bank.house.vault, invented, now=NOW).values())


def made(bank: TestBank, people: Sequence[int], count: int) -> Iterator[Batch]:
    """Hold seminars, one session for each batch; of more than a thousand any thousand attend."""
    rng = random.Random(count)
    for first in range(0, count, DAYS_A_FILING):
        present = people if len(people) == BATCH else sorted(rng.sample(people, BATCH))
        days = [date(2026, 1, 1) + timedelta(days=each) for each in range(DAYS_A_FILING)]
        filing_no = approve(bank, days[: count - first], seats=BATCH)
        with bank.unit() as session:
            chain = law_of(session, "cn-3710")
            source = session.scalars(select(Source).where(Source.source_no == filing_no)).one()
            taken = BATCH * min(DAYS_A_FILING, count - first) * CENTIHOURS
            take(session, source, Taking(BATCH, taken))
            leaf = session.get_one(Act, source.act_id).leaf
            pins_id = pins_id_of(session, chain.pins())
            context = PostingContext(source.source_id, leaf, pins_id, chain.pins(), NOW)
        for number, day in enumerate(days[: count - first]):
            yield Batch(context, list(attended(present, filing_no, number, day)))


def attended(
    people: Sequence[int], filing_no: str, number: int, day: date
) -> Iterator[CreditDraft]:
    """Credit everybody's day."""
    for row, person_id in enumerate(people):
        facts = {
            "activity": "enterprise_course", "attended_minutes": 360, "day": day.isoformat(),
            "filing": filing_no, "form": "seminar", "kind": "filing", "planned_half_days": 2,
            "planned_minutes": 360, "release": "full", "roster": "R000000000", "row": row,
            "session": str(number), "trace": "per day, cap of the day",
        }  # fmt: skip
        yield CreditDraft(
            person_id, "cn-3710", day.year, "professional", day, f"{filing_no}/{number}", 0,
            CENTIHOURS, json.dumps(facts, separators=(",", ":")),
        )  # fmt: skip


def append(batch: Batch, known: Any) -> None:
    """Append through the ledger, as a poster does."""
    with unit_of_work() as session:
        post_credits(session, batch.drafts, batch.context, known)


def written(bank: TestBank, batch: Batch) -> list[list[Any]]:
    """Read back what a batch wrote, as the driver has it, to write the very same rows raw."""
    occasion = batch.drafts[0].occasion
    return [select_raw(bank, table, occasion) for table in TABLES]


def select_raw(bank: TestBank, table: str, occasion: str) -> list[Any]:
    """Return rows of an occasion without any mapping."""
    mark = "?" if db.engine.dialect.name == "sqlite" else "%s"
    with bank.reading() as session:
        query = f"SELECT * FROM {table} WHERE occasion = {mark}"  # names of ours
        return [tuple(row) for row in session.connection().exec_driver_sql(query, (occasion,))]


@contextmanager
def raw_tables(bank: TestBank) -> Iterator[Callable[[list[list[Any]]], None]]:
    """Give a writer into twins of the two tables that nobody guards."""
    twins = sqlite_twins if db.engine.dialect.name == "sqlite" else postgresql_twins
    with twins(bank.house.settings) as write:
        yield write


@contextmanager
def sqlite_twins(settings: Settings) -> Iterator[Callable[[list[list[Any]]], None]]:
    """Make the twins in a file of their own, as durable as the bank."""
    raw = sqlite3.connect(f"{settings.home}/raw.sqlite3", isolation_level=None)
    raw.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    with snapshot() as session:
        made = session.connection().exec_driver_sql(
            "SELECT sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL"
            " AND tbl_name IN ('ledger_entry', 'ledger_facts') ORDER BY type DESC"
        )
        for (statement,) in made.all():
            raw.execute(statement)

    def write(tables: list[list[Any]]) -> None:
        raw.execute("BEGIN IMMEDIATE")
        for table, rows in zip(TABLES, tables, strict=True):
            marks = ",".join("?" * len(rows[0]))
            raw.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # ours
        raw.execute("COMMIT")

    yield write
    raw.close()


@contextmanager
def postgresql_twins(settings: Settings) -> Iterator[Callable[[list[list[Any]]], None]]:
    """Make the twins in a schema of their own: same columns, partitions, indexes, checks."""
    url = make_url(settings.owner_url).set(drivername="postgresql")
    raw = psycopg.connect(url.render_as_string(hide_password=False))
    for name in EVENT_TRIGGERS:
        raw.execute(f"ALTER EVENT TRIGGER {name} DISABLE")  # they know the twins by their names
    raw.execute("CREATE SCHEMA raw")
    for table in TABLES:
        raw.execute(
            f"CREATE TABLE raw.{table} (LIKE public.{table} INCLUDING CONSTRAINTS"
            " INCLUDING INDEXES) PARTITION BY HASH (person_id)"
        )
        for part in range(PARTITIONS):
            raw.execute(
                f"CREATE TABLE raw.{table}_{part} PARTITION OF raw.{table}"
                f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part})"
            )
    for name in EVENT_TRIGGERS:
        raw.execute(f"ALTER EVENT TRIGGER {name} ENABLE ALWAYS")
    raw.commit()

    def write(tables: list[list[Any]]) -> None:
        for table, rows in zip(TABLES, tables, strict=True):
            with raw.cursor().copy(f"COPY raw.{table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        raw.commit()

    yield write
    raw.close()


def seconds(work: Callable[[], object]) -> float:
    """Measure a piece of work."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
