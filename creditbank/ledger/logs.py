"""Logs as they are stored: reading tiles and bundles, finding positions, giving proofs.

Only the sealer writes here (seal.py); everything below reads, within whatever snapshot it is given.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Executable, bindparam, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from creditbank.errors import CreditBankError
from creditbank.ledger.checkpoint import Checkpoint
from creditbank.ledger.merkle import TILE_WIDTH, leaf_node
from creditbank.ledger.models import (
    Act,
    Bundle,
    Entry,
    Log,
    Seal,
    SealSpan,
    SignedCheckpoint,
    Source,
    Tile,
)
from creditbank.orm import UtcDateTime
from creditbank.readymade import Asked, ReadyMade, lasting

LEAF_BYTES = 32
REF_BYTES = 8


class LogUnknownError(CreditBankError):
    """No log has this origin."""

    code = "log-unknown"
    status = 404


class NotSealedError(CreditBankError):
    """The entry or act is recorded but has no place in a log yet."""

    code = "not-sealed"
    status = 409


@dataclass(frozen=True, slots=True)
class Head:
    """A log at one signed checkpoint."""

    log_id: int
    vkey: str
    checkpoint: Checkpoint
    note: str
    seal_no: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry or act stands."""

    log_id: int
    index: int


def entry_ref(entry_id: int) -> bytes:
    """Return the 8 bytes by which a bundle names an entry."""
    return struct.pack(">q", entry_id)


def act_ref(act_id: int) -> bytes:
    """Return the 8 bytes by which a bundle names an act: its id below zero."""
    return struct.pack(">q", -act_id)


def tile_reader(session: Session, log_id: int) -> Callable[[int, int], bytes]:
    """Return a function that reads a tile's known hashes; level 0 is hashed from the leaves."""

    def read(level: int, index: int) -> bytes:
        if level == 0:
            return b"".join(map(leaf_node, leaves_of_bundle(session, log_id, index)))
        tile = session.get(Tile, (log_id, level, index))
        return tile.hashes if tile else b""

    return read


def leaves_of_bundle(session: Session, log_id: int, bundle_no: int) -> list[bytes]:
    """Return the leaves of one bundle, at most 256."""
    bundle = session.get(Bundle, (log_id, bundle_no))
    raw = bundle.leaves if bundle else b""
    return [raw[start : start + LEAF_BYTES] for start in range(0, len(raw), LEAF_BYTES)]


def log_by_origin(session: Session, origin: str) -> Log:
    """Return a log.

    Raises:
        LogUnknownError: there is none of that origin.
    """
    log = session.scalar(select(Log).where(Log.origin == origin))
    if log is None:
        raise LogUnknownError(origin=origin[:120])
    return log


def seal_asked(known_at: datetime | None = None) -> Asked:
    """Say what `last_seal` is about to ask the database, for whoever asks it ahead."""
    return (_LAST_SEAL, {}) if known_at is None else (_SEAL_KNOWN, {"known_at": known_at})


def last_seal(session: Session, known_at: datetime | None = None) -> Seal | None:
    """Return the last round of the sealer, or the last at or before an instant."""
    statement, values = seal_asked(known_at)
    rows = statement.rows(session, **values)
    return Seal(**dict(zip(_SEAL, rows[0], strict=True))) if rows else None


_SEAL = tuple(column.key for column in Seal.__table__.columns)
_SEALS = select(*(getattr(Seal, name) for name in _SEAL)).order_by(Seal.seal_no.desc()).limit(1)
_LAST_SEAL = ReadyMade(_SEALS)
_SEAL_KNOWN = ReadyMade(_SEALS.where(Seal.sealed_at <= bindparam("known_at", type_=UtcDateTime())))


def sealed_by(seal: Seal | None) -> ColumnElement[bool]:
    """Return the condition that an entry had its place when a round ended."""
    return tuple_(*reach_of(seal)) >= _ENTRY


def reach_of(seal: Seal | None) -> tuple[int, int, int]:
    """Return epoch, transaction and number up to which entries have their place."""
    return (seal.entry_epoch, seal.entry_xid, seal.entry_id) if seal else (-1, 0, 0)


_ENTRY = tuple_(Entry.epoch, Entry.xid, Entry.entry_id)
#: The same condition as `sealed_by`'s, with `reach_of` under these names.
REACH = ("epoch", "xid", "entry_id")
SEALED_BY: ColumnElement[bool] = (
    tuple_(*(bindparam(each, type_=BigInteger()) for each in REACH)) >= _ENTRY
)


def heads_at(session: Session, seal: Seal | None, jurisdiction: str) -> list[Head]:
    """Return the newest checkpoint, at a round of the sealer, of each log of a jurisdiction."""
    if seal is None:
        return []
    known, place = lasting(session), ("heads", seal.seal_no, jurisdiction)
    if place not in known:
        rows = _HEADS.rows(session, seal_no=seal.seal_no, jurisdiction=jurisdiction)
        known[place] = [
            Head(log_id, vkey, Checkpoint(origin, size, root), note, seal_no)
            for log_id, vkey, origin, size, root, note, seal_no in rows
        ]
    heads: list[Head] = known[place]
    return heads


def _newest_heads() -> Executable:
    signed = aliased(SignedCheckpoint)
    newest = select(func.max(signed.size)).where(
        signed.log_id == Log.log_id, signed.seal_no <= bindparam("seal_no")
    )
    return (
        select(
            Log.log_id, Log.vkey, Log.origin, SignedCheckpoint.size, SignedCheckpoint.root,
            SignedCheckpoint.note, SignedCheckpoint.seal_no,
        )
        .join(SignedCheckpoint, SignedCheckpoint.log_id == Log.log_id)
        .where(Log.jurisdiction == bindparam("jurisdiction"))
        .where(SignedCheckpoint.size == newest.scalar_subquery())
        .order_by(Log.year)
    )  # fmt: skip


_HEADS = ReadyMade(_newest_heads())


def latest_head(session: Session, log: Log) -> Head:
    """Return a log's newest checkpoint."""
    query = select(SignedCheckpoint).where(SignedCheckpoint.log_id == log.log_id)
    signed = session.scalar(query.order_by(SignedCheckpoint.size.desc()).limit(1))
    assert signed is not None, "the round that opens a log signs its first checkpoint"
    return _head(log, signed)


def _head(log: Log, signed: SignedCheckpoint) -> Head:
    checkpoint = Checkpoint(log.origin, signed.size, signed.root)
    return Head(log.log_id, log.vkey, checkpoint, signed.note, signed.seal_no)


def place_of_entry(session: Session, entry: Entry) -> Place:
    """Find where an entry stands: the round that sealed it, then the round's run of indexes.

    Raises:
        NotSealedError: it has no place yet.
    """
    order = tuple_(Seal.entry_epoch, Seal.entry_xid, Seal.entry_id)
    jurisdiction = session.get_one(Source, entry.source_id).jurisdiction
    sealed = order >= tuple_(entry.epoch, entry.xid, entry.entry_id)
    return _place(session, sealed, jurisdiction, entry_ref(entry.entry_id))


def places_of_entries(session: Session, entries: Iterable[Entry]) -> dict[bytes, Place]:
    """Find where many entries stand, by leaf; those that wait for their place are left out."""
    places: dict[bytes, Place] = {}
    bundles: dict[tuple[int, int], Bundle] = {}
    round_: Seal | None = None
    for entry in sorted(entries, key=_order_of):
        if round_ is None or _order_of(entry) > _reach_of(round_):
            round_ = _round_of(session, entry)
            if round_ is None:
                break
            runs = spans_of(session, round_.seal_no)
        ref = entry_ref(entry.entry_id)
        places.update(
            (entry.leaf, Place(span.log_id, index))
            for span in runs
            if (index := _index_in_span(session, span, ref, bundles)) is not None
        )
    return places


def _order_of(entry: Entry) -> tuple[int, int, int]:
    return entry.epoch, entry.xid, entry.entry_id


def _reach_of(round_: Seal) -> tuple[int, int, int]:
    return round_.entry_epoch, round_.entry_xid, round_.entry_id


def _round_of(session: Session, entry: Entry) -> Seal | None:
    order = tuple_(Seal.entry_epoch, Seal.entry_xid, Seal.entry_id)
    sealed = order >= tuple_(entry.epoch, entry.xid, entry.entry_id)
    return session.scalar(select(Seal).where(sealed).order_by(Seal.seal_no).limit(1))


def place_of_act(session: Session, act: Act) -> Place:
    """Find where an official act stands.

    Raises:
        NotSealedError: it has no place yet.
    """
    order = tuple_(Seal.act_epoch, Seal.act_xid, Seal.act_id)
    sealed = order >= tuple_(act.epoch, act.xid, act.act_id)
    return _place(session, sealed, act.jurisdiction, act_ref(act.act_id))


def _place(session: Session, sealed: ColumnElement[bool], jurisdiction: str, ref: bytes) -> Place:
    round_ = select(Seal.seal_no).where(sealed).order_by(Seal.seal_no).limit(1)
    spans = (
        select(SealSpan)
        .join(Log, Log.log_id == SealSpan.log_id)
        .where(SealSpan.seal_no == round_.scalar_subquery(), Log.jurisdiction == jurisdiction)
    )
    for span in session.scalars(spans):
        index = _index_in_span(session, span, ref, {})
        if index is not None:
            return Place(span.log_id, index)
    raise NotSealedError


def _index_in_span(
    session: Session, span: SealSpan, ref: bytes, bundles: dict[tuple[int, int], Bundle]
) -> int | None:
    """Look through the bundles of a run, which are read once and kept in `bundles`."""
    last_index = span.first_index + span.count - 1
    for bundle_no in range(span.first_index // TILE_WIDTH, last_index // TILE_WIDTH + 1):
        key = (span.log_id, bundle_no)
        if key not in bundles:
            bundles[key] = session.get_one(Bundle, key)
        position = _aligned_find(bundles[key].refs, ref)
        if position is not None:
            return bundle_no * TILE_WIDTH + position
    return None


def _aligned_find(refs: bytes, ref: bytes) -> int | None:
    start = refs.find(ref)
    while start % REF_BYTES and start != -1:
        start = refs.find(ref, start + 1)
    return None if start == -1 else start // REF_BYTES


def spans_of(session: Session, seal_no: int) -> Sequence[SealSpan]:
    """Return the runs that one round gave, by log."""
    query = select(SealSpan).where(SealSpan.seal_no == seal_no).order_by(SealSpan.log_id)
    return session.scalars(query).all()
