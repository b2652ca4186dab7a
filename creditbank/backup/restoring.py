"""Restoring a bank: checked before a row is written, replayed before it stands, never over rows.

A log that was published further than the backup reaches would be signed a second time from there,
and others would hold two trees that disagree. So such a restore is refused; forced, it closes the
log for ever: its rows from then on go into the jurisdiction's next one (docs/operations.md).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from creditbank.auditing import audit
from creditbank.backup.making import log_heads
from creditbank.backup.manifest import Manifest, check_files, missing_keys, read_manifest
from creditbank.backup.on_postgresql import restored_database
from creditbank.backup.on_sqlite import restored_file
from creditbank.backup.published import (
    Published,
    Rollback,
    heads_by_origin,
    read_published,
    rollbacks,
)
from creditbank.backup.refusals import (
    BackupNewerError,
    OtherDatabaseError,
    RestoreDisagreesError,
    RestoreForksError,
    RestoreRollsBackError,
)
from creditbank.config import Settings
from creditbank.house import House, open_house
from creditbank.keys import KeyMissingError
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.logs import log_by_origin, tile_reader
from creditbank.ledger.merkle import root_at
from creditbank.ledger.models import Log, LogFreeze
from creditbank.ledger.seal import Closure, close_logs, open_epoch_if_restored
from creditbank.migrating import knows_revision
from creditbank.people.register import secret_states

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Order:
    """What to restore, from where, what was published meanwhile, and who forces it and why."""

    folder: Path
    published: tuple[str, ...]
    actor: str
    #: why logs may be rolled back; empty: they may not
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and the logs that were closed by it."""

    manifest: Manifest
    closed: list[Rollback]


def restore(settings: Settings, order: Order, *, now: datetime) -> Restored:
    """Restore a bank into an empty place; the keys of the bank must be back already.

    Raises:
        BackupMissingError, BackupForeignError, BackupAlteredError: it is no backup of this bank.
        OtherDatabaseError, BackupNewerError: this program cannot read it here.
        KeyMissingError: a key of the bank is not at hand.
        PublishedUnreadableError: nothing to compare with.
        RestoreRollsBackError: logs were published further than the backup; not forced.
        RestoreForksError: what was published is another tree.
        PlaceTakenError: something stands there.
        RestoreDisagreesError, GuardsDifferError: what was restored is not what was signed.
    """
    house = open_house(settings)
    manifest = _checked(order.folder, house)
    published = read_published(order.published, manifest.host, house.keys)
    behind = rollbacks(manifest, published)
    if behind and not order.reason:
        raise RestoreRollsBackError(logs=[each.words for each in behind], made_at=manifest.made_at)
    with _bank(settings, order.folder, manifest) as session:
        _replay(session, house, manifest)
        _hold_against(session, published)
        open_epoch_if_restored(session, now=now, restored=True)
        for act in _acts(manifest, behind, order):
            record_act(session, act, now=now)
        if behind:
            close_logs(
                session, house.sealer(manifest.host), _closures(session, behind), now=now
            )  # fmt: skip
    return Restored(manifest, behind)


def _checked(folder: Path, house: House) -> Manifest:
    manifest = read_manifest(folder, house.keys)
    here = make_url(house.settings.owner_url).get_backend_name()
    if manifest.database != here:
        raise OtherDatabaseError(found=manifest.database, wanted=here)
    if not knows_revision(manifest.revision):
        raise BackupNewerError(revision=manifest.revision[:40])
    for key in missing_keys(manifest, house.keys):
        raise KeyMissingError(key=key)
    check_files(folder, manifest.files)
    return manifest


def _bank(settings: Settings, folder: Path, manifest: Manifest) -> AbstractContextManager[Session]:
    if manifest.database == "sqlite":
        return restored_file(settings, folder, manifest)
    return restored_database(settings, folder, manifest)


def _replay(session: Session, house: House, manifest: Manifest) -> None:
    """Recompute every leaf, tree and balance, and come to the roots of the manifest."""
    states = lambda people: secret_states(session, house.vault, people)  # noqa: E731
    checking = islice(audit(session, states, vault=house.vault), _SHOWN)
    found = [f"{each.table} {each.key} ({each.code})" for each in checking]
    if not found and log_heads(session) != manifest.logs:
        found = [head.origin for head in manifest.logs]
    if found:
        raise RestoreDisagreesError(rows=found)


def _hold_against(session: Session, published: Sequence[Published]) -> None:
    """Refuse a log that is not the beginning of what was published, as far as it reaches."""
    heads = heads_by_origin(log_heads(session))
    for each in published:
        origin, size = each.checkpoint.origin, each.checkpoint.size
        if origin not in heads:
            continue
        log = log_by_origin(session, origin)
        if size > heads[origin].size:
            # A frozen log never grew: whoever published more of it had another one.
            forks = session.get(LogFreeze, log.log_id) is not None
        else:
            root = root_at(size, tile_reader(session, log.log_id))
            forks = root != each.checkpoint.root or each.vkey != log.vkey
        if forks:
            raise RestoreForksError(origin=origin, size=size)


def _acts(manifest: Manifest, behind: Sequence[Rollback], order: Order) -> Iterator[ActDraft]:
    """Say for each log that is rolled back who did it and why, and what others hold of it."""
    for each in behind:
        head = each.published.checkpoint
        yield ActDraft(
            kind="log.closed",
            jurisdiction=each.origin.split("/")[-2],
            actor=order.actor,
            subject=each.origin,
            reason="rolled-back",
            details={
                "backup": manifest.made_at,
                "kept": each.kept_size,
                "published": {"size": head.size, "root": head.root.hex()},
                "words": order.reason,
            },
        )


def _closures(session: Session, behind: Sequence[Rollback]) -> list[Closure]:
    known = dict(session.execute(select(Log.origin, Log.vkey)).all())
    return [Closure(each.origin, known.get(each.origin, each.published.vkey)) for each in behind]
