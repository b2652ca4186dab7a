"""PostgreSQL finds a credit by its leaf through a hash index: half the room, filled sooner."""

from alembic import op

revision = "0023"
down_revision = "0022"

# A leaf is only ever looked for as a whole, and two that were alike would both be found: that no
# leaf stands twice follows from the natural key, which its salt is made of. SQLite has no hashes.
HASHED = """
DROP INDEX ledger_entry_leaf;
CREATE INDEX ledger_entry_leaf ON ledger_entry USING hash (leaf) WHERE movement = 'credit';
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in HASHED.split(";\n"):
            if statement.strip():
                op.execute(statement)
