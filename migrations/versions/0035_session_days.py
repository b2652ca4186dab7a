"""Sessions are found by their day: a roster looks for what went on at the same time."""

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.execute("CREATE INDEX filing_session_day ON filing_session (day)")
