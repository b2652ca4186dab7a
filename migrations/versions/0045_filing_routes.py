"""Routes of filings to the offices that decide them; which office each filing was routed to."""

from alembic import op

revision = "0045"
down_revision = "0044"

INSTANT = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}

TABLES = """
CREATE TABLE filing_route (
    route_no text PRIMARY KEY,
    district text NOT NULL,
    kind text NOT NULL,
    level text NOT NULL,
    office text NOT NULL,
    valid_from date NOT NULL,
    valid_through date,
    document_no text NOT NULL,
    document_day date NOT NULL,
    reason text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at {instant} NOT NULL,
    act_id bigint NOT NULL
);
CREATE UNIQUE INDEX filing_route_open ON filing_route (district, kind, level)
    WHERE valid_through IS NULL;
CREATE INDEX filing_route_district ON filing_route (district);
ALTER TABLE filing ADD COLUMN deciding_office text NOT NULL DEFAULT '';
ALTER TABLE filing ADD COLUMN route_no text REFERENCES filing_route (route_no);
ALTER TABLE filing ADD COLUMN escalated_to text;
UPDATE filing SET deciding_office = jurisdiction;
CREATE INDEX filing_deciding_office ON filing (deciding_office)
"""


def upgrade() -> None:
    instant = INSTANT[op.get_bind().dialect.name]
    for statement in TABLES.format(instant=instant).split(";\n"):
        if statement.strip():
            op.execute(statement)
