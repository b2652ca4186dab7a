"""A bank's PostgreSQL database: its rows, table by table, out of one snapshot and back in.

Rows alone: tables, guards and roles are made by migrations, so that nothing comes with a backup
that migrations do not make, and no program of the server's has to fit the server's version.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import Session

from creditbank.backup.drafts import PlaceTakenError
from creditbank.backup.manifest import BackupFile, Manifest
from creditbank.backup.refusals import GuardsDifferError
from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.guards import EPOCH_COUNTER, grant_roles, role_names
from creditbank.migrating import upgrade_on
from creditbank.standing import guards_on

_BLOCK = 1024 * 1024
#: How values are written, whatever the server or the role prefers.
_SPELLING = (
    "SET LOCAL datestyle = 'ISO, YMD'", "SET LOCAL intervalstyle = 'iso_8601'",
    "SET LOCAL timezone = 'UTC'", "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL client_encoding = 'UTF8'",
)  # fmt: skip
_COLUMNS = """
    SELECT k.relname, quote_ident(a.attname) AS attname
    FROM pg_class k JOIN pg_attribute a ON a.attrelid = k.oid
    WHERE k.relnamespace = 'public'::regnamespace AND k.relkind IN ('r', 'p')
        AND NOT k.relispartition AND k.relname <> 'alembic_version'
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY k.relname, a.attnum"""
_TABLES = """
    SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p', 'v', 'm', 'S')"""
_TRIGGERS = """
    SELECT t.tgrelid::regclass::text AS named, quote_ident(t.tgname) AS tgname, t.tgenabled
    FROM pg_trigger t JOIN pg_class k ON k.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND k.relnamespace = 'public'::regnamespace
    ORDER BY k.relispartition, 1, 2"""
_IDENTITIES = """
    SELECT k.relname, a.attname, pg_get_serial_sequence(k.relname::text, a.attname) AS sequence
    FROM pg_class k JOIN pg_attribute a ON a.attrelid = k.oid
    WHERE k.relnamespace = 'public'::regnamespace AND NOT k.relispartition
        AND a.attidentity <> ''"""
_HOW = {"A": "ENABLE ALWAYS", "O": "ENABLE", "R": "ENABLE REPLICA", "D": "DISABLE"}


def copy_tables(session: Session, folder: Path) -> Iterator[BackupFile]:
    """Write each table's rows as the session's snapshot sees them."""
    connection = session.connection()
    _spell(connection)
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(text(_COLUMNS)):
        columns.setdefault(table, []).append(column)
    for table, names in columns.items():
        yield _copy_out(connection, folder, table, names)


def _copy_out(
    connection: Connection, folder: Path, table: str, columns: Sequence[str]
) -> BackupFile:
    digest, size, name = hashlib.sha256(), 0, f"{table}.copy"
    # The parent of partitions is read by a query: COPY alone would refuse it.
    query = f"COPY (SELECT {', '.join(columns)} FROM public.{table}) TO STDOUT"  # noqa: S608 # names of the catalogue
    with (folder / name).open("xb") as file, _cursor(connection).copy(query) as rows:
        for block in rows:
            digest.update(block)
            size += file.write(block)
    (folder / name).chmod(0o600)
    return BackupFile(name, size, digest.hexdigest(), table, tuple(columns))


@contextmanager
def restored_database(settings: Settings, folder: Path, manifest: Manifest) -> Iterator[Session]:
    """Give the restored bank in one transaction, which is committed only if all ends well.

    Raises:
        PlaceTakenError: there are tables already.
        GuardsDifferError: not all guards stand.
    """
    engine = make_engine(settings.owner_url, settings, owner=True)
    try:
        with engine.begin() as connection:
            if connection.scalar(text(_TABLES)):
                raise PlaceTakenError(path=str(engine.url.database))
            upgrade_on(connection, manifest.revision)
            _load(connection, folder, manifest)
            upgrade_on(connection)
            _set_sequence(connection, "ledger_epoch", "epoch", f"public.{EPOCH_COUNTER}")
            grant_roles(connection, *role_names(settings))
            if missing := guards_on(connection).missing:
                raise GuardsDifferError(guards=missing[:5])
            with Session(connection, expire_on_commit=False) as session:
                yield session
                session.commit()  # of the session alone; the connection's transaction goes on
    finally:
        engine.dispose()


def _load(connection: Connection, folder: Path, manifest: Manifest) -> None:
    _spell(connection)
    files = {each.table: each for each in manifest.files}
    names = inspect(connection).get_sorted_table_and_fkc_names()
    with _unguarded(connection):
        for table in [name for name, _ in names if name in files]:
            # A migration may have put in first rows, which are in the backup too.
            connection.execute(text(f"DELETE FROM public.{table}"))  # noqa: S608
            _copy_in(connection, folder, files[table])
    for table, column, sequence in connection.execute(text(_IDENTITIES)).all():
        _set_sequence(connection, table, column, sequence)
    _set_sequence(connection, "ledger_entry", "entry_id", "public.ledger_entry_number")


def _copy_in(connection: Connection, folder: Path, each: BackupFile) -> None:
    query = f"COPY public.{each.table} ({', '.join(each.columns)}) FROM STDIN"
    with (folder / each.name).open("rb") as file, _cursor(connection).copy(query) as rows:
        while block := file.read(_BLOCK):
            rows.write(block)


@contextmanager
def _unguarded(connection: Connection) -> Iterator[None]:
    """Let rows of older epochs in; nobody else sees the tables until the transaction ends."""
    triggers = connection.execute(text(_TRIGGERS)).all()
    for named, trigger, _ in triggers:
        connection.execute(text(f"ALTER TABLE ONLY {named} DISABLE TRIGGER {trigger}"))
    yield
    for named, trigger, state in triggers:
        connection.execute(text(f"ALTER TABLE ONLY {named} {_HOW[state]} TRIGGER {trigger}"))


def _set_sequence(connection: Connection, table: str, column: str, sequence: str) -> None:
    highest = f"SELECT max({column}) FROM public.{table}"  # noqa: S608 # names of the catalogue
    connection.execute(
        text(f"SELECT setval('{sequence}', ({highest})) WHERE ({highest}) IS NOT NULL")
    )


def _spell(connection: Connection) -> None:
    for statement in _SPELLING:
        connection.execute(text(statement))


def _cursor(connection: Connection) -> Any:
    raw = connection.connection.driver_connection
    assert raw is not None, "the connection is open"
    return raw.cursor()
