"""xAPI statements of providers, what became of each, and what their programs call a session."""

from alembic import op

revision = "0021"
down_revision = "0020"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE xapi_statement (
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    statement_id text NOT NULL,
    stored_at {instant} NOT NULL,
    place integer NOT NULL CHECK (place >= 0),
    happened_at {instant} NOT NULL,
    digest {bytes} NOT NULL,
    content_cipher {bytes},
    posted_by text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('credited', 'known', 'refused', 'kept', 'voiding')),
    reason text NOT NULL,
    filing_no text REFERENCES filing (filing_no),
    session_no smallint,
    roster_no text,
    row_no integer,
    voids text,
    voided_by text,
    PRIMARY KEY (organisation_id, statement_id),
    CHECK ((outcome = 'credited') = (roster_no IS NOT NULL)),
    CHECK ((outcome = 'credited') = (reason = '') OR outcome = 'voiding'),
    CHECK ((outcome = 'voiding') = (voids IS NOT NULL))
);
CREATE INDEX xapi_statement_stored ON xapi_statement (organisation_id, stored_at, place);
CREATE INDEX xapi_statement_voids ON xapi_statement (organisation_id, voids);
CREATE TABLE xapi_activity (
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    activity text NOT NULL,
    filing_no text NOT NULL REFERENCES filing (filing_no),
    session_no smallint NOT NULL,
    set_by text NOT NULL,
    set_at {instant} NOT NULL,
    PRIMARY KEY (organisation_id, activity)
);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
