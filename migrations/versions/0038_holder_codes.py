"""Codes that professionals make for those who may ask about them, and each use of one."""

from alembic import op

revision = "0038"
down_revision = "0037"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE holder_code (
    code_no text NOT NULL PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person (person_id),
    code_hash {bytes} NOT NULL UNIQUE,
    purpose text NOT NULL,
    disclose text NOT NULL CHECK (disclose IN ('decision', 'summary', 'record')),
    uses_max integer NOT NULL CHECK (uses_max >= 1),
    uses_taken integer NOT NULL CHECK (uses_taken >= 0 AND uses_taken <= uses_max),
    made_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    revoked_at {instant}
);
CREATE INDEX holder_code_person ON holder_code (person_id, made_at);
CREATE TABLE holder_code_use (
    verdict_no text NOT NULL PRIMARY KEY REFERENCES verdict (verdict_no),
    code_no text NOT NULL REFERENCES holder_code (code_no),
    use_no integer NOT NULL CHECK (use_no >= 1),
    organisation_id bigint REFERENCES organisation (organisation_id),
    UNIQUE (code_no, use_no)
);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
