"""Clients prove themselves with secrets or public keys, two of a kind, and call with tokens.

The key that a client has becomes its first secret: what stood behind the last dot of `cbk.…`.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB", "tail": "substr(client_id, -8)"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea", "tail": "right(client_id, 8)"},
}

STATEMENTS = """
CREATE TABLE client_credential (
    credential_no text NOT NULL PRIMARY KEY,
    client_id text NOT NULL REFERENCES api_client (client_id),
    kind text NOT NULL CHECK (kind IN ('secret', 'public_key')),
    secret_hash {bytes},
    public_jwk text,
    created_by text NOT NULL,
    created_at {instant} NOT NULL,
    last_used_at {instant},
    expires_at {instant},
    revoked_at {instant},
    CHECK ((kind = 'secret') = (secret_hash IS NOT NULL)),
    CHECK ((kind = 'public_key') = (public_jwk IS NOT NULL))
);
CREATE INDEX client_credential_client ON client_credential (client_id);
INSERT INTO client_credential
    (credential_no, client_id, kind, secret_hash, created_by, created_at, revoked_at)
    SELECT 'K0' || upper({tail}), client_id, 'secret', secret_hash, 'migration', created_at,
        revoked_at
    FROM api_client;
ALTER TABLE api_client DROP COLUMN secret_hash;
CREATE TABLE access_token (
    token_hash {bytes} NOT NULL PRIMARY KEY,
    credential_no text NOT NULL REFERENCES client_credential (credential_no),
    scopes text NOT NULL,
    expires_at {instant} NOT NULL
);
CREATE INDEX access_token_age ON access_token (expires_at);
CREATE TABLE client_assertion (
    client_id text NOT NULL REFERENCES api_client (client_id),
    jti_hash {bytes} NOT NULL,
    expires_at {instant} NOT NULL,
    PRIMARY KEY (client_id, jti_hash)
);
CREATE INDEX client_assertion_age ON client_assertion (expires_at)
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in STATEMENTS.format(**types).split(";\n"):
        op.execute(statement)
