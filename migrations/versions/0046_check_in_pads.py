"""Check-in without network: a teacher's page with its key, and the scans that it signed."""

from alembic import op

revision = "0046"
down_revision = "0045"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE check_in_pad (
    check_in_no text NOT NULL REFERENCES check_in (check_in_no),
    pad_no smallint NOT NULL CHECK (pad_no >= 1),
    public_key {bytes} NOT NULL,
    sealing_cipher {bytes} NOT NULL,
    device_at {instant} NOT NULL,
    run text NOT NULL,
    ticks bigint NOT NULL CHECK (ticks >= 0),
    opened_by text NOT NULL,
    opened_at {instant} NOT NULL,
    PRIMARY KEY (check_in_no, pad_no),
    UNIQUE (check_in_no, public_key)
);
CREATE TABLE check_in_pad_scan (
    check_in_no text NOT NULL,
    pad_no smallint NOT NULL,
    step integer NOT NULL CHECK (step >= 1),
    body text NOT NULL,
    signature {bytes} NOT NULL,
    digest {bytes} NOT NULL,
    device_at {instant} NOT NULL,
    sent_at {instant} NOT NULL,
    received_at {instant} NOT NULL,
    is_doubted boolean NOT NULL,
    outcome text NOT NULL,
    scan_no integer,
    PRIMARY KEY (check_in_no, pad_no, step),
    FOREIGN KEY (check_in_no, pad_no) REFERENCES check_in_pad (check_in_no, pad_no),
    FOREIGN KEY (check_in_no, scan_no) REFERENCES check_in_scan (check_in_no, scan_no),
    CHECK ((scan_no IS NULL) = (outcome NOT IN ('recorded', 'known')))
)
"""

KEYS = {
    "check_in_pad": ("check_in_no", "pad_no"),
    "check_in_pad_scan": ("check_in_no", "pad_no", "step"),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in TABLES.format(**TYPES[dialect]).split(";\n"):
        op.execute(statement)
    guards = _sqlite_guards if dialect == "sqlite" else _postgresql_guards
    for table, key in KEYS.items():
        for guard in guards(table, key):
            op.execute(guard)


def _sqlite_guards(table: str, key: tuple[str, ...]) -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = " AND ".join(f"{each} = NEW.{each}" for each in key)
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
        f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}",
    )


def _postgresql_guards(table: str, _key: tuple[str, ...]) -> tuple[str, ...]:
    return (
        f"CREATE TRIGGER {table}_rewrite BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rewrite()",
        f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_rewrite",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_truncate",
    )
