"""Accounts: who signs in, from which seats, with which factors; what happened is append-only."""

from alembic import op

revision = "0007"
down_revision = "0006"

TYPES = {
    "sqlite": {
        "identity": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "instant": "VARCHAR(27)",
        "bytes": "BLOB",
    },
    "postgresql": {
        "identity": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "instant": "timestamptz",
        "bytes": "bytea",
    },
}

TABLES = """
CREATE TABLE account (
    account_id {identity},
    account_no text NOT NULL UNIQUE,
    sign_in_name text UNIQUE,
    person_id bigint UNIQUE REFERENCES person (person_id),
    state text NOT NULL CHECK (state IN ('active', 'blocked', 'closed')),
    password_hash text,
    totp_cipher {bytes},
    totp_draft_cipher {bytes},
    totp_step bigint,
    demo boolean NOT NULL,
    created_at {instant} NOT NULL,
    CHECK (sign_in_name IS NOT NULL OR person_id IS NOT NULL)
);
CREATE TABLE seat (
    seat_id {identity},
    seat_no text NOT NULL UNIQUE,
    account_id bigint NOT NULL REFERENCES account (account_id),
    role text NOT NULL CHECK (role IN ('provider', 'professional', 'employer', 'title_system',
        'official', 'auditor', 'administrator')),
    jurisdiction text NOT NULL,
    organisation_id bigint REFERENCES organisation (organisation_id),
    manages boolean NOT NULL,
    valid_from date NOT NULL,
    valid_through date,
    closed_at {instant},
    act_id bigint NOT NULL,
    CHECK ((role IN ('provider', 'employer', 'title_system')) = (organisation_id IS NOT NULL)),
    CHECK (organisation_id IS NOT NULL OR NOT manages),
    CHECK (valid_through >= valid_from)
);
CREATE INDEX seat_account ON seat (account_id);
CREATE INDEX seat_organisation ON seat (organisation_id);
CREATE TABLE account_session (
    session_id {identity},
    session_no text NOT NULL UNIQUE,
    token_hash {bytes} NOT NULL UNIQUE,
    account_id bigint NOT NULL REFERENCES account (account_id),
    seat_id bigint REFERENCES seat (seat_id),
    second_factor_at {instant},
    device text NOT NULL,
    opened_at {instant} NOT NULL,
    seen_at {instant} NOT NULL,
    ended_at {instant}
);
CREATE INDEX account_session_account ON account_session (account_id);
CREATE INDEX account_session_age ON account_session (seen_at);
CREATE TABLE account_code (
    code_no text NOT NULL PRIMARY KEY,
    account_id bigint REFERENCES account (account_id),
    person_id bigint REFERENCES person (person_id),
    jurisdiction text NOT NULL,
    code_hash {bytes} NOT NULL,
    resets_second_factor boolean NOT NULL,
    issued_by text NOT NULL,
    issued_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    tries_left smallint NOT NULL CHECK (tries_left >= 0),
    spent_at {instant},
    CHECK ((account_id IS NULL) <> (person_id IS NULL))
);
CREATE INDEX account_code_account ON account_code (account_id);
CREATE INDEX account_code_person ON account_code (person_id);
CREATE TABLE account_recovery_code (
    account_id bigint NOT NULL REFERENCES account (account_id),
    code_hash {bytes} NOT NULL,
    made_at {instant} NOT NULL,
    spent_at {instant},
    PRIMARY KEY (account_id, code_hash)
);
CREATE TABLE sign_in_brake (
    brake_key {bytes} NOT NULL PRIMARY KEY,
    failures integer NOT NULL CHECK (failures >= 0),
    failed_at {instant} NOT NULL,
    paused_until {instant}
);
CREATE INDEX sign_in_brake_age ON sign_in_brake (failed_at);
CREATE TABLE organisation_claim (
    claim_no text NOT NULL PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    account_id bigint NOT NULL REFERENCES account (account_id),
    role text NOT NULL CHECK (role IN ('provider', 'employer', 'title_system')),
    reference text NOT NULL,
    digest {bytes} NOT NULL,
    state text NOT NULL CHECK (state IN ('submitted', 'approved', 'refused')),
    submitted_at {instant} NOT NULL,
    opinion text NOT NULL CHECK (opinion IN ('', 'agrees', 'objects')),
    opinion_by text NOT NULL,
    remark text NOT NULL,
    decided_by text NOT NULL,
    decided_at {instant},
    reason text NOT NULL,
    act_id bigint,
    CHECK ((state = 'submitted') = (act_id IS NULL))
);
CREATE INDEX organisation_claim_account ON organisation_claim (account_id);
CREATE INDEX organisation_claim_organisation ON organisation_claim (organisation_id);
CREATE UNIQUE INDEX organisation_claim_open
    ON organisation_claim (organisation_id, account_id, role) WHERE state = 'submitted';
CREATE TABLE account_identity (
    subject_hash {bytes} NOT NULL PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account (account_id),
    linked_at {instant} NOT NULL
);
CREATE TABLE account_event (
    event_id {identity},
    recorded_at {instant} NOT NULL,
    kind text NOT NULL,
    account_id bigint REFERENCES account (account_id),
    actor text NOT NULL,
    subject text NOT NULL,
    address_hash {bytes}
);
CREATE INDEX account_event_account ON account_event (account_id, event_id);
"""

SQLITE_GUARDS = (
    "CREATE TRIGGER account_event_no_update BEFORE UPDATE ON account_event {refuse}",
    "CREATE TRIGGER account_event_no_delete BEFORE DELETE ON account_event {refuse}",
    # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
    "CREATE TRIGGER account_event_no_replace BEFORE INSERT ON account_event"
    " WHEN EXISTS (SELECT 1 FROM account_event WHERE event_id = NEW.event_id) {refuse}",
)
POSTGRESQL_GUARDS = (
    "CREATE TRIGGER account_event_rewrite BEFORE UPDATE OR DELETE ON account_event"
    " FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rewrite()",
    "CREATE TRIGGER account_event_truncate BEFORE TRUNCATE ON account_event"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite()",
    "ALTER TABLE account_event ENABLE ALWAYS TRIGGER account_event_rewrite",
    "ALTER TABLE account_event ENABLE ALWAYS TRIGGER account_event_truncate",
)


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in TABLES.format(**TYPES[dialect]).split(";\n"):
        if statement.strip():
            op.execute(statement)
    refuse = "BEGIN SELECT RAISE(ABORT, 'account_event is append-only'); END"
    for guard in SQLITE_GUARDS if dialect == "sqlite" else POSTGRESQL_GUARDS:
        op.execute(guard.format(refuse=refuse))
