"""The bank itself, people, registry, attendance, law and answers: tables whose rows may change."""

from alembic import op

revision = "0001"
down_revision = None

TYPES = {
    "sqlite": {
        "identity": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "instant": "VARCHAR(27)",
        "bytes": "BLOB",
        "hashed": "",
    },
    "postgresql": {
        "identity": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "instant": "timestamptz",
        "bytes": "bytea",
        "hashed": "PARTITION BY HASH (person_id)",
    },
}

TABLES = """
CREATE TABLE bank (
    bank_id smallint NOT NULL PRIMARY KEY CHECK (bank_id = 1),
    mode text NOT NULL CHECK (mode IN ('production', 'demo')),
    host text NOT NULL,
    created_at {instant} NOT NULL
);
CREATE TABLE setup_code (
    code_hash {bytes} NOT NULL PRIMARY KEY,
    expires_at {instant} NOT NULL,
    used_at {instant}
);
CREATE TABLE organisation (
    organisation_id {identity},
    uscc text NOT NULL UNIQUE,
    name text NOT NULL,
    kind text NOT NULL,
    jurisdiction text NOT NULL,
    act_id bigint NOT NULL
);
CREATE TABLE api_client (
    client_id text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL,
    secret_hash {bytes} NOT NULL,
    scopes text NOT NULL,
    jurisdiction text NOT NULL,
    organisation_id bigint REFERENCES organisation (organisation_id),
    demo boolean NOT NULL,
    created_at {instant} NOT NULL,
    revoked_at {instant}
);
CREATE TABLE idempotent_write (
    client_id text NOT NULL,
    idempotency_key text NOT NULL,
    content_digest {bytes} NOT NULL,
    status smallint NOT NULL,
    answer text NOT NULL,
    recorded_at {instant} NOT NULL,
    PRIMARY KEY (client_id, idempotency_key)
);
CREATE INDEX idempotent_write_age ON idempotent_write (recorded_at);
CREATE TABLE mandate (
    mandate_no text NOT NULL PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    jurisdiction text NOT NULL,
    series text NOT NULL,
    levels text NOT NULL,
    valid_from date NOT NULL,
    valid_through date NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'suspended', 'withdrawn')),
    act_id bigint NOT NULL
);
CREATE INDEX mandate_organisation ON mandate (organisation_id);
CREATE TABLE filing (
    filing_no text NOT NULL PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    jurisdiction text NOT NULL,
    scheme text NOT NULL,
    activity text NOT NULL,
    form text NOT NULL,
    release text NOT NULL,
    title text NOT NULL,
    subject text NOT NULL,
    seats integer NOT NULL CHECK (seats > 0),
    state text NOT NULL CHECK (state IN ('submitted', 'approved', 'refused')),
    submitted_at {instant} NOT NULL,
    submitted_by text NOT NULL,
    reason text NOT NULL
);
CREATE INDEX filing_organisation ON filing (organisation_id, submitted_at);
CREATE INDEX filing_jurisdiction ON filing (jurisdiction, submitted_at);
CREATE TABLE filing_session (
    filing_no text NOT NULL REFERENCES filing (filing_no),
    session_no smallint NOT NULL,
    day date NOT NULL,
    planned_minutes smallint NOT NULL CHECK (planned_minutes BETWEEN 1 AND 1440),
    planned_half_days smallint NOT NULL CHECK (planned_half_days IN (1, 2)),
    PRIMARY KEY (filing_no, session_no)
);
CREATE TABLE person (
    person_id bigint NOT NULL PRIMARY KEY CHECK (person_id > 0),
    created_at {instant} NOT NULL
);
CREATE TABLE person_secret (
    person_id bigint NOT NULL PRIMARY KEY REFERENCES person (person_id),
    secret_cipher {bytes},
    erased_at {instant},
    CHECK ((secret_cipher IS NULL) = (erased_at IS NOT NULL))
);
CREATE TABLE person_document (
    person_id bigint NOT NULL REFERENCES person (person_id),
    document_no smallint NOT NULL,
    kind text NOT NULL,
    number_cipher {bytes} NOT NULL,
    recorded_at {instant} NOT NULL,
    PRIMARY KEY (person_id, document_no)
);
CREATE TABLE person_name (
    person_id bigint NOT NULL REFERENCES person (person_id),
    name_no smallint NOT NULL,
    name_cipher {bytes} NOT NULL,
    recorded_at {instant} NOT NULL,
    PRIMARY KEY (person_id, name_no)
);
CREATE TABLE identity_lookup (
    lookup {bytes} NOT NULL PRIMARY KEY,
    person_id bigint NOT NULL,
    document_no smallint NOT NULL
);
CREATE TABLE person_link (
    person_id bigint NOT NULL REFERENCES person (person_id),
    other_person_id bigint NOT NULL REFERENCES person (person_id),
    link_no smallint NOT NULL,
    linked boolean NOT NULL,
    act_id bigint NOT NULL,
    PRIMARY KEY (person_id, other_person_id, link_no),
    CHECK (person_id < other_person_id)
);
CREATE INDEX person_link_other ON person_link (other_person_id);
CREATE TABLE roster_batch (
    roster_no text NOT NULL PRIMARY KEY,
    filing_no text NOT NULL REFERENCES filing (filing_no),
    posted_by text NOT NULL,
    recorded_at {instant} NOT NULL,
    digest {bytes} NOT NULL,
    rows_credited integer NOT NULL,
    problems text NOT NULL
);
CREATE INDEX roster_batch_filing ON roster_batch (filing_no, recorded_at);
CREATE TABLE attendance (
    person_id bigint NOT NULL,
    filing_no text NOT NULL,
    session_no smallint NOT NULL,
    revision smallint NOT NULL,
    attended_minutes smallint NOT NULL CHECK (attended_minutes BETWEEN 0 AND 1440),
    roster_no text NOT NULL,
    row_no integer NOT NULL,
    PRIMARY KEY (person_id, filing_no, session_no, revision)
);
CREATE TABLE rule_pack (
    pack_id text NOT NULL,
    version integer NOT NULL,
    sha256 {bytes} NOT NULL,
    content {bytes} NOT NULL,
    proposed_by text NOT NULL,
    proposed_at {instant} NOT NULL,
    published_by text,
    published_at {instant},
    act_id bigint,
    PRIMARY KEY (pack_id, version),
    CHECK (published_by <> proposed_by),
    CHECK ((published_by IS NULL) = (published_at IS NULL))
);
CREATE TABLE record_import (
    import_no text NOT NULL PRIMARY KEY,
    jurisdiction text NOT NULL,
    scheme text NOT NULL,
    origin text NOT NULL,
    digest {bytes} NOT NULL UNIQUE,
    row_count integer NOT NULL,
    people integer NOT NULL,
    total_centihours bigint NOT NULL,
    person_centihours_max bigint NOT NULL,
    proposed_by text NOT NULL,
    proposed_at {instant} NOT NULL,
    approved_by text,
    CHECK (approved_by <> proposed_by)
);
CREATE TABLE record_import_row (
    person_id bigint NOT NULL,
    import_no text NOT NULL,
    row_no integer NOT NULL,
    credited_year smallint NOT NULL,
    subject text NOT NULL,
    centihours integer NOT NULL CHECK (centihours > 0),
    PRIMARY KEY (person_id, import_no, row_no)
);
CREATE INDEX record_import_row_file ON record_import_row (import_no, row_no);
CREATE TABLE verdict (
    verdict_no text NOT NULL PRIMARY KEY,
    person_id bigint,
    client_id text NOT NULL,
    mandate_no text NOT NULL,
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    disclose text NOT NULL,
    outcome text NOT NULL,
    question_digest {bytes} NOT NULL,
    recorded_at {instant} NOT NULL,
    jws text NOT NULL
);
CREATE INDEX verdict_question ON verdict (client_id, question_digest, recorded_at);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
