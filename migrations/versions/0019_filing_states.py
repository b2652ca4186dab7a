"""Filings close, are withdrawn, suspended or revoked; when each came to stand as it does."""

from alembic import op

revision = "0019"
down_revision = "0018"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "first": "'1970-01-01T00:00:00.000000Z'"},
    "postgresql": {"instant": "timestamptz", "first": "'1970-01-01T00:00:00Z'"},
}

# A check cannot be changed in SQLite: the column goes, and its check with it.
TABLES = """
ALTER TABLE filing RENAME COLUMN state TO former_state;
ALTER TABLE filing ADD COLUMN state text NOT NULL DEFAULT 'submitted'
    CHECK (state IN ('submitted', 'returned', 'approved', 'refused', 'withdrawn', 'suspended',
        'closed', 'revoked'));
UPDATE filing SET state = former_state;
ALTER TABLE filing DROP COLUMN former_state;
ALTER TABLE filing ADD COLUMN state_at {instant} NOT NULL DEFAULT {first};
UPDATE filing SET state_at = coalesce((
    SELECT max(recorded_at) FROM journal_act
    WHERE subject = filing.filing_no AND kind LIKE 'filing.%'
), submitted_at);
ALTER TABLE filing ADD COLUMN suspended_from date
    CHECK ((suspended_from IS NOT NULL) = (state = 'suspended'));
CREATE INDEX filing_state ON filing (state, state_at);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
