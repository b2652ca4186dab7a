"""What a full ledger costs on PostgreSQL: appending beside an empty one, room, and balances.

Fills a bank with credits of many invented people through the ledger, hashed and guarded, seals all
of it, and then, against the same work in the same run:

- appends the same batches to the full bank and to an empty one, in turns: 0.5 of the empty one's
  rate is wanted at ten million rows;
- tells how many bytes an entry takes, by table and index, with its place in the log: 360 at most
  are wanted. What a credit rests on (its facts) is told apart: it is as long as the facts are;
- asks for balances by year and subject, beside the same question to the driver alone: a p99 of
  three times as much at most is wanted.

Both servers are told what docs/operations.md asks for; `--as-installed` leaves a new cluster's
128 MB of memory, in which the keys of a full ledger find no room.

    nice .venv/bin/python -m bench.growth --entries 2000000
"""

import argparse
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import psycopg
from sqlalchemy import Engine, insert, make_url, select
from sqlalchemy.orm import Session

from bench.banks import bank_on
from bench.ledger import Batch, attended, seconds
from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.ledger.balance import balances_of
from creditbank.ledger.models import Act, Source
from creditbank.ledger.posting import PostingContext, post_credits
from creditbank.ledger.sources import pins_id_of
from creditbank.people.models import Person
from creditbank.registry.lawbook import law_of
from tests.acts import approve, seal_all
from tests.bank import NOW, TestBank

BATCH = 1_000
#: that one person has in the end
ENTRIES_A_PERSON = 100
SEAL_EVERY = 200
DAYS_A_FILING = 50
#: appended to the full bank and to the empty one in turns
COMPARED = 40
ASKED = 3_000
#: docs/operations.md, "Memory of the server", of a machine with 24 GB that two servers share.
LARGE = {
    "shared_buffers": "4GB", "max_wal_size": "8GB", "checkpoint_timeout": "15min",
}  # fmt: skip
BALANCE = """
SELECT credited_year, subject,
    sum(CASE WHEN movement IN ('credit', 'uncap', 'release') THEN centihours
             WHEN movement IN ('reverse', 'cap', 'freeze') THEN -centihours ELSE 0 END)
FROM ledger_entry WHERE person_id = %s AND scheme = 'cn-3710' GROUP BY 1, 2
"""
SIZES = """
SELECT parent.relname, coalesce(index_of.relname, ''), sum(pg_relation_size(part.oid, 'main'))
FROM pg_class parent
CROSS JOIN LATERAL pg_partition_tree(parent.oid) leaf
JOIN pg_class part ON part.oid = leaf.relid AND leaf.isleaf
LEFT JOIN pg_index i ON i.indexrelid = parent.oid
LEFT JOIN pg_class index_of ON index_of.oid = i.indrelid
WHERE parent.relname IN ('ledger_entry', 'ledger_facts') OR index_of.relname IN
    ('ledger_entry', 'ledger_facts')
GROUP BY 1, 2 ORDER BY 2, 1
"""
LOG_SIZES = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class
WHERE relkind = 'r' AND relname IN
    ('journal_bundle', 'journal_tile', 'journal_seal', 'journal_span', 'journal_checkpoint')
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """A bank, a connection of its own, and the people whose hours it holds."""

    bank: TestBank
    engine: Engine
    secrets: Mapping[int, bytes]

    def append(self, batch: Batch) -> None:
        """Append through the ledger."""
        with Session(self.engine) as session:
            post_credits(session, batch.drafts, batch.context, self.secrets)
            session.commit()


def main() -> None:
    """Fill, seal, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=2_000_000)
    parser.add_argument("--as-installed", action="store_true")
    wanted = parser.parse_args()
    server = None if wanted.as_installed else LARGE
    batches = wanted.entries // BATCH
    people = max(BATCH, wanted.entries // ENTRIES_A_PERSON)
    with bank_on("postgresql", server) as bank:
        full = peopled(bank, people)
        filling = seconds(partial(fill, full, batches))
        print(f"filled with {batches * BATCH:,} entries of {people:,} people in {filling:.0f} s")
        room(bank.house.settings, batches * BATCH)
        balances(full)
        more = list(attendances(full, COMPARED, seed=batches))
        with bank_on("postgresql", server) as other:
            empty = peopled(other, people)
            compare(full, more, empty, list(attendances(empty, COMPARED, seed=batches)))


def peopled(bank: TestBank, count: int) -> Filled:
    """Give a bank people who have a key and a secret and nothing else."""
    rng = random.Random(20261122)
    secrets = {rng.randrange(1, 2**63): rng.randbytes(32) for _ in range(count)}
    engine = make_engine(bank.house.settings.app_url, bank.house.settings)
    keys = sorted(secrets)
    with Session(engine) as session:
        for start in range(0, count, 10_000):
            rows = [{"person_id": key, "created_at": NOW} for key in keys[start : start + 10_000]]
            session.execute(insert(Person), rows)
        session.commit()
    return Filled(bank, engine, secrets)


def attendances(place: Filled, count: int, seed: int = 0) -> Iterator[Batch]:
    """Hold so many sessions over ten years, each attended by any thousand people."""
    keys, rng = sorted(place.secrets), random.Random(seed)
    for first in range(0, count, DAYS_A_FILING):
        year = 2017 + first // DAYS_A_FILING % 10  # the law is that of the last
        days = [date(2026, 3, 1) + timedelta(days=each) for each in range(DAYS_A_FILING)]
        context, filing_no = held(place.bank, days)
        for number, day in enumerate(days[: count - first]):
            people = rng.sample(keys, BATCH)
            yield Batch(context, list(attended(people, filing_no, number, day.replace(year=year))))


def held(bank: TestBank, days: Sequence[date]) -> tuple[PostingContext, str]:
    """Approve a seminar; return what its credits share, and its number."""
    filing_no = approve(bank, days, seats=BATCH)
    with bank.reading() as session:
        chain = law_of(session, "cn-3710")
        source = session.scalars(select(Source).where(Source.source_no == filing_no)).one()
        leaf = session.get_one(Act, source.act_id).leaf
        pins_id = pins_id_of(session, chain.pins())
    return PostingContext(source.source_id, leaf, pins_id, chain.pins(), NOW), filing_no


def fill(full: Filled, batches: int) -> None:
    """Append and seal."""
    for nth, batch in enumerate(attendances(full, batches)):
        full.append(batch)
        if nth % SEAL_EVERY == 0:
            seal_all(full.bank)
    seal_all(full.bank)


def compare(full: Filled, more: Sequence[Batch], empty: Filled, first: Sequence[Batch]) -> None:
    """Append as much to both, in turns."""
    at_full = at_empty = 0.0
    for batch, other in zip(more, first, strict=True):
        at_full += seconds(partial(full.append, batch))
        at_empty += seconds(partial(empty.append, other))
    rows = len(more) * BATCH
    print(
        f"appending: {rows / at_full:,.0f} rows a second when full,"
        f" {rows / at_empty:,.0f} when empty: {at_empty / at_full:.2f} (wanted 0.5)"
    )


def room(settings: Settings, entries: int) -> None:
    """Print the bytes of an entry, by where they lie."""
    with owner(settings) as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE ledger_entry")
        connection.execute("VACUUM ANALYZE ledger_facts")
        sizes = connection.execute(SIZES).fetchall()
        [log] = connection.execute(LOG_SIZES).fetchone() or (0,)
    parts = {name: int(size) / entries for name, table, size in sizes}
    tables = {name: table or name for name, table, _ in sizes}
    own = {name: size for name, size in parts.items() if tables[name] == "ledger_entry"}
    facts = sum(size for name, size in parts.items() if tables[name] == "ledger_facts")
    total = sum(own.values()) + int(log) / entries
    split = ", ".join(f"{name} {size:.0f}" for name, size in own.items())
    print(
        f"room: {total:.0f} bytes an entry with its proof (wanted 360): {split}, the log"
        f" {int(log) / entries:.0f}; facts and their key besides {facts:.0f}"
    )


def balances(full: Filled) -> None:
    """Ask for balances both ways, in turns."""
    chosen = random.Random(7).choices(sorted(full.secrets), k=ASKED)
    ours, raw = [], []
    with Session(full.engine) as session, owner(full.bank.house.settings) as connection:
        for person in chosen:
            ours.append(seconds(partial(balances_of, session, [person], "cn-3710")))
            raw.append(seconds(lambda: connection.execute(BALANCE, [person]).fetchall()))  # noqa: B023
    late, raw_late = (sorted(each)[int(ASKED * 0.99)] * 1e3 for each in (ours, raw))
    middle, raw_middle = (sorted(each)[ASKED // 2] * 1e3 for each in (ours, raw))
    print(
        f"balance: p99 {late:.2f} ms, {raw_late:.2f} ms raw: {late / raw_late:.1f} times"
        f" (wanted 3); median {middle:.2f} and {raw_middle:.2f}"
    )


def owner(settings: Settings) -> psycopg.Connection:
    """Connect as the owner, by the driver alone."""
    url = make_url(settings.owner_url).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False))


if __name__ == "__main__":
    _started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - _started:.0f} s")
