"""Lists that are signed as a whole: the leaf of each row, and the signed tree over them."""

from alembic import op

revision = "0042"
down_revision = "0041"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}
TABLES = """
ALTER TABLE verdict_batch_item ADD COLUMN leaf {bytes} CHECK (length(leaf) = 32);
CREATE TABLE verdict_tree (
    batch_no text NOT NULL PRIMARY KEY REFERENCES verdict_batch (batch_no),
    size integer NOT NULL CHECK (size > 0),
    root {bytes} NOT NULL CHECK (length(root) = 32),
    jws text NOT NULL,
    signed_at {instant} NOT NULL
);
CREATE TABLE verdict_tree_tile (
    batch_no text NOT NULL REFERENCES verdict_tree (batch_no),
    level smallint NOT NULL CHECK (level >= 0),
    position integer NOT NULL CHECK (position >= 0),
    hashes {bytes} NOT NULL,
    PRIMARY KEY (batch_no, level, position)
);
"""
KEYS = {
    "verdict_tree": "batch_no = NEW.batch_no",
    "verdict_tree_tile": "batch_no = NEW.batch_no AND level = NEW.level"
    " AND position = NEW.position",
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in TABLES.format(**TYPES[dialect]).split(";\n"):
        if statement.strip():
            op.execute(statement)
    guards = _sqlite_guards if dialect == "sqlite" else _postgresql_guards
    for table, same in KEYS.items():
        for guard in guards(table, same):
            op.execute(guard)


def _sqlite_guards(table: str, same: str) -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS"
        f" (SELECT 1 FROM {table} WHERE {same}) {refuse}",
    )


def _postgresql_guards(table: str, _same: str) -> tuple[str, ...]:
    return (
        f"CREATE TRIGGER {table}_rewrite BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rewrite()",
        f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_rewrite",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_truncate",
    )
