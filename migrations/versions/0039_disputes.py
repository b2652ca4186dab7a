"""What professionals say against their hours, and every step of it for ever."""

from alembic import op

revision = "0039"
down_revision = "0038"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}
TABLES = """
CREATE TABLE dispute (
    dispute_no text NOT NULL PRIMARY KEY,
    person_id bigint NOT NULL,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    jurisdiction text NOT NULL,
    filing_no text REFERENCES filing (filing_no),
    day date,
    about text NOT NULL CHECK (about IN ('missing', 'wrong')),
    state text NOT NULL CHECK (state IN ('with-provider', 'declined', 'corrected',
        'with-official', 'upheld', 'dismissed', 'withdrawn')),
    stated_at {instant} NOT NULL,
    due_on date,
    steps smallint NOT NULL CHECK (steps > 0),
    steps_read smallint NOT NULL CHECK (steps_read BETWEEN 1 AND steps),
    CHECK (filing_no IS NOT NULL OR day IS NOT NULL)
);
CREATE INDEX dispute_person ON dispute (person_id);
CREATE INDEX dispute_organisation ON dispute (organisation_id, stated_at);
CREATE INDEX dispute_jurisdiction ON dispute (jurisdiction, stated_at);
CREATE INDEX dispute_filing ON dispute (filing_no);
CREATE INDEX dispute_due ON dispute (state, due_on);
CREATE TABLE dispute_step (
    dispute_no text NOT NULL REFERENCES dispute (dispute_no),
    step_no smallint NOT NULL CHECK (step_no > 0),
    step text NOT NULL,
    actor text NOT NULL,
    recorded_at {instant} NOT NULL,
    words_cipher {bytes},
    remedy text NOT NULL,
    act_id bigint,
    PRIMARY KEY (dispute_no, step_no)
);
"""
_NAMED = "dispute_step"
SQLITE_GUARDS = (
    f"CREATE TRIGGER {_NAMED}_no_update BEFORE UPDATE ON {_NAMED} {{refuse}}",
    f"CREATE TRIGGER {_NAMED}_no_delete BEFORE DELETE ON {_NAMED} {{refuse}}",
    # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
    f"CREATE TRIGGER {_NAMED}_no_replace BEFORE INSERT ON {_NAMED} WHEN EXISTS (SELECT 1"
    f" FROM {_NAMED} WHERE dispute_no = NEW.dispute_no AND step_no = NEW.step_no) {{refuse}}",
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
