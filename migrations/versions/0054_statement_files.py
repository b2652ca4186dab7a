"""Files that came with xAPI statements: kept encrypted for the term of statements, then known."""

from alembic import op

revision = "0054"
down_revision = "0053"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLE = """
CREATE TABLE xapi_file (
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    digest {bytes} NOT NULL,
    byte_length bigint NOT NULL CHECK (byte_length >= 0),
    kept_at {instant} NOT NULL,
    content_cipher {bytes},
    PRIMARY KEY (organisation_id, digest)
);
CREATE INDEX xapi_file_kept ON xapi_file (kept_at);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLE.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
