"""A check-in that a delegate opened names its delegation."""

from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE check_in ADD COLUMN delegation_no text REFERENCES delegation (delegation_no)"
    )
