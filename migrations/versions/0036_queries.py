"""Refused questions are noted; professionals object to queries about them, and officials answer."""

from alembic import op

revision = "0036"
down_revision = "0035"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE refused_question (
    question_no text NOT NULL PRIMARY KEY,
    client_id text NOT NULL,
    organisation_id bigint REFERENCES organisation (organisation_id),
    jurisdiction text NOT NULL,
    scheme text NOT NULL,
    series text NOT NULL,
    specialty text NOT NULL,
    level text NOT NULL,
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    reason text NOT NULL,
    bounds text NOT NULL,
    people integer NOT NULL CHECK (people >= 0),
    subject_digest {bytes},
    asked_at {instant} NOT NULL
);
CREATE INDEX refused_question_jurisdiction ON refused_question (jurisdiction, asked_at);
CREATE INDEX refused_question_subject ON refused_question (subject_digest);
CREATE TABLE query_objection (
    objection_no text NOT NULL PRIMARY KEY,
    verdict_no text NOT NULL UNIQUE REFERENCES verdict (verdict_no),
    person_id bigint NOT NULL REFERENCES person (person_id),
    jurisdiction text NOT NULL,
    words_cipher {bytes} NOT NULL,
    raised_at {instant} NOT NULL,
    finding text NOT NULL CHECK (finding IN ('', 'upheld', 'rejected')),
    answer_cipher {bytes},
    answered_by text,
    answered_at {instant},
    act_id bigint,
    told_at {instant},
    CHECK ((finding = '') = (act_id IS NULL)),
    CHECK ((finding = '') = (answer_cipher IS NULL))
);
CREATE INDEX query_objection_jurisdiction ON query_objection (jurisdiction, raised_at);
CREATE INDEX query_objection_person ON query_objection (person_id);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
