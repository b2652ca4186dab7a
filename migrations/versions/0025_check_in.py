"""Check-in on site: one for a session, who came, each scan for ever; rosters keep their way in."""

from alembic import op

revision = "0025"
down_revision = "0024"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE check_in (
    check_in_no text NOT NULL PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    filing_no text NOT NULL REFERENCES filing (filing_no),
    session_no smallint NOT NULL,
    secret_cipher {bytes} NOT NULL,
    opened_by text NOT NULL,
    opened_at {instant} NOT NULL,
    closed_by text,
    closed_at {instant},
    roster_no text,
    UNIQUE (filing_no, session_no),
    CHECK ((closed_by IS NULL) = (closed_at IS NULL)),
    CHECK (roster_no IS NULL OR closed_at IS NOT NULL)
);
CREATE TABLE check_in_person (
    check_in_no text NOT NULL REFERENCES check_in (check_in_no),
    person_no integer NOT NULL CHECK (person_no >= 1),
    identity_key {bytes} NOT NULL,
    identity_cipher {bytes},
    is_guest boolean NOT NULL,
    stated_minutes smallint CHECK (stated_minutes BETWEEN 0 AND 1440),
    stated_by text,
    PRIMARY KEY (check_in_no, person_no),
    UNIQUE (check_in_no, identity_key),
    CHECK ((stated_minutes IS NULL) = (stated_by IS NULL))
);
CREATE TABLE check_in_scan (
    check_in_no text NOT NULL,
    scan_no integer NOT NULL CHECK (scan_no >= 1),
    person_no integer NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    scanned_at {instant} NOT NULL,
    recorded_at {instant} NOT NULL,
    device {bytes} NOT NULL,
    PRIMARY KEY (check_in_no, scan_no),
    FOREIGN KEY (check_in_no, person_no) REFERENCES check_in_person (check_in_no, person_no)
);
ALTER TABLE roster_batch ADD COLUMN way text NOT NULL DEFAULT ''
"""

_NAMED = "check_in_scan"
SQLITE_GUARDS = (
    f"CREATE TRIGGER {_NAMED}_no_update BEFORE UPDATE ON {_NAMED} {{refuse}}",
    f"CREATE TRIGGER {_NAMED}_no_delete BEFORE DELETE ON {_NAMED} {{refuse}}",
    # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
    f"CREATE TRIGGER {_NAMED}_no_replace BEFORE INSERT ON {_NAMED} WHEN EXISTS (SELECT 1"
    f" FROM {_NAMED} WHERE check_in_no = NEW.check_in_no AND scan_no = NEW.scan_no) {{refuse}}",
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
