"""How rows reach the large tables: copied in by the hundred, never through a mapping.

On PostgreSQL by COPY, on SQLite by one prepared statement; both several times as fast as what an
ORM sends, and the database's own columns (number, transaction, epoch) stay its own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice, repeat
from struct import Struct

import psycopg
from sqlalchemy import BigInteger, Connection, Date, Integer, LargeBinary, SmallInteger, String
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from creditbank.clock import instant_text
from creditbank.orm import Base, UtcDateTime

#: Rows that are written at once, while the database takes in those before.
_BLOCK_ROWS = 500
#: On SQLite by one statement; it takes all of them before it begins.
_STATEMENT_ROWS = 10_000
_REMEMBERED_MAX = 1_024
_REMEMBERED_CHARACTERS = 200
#: PostgreSQL's binary format of COPY: a signature, flags, the length of what nobody uses.
_COPY_BEGINS, _COPY_ENDS = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
#: How many columns a row has, how long its first one is, and that one.
_BEGUN = Struct("!hiq")
_NULL = b"\xff\xff\xff\xff"
#: From which it counts days and instants.
_COPIED_FROM = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Columns that many rows have in common: all between their first and their last one.

    One object for as many rows as share them, since it is known by what it is, not by what it says.
    """

    columns: tuple[object, ...]


def append_rows(session: Session, mapped: type[Base], rows: Iterable[Sequence[object]]) -> None:
    """Append rows to a table; on PostgreSQL it takes some in while the next ones are made.

    Args:
        session: of the caller's transaction; whoever makes the rows leaves it alone meanwhile.
        mapped: the table; the rows hold its columns in order, but those that the database fills in.
        rows: any number of them.

    Raises:
        sqlalchemy.exc.IntegrityError: a key is taken, or a value is not one that the table takes.
    """
    connection = session.connection()
    names, kinds = _columns_of(mapped)
    if connection.dialect.name == "postgresql":
        _copy(connection, mapped, _as_copied(rows, kinds))
        return
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {mapped.__tablename__} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 # ours
    following = iter(rows)
    while block := list(islice(following, _STATEMENT_ROWS)):
        connection.exec_driver_sql(statement, _as_stored(block, kinds))


def append_alike(
    session: Session, mapped: type[Base], rows: Iterable[tuple[int, Alike, object]]
) -> None:
    """Do what `append_rows` does; what many rows have in common is written once on PostgreSQL.

    Args:
        session: of the caller's transaction; whoever makes the rows leaves it alone meanwhile.
        mapped: the table; its first column is a person's number.
        rows: any number of them: the first column, what stands between, the last one.

    Raises:
        sqlalchemy.exc.IntegrityError: as `append_rows`.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        _copy(connection, mapped, _alike_as_copied(rows, _columns_of(mapped)[1]))
        return
    append_rows(session, mapped, ((first, *alike.columns, last) for first, alike, last in rows))


def _columns_of(mapped: type[Base]) -> tuple[list[str], list[type]]:
    columns = [column for column in mapped.__table__.columns if column.server_default is None]
    return [column.name for column in columns], [type(column.type) for column in columns]


def _copy(connection: Connection, mapped: type[Base], blocks: Iterable[bytes]) -> None:
    names = ", ".join(_columns_of(mapped)[0])
    statement = f"COPY {mapped.__tablename__} ({names}) FROM STDIN (FORMAT binary)"
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection), "PostgreSQL is spoken to by psycopg"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for block in blocks:
                copy.write(block)
    except psycopg.Error as error:
        # So that a refusal is told in the same words as that of any other statement.
        raise DBAPIError.instance(statement, None, error, psycopg.Error) from error


def _as_copied(rows: Iterable[Sequence[object]], kinds: Sequence[type]) -> Iterator[bytes]:
    """Write rows in PostgreSQL's binary format, a whole column of a block at once.

    Half of what text costs both sides, and nothing in it has to be escaped.
    """
    yield _COPY_BEGINS
    count, following = len(kinds).to_bytes(2), iter(rows)
    while block := list(islice(following, _BLOCK_ROWS)):
        written = map(_column_copied, kinds, zip(*block, strict=True))
        yield b"".join(chain.from_iterable(zip(repeat(count), *written, strict=False)))
    yield _COPY_ENDS


def _alike_as_copied(
    rows: Iterable[tuple[int, Alike, object]], kinds: Sequence[type]
) -> Iterator[bytes]:
    yield _COPY_BEGINS
    assert kinds[0] is BigInteger, "a person's number stands first"
    count, following, write_last = len(kinds), iter(rows), _COPIED[kinds[-1]]
    known = _WrittenAlike(kinds[1:-1])
    while block := list(islice(following, _BLOCK_ROWS)):
        firsts, alike, lasts = zip(*block, strict=True)
        between = [known[each] for each in alike]
        if len(known) > _REMEMBERED_MAX:
            known.clear()
        begun = map(_BEGUN.pack, repeat(count), repeat(8), firsts)
        written = zip(begun, between, map(write_last, lasts), strict=True)
        yield b"".join(chain.from_iterable(written))
    yield _COPY_ENDS


class _WrittenAlike(dict[Alike, bytes]):
    """What rows have in common, as it is copied."""

    def __init__(self, kinds: Sequence[type]) -> None:
        super().__init__()
        self._kinds = kinds

    def __missing__(self, alike: Alike) -> bytes:
        columns = zip(self._kinds, alike.columns, strict=True)
        self[alike] = written = b"".join(_COPIED[kind](value) for kind, value in columns)
        return written


def _column_copied(kind: type, values: Sequence[object]) -> Iterable[bytes]:
    write = _COPIED[kind]
    if values.count(values[0]) == len(values):
        return repeat(write(values[0]), len(values))
    return map(write, values)


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


def _figure(layout: str) -> Callable[[object], bytes]:
    pack, size = Struct(f"!i{layout}").pack, Struct(layout).size
    return lambda figure: _NULL if figure is None else pack(size, figure)


def _long_bytes(content: object) -> bytes:
    if content is None:
        return _NULL
    assert isinstance(content, bytes), "bytes"
    return len(content).to_bytes(4) + content


def _text_bytes(text: object) -> bytes:
    if text is None:
        return _NULL
    assert isinstance(text, str), "text"
    # No two long texts are alike, and to remember them would take a lot of memory.
    return (
        _written_text(text) if len(text) <= _REMEMBERED_CHARACTERS else _long_bytes(text.encode())
    )


@lru_cache(maxsize=_REMEMBERED_MAX)
def _written_text(text: str) -> bytes:
    return _long_bytes(text.encode())


def _day_bytes(day: object) -> bytes:
    assert isinstance(day, date), "a civil day"
    return _long_bytes((day - _COPIED_FROM.date()).days.to_bytes(4, signed=True))


def _instant_bytes(instant: object) -> bytes:
    if instant is None:
        return _NULL
    assert isinstance(instant, datetime), "an instant"
    microseconds = (instant - _COPIED_FROM) // timedelta(microseconds=1)
    return _long_bytes(microseconds.to_bytes(8, signed=True))


#: Most texts and days of a block are those of the row before; numbers of people and leaves are not.
_COPIED: dict[type, Callable[[object], bytes]] = {
    SmallInteger: _figure("h"),
    Integer: _figure("i"),
    BigInteger: _figure("q"),
    LargeBinary: _long_bytes,
    String: _text_bytes,
    Date: lru_cache(maxsize=_REMEMBERED_MAX)(_day_bytes),
    UtcDateTime: lru_cache(maxsize=_REMEMBERED_MAX)(_instant_bytes),
}
