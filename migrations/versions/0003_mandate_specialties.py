"""Mandates may name specialties (专业): a committee of one specialty asks in no other."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE mandate ADD COLUMN specialties text NOT NULL DEFAULT ''")
