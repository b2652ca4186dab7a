"""Filings have a kind with facts of its own; sessions have hours of the day, a place, teachers."""

from alembic import op

revision = "0022"
down_revision = "0021"

TABLES = """
ALTER TABLE filing ADD COLUMN kind text NOT NULL DEFAULT 'enterprise_run';
UPDATE filing SET kind = CASE
    WHEN activity = 'practical_training' OR activity = 'overseas_training' THEN 'practical_training'
    WHEN activity = 'online_course' OR activity = 'construction_online_course' THEN 'online_course'
    WHEN activity = 'advanced_seminar' OR activity = 'digital_engineer_programme' THEN activity
    ELSE kind END;
ALTER TABLE filing ADD COLUMN facts text NOT NULL DEFAULT '{}';
ALTER TABLE filing ADD COLUMN policy_teaching boolean NOT NULL DEFAULT false;
ALTER TABLE filing_session ADD COLUMN begins_at text NOT NULL DEFAULT '';
ALTER TABLE filing_session ADD COLUMN ends_at text NOT NULL DEFAULT '';
ALTER TABLE filing_session ADD COLUMN place text NOT NULL DEFAULT '';
ALTER TABLE filing_session ADD COLUMN teachers text NOT NULL DEFAULT '';
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
