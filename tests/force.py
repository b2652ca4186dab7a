"""Changing a bank by force, as somebody would who owns the database and means no good."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, create_engine, delete, event, text, update

from creditbank.ddl_guard import EVENT_TRIGGERS
from tests.conftest import Database

Row = Mapping[str, Any]


class Force:
    """The owner's connection with every guard of the database taken away."""

    def __init__(self, database: Database) -> None:
        self.engine: Engine = create_engine(database.owner_url)
        if database.kind == "sqlite":
            event.listen(self.engine, "connect", _ignore_checks)
        with self.engine.begin() as connection:
            drop_guards(connection)

    def close(self) -> None:
        """Let go of the connection."""
        self.engine.dispose()

    @contextmanager
    def changed(self, table: Table, row: Row, **values: object) -> Iterator[None]:
        """Give a row other values, and its own again at the end."""
        self.set(table, row, **values)
        try:
            yield
        finally:
            self.set(table, {**row, **values}, **{name: row[name] for name in values})

    def set(self, table: Table, row: Row, **values: object) -> None:
        """Give a row other values."""
        with self.engine.begin() as connection:
            done = connection.execute(update(table).where(_is(table, row)).values(**values))
            assert done.rowcount == 1

    @contextmanager
    def deleted(self, table: Table, row: Row) -> Iterator[None]:
        """Take a row away, and put it back at the end."""
        with self.engine.begin() as connection:
            assert connection.execute(delete(table).where(_is(table, row))).rowcount == 1
        try:
            yield
        finally:
            with self.engine.begin() as connection:
                connection.execute(table.insert(), [dict(row)])

    @contextmanager
    def inserted(self, table: Table, row: Row) -> Iterator[None]:
        """Put a foreign row in, and take it away at the end."""
        with self.engine.begin() as connection:
            connection.execute(table.insert(), [dict(row)])
        try:
            yield
        finally:
            with self.engine.begin() as connection:
                assert connection.execute(delete(table).where(_is(table, row))).rowcount == 1


def _is(table: Table, row: Row) -> Any:
    return and_(*(column == row[column.name] for column in table.primary_key))


def _ignore_checks(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA ignore_check_constraints = ON")


def drop_guards(connection: Connection) -> None:
    """Take away every guard that the database has of its own."""
    if connection.dialect.name == "sqlite":
        _drop_sqlite_guards(connection)
    else:
        _drop_postgresql_guards(connection)


def _drop_sqlite_guards(connection: Connection) -> None:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for name in connection.scalars(text(query)).all():
        connection.execute(text(f"DROP TRIGGER {name}"))


def open_ddl(connection: Connection) -> None:
    """Take away PostgreSQL's guards against DDL, as a superuser may."""
    if connection.dialect.name == "postgresql":
        for name in EVENT_TRIGGERS:
            connection.execute(text(f"DROP EVENT TRIGGER IF EXISTS {name}"))


def _drop_postgresql_guards(connection: Connection) -> None:
    open_ddl(connection)
    constraints = """
        SELECT conrelid::regclass::text, conname FROM pg_constraint
        WHERE contype IN ('c', 'f') AND conparentid = 0 AND coninhcount = 0
        AND connamespace = 'public'::regnamespace"""
    for table, name in connection.execute(text(constraints)).all():
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"))
    identities = """
        SELECT attrelid::regclass::text, attname FROM pg_attribute
        WHERE attidentity <> '' AND attrelid::regclass::text ~ '^(ledger|journal|certificate)'"""
    for table, name in connection.execute(text(identities)).all():
        connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN {name} DROP IDENTITY"))
    tables = """
        SELECT oid::regclass FROM pg_class
        WHERE relkind IN ('r', 'p')
        AND relname ~
            '^(ledger|journal|certificate|organisation|succession|engineer|status|verdict_tree)'
            '|_file$'"""
    for table in connection.scalars(text(tables)).all():
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
