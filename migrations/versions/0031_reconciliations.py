"""What providers said that they posted of a day, and what was missing on either side, for ever."""

from alembic import op

revision = "0031"
down_revision = "0030"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}
TABLES = """
CREATE TABLE reconciliation (
    reconciliation_no text NOT NULL PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    day date NOT NULL,
    filing_no text NOT NULL,
    sent_by text NOT NULL,
    sent_at {instant} NOT NULL,
    stated_count integer NOT NULL CHECK (stated_count >= 0),
    stated_digest {bytes} NOT NULL,
    bank_count integer NOT NULL CHECK (bank_count >= 0),
    outcome text NOT NULL CHECK (outcome IN ('agreed', 'differs')),
    missing text NOT NULL
);
CREATE INDEX reconciliation_of ON reconciliation (organisation_id, sent_at)
"""
_NAMED = "reconciliation"
SQLITE_GUARDS = (
    f"CREATE TRIGGER {_NAMED}_no_update BEFORE UPDATE ON {_NAMED} {{refuse}}",
    f"CREATE TRIGGER {_NAMED}_no_delete BEFORE DELETE ON {_NAMED} {{refuse}}",
    # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
    f"CREATE TRIGGER {_NAMED}_no_replace BEFORE INSERT ON {_NAMED} WHEN EXISTS (SELECT 1"
    f" FROM {_NAMED} WHERE reconciliation_no = NEW.reconciliation_no) {{refuse}}",
)
POSTGRESQL_GUARDS = (
    f"CREATE TRIGGER {_NAMED}_rewrite BEFORE UPDATE OR DELETE ON {_NAMED}"
    " FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rewrite()",
    f"CREATE TRIGGER {_NAMED}_truncate BEFORE TRUNCATE ON {_NAMED}"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite()",
    f"ALTER TABLE {_NAMED} ENABLE ALWAYS TRIGGER {_NAMED}_rewrite",
    f"ALTER TABLE {_NAMED} ENABLE ALWAYS TRIGGER {_NAMED}_truncate",
)


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in TABLES.format(**TYPES[dialect]).split(";\n"):
        if statement.strip():
            op.execute(statement)
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_NAMED} is append-only'); END"
    for guard in SQLITE_GUARDS if dialect == "sqlite" else POSTGRESQL_GUARDS:
        op.execute(guard.format(refuse=refuse))
