"""Delegations: who may post attendance for whom, until when; and by which a roster was posted."""

from alembic import op

revision = "0024"
down_revision = "0023"

INSTANT = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}

TABLES = """
CREATE TABLE delegation (
    delegation_no text PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    delegate_id bigint NOT NULL REFERENCES organisation (organisation_id),
    filing_no text REFERENCES filing (filing_no),
    valid_from date NOT NULL,
    valid_through date NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'suspended', 'ended')),
    reason text NOT NULL,
    given_by text NOT NULL,
    given_at {instant} NOT NULL,
    state_at {instant} NOT NULL,
    act_id bigint NOT NULL,
    CHECK (organisation_id <> delegate_id),
    CHECK (valid_through >= valid_from)
);
CREATE INDEX delegation_delegate ON delegation (delegate_id, organisation_id);
CREATE INDEX delegation_organisation ON delegation (organisation_id);
ALTER TABLE roster_batch ADD COLUMN delegation_no text REFERENCES delegation (delegation_no);
"""


def upgrade() -> None:
    instant = INSTANT[op.get_bind().dialect.name]
    for statement in TABLES.format(instant=instant).split(";\n"):
        if statement.strip():
            op.execute(statement)
