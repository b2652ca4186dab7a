"""Proofs and files of the public logs, each cut to what a signed checkpoint covers."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ledger.checkpoint import Checkpoint
from creditbank.ledger.logs import (
    Head,
    latest_head,
    leaves_of_bundle,
    log_by_origin,
    tile_reader,
)
from creditbank.ledger.merkle import (
    HASH_BYTES,
    TILE_WIDTH,
    consistency_proof,
    inclusion_proof,
    tile_width,
)
from creditbank.ledger.models import Log, LogFreeze, SignedCheckpoint
from creditbank.ledger.tiles import TileAddress, entry_bundle


class CheckpointUnknownError(CreditBankError):
    """The log never signed a checkpoint of this size."""

    code = "checkpoint-unknown"
    status = 404


class TileUnpublishedError(CreditBankError):
    """The file reaches beyond the newest checkpoint."""

    code = "tile-unpublished"
    status = 404


@dataclass(frozen=True, slots=True)
class ListedLog:
    """A log as it is listed: its key, its newest signed size, and whether it still grows."""

    origin: str
    jurisdiction: str
    year: int
    vkey: str
    size: int
    frozen: bool


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A leaf, its place, and the hashes that lead to the root of a signed checkpoint."""

    index: int
    leaf: bytes
    hashes: tuple[bytes, ...]
    head: Head


@dataclass(frozen=True, slots=True)
class Consistency:
    """The hashes by which one signed checkpoint is a prefix of another."""

    hashes: tuple[bytes, ...]
    older: Head
    newer: Head


def listed_logs(session: Session) -> list[ListedLog]:
    """Return every log, by origin."""
    frozen = set(session.scalars(select(LogFreeze.log_id)))
    listed = []
    for log in session.scalars(select(Log).order_by(Log.origin)):
        size = latest_head(session, log).checkpoint.size
        listed.append(
            ListedLog(
                log.origin, log.jurisdiction, log.year, log.vkey, size, log.log_id in frozen
            )
        )  # fmt: skip
    return listed


def head_of(session: Session, origin: str, size: int | None = None) -> Head:
    """Return a log's checkpoint of one size, or its newest.

    Raises:
        LogUnknownError: there is no such log.
        CheckpointUnknownError: it never signed that size.
    """
    log = log_by_origin(session, origin)
    latest = latest_head(session, log)
    if size is None or size == latest.checkpoint.size:
        return latest
    signed = session.get(SignedCheckpoint, (log.log_id, size))
    if signed is None:
        raise CheckpointUnknownError(size=size, latest=latest.checkpoint.size)
    checkpoint = Checkpoint(origin, signed.size, signed.root)
    return Head(log.log_id, log.vkey, checkpoint, signed.note, signed.seal_no)


def prove_inclusion(
    session: Session, origin: str, index: int, size: int | None = None
) -> Inclusion:
    """Prove that a position is covered by a signed checkpoint.

    Raises:
        LogUnknownError, CheckpointUnknownError, LeafNotInTreeError: nothing to prove.
    """
    head = head_of(session, origin, size)
    hashes = inclusion_proof(index, head.checkpoint.size, tile_reader(session, head.log_id))
    bundle_no, position = divmod(index, TILE_WIDTH)
    leaf = leaves_of_bundle(session, head.log_id, bundle_no)[position]
    return Inclusion(index, leaf, hashes, head)


def prove_consistency(
    session: Session, origin: str, old_size: int, new_size: int | None = None
) -> Consistency:
    """Prove that a log only grew between two signed checkpoints.

    Raises:
        LogUnknownError, CheckpointUnknownError, TreeSizeNotReachedError: nothing to prove.
    """
    older, newer = head_of(session, origin, old_size), head_of(session, origin, new_size)
    read_tile = tile_reader(session, newer.log_id)
    hashes = consistency_proof(older.checkpoint.size, newer.checkpoint.size, read_tile)
    return Consistency(hashes, older, newer)


def tile_content(session: Session, origin: str, address: TileAddress) -> bytes:
    """Return a tile or bundle, cut to the width that its path names.

    Raises:
        LogUnknownError: there is no such log.
        TileUnpublishedError: no signed checkpoint covers that width.
    """
    head = head_of(session, origin)
    level = 0 if address.level == "entries" else address.level
    if address.width > tile_width(level, address.index, head.checkpoint.size):
        raise TileUnpublishedError(size=head.checkpoint.size)
    if address.level == "entries":
        leaves: Sequence[bytes] = leaves_of_bundle(session, head.log_id, address.index)
        return entry_bundle(leaves[: address.width])
    hashes = tile_reader(session, head.log_id)(address.level, address.index)
    return hashes[: address.width * HASH_BYTES]
