"""Faults put in place of the real thing, so that the tests around them are seen to notice.

Each is a mistake that somebody might well make: a bound checked before it is taken, an occasion
without its natural key, a sealer that goes by the newest number, caps that nobody counts again.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, literal, select, text, update
from sqlalchemy.orm import Session

import creditbank.ledger.seal as seal_module
from creditbank import limits
from creditbank.crediting import investigations, roster_credits, rosters, weighing, withdrawals
from creditbank.crediting.fold import FoldContext
from creditbank.crediting.reversals import Held
from creditbank.db import snapshot
from creditbank.ledger.models import Act, Entry, Seal, Source, SourceUse
from creditbank.ledger.sources import Taking
from creditbank.people.register import linked_people
from tests.force import open_ddl

#: What was taken of a filing when a poster looked, where posters look first and lock nothing.
_LOOKED: dict[str, int] = {}


def look_first(filing_no: str) -> None:
    """Where the bound is only checked: read what is taken, well before anything is written."""
    if "" in _LOOKED:
        with snapshot() as session:
            source = session.scalars(select(Source).where(Source.source_no == filing_no)).one()
            _LOOKED[filing_no] = session.get_one(SourceUse, source.source_id).people
        time.sleep(0.05)


def check_then_insert() -> None:
    """Check the bound against what was read earlier, without a lock; take it unconditionally."""
    _LOOKED[""] = 0

    def lock_source(session: Session, source_no: str) -> tuple[Source, SourceUse]:
        source = session.scalars(select(Source).where(Source.source_no == source_no)).one()
        use = SourceUse(source_id=source.source_id, people=_LOOKED[source_no], centihours=0)
        return source, use

    def take(session: Session, source: Source, taking: Taking) -> None:
        session.execute(
            update(SourceUse)
            .where(SourceUse.source_id == source.source_id)
            .values(
                people=SourceUse.people + taking.people,
                centihours=SourceUse.centihours + taking.centihours,
            )
        )

    rosters.lock_source = lock_source
    rosters.take = take


def no_hold() -> None:
    """Freeze and take back without locking the source or the people."""

    def hold(session: Session, source_no: str) -> Held:
        source = session.scalars(select(Source).where(Source.source_no == source_no)).one()
        return Held(source, ())

    def lock_linked(session: Session, people: Iterable[int]) -> dict[int, tuple[int, ...]]:
        groups = linked_people(session, people)
        time.sleep(0.02)
        return groups

    for room in (investigations, withdrawals):
        room.hold = hold
        room.lock_linked = lock_linked


def no_live_check() -> None:
    """Forget to ask whether the occasion is live already; the key is dropped apart from this."""

    def remember(self: Any, state: Any) -> None:
        if not state.reversed:
            self._issued[state.credit.person_id] += state.credit.centihours

    weighing.Scales._remember = remember  # type: ignore[method-assign]


def drop_natural_keys(owner: Engine) -> None:
    """Take away what would refuse an occasion twice: the index, and the keys beside it."""
    with owner.begin() as connection:
        open_ddl(connection)
        connection.execute(text("DROP INDEX ledger_entry_natural"))
        if owner.dialect.name == "postgresql":
            for table in ("attendance", "ledger_facts"):
                connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey"))
            return
        triggers = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_replace'"
        )
        for name in connection.scalars(text(triggers)).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        for table in ("attendance", "ledger_facts"):
            _without_key(connection, table)


def _without_key(connection: Any, table: str) -> None:
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table"
    made = connection.scalar(text(query), {"table": table})
    keyless = re.sub(r",\s*PRIMARY KEY \([^)]*\)", "", made)
    assert keyless != made
    connection.execute(text(f"DROP TABLE {table}"))
    connection.execute(text(keyless))
    assert not inspect(connection).get_pk_constraint(table)["constrained_columns"]


def no_fold() -> None:
    """Credit every occasion whole, whatever other providers posted for the same day."""

    def fold_again(_session: Session, _groups: Any, _years: set[int], _context: FoldContext) -> int:
        return 0

    roster_credits.fold_again = fold_again


def commit_in_the_middle() -> None:
    """Post the credits in one transaction and take from the source in the next, if it comes."""

    def take(session: Session, _source: Source, _taking: Taking) -> None:
        session.connection().commit()
        raise InterruptedError

    rosters.take = take


def forget_commits() -> None:
    """Say that it is done, and keep nothing of it."""

    def commit(self: Session) -> None:
        self.rollback()

    Session.commit = commit  # type: ignore[method-assign]


def count_alone() -> None:
    """Count requests in each process for itself."""
    alone = limits.MemoryCounters()

    def count(_shared: object, subject: str, policy: limits.Policy, window_at: int) -> int | None:
        return alone.count(subject, policy, window_at)

    limits.DatabaseCounters.count = count


def id_watermark() -> None:
    """Seal what has a higher number than the last one sealed, as if commits came in that order."""

    def horizon(_session: Session) -> int:
        return 2**62

    def rows_after(
        _session: Session, before: Seal | None, _newest: int
    ) -> Iterator[tuple[Any, Any]]:
        entries = select(
            literal(1), Entry.entry_id.label("xid"), literal(1), Entry.entry_id, Entry.leaf,
            Source.jurisdiction, Entry.recorded_at,
        ).join(Source, Source.source_id == Entry.source_id)  # fmt: skip
        acts = select(
            literal(1), literal(0).label("xid"), literal(0), Act.act_id, Act.leaf,
            Act.jurisdiction, Act.recorded_at,
        )  # fmt: skip
        yield (
            entries.where(Entry.entry_id > (before.entry_id if before else 0)).order_by(
                Entry.entry_id
            ),
            acts.where(Act.act_id > (before.act_id if before else 0)).order_by(Act.act_id),
        )

    seal_module._horizon = horizon
    seal_module._rows_after = rows_after


def no_epochs(monkeypatch: pytest.MonkeyPatch, owner_url: str) -> None:
    """Go on after a restore as if transaction numbers had gone on too."""

    def open_epoch_if_restored(_session: Session, *, now: datetime) -> None:
        del now

    monkeypatch.setattr(seal_module, "open_epoch_if_restored", open_epoch_if_restored)
    owner = create_engine(owner_url)
    with owner.begin() as connection:
        open_ddl(connection)
        for table in ("ledger_entry", "journal_act"):
            connection.execute(text(f"DROP TRIGGER {table}_epoch ON {table}"))
    owner.dispose()


DOUBLES: dict[str, Callable[[], None]] = {
    "no_hold": no_hold,
    "check_then_insert": check_then_insert,
    "no_live_check": no_live_check,
    "no_fold": no_fold,
    "commit_in_the_middle": commit_in_the_middle,
    "forget_commits": forget_commits,
    "count_alone": count_alone,
    "id_watermark": id_watermark,
}
