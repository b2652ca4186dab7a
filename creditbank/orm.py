"""The mapped base and the column types that both databases share; no Flask here."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Dialect,
    MetaData,
    String,
    any_,
    literal,
)
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from creditbank.clock import instant_from_text, instant_text


class Base(DeclarativeBase):
    """Every table of the bank. The schema itself is made by migrations, never from here."""

    metadata = MetaData()


def among(
    session: Session,
    column: InstrumentedAttribute[int]
    | InstrumentedAttribute[int | None]
    | InstrumentedAttribute[bytes],
    values: Collection[object],
) -> ColumnElement[bool]:  # fmt: skip
    """Hold for rows whose column is one of thousands of values.

    On PostgreSQL they are one parameter: a list that is spelt out costs more than what it finds.
    """
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    return column.in_(values)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant: timestamptz on PostgreSQL, RFC 3339 text of fixed width on SQLite."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        """Choose the column type of this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Hand the driver what its column takes; a naive instant is a programmer's error."""
        if value is None:
            return None
        assert value.tzinfo is not None, "instants are aware"
        return value if dialect.name == "postgresql" else instant_text(value)

    def process_result_value(
        self, value: datetime | str | None, dialect: Dialect
    ) -> datetime | None:
        """Read the instant back, aware."""
        return instant_from_text(value) if isinstance(value, str) else value
