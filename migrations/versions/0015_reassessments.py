"""Credits converted again under changed law: re-assessments, and the credits that they change."""

from alembic import op

revision = "0015"
down_revision = "0014"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE reassessment (
    reassessment_no text NOT NULL PRIMARY KEY,
    case_no text NOT NULL,
    jurisdiction text NOT NULL,
    scheme text NOT NULL,
    source_no text NOT NULL,
    earned_from date,
    earned_to date,
    state text NOT NULL CHECK (state IN ('waiting', 'rehearsing', 'rehearsed', 'proposed',
        'approved', 'carrying', 'done', 'failed', 'withdrawn')),
    requested_by text NOT NULL,
    requested_at {instant} NOT NULL,
    attempt integer NOT NULL,
    progressed_at {instant},
    finished_at {instant},
    step_total integer NOT NULL,
    step_done integer NOT NULL CHECK (step_done >= 0),
    packs text NOT NULL,
    digest {bytes},
    result text NOT NULL,
    failed text NOT NULL,
    proposed_by text,
    proposal_act_id bigint,
    approved_by text,
    act_id bigint,
    CHECK ((proposed_by IS NULL) = (proposal_act_id IS NULL)),
    CHECK ((approved_by IS NULL) = (act_id IS NULL)),
    CHECK (approved_by IS NULL OR approved_by <> proposed_by),
    CHECK (state NOT IN ('proposed', 'approved', 'carrying', 'done') OR proposed_by IS NOT NULL),
    CHECK (state NOT IN ('approved', 'carrying', 'done') OR approved_by IS NOT NULL)
);
CREATE INDEX reassessment_state ON reassessment (state, requested_at);
CREATE INDEX reassessment_jurisdiction ON reassessment (jurisdiction, requested_at);
CREATE TABLE reassessed_credit (
    person_id bigint NOT NULL,
    reassessment_no text NOT NULL REFERENCES reassessment (reassessment_no),
    occasion text NOT NULL,
    source_id integer NOT NULL REFERENCES ledger_source (source_id),
    leaf {bytes},
    centihours integer NOT NULL,
    credited_year smallint NOT NULL,
    subject text NOT NULL,
    new_centihours integer NOT NULL,
    new_credited_year smallint NOT NULL,
    new_subject text NOT NULL,
    plan text NOT NULL CHECK (plan IN
        ('replace', 'reverse', 'frozen', 'erased', 'beyond-bounds', 'undecided')),
    why text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN
        ('', 'done', 'gone', 'frozen', 'erased', 'beyond-bounds', 'differs', 'law-moved')),
    PRIMARY KEY (person_id, reassessment_no, occasion)
);
CREATE INDEX reassessed_credit_listed ON reassessed_credit (reassessment_no, source_id, occasion);
CREATE INDEX reassessed_credit_pending ON reassessed_credit (reassessment_no, outcome, source_id);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
