"""On SQLite too nobody chooses the number of an entry or act: a lower one would pass the sealer by.

PostgreSQL has withheld these columns from the application since the first migration.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

NUMBERS = {"ledger_entry": "entry_id", "journal_act": "act_id"}


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, number in NUMBERS.items():
        op.execute(
            f"CREATE TRIGGER {table}_no_choice AFTER INSERT ON {table}"
            f" WHEN NEW.{number} < (SELECT max({number}) FROM {table})"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: its numbers are given'); END"
        )
