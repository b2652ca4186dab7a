"""Statements that every question asks: put together once, and run by the database's driver itself.

SQLAlchemy writes their SQL as it writes any other. Running it through SQLAlchemy takes some ten
times what the driver takes, which over one question comes to more than the law and the signature.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

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

#: The execution option by which a connection reads and does not write.
READING = "creditbank_reading"
Row = tuple[Any, ...]
#: Of a database, before all of it is read anew.
_LASTING_MAX = 20_000
_Processor = Callable[[Any], Any] | None


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
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = self._written(dialect)
        return form.read(_run(connection, form, form.bound(values)))

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
            compiled.string, compiled.positiontup, fixed,
            {name: each for name, each in binding.items() if each is not None},
            [(place, each) for place, each in enumerate(reading) if each is not None],
            bool(columns),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one database's driver takes it."""

    sql: str
    #: names by position, where the driver goes by it
    order: Sequence[str] | None
    #: values that the statement itself states
    fixed: Mapping[str, Any]
    binding: Mapping[str, Callable[[Any], Any]]
    reading: Sequence[tuple[int, Callable[[Any], Any]]]
    #: whether it gives rows
    gives: bool

    def bound(self, values: Mapping[str, Any]) -> Any:
        given = {**self.fixed, **values}
        for name, process in self.binding.items():
            given[name] = process(given[name])
        return given if self.order is None else tuple(given[name] for name in self.order)

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


def _run(connection: Connection, form: _Form, values: Any) -> Sequence[Row]:
    heard = connection.dispatch
    if heard.before_cursor_execute or heard.after_cursor_execute:  # somebody wants to see it
        found = connection.exec_driver_sql(form.sql, values)
        return [tuple(row) for row in found] if form.gives else []
    driver, dbapi = connection.connection.dbapi_connection, connection.dialect.dbapi
    assert driver is not None, "a connection that was taken is open"
    assert dbapi is not None, "it was opened by its driver"
    cursor = driver.cursor()
    try:
        cursor.execute(form.sql, values)
        return cursor.fetchall() if form.gives else []
    except dbapi.Error as error:
        _raise_as_sqlalchemy(connection, form.sql, error, dbapi.Error)
    finally:
        cursor.close()


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
