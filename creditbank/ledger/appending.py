"""How rows reach the large tables: copied in by the hundred, never through a mapping.

On PostgreSQL by COPY, on SQLite by one prepared statement; both several times as fast as what an
ORM sends, and the database's own columns (number, transaction, epoch) stay its own.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime

import psycopg
from sqlalchemy import Connection, Date
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from creditbank.clock import instant_text
from creditbank.orm import Base, UtcDateTime


def append_rows(session: Session, mapped: type[Base], rows: Sequence[Sequence[object]]) -> None:
    """Append rows to a table.

    Args:
        session: of the caller's transaction.
        mapped: the table; the rows hold its columns in order, but those that the database fills in.
        rows: at least one.

    Raises:
        sqlalchemy.exc.IntegrityError: a key is taken, or a value is not one that the table takes.
    """
    connection = session.connection()
    columns = [column for column in mapped.__table__.columns if column.server_default is None]
    names = ", ".join(column.name for column in columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {mapped.__tablename__} ({names}) FROM STDIN", rows)
        return
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {mapped.__tablename__} ({names}) VALUES ({marks})"  # noqa: S608 # ours
    kinds = [type(column.type) for column in columns]
    connection.exec_driver_sql(statement, _as_stored(rows, kinds))


def _copy(connection: Connection, statement: str, rows: Sequence[Sequence[object]]) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection), "PostgreSQL is spoken to by psycopg"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        # So that a refusal is told in the same words as that of any other statement.
        raise DBAPIError.instance(statement, None, error, psycopg.Error) from error


def _as_stored(rows: Sequence[Sequence[object]], kinds: Sequence[type]) -> list[tuple[object, ...]]:
    """Write days and instants as SQLite keeps them, a whole column at once."""
    stored = [
        map(_WRITTEN[kind], values) if kind in _WRITTEN else values
        for kind, values in zip(kinds, zip(*rows, strict=True), strict=True)
    ]
    return list(zip(*stored, strict=True))


def _day_text(day: object) -> str:
    assert isinstance(day, date), "a civil day"
    return day.isoformat()


def _instant_text(instant: object) -> str | None:
    if instant is None:
        return None
    assert isinstance(instant, datetime), "an instant"
    return instant_text(instant)


_WRITTEN: dict[type, Callable[[object], str | None]] = {Date: _day_text, UtcDateTime: _instant_text}
