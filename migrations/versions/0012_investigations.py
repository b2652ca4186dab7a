"""Hours are frozen while an official looks into them: investigations, and the credits they hold."""

from alembic import op

revision = "0012"
down_revision = "0011"

INSTANT = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}

TABLES = """
CREATE TABLE investigation (
    investigation_no text NOT NULL PRIMARY KEY,
    case_no text NOT NULL,
    jurisdiction text NOT NULL,
    source_id integer NOT NULL REFERENCES ledger_source (source_id),
    person_id bigint,
    occasion text NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'cleared', 'found-false')),
    opened_by text NOT NULL,
    opened_at {instant} NOT NULL,
    act_id bigint NOT NULL,
    closed_by text,
    closed_at {instant},
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
CREATE INDEX investigation_jurisdiction ON investigation (jurisdiction, opened_at);
CREATE INDEX investigation_case ON investigation (case_no);
CREATE INDEX investigation_source ON investigation (source_id);
CREATE TABLE investigated_credit (
    person_id bigint NOT NULL,
    scheme text NOT NULL,
    occasion text NOT NULL,
    revision smallint NOT NULL,
    investigation_no text NOT NULL REFERENCES investigation (investigation_no),
    PRIMARY KEY (person_id, scheme, occasion, revision, investigation_no)
);
CREATE INDEX investigated_credit_held ON investigated_credit (investigation_no);
"""


def upgrade() -> None:
    instant = INSTANT[op.get_bind().dialect.name]
    for statement in TABLES.format(instant=instant).split(";\n"):
        if statement.strip():
            op.execute(statement)
