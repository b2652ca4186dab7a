"""Codes by which a bare yes or no is shown and nothing more."""

from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    false = "0" if op.get_bind().dialect.name == "sqlite" else "false"
    op.execute(
        f"ALTER TABLE holder_code ADD COLUMN predicate_only boolean NOT NULL DEFAULT {false}"
    )
