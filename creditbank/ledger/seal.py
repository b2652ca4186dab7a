"""The sealer: gives entries and acts their places in the logs, and signs each log's new head.

Postings never wait for it. It takes what is certainly complete, in batches: on PostgreSQL every row
whose transaction is older than any still running (never "id beyond the last one", which loses rows
that commit late); on SQLite, with its single writer, every row. One round is one transaction.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Row, Select, false, func, insert, literal, or_, select, text, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.clock import civil_day, instant_text
from creditbank.ledger.checkpoint import Checkpoint, sign_note, vkey
from creditbank.ledger.logs import (
    LEAF_BYTES,
    REF_BYTES,
    act_ref,
    entry_ref,
    last_seal,
    tile_reader,
)
from creditbank.ledger.merkle import EMPTY_ROOT, TILE_WIDTH, append, leaf_node
from creditbank.ledger.models import (
    Act,
    Bundle,
    Entry,
    Epoch,
    Log,
    LogFreeze,
    Seal,
    SealSpan,
    SignedCheckpoint,
    Source,
    Tile,
)

#: Any fixed number: whoever holds this advisory lock is the one sealer of the database.
_ADVISORY_LOCK = 7_317_001
_ACT, _ENTRY = 0, 1
#: On PostgreSQL says which epoch is the newest, to whoever writes a row.
_EPOCH_COUNTER = "ledger_epoch_number"


@dataclass(frozen=True, slots=True)
class Sealer:
    """What a round needs to know besides the rows."""

    host: str
    #: the private key that signs for a verifier key; None asks for the newest, for a new log
    key_for: Callable[[str | None], Ed25519PrivateKey]
    rows_max: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a round did: how many rows found their place, and whether more were waiting."""

    rows: int
    more: bool


class Pending(NamedTuple):
    """A row that waits for its place; ordered by epoch, xid, kind and id (law 9)."""

    epoch: int
    xid: int
    kind: int
    row_id: int
    leaf: bytes
    jurisdiction: str
    recorded_at: datetime

    @property
    def year(self) -> int:
        """The civil year in which the row was recorded."""
        return _civil_year(self.recorded_at)

    @property
    def ref(self) -> bytes:
        """How a bundle names the row."""
        return entry_ref(self.row_id) if self.kind == _ENTRY else act_ref(self.row_id)


def seal(session: Session, sealer: Sealer, *, now: datetime) -> Sealed:
    """Run one round; a round that finds another at work does nothing.

    The session's transaction must be new: on PostgreSQL READ COMMITTED, so that what this round
    reads after taking the lock is what the round before it wrote.
    """
    if not _lock(session):
        return Sealed(rows=0, more=True)
    open_epoch_if_restored(session, now=now)
    before = last_seal(session)
    waiting = _complete_rows(session, before, sealer.rows_max + 1)
    taken, more = waiting[: sealer.rows_max], len(waiting) > sealer.rows_max
    seal_no = before.seal_no + 1 if before else 1
    grown = [_grow(session, log, run) for log, run in _by_log(session, sealer, taken, seal_no)]
    closing = [] if more else _logs_to_freeze(session, civil_day(now).year)
    if taken or closing:
        _write(session, sealer, _seal_row(session, before, seal_no, taken, now), grown, closing)
    return Sealed(rows=len(taken), more=more)


@dataclass(frozen=True, slots=True)
class Closure:
    """A log in which nothing may be signed any more, named by its origin and verifier key."""

    origin: str
    vkey: str


def close_logs(
    session: Session, sealer: Sealer, closures: Iterable[Closure], *, now: datetime
) -> None:
    """Freeze logs where they stand, in a round of its own that gives no place.

    A log that is not there is opened for that, and signed as empty: its name is used up, and the
    empty tree is the beginning of whatever was published under it.
    """
    before = last_seal(session)
    row = _seal_row(session, before, before.seal_no + 1 if before else 1, [], now)
    logs = []
    for each in sorted(closures, key=lambda closure: closure.origin):
        log = session.scalar(select(Log).where(Log.origin == each.origin))
        logs.append(log or _add_log(session, each.origin, each.vkey, row.seal_no))
    _write(session, sealer, row, [], logs)
    for log in logs:
        if log.seal_no == row.seal_no:
            _sign(session, sealer, log, Checkpoint(log.origin, 0, EMPTY_ROOT), row.seal_no)


def open_epoch_if_restored(session: Session, *, now: datetime, restored: bool = False) -> None:
    """Start a new epoch when the database runs in another server than the last epoch's.

    After a restore, transaction numbers begin anew; rows of the old epoch that no round had taken
    sort before everything new, and are sealed first. Whoever `restored` it knows, whatever server.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    server = session.scalar(text("SELECT system_identifier::text FROM pg_control_system()"))
    newest = session.scalars(select(Epoch).order_by(Epoch.epoch.desc()).limit(1)).one()
    if restored or newest.server != server:
        row = {
            "epoch": newest.epoch + 1, "server": server, "started_at": now, "reason": "restored",
        }  # fmt: skip
        session.execute(insert(Epoch), [row])
        # Nothing is written before both agree, so it is no matter which is seen first.
        session.execute(select(func.setval(_EPOCH_COUNTER, newest.epoch + 1)))


def seal_digest(
    row: Seal,
    *,
    spans: Iterable["GrownSpan"],
    frozen: Iterable[tuple[str, int]],
    logs: Iterable[Log],
    epochs: Iterable[Epoch],
    before: bytes,
) -> bytes:
    """Chain one round to the round before it; fsck computes it again from the tables.

    Args:
        row: the round itself, its `digest` not looked at.
        spans: the runs it gave, by origin.
        frozen: origin and size of each log that it froze, by origin.
        logs: the logs that it opened, by origin.
        epochs: every epoch up to the round's own.
        before: digest of the round before it, empty for the first.
    """
    said: Canonical = [
        row.seal_no,
        instant_text(row.sealed_at),
        [row.entry_epoch, row.entry_xid, row.entry_id],
        [row.act_epoch, row.act_xid, row.act_id],
        [[s.origin, s.first_index, s.count, s.order_digest.hex(), s.root.hex()] for s in spans],
        [[origin, size] for origin, size in frozen],
        [[log.log_id, log.origin, log.jurisdiction, log.year, log.vkey] for log in logs],
        [[e.epoch, e.server, instant_text(e.started_at), e.reason] for e in epochs],
    ]
    return tagged_digest("creditbank/seal/v1", before, canonical_bytes(said))


@dataclass(frozen=True, slots=True)
class GrownSpan:
    """A run of indexes that a round gave in one log, and the root that it led to."""

    origin: str
    first_index: int
    count: int
    order_digest: bytes
    root: bytes


def order_digest(run: Sequence[Pending]) -> bytes:
    """Return the digest of a run's order, so that no row's transaction number changes unseen."""
    packed = (struct.pack(">qqqq", row.epoch, row.xid, row.kind, row.row_id) for row in run)
    return hashlib.sha256(b"".join(packed)).digest()


@dataclass(frozen=True, slots=True)
class _Grown:
    log: Log
    span: GrownSpan
    leaves: bytes
    refs: bytes
    tiles: Mapping[tuple[int, int], bytes]

    @property
    def size(self) -> int:
        return self.span.first_index + self.span.count


def _lock(session: Session) -> bool:
    if session.get_bind().dialect.name != "postgresql":
        return True  # BEGIN IMMEDIATE made this the one writer
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(_ADVISORY_LOCK))))


def _complete_rows(session: Session, before: Seal | None, rows_max: int) -> list[Pending]:
    horizon = _horizon(session)
    newest = session.scalars(select(func.max(Epoch.epoch))).one()
    found: list[_Row] = []
    for entries, acts in _rows_after(session, before, newest):
        for rows, table in ((acts, Act), (entries, Entry)):
            # Rows of an older epoch are all complete: their server is gone.
            complete = or_(table.epoch < newest, table.xid < horizon)
            found += session.execute(rows.where(complete).limit(rows_max)).all()
    # Both tables are cut at one place of the common order, or an act could be sealed behind the
    # entries that cite it.
    return _pending(found)[:rows_max]


def pending_after(session: Session, before: Seal | None, *, through: Seal) -> list[Pending]:
    """Return the rows between two rounds, in the order in which the later one took them."""
    found: list[_Row] = []
    for rows in rows_between(session, before, through):
        found += session.execute(rows).all()
    return _pending(found)


def rows_between(session: Session, before: Seal | None, through: Seal) -> Iterator["RowsOfRound"]:
    """Give the queries for the rows between two rounds, with the columns of `Pending`."""
    entry_end = tuple_(through.entry_epoch, through.entry_xid, through.entry_id)
    act_end = tuple_(through.act_epoch, through.act_xid, through.act_id)
    for entries, acts in _rows_after(session, before, through.epoch):
        acts_until, entries_until = Act.act_id <= through.act_id, Entry.entry_id <= through.entry_id
        if session.get_bind().dialect.name == "postgresql":
            acts_until = entries_until = true()  # numbers are in no order there
        yield acts.where(acts_until, tuple_(Act.epoch, Act.xid, Act.act_id) <= act_end)
        yield entries.where(
            entries_until, tuple_(Entry.epoch, Entry.xid, Entry.entry_id) <= entry_end
        )


_Row = Row[int, int, int, int, bytes, str, datetime]
#: What gives the columns of `Pending`.
RowsOfRound = Select[int, int, int, int, bytes, str, datetime]


def _rows_after(
    session: Session, before: Seal | None, newest_epoch: int
) -> Iterator[tuple[RowsOfRound, RowsOfRound]]:
    """Give, for each epoch not yet done with, the queries for entries and acts behind a round."""
    entry_from = (before.entry_epoch, before.entry_xid, before.entry_id) if before else (0, 0, 0)
    act_from = (before.act_epoch, before.act_xid, before.act_id) if before else (0, 0, 0)
    entries = select(
        Entry.epoch, Entry.xid, literal(_ENTRY), Entry.entry_id, Entry.leaf,
        Source.jurisdiction, Entry.recorded_at,
    ).join(Source, Source.source_id == Entry.source_id)  # fmt: skip
    acts = select(
        Act.epoch, Act.xid, literal(_ACT), Act.act_id, Act.leaf, Act.jurisdiction, Act.recorded_at
    )
    for epoch in range(max(1, min(entry_from[0], act_from[0])), newest_epoch + 1):
        yield (
            _behind(session, entries, (Entry.epoch, Entry.xid, Entry.entry_id), entry_from, epoch),
            _behind(session, acts, (Act.epoch, Act.xid, Act.act_id), act_from, epoch),
        )


_Order = tuple[InstrumentedAttribute[int], InstrumentedAttribute[int], InstrumentedAttribute[int]]


def _behind(
    session: Session, rows: RowsOfRound, order: _Order, start: tuple[int, int, int], epoch: int
) -> RowsOfRound:
    """Narrow a query to one epoch's rows behind a position, in words that an index understands."""
    epoch_column, xid_column, id_column = order
    sqlite = session.get_bind().dialect.name == "sqlite"
    # SQLite would look the epoch up in an index, and read all of it each time.
    rows = rows.where((epoch_column + 0 if sqlite else epoch_column) == epoch).order_by(*order)
    if epoch < start[0]:
        return rows.where(false())
    if epoch > start[0]:
        return rows
    if sqlite:
        return rows.where(id_column > start[2])
    return rows.where(xid_column >= start[1], tuple_(xid_column, id_column) > tuple_(*start[1:]))


def _pending(rows: Iterable[_Row]) -> list[Pending]:
    return sorted(map(Pending._make, rows))


@lru_cache(maxsize=4_096)
def _civil_year(instant: datetime) -> int:
    return civil_day(instant).year  # a batch of thousands shares one instant


def _horizon(session: Session) -> int:
    """Return the transaction number below which nothing is still running.

    Read in a statement of its own, before the rows: each row below it is then committed, or gone
    for good, when the later statement looks. On SQLite this round is the only writer, and every
    row bears the number 0.
    """
    if session.get_bind().dialect.name != "postgresql":
        return 1
    query = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return int(session.scalars(query).one())


def _by_log(
    session: Session, sealer: Sealer, taken: Sequence[Pending], seal_no: int
) -> list[tuple[Log, list[Pending]]]:
    logs: dict[tuple[str, int], Log] = {}
    runs: dict[str, tuple[Log, list[Pending]]] = {}
    for row in taken:
        key = (row.jurisdiction, row.year)
        if key not in logs:
            logs[key] = _log_for(session, sealer, row, seal_no)
        log = logs[key]
        runs.setdefault(log.origin, (log, []))[1].append(row)
    return [runs[origin] for origin in sorted(runs)]


def _log_for(session: Session, sealer: Sealer, row: Pending, seal_no: int) -> Log:
    """Choose the log of a row's jurisdiction and year, or the next year's that is not frozen."""
    year = row.year
    while True:
        query = select(Log).where(Log.jurisdiction == row.jurisdiction, Log.year == year)
        log = session.scalar(query)
        if log is None:
            return _open_log(session, sealer, row.jurisdiction, year, seal_no)
        if session.get(LogFreeze, log.log_id) is None:
            return log
        year += 1


def _open_log(session: Session, sealer: Sealer, jurisdiction: str, year: int, seal_no: int) -> Log:
    origin = f"{sealer.host}/ledger/{jurisdiction}/{year}"
    return _add_log(session, origin, vkey(origin, sealer.key_for(None).public_key()), seal_no)


def _add_log(session: Session, origin: str, key: str, seal_no: int) -> Log:
    jurisdiction, year = origin.split("/")[-2:]
    log = Log(
        origin=origin, jurisdiction=jurisdiction, year=int(year), vkey=key, seal_no=seal_no
    )  # fmt: skip
    session.add(log)
    session.flush()  # its number is needed, and the next row may belong to it
    return log


def _grow(session: Session, log: Log, run: Sequence[Pending]) -> _Grown:
    first_index = log_size(session, log.log_id)
    nodes = [leaf_node(row.leaf) for row in run]
    growth = append(first_index, nodes, tile_reader(session, log.log_id))
    span = GrownSpan(log.origin, first_index, len(run), order_digest(run), growth.root)
    leaves = b"".join(row.leaf for row in run)
    return _Grown(log, span, leaves, b"".join(row.ref for row in run), growth.tiles)


def log_size(session: Session, log_id: int) -> int:
    """Return how many rows have a place in a log."""
    query = select(func.max(SignedCheckpoint.size)).where(SignedCheckpoint.log_id == log_id)
    return session.scalar(query) or 0


def _logs_to_freeze(session: Session, year: int) -> list[Log]:
    frozen = select(LogFreeze.log_id)
    query = select(Log).where(Log.year < year, Log.log_id.not_in(frozen)).order_by(Log.origin)
    return list(session.scalars(query))


def _seal_row(
    session: Session, before: Seal | None, seal_no: int, taken: Sequence[Pending], now: datetime
) -> Seal:
    last = {
        kind: max((row for row in taken if row.kind == kind), default=None)
        for kind in (_ACT, _ENTRY)
    }
    entry, act = last[_ENTRY], last[_ACT]
    # A clock that was set back must not make a round older than what it holds.
    instants = [now, *(row.recorded_at for row in taken)] + ([before.sealed_at] if before else [])
    return Seal(
        seal_no=seal_no,
        sealed_at=max(instants),
        epoch=session.scalar(select(func.max(Epoch.epoch))),
        entry_epoch=entry.epoch if entry else before.entry_epoch if before else 0,
        entry_xid=entry.xid if entry else before.entry_xid if before else 0,
        entry_id=entry.row_id if entry else before.entry_id if before else 0,
        act_epoch=act.epoch if act else before.act_epoch if before else 0,
        act_xid=act.xid if act else before.act_xid if before else 0,
        act_id=act.row_id if act else before.act_id if before else 0,
        digest=before.digest if before else b"",
    )


def _write(
    session: Session, sealer: Sealer, row: Seal, grown: Sequence[_Grown], closing: Sequence[Log]
) -> None:
    sizes = {each.log.log_id: each.size for each in grown}
    frozen = [(log, sizes.get(log.log_id) or log_size(session, log.log_id)) for log in closing]
    opened = select(Log).where(Log.seal_no == row.seal_no).order_by(Log.origin)
    epochs = select(Epoch).order_by(Epoch.epoch)
    row.digest = seal_digest(
        row,
        spans=[each.span for each in grown],
        frozen=[(log.origin, size) for log, size in frozen],
        logs=session.scalars(opened),
        epochs=session.scalars(epochs),
        before=row.digest,
    )
    session.add(row)
    session.flush()  # spans and checkpoints refer to the round
    for each in grown:
        _write_run(session, sealer, row.seal_no, each)
    session.add_all(
        LogFreeze(log_id=log.log_id, size=size, seal_no=row.seal_no) for log, size in frozen
    )


def _write_run(session: Session, sealer: Sealer, seal_no: int, grown: _Grown) -> None:
    log_id, span = grown.log.log_id, grown.span
    _extend_bundles(session, grown)
    for (level, tile_no), hashes in grown.tiles.items():
        if level > 0:  # level 0 is hashed from the bundles when it is read
            _put_tile(session, log_id, level, tile_no, hashes)
    session.add(
        SealSpan(
            seal_no=seal_no, log_id=log_id, first_index=span.first_index, count=span.count,
            order_digest=span.order_digest,
        )
    )  # fmt: skip
    checkpoint = Checkpoint(grown.log.origin, grown.size, span.root)
    _sign(session, sealer, grown.log, checkpoint, seal_no)


def _sign(session: Session, sealer: Sealer, log: Log, checkpoint: Checkpoint, seal_no: int) -> None:
    note = sign_note(checkpoint.body(), log.origin, sealer.key_for(log.vkey))
    session.add(
        SignedCheckpoint(
            log_id=log.log_id, size=checkpoint.size, seal_no=seal_no, root=checkpoint.root,
            note=note,
        )
    )  # fmt: skip


def _extend_bundles(session: Session, grown: _Grown) -> None:
    index, end = grown.span.first_index, grown.size
    while index < end:
        bundle_no, filled = divmod(index, TILE_WIDTH)
        count = min(TILE_WIDTH - filled, end - index)
        start = index - grown.span.first_index
        leaves = grown.leaves[start * LEAF_BYTES : (start + count) * LEAF_BYTES]
        refs = grown.refs[start * REF_BYTES : (start + count) * REF_BYTES]
        bundle = session.get(Bundle, (grown.log.log_id, bundle_no)) if filled else None
        if bundle is None:
            log_id = grown.log.log_id
            session.add(Bundle(log_id=log_id, bundle_no=bundle_no, leaves=leaves, refs=refs))
        else:
            bundle.leaves, bundle.refs = bundle.leaves + leaves, bundle.refs + refs
        index += count


def _put_tile(session: Session, log_id: int, level: int, tile_no: int, hashes: bytes) -> None:
    tile = session.get(Tile, (log_id, level, tile_no))
    if tile is None:
        session.add(Tile(log_id=log_id, level=level, tile_no=tile_no, hashes=hashes))
    else:
        tile.hashes = hashes
