"""Long rosters are previewed and posted by the clock's process; a work tells how far that is."""

from alembic import op

revision = "0013"
down_revision = "0012"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE roster_work (
    work_no text NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('preview', 'posting')),
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    filing_no text NOT NULL REFERENCES filing (filing_no),
    requested_by text NOT NULL,
    requested_at {instant} NOT NULL,
    hold_no text,
    content_cipher {bytes},
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    phase text NOT NULL CHECK (phase IN ('', 'reading', 'people', 'weighing', 'crediting', 'caps')),
    phase_done integer NOT NULL CHECK (phase_done BETWEEN 0 AND phase_total),
    phase_total integer NOT NULL,
    rows_total integer NOT NULL CHECK (rows_total >= 0),
    attempt integer NOT NULL,
    progressed_at {instant},
    finished_at {instant},
    roster_no text,
    answer text NOT NULL,
    CHECK (content_cipher IS NULL OR state IN ('waiting', 'running')),
    CHECK (roster_no IS NULL OR (kind = 'posting' AND state = 'done'))
);
CREATE INDEX roster_work_state ON roster_work (state, requested_at);
CREATE INDEX roster_work_filing ON roster_work (filing_no, requested_by);
CREATE INDEX roster_work_hold ON roster_work (hold_no);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
