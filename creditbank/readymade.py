"""Statements that every question asks: put together once, and run by the database's driver itself.

SQLAlchemy writes their SQL as it writes any other. Running it through SQLAlchemy takes some ten
times what the driver takes, which over one question comes to more than the law and the signature.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from psycopg.adapt import Transformer
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    LargeBinary,
    Pool,
    String,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from creditbank import wire

#: The execution option by which a connection reads and does not write.
READING = "creditbank_reading"
Row = tuple[Any, ...]
#: Of a database, before all of it is read anew.
_LASTING_MAX = 20_000
_Processor = Callable[[Any], Any] | None
_Run = Callable[[Any, Any, Sequence[wire.Sent]], list[list[Row]]]


class ReadyMade:
    """A statement with named parameters, run again and again.

    It may be given as a function of the dialect's name, where the databases are told differently.
    """

    def __init__(self, statement: Executable | Callable[[str], Executable]) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def rows(self, session: Session, **values: Any) -> list[Row]:
        """Run it in a session's transaction; return its rows as plain tuples, none if it has none.

        Raises:
            DBAPIError: as SQLAlchemy raises it, but without the values.
        """
        session.flush()  # what the session holds is written first, as before any query of its own
        bind = session.bind
        connection = bind if isinstance(bind, Connection) else session.connection()
        dialect = connection.dialect
        form = self._form(dialect)
        return form.read(_run(connection, session, form, form.bound(values)))

    def _form(self, dialect: Dialect) -> "_Form":
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = self._written(dialect)
        return form

    def _written(self, dialect: Dialect) -> "_Form":
        statement = self._statement
        if not isinstance(statement, Executable):
            statement = statement(dialect.name)
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler), "it is no DDL"
        binding = {
            name: _impl(bound.type, dialect).bind_processor(dialect)
            for bound, name in compiled.bind_names.items()
        }
        columns = list(getattr(statement, "exported_columns", ()))
        reading = [_impl(each.type, dialect).result_processor(dialect, None) for each in columns]
        fixed = {
            name: bound.effective_value
            for bound, name in compiled.bind_names.items()
            if not bound.required
        }
        return _Form(
            compiled.string, *_on_the_wire(compiled, dialect), fixed,
            {name: each for name, each in binding.items() if each is not None},
            [(place, each) for place, each in enumerate(reading) if each is not None],
            bool(columns),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one database's driver takes it."""

    sql: str
    #: the same with `$1` for its first value, for `wire`; empty on SQLite
    numbered: bytes
    #: names by position
    order: Sequence[str]
    #: values that the statement itself states
    fixed: Mapping[str, Any]
    binding: Mapping[str, Callable[[Any], Any]]
    reading: Sequence[tuple[int, Callable[[Any], Any]]]
    #: whether it gives rows
    gives: bool

    def bound(self, values: Mapping[str, Any]) -> Row:
        given = {**self.fixed, **values}
        for name, process in self.binding.items():
            given[name] = process(given[name])
        return tuple(given[name] for name in self.order)

    def named(self, values: Row) -> Any:
        """Return the values as the driver's own cursor takes them."""
        return dict(zip(self.order, values, strict=True)) if self.numbered else values

    def read(self, rows: Sequence[Row]) -> list[Row]:
        if not self.reading:
            return list(rows)
        found: list[Row] = []
        for row in rows:
            cells = list(row)
            for place, process in self.reading:
                cells[place] = process(cells[place])
            found.append(tuple(cells))
        return found


def _impl(of: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return of.dialect_impl(dialect)


def _on_the_wire(compiled: SQLCompiler, dialect: Dialect) -> tuple[bytes, Sequence[str]]:
    if compiled.positiontup is not None:
        return b"", compiled.positiontup
    assert dialect.name == "postgresql", "SQLite goes by position"
    order = list(dict.fromkeys(_NAMED.findall(compiled.string)))
    numbered = _NAMED.sub(lambda name: f"${order.index(name[1]) + 1}", compiled.string)
    return numbered.replace("%%", "%").encode(), order


#: How SQLAlchemy names a value for psycopg.
_NAMED = re.compile(r"%\((\w+)\)s")
#: Where a session keeps answers that were asked for ahead, and a connection what reads its rows.
_AHEAD, _LOADER = "creditbank-ahead", "creditbank-loader"


#: A statement, and the values with which it is about to be run.
Asked = tuple[ReadyMade, Mapping[str, Any]]


def ahead(session: Session, asked: Iterable[Asked]) -> None:
    """Send statements in one trip that are about to be run in this snapshot with these values.

    Each `rows` of the same statement and values takes what came of it; what is not taken is lost,
    and with other values it is asked as ever. On SQLite, where a trip costs nothing, nothing is.

    Raises:
        DBAPIError: as `rows` does.
    """
    connection = session.connection()
    if not connection.get_execution_options().get(READING) or not _goes_by_wire(connection):
        return
    forms = [(one._form(connection.dialect), values) for one, values in asked]
    sent = (wire.written(form.numbered, form.bound(values)) for form, values in forms)
    known = [each for each in sent if each is not None]
    if known:
        rows = _answered(connection, known)
        session.info.setdefault(_AHEAD, {}).update(zip(known, rows, strict=True))


def together(session: Session, asked: Sequence[Asked]) -> list[list[Row]]:
    """Run statements in a session's transaction, one after another and on PostgreSQL in one trip.

    Raises:
        DBAPIError: as `rows` does; nothing behind the one that failed was run.
    """
    session.flush()
    connection = session.connection()
    forms = [(one._form(connection.dialect), values) for one, values in asked]
    if _goes_by_wire(connection):
        sent = [wire.written(form.numbered, form.bound(values)) for form, values in forms]
        known = [each for each in sent if each is not None]
        if len(known) == len(sent):
            found = zip(forms, _answered(connection, known), strict=True)
            return [form.read(rows) for (form, _), rows in found]
    return [one.rows(session, **values) for one, values in asked]


def ended_with(session: Session, asked: Asked) -> list[Row] | None:
    """End a snapshot, and run one statement in a transaction of its own, in the same trip.

    What it wrote is committed once this returns; the session asks nothing more. None, and nothing
    was done, where trips cost nothing or a value is not for the wire.

    Raises:
        DBAPIError: as `rows` does; nothing was written, or it is unknown as at any lost commit.
    """
    connection = session.connection()
    if not _goes_by_wire(connection):
        return None
    statement, values = asked
    form = statement._form(connection.dialect)
    sent = wire.written(form.numbered, form.bound(values))
    if sent is None:
        return None
    [rows] = _answered(connection, [sent], wire.answered_behind)
    return form.read(rows)


def _goes_by_wire(connection: Connection) -> bool:
    """Tell PostgreSQL, and that nobody wants to see each statement."""
    heard = connection.dispatch
    is_heard = bool(heard.before_cursor_execute or heard.after_cursor_execute)
    return connection.dialect.name == "postgresql" and not is_heard


def _run(connection: Connection, session: Session, form: _Form, values: Row) -> Sequence[Row]:
    heard = connection.dispatch
    if heard.before_cursor_execute or heard.after_cursor_execute:  # somebody wants to see it
        found = connection.exec_driver_sql(form.sql, form.named(values))
        return [tuple(row) for row in found] if form.gives else []
    sent = wire.written(form.numbered, values) if form.numbered else None
    if sent is not None:
        known: dict[wire.Sent, list[Row]] = session.info.get(_AHEAD, {})
        rows = known.pop(sent, None)
        return _answered(connection, [sent])[0] if rows is None else rows
    driver, dbapi = _driver(connection)
    cursor = driver.cursor()
    try:
        cursor.execute(form.sql, form.named(values))
        return cursor.fetchall() if form.gives else []
    except dbapi.Error as error:
        _raise_as_sqlalchemy(connection, form.sql, error, dbapi.Error)
    finally:
        cursor.close()


def _answered(
    connection: Connection, sent: Sequence[wire.Sent], run: _Run | None = None
) -> list[list[Row]]:
    driver, dbapi = _driver(connection)
    loader = connection.info.get(_LOADER)
    if loader is None:
        loader = connection.info[_LOADER] = Transformer(driver)
    try:
        return (run or wire.answered)(driver, loader, sent)
    except dbapi.Error as error:
        said = "; ".join(each.sql.decode() for each in sent)
        _raise_as_sqlalchemy(connection, said, error, dbapi.Error)


def _driver(connection: Connection) -> tuple[Any, Any]:
    driver, dbapi = connection.connection.dbapi_connection, connection.dialect.dbapi
    assert driver is not None, "a connection that was taken is open"
    assert dbapi is not None, "it was opened by its driver"
    return driver, dbapi


def _raise_as_sqlalchemy(
    connection: Connection, sql: str, error: Any, family: type[Exception]
) -> NoReturn:
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection, None)
    if lost:
        connection.invalidate(error)
    raise DBAPIError.instance(
        sql, None, error, family, hide_parameters=True, connection_invalidated=lost, dialect=dialect
    ) from error


_lasting: WeakKeyDictionary[Pool, dict[object, Any]] = WeakKeyDictionary()


def lasting(session: Session) -> dict[object, Any]:
    """Return what this process keeps of rows that never change once they are committed.

    It is kept by database, from snapshots alone: what a transaction that writes reads may be its
    own and never be committed, so there it is kept no longer than the session.
    """
    bind = session.get_bind()
    if not bind.get_execution_options().get(READING):
        return session.info
    pool = bind.engine.pool
    kept = _lasting.get(pool)
    if kept is None or len(kept) > _LASTING_MAX:
        kept = _lasting[pool] = {}  # whoever has the old one in hand may go on with it
    return kept


def among_named(dialect: str, column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """Hold for rows whose column is one of the values of a parameter, however many there are."""
    if dialect == "postgresql":
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    return column.in_(select(each_named(dialect, column, name)))


def each_named(dialect: str, column: InstrumentedAttribute[Any], name: str) -> ColumnElement[Any]:
    """Stand for each value of a parameter that has many, values of such a column, as a row."""
    if dialect == "postgresql":
        many = bindparam(name, type_=ARRAY(column.type))
        each: ColumnElement[Any] = func.unnest(many).column_valued("each_value")
        return each
    value = func.json_each(bindparam(name, type_=_JsonArray())).table_valued("value").c.value
    # Bytes go as hexadecimal: the connection has a function for them (db.py).
    return func.unhex(value) if isinstance(column.type, LargeBinary) else value


class _JsonArray(TypeDecorator[Collection[object]]):
    """Many values in one text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Collection[object] | None, dialect: Dialect) -> str:
        """Write them, bytes as hexadecimal."""
        assert value is not None, "no values are an empty list"
        return json.dumps([each.hex() if isinstance(each, bytes) else each for each in value])
