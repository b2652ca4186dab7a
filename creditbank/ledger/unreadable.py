"""Rows that cannot even be read: on SQLite any column takes any value, on PostgreSQL a day may lie
beyond the calendar. They are found by the database itself, so that no reader stumbles over them.
"""

from collections.abc import Iterator, Sequence
from functools import cache, reduce

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    and_,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.models import Entry
from creditbank.orm import UtcDateTime

#: Days and instants outside these years are no bank's, and the calendar of a reader may end there.
FIRST_DAY, LAST_DAY = "1900-01-01", "2999-12-31"

#: Without any reckoning SQLite gives 31 November back as it found it.
_RECKONED = "+0 days"


#: What the names of the tables of the ledger and the journal begin with.
_LEDGER = ("ledger_", "journal_")


def unreadable_rows(
    session: Session,
    tables: tuple[str, ...] = _LEDGER,
    *,
    people: Sequence[int] | None = None,
) -> Iterator[Disagreement]:
    """Name each row with a value that is not of its column's type.

    Args:
        session: a snapshot.
        tables: what the names of the tables to read begin with; those of ledger and journal.
        people: whose rows are read; everybody's if not given.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        assert raw is not None, "the session is connected"
        raw.create_function("creditbank_is_text", 1, _is_text, deterministic=True)
    for table in tables_named(tables):
        query = _finding(table, connection.dialect.name)
        if people is not None:
            query = query.where(table.columns["person_id"].in_(people))
        for row in session.execute(query):
            yield Disagreement("fsck-unreadable", table.name, " ".join(map(str, row)))


@cache
def _finding(table: Table, dialect: str) -> Select[*tuple[str, ...]]:
    """Put the question together, which takes longer than a small table takes to answer."""
    check = _wrong_on_sqlite if dialect == "sqlite" else _wrong_on_postgresql
    wrong = [each for column in table.columns if (each := check(column)) is not None]
    if dialect == "sqlite":
        wrong.append(_no_text_on_sqlite(table))
    shown = [_shown(column, dialect) for column in table.primary_key]
    return select(*shown).where(or_(false(), *wrong))


def tables_named(beginnings: tuple[str, ...] = _LEDGER) -> list[Table]:
    """Return every table whose name begins so; of the ledger and the journal if not said."""
    tables = Entry.metadata.tables
    return [tables[name] for name in sorted(tables) if name.startswith(beginnings)]


def _shown(column: Column[object], dialect: str) -> ColumnElement[str]:
    return cast(column, String) if dialect == "postgresql" else func.quote(column)


def _wrong_on_postgresql(column: Column[object]) -> ColumnElement[bool] | None:
    if not isinstance(column.type, Date | UtcDateTime):
        return None
    raw: ColumnElement[object] = type_coerce(column, DateTime)
    return not_(raw.between(cast(FIRST_DAY, DateTime), cast(LAST_DAY, DateTime)))


def _wrong_on_sqlite(column: Column[object]) -> ColumnElement[bool]:
    raw: ColumnElement[str] = type_coerce(column, String)
    storage = func.typeof(column)
    if isinstance(column.type, Integer | Boolean):
        right = storage == "integer"
    elif isinstance(column.type, LargeBinary):
        right = storage == "blob"
    else:
        right = storage == "text"
    if isinstance(column.type, Date | UtcDateTime):
        right = and_(right, raw.between(FIRST_DAY, LAST_DAY), _is_time(column, raw))
    wrong = not_(right)
    return and_(column.is_not(None), wrong) if column.nullable else wrong


def _no_text_on_sqlite(table: Table) -> ColumnElement[bool]:
    """Ask once for each row, not for each column, whether the bytes of its texts are any text.

    A character that stands alone between two of them keeps halves of one from making it whole.
    """
    texts: list[ColumnElement[str]] = [
        func.coalesce(type_coerce(column, String), "")
        for column in table.columns
        if not isinstance(column.type, Integer | Boolean | LargeBinary)
    ]
    if not texts:
        return false()
    joined = reduce(lambda before, each: before + "\x01" + each, texts)
    return not_(func.creditbank_is_text(cast(joined, LargeBinary)) == 1)


def _is_time(column: Column[object], raw: ColumnElement[str]) -> ColumnElement[bool]:
    """Compare a day or an instant with what SQLite reads in it; 31 November becomes 1 December."""
    if isinstance(column.type, Date):
        return func.coalesce(func.date(raw, _RECKONED), "") == raw
    seconds, places = func.substr(raw, 1, 19), func.substr(raw, 20)
    return and_(
        func.coalesce(func.strftime("%Y-%m-%dT%H:%M:%S", seconds, _RECKONED), "") == seconds,
        places.op("GLOB")(f".{'[0-9]' * 6}Z"),
    )


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
