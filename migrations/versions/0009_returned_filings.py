"""Filings are returned and submitted again; rosters wait between preview and posting."""

from alembic import op

revision = "0009"
down_revision = "0008"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

# A check cannot be changed in SQLite: the column goes, and its check with it.
TABLES = """
ALTER TABLE filing RENAME COLUMN state TO former_state;
ALTER TABLE filing ADD COLUMN state text NOT NULL DEFAULT 'submitted'
    CHECK (state IN ('submitted', 'returned', 'approved', 'refused'));
UPDATE filing SET state = former_state;
ALTER TABLE filing DROP COLUMN former_state;
ALTER TABLE filing ADD COLUMN version smallint NOT NULL DEFAULT 1 CHECK (version > 0);
CREATE TABLE held_roster (
    hold_no text NOT NULL PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    filing_no text NOT NULL REFERENCES filing (filing_no),
    held_by text NOT NULL,
    held_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    file_cipher {bytes},
    preview_cipher {bytes},
    roster_no text,
    CHECK ((roster_no IS NULL) = (file_cipher IS NOT NULL)),
    CHECK ((file_cipher IS NULL) = (preview_cipher IS NULL))
);
CREATE INDEX held_roster_filing ON held_roster (filing_no);
CREATE INDEX held_roster_age ON held_roster (expires_at);
CREATE INDEX attendance_filing ON attendance (filing_no, roster_no, row_no);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
