"""Rows whose number is on record under another name wait; names that were tried are counted."""

from alembic import op

revision = "0032"
down_revision = "0031"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE name_check (
    check_no text NOT NULL PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    jurisdiction text NOT NULL,
    filing_no text NOT NULL REFERENCES filing (filing_no),
    session_no smallint NOT NULL,
    roster_no text NOT NULL,
    row_no integer NOT NULL,
    held_at {instant} NOT NULL,
    number_digest {bytes} NOT NULL,
    digest {bytes} NOT NULL,
    row_cipher {bytes},
    note_cipher {bytes},
    asked_at {instant},
    state text NOT NULL CHECK (state IN ('open', 'credited', 'refused', 'settled')),
    finding text NOT NULL,
    case_no text NOT NULL,
    decided_by text,
    decided_at {instant},
    act_id bigint,
    credited_roster_no text,
    UNIQUE (filing_no, session_no, digest),
    CHECK ((state = 'open') = (row_cipher IS NOT NULL)),
    CHECK ((state IN ('credited', 'refused')) = (act_id IS NOT NULL))
);
CREATE INDEX name_check_jurisdiction ON name_check (jurisdiction, held_at);
CREATE INDEX name_check_organisation ON name_check (organisation_id, held_at);
CREATE TABLE name_try (
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    number_digest {bytes} NOT NULL,
    name_digest {bytes} NOT NULL,
    tried_at {instant} NOT NULL,
    PRIMARY KEY (organisation_id, number_digest, name_digest)
);
CREATE INDEX name_try_tried ON name_try (organisation_id, tried_at);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
