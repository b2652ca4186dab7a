"""A held row says which xAPI statement it came by, so that a decision or a voiding reaches both."""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.execute("ALTER TABLE name_check ADD COLUMN statement_by bigint")
    op.execute("ALTER TABLE name_check ADD COLUMN statement_id text")
