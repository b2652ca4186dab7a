"""Lists of applicants are answered row by row; their identities lie encrypted until they expire."""

from alembic import op

revision = "0011"
down_revision = "0010"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE verdict_batch (
    batch_no text NOT NULL PRIMARY KEY,
    client_id text NOT NULL,
    role text NOT NULL,
    jurisdiction text NOT NULL,
    organisation_id bigint REFERENCES organisation (organisation_id),
    question text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    requested_at {instant} NOT NULL,
    progressed_at {instant},
    finished_at {instant},
    expires_at {instant} NOT NULL,
    erased_at {instant},
    attempt integer NOT NULL,
    rows_total integer NOT NULL,
    rows_done integer NOT NULL CHECK (rows_done BETWEEN 0 AND rows_total)
);
CREATE INDEX verdict_batch_asker ON verdict_batch (client_id, requested_at);
CREATE INDEX verdict_batch_state ON verdict_batch (state, requested_at);
CREATE TABLE verdict_batch_item (
    batch_no text NOT NULL REFERENCES verdict_batch (batch_no),
    row_no integer NOT NULL,
    person_cipher {bytes},
    state text NOT NULL CHECK (state IN ('waiting', 'answered', 'refused')),
    outcome text NOT NULL,
    verdict_no text UNIQUE REFERENCES verdict (verdict_no),
    problems text NOT NULL,
    PRIMARY KEY (batch_no, row_no),
    CHECK ((state = 'answered') = (verdict_no IS NOT NULL))
);
CREATE INDEX verdict_asker ON verdict (client_id, recorded_at);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
