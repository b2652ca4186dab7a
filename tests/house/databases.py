"""Reads a database as it stands: its tables, and the guards on each of them."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

#: Bit of `pg_trigger.tgtype`: fires once per row.
_PER_ROW = 1


@dataclass(frozen=True, slots=True, order=True)
class Guard:
    """One trigger: on which table, its name, and the whole of what it does."""

    table: str
    name: str
    definition: str


def guards_of(connection: Connection) -> frozenset[Guard]:
    """Return every trigger of ours, on PostgreSQL with its state of being enabled."""
    query = {
        "postgresql": """
            SELECT c.relname, t.tgname,
                t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid) || pg_get_functiondef(t.tgfoid)
            FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal""",
        "sqlite": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'",
    }[connection.dialect.name]
    return frozenset(Guard(*row) for row in connection.execute(text(query)))


def partitions_of(connection: Connection, table: str) -> list[str]:
    """Name the partitions of a table, none on SQLite."""
    if connection.dialect.name == "sqlite":
        return []
    query = text("""
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = CAST(:table AS regclass) ORDER BY 1""")
    return list(connection.scalars(query, {"table": table}))
