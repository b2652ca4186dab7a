"""Making a backup while the bank serves: one snapshot, every file's digest, all of it signed."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from creditbank.backup.drafts import folder_draft
from creditbank.backup.manifest import BackupFile, LogHead, Manifest, key_marks, write_manifest
from creditbank.backup.on_postgresql import copy_tables
from creditbank.backup.on_sqlite import copy_file, finish_file
from creditbank.clock import instant_text
from creditbank.db import make_engine, snapshot
from creditbank.house import House
from creditbank.ledger.proving import head_of, listed_logs
from creditbank.registry.bank import the_bank


def back_up(engine: Engine, house: House, folder: Path, *, now: datetime) -> Manifest:
    """Write a backup of the database into a new directory; no key is in it.

    Raises:
        PlaceTakenError: there is something at that place.
        BankNotFoundedError: there is no bank yet.
    """
    with folder_draft(folder) as draft:
        if engine.dialect.name == "sqlite":
            manifest = _of_file(house, draft, now)
        else:
            with snapshot(engine) as session:
                files = list(copy_tables(session, draft))
                manifest = _manifest(session, house, files, now)
        write_manifest(draft, manifest, house.keys)
    return manifest


def _of_file(house: House, draft: Path, now: datetime) -> Manifest:
    path = copy_file(house.settings.app_url, draft)
    engine = make_engine(f"sqlite:///{path}", house.settings)
    try:
        with snapshot(engine) as session:
            manifest = _manifest(session, house, [], now)
    finally:
        engine.dispose()
    return replace(manifest, files=(finish_file(path),))


def _manifest(session: Session, house: House, files: list[BackupFile], now: datetime) -> Manifest:
    return Manifest(
        host=the_bank(session).host,
        database=session.get_bind().dialect.name,
        revision=str(session.scalar(text("SELECT version_num FROM alembic_version"))),
        made_at=instant_text(now),
        files=tuple(files),
        logs=log_heads(session),
        keys=key_marks(house.keys),
    )


def log_heads(session: Session) -> tuple[LogHead, ...]:
    """Return where each log stands."""
    heads = [head_of(session, log.origin) for log in listed_logs(session)]
    return tuple(
        LogHead(
            head.checkpoint.origin, head.checkpoint.size, head.checkpoint.root.hex(), head.vkey,
            head.note,
        )
        for head in heads
    )  # fmt: skip
