"""The mapped base and the column types that both databases share; no Flask here."""

from datetime import datetime

from sqlalchemy import DateTime, Dialect, MetaData, String
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

from creditbank.clock import instant_from_text, instant_text


class Base(DeclarativeBase):
    """Every table of the bank. The schema itself is made by migrations, never from here."""

    metadata = MetaData()


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
