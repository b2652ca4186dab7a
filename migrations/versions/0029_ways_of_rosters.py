"""A roster that waits keeps the way in which attendance was found."""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    for table in ("held_roster", "roster_work"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN way text NOT NULL DEFAULT ''")
