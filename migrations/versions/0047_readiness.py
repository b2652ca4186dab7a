"""Lists that look at who is ready for a review, and the reminders before its day."""

from alembic import op

revision = "0047"
down_revision = "0046"

INSTANT = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}

TABLES = """
CREATE TABLE readiness_list (
    batch_no text PRIMARY KEY REFERENCES verdict_batch (batch_no),
    client_id text NOT NULL,
    due_on date NOT NULL,
    rule_scheme text NOT NULL,
    rule_key text NOT NULL,
    looked_on date,
    told_at {instant},
    read_at {instant}
);
CREATE INDEX readiness_list_due ON readiness_list (due_on);
CREATE INDEX readiness_list_client ON readiness_list (client_id);
CREATE TABLE review_reminder (
    person_id bigint NOT NULL REFERENCES person (person_id),
    due_on date NOT NULL,
    batch_no text NOT NULL REFERENCES verdict_batch (batch_no),
    verdict_no text NOT NULL REFERENCES verdict (verdict_no),
    outcome text NOT NULL CHECK (outcome IN ('not_met', 'undetermined')),
    short text NOT NULL,
    told_at {instant} NOT NULL,
    read_at {instant},
    PRIMARY KEY (person_id, due_on)
)
"""


def upgrade() -> None:
    instant = INSTANT[op.get_bind().dialect.name]
    for statement in TABLES.format(instant=instant).split(";\n"):
        if statement.strip():
            op.execute(statement)
