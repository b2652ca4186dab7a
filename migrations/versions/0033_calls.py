"""Yearly calls for seminars and bases, and the bids on them."""

from alembic import op

revision = "0033"
down_revision = "0032"

INSTANT = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}

TABLES = """
CREATE TABLE yearly_call (
    call_no text PRIMARY KEY,
    jurisdiction text NOT NULL,
    year smallint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('advanced_seminar', 'training_base')),
    level text NOT NULL CHECK (level IN ('national', 'provincial', 'municipal')),
    title text NOT NULL,
    lanes text NOT NULL,
    closes_on date NOT NULL,
    document_no text NOT NULL,
    document_day date NOT NULL,
    opened_by text NOT NULL,
    opened_at {instant} NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'decided')),
    act_id bigint NOT NULL
);
CREATE INDEX yearly_call_year ON yearly_call (year, call_no);
CREATE TABLE call_bid (
    bid_no text PRIMARY KEY,
    call_no text NOT NULL REFERENCES yearly_call (call_no),
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    lane text NOT NULL,
    title text NOT NULL,
    plan text NOT NULL,
    bid_by text NOT NULL,
    bid_at {instant} NOT NULL,
    state text NOT NULL CHECK (state IN ('submitted', 'awarded', 'refused')),
    recommended_to text NOT NULL CHECK (recommended_to IN ('', 'national', 'provincial')),
    act_id bigint NOT NULL,
    UNIQUE (call_no, organisation_id)
);
"""


def upgrade() -> None:
    instant = INSTANT[op.get_bind().dialect.name]
    for statement in TABLES.format(instant=instant).split(";\n"):
        if statement.strip():
            op.execute(statement)
