"""Status records: what a source says of a person, kept for ever, corrected by the next; and the
feed of what became of them.

What a record says opens with its person's secret alone.
"""

from alembic import op

revision = "0048"
down_revision = "0047"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}
TABLES = """
CREATE TABLE status_record (
    person_id bigint NOT NULL REFERENCES person (person_id),
    record_no text NOT NULL,
    kind text NOT NULL,
    says text NOT NULL CHECK (says IN ('so', 'not_so')),
    supersedes text NOT NULL,
    reference_key {bytes} NOT NULL,
    facts_cipher {bytes} NOT NULL,
    jurisdiction text NOT NULL,
    organisation_id bigint REFERENCES organisation (organisation_id),
    actor text NOT NULL,
    as_of date NOT NULL,
    recorded_at {instant} NOT NULL,
    act_id bigint NOT NULL,
    PRIMARY KEY (person_id, record_no),
    CHECK (says = 'so' OR supersedes <> '')
);
CREATE UNIQUE INDEX status_record_superseded ON status_record (person_id, supersedes)
    WHERE supersedes <> '';
CREATE INDEX status_record_number ON status_record (record_no);
CREATE TABLE status_event (
    event_no text NOT NULL PRIMARY KEY,
    position bigint UNIQUE,
    client_id text NOT NULL,
    kind text NOT NULL,
    record_no text NOT NULL,
    record_kind text NOT NULL,
    superseded_by text NOT NULL,
    recorded_at {instant} NOT NULL
);
CREATE INDEX status_event_feed ON status_event (client_id, position)
"""
_NAMED = "status_record"
SQLITE_GUARDS = (
    f"CREATE TRIGGER {_NAMED}_no_update BEFORE UPDATE ON {_NAMED} {{refuse}}",
    f"CREATE TRIGGER {_NAMED}_no_delete BEFORE DELETE ON {_NAMED} {{refuse}}",
    # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
    f"CREATE TRIGGER {_NAMED}_no_replace BEFORE INSERT ON {_NAMED} WHEN EXISTS (SELECT 1"
    f" FROM {_NAMED} WHERE person_id = NEW.person_id AND (record_no = NEW.record_no"
    " OR (supersedes <> '' AND supersedes = NEW.supersedes))) {refuse}",
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
