"""A bank's SQLite file: copied while it is written to, and put in its place when all is right."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from creditbank.backup.drafts import PlaceTakenError, sync
from creditbank.backup.manifest import BackupFile, Manifest, file_digest
from creditbank.backup.refusals import GuardsDifferError
from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.migrating import upgrade
from creditbank.standing import missing_guards

COPY_NAME = "bank.sqlite3"


def copy_file(url: str, folder: Path) -> Path:
    """Copy the file as it stands at one moment; writers go on meanwhile."""
    source = Path(make_url(url).database or "").absolute()
    target = folder / COPY_NAME
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)  # in one step, and so within one reading transaction
    return target


def finish_file(path: Path) -> BackupFile:
    """Make the copy one file, without a log beside it, and describe it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    path.chmod(0o600)
    size, sha256 = file_digest(path)
    return BackupFile(path.name, size, sha256)


@contextmanager
def restored_file(settings: Settings, folder: Path, manifest: Manifest) -> Iterator[Session]:
    """Give the restored bank in one writing transaction; in its place only if all ends well.

    Raises:
        PlaceTakenError: a database stands there.
        GuardsDifferError: the guards of the copy are not those that migrations make.
    """
    target = Path(make_url(settings.owner_url).database or "").absolute()
    if target.exists() and not _is_empty(target):
        raise PlaceTakenError(path=str(target))
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.unfinished")
    _remove(draft)  # what a restore that was killed left behind
    try:
        shutil.copyfile(folder / manifest.files[0].name, draft)
        draft.chmod(0o600)
        with _bank_in(draft, settings) as session:
            yield session
        _place(draft, target)
    finally:
        _remove(draft)


@contextmanager
def _bank_in(draft: Path, settings: Settings) -> Iterator[Session]:
    engine = make_engine(f"sqlite:///{draft}", settings, owner=True)
    try:
        upgrade(engine)
        if missing := missing_guards(engine):
            raise GuardsDifferError(guards=missing[:5])
        with Session(engine, expire_on_commit=False) as session:
            yield session
            session.commit()
    finally:
        engine.dispose()


def _place(draft: Path, target: Path) -> None:
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sync(draft)
    if target.exists() and _is_empty(target):
        _remove(target)  # no bank: a file that somebody made by looking
    try:
        os.link(draft, target)  # never over a file that came meanwhile
    except FileExistsError as error:
        raise PlaceTakenError(path=str(target)) from error
    sync(target.parent)


def _is_empty(path: Path) -> bool:
    """Tell whether a file is a database in which nothing was ever made."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reading:
            [(tables,)] = reading.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError:
        return False
    return bool(tables == 0)


def _remove(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
