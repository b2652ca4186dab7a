"""Rate limits are counted for all web workers together, in rows that need not outlive a crash."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # SQLite has one web worker, which counts in memory; the table stands so that schemas agree.
    kind = "UNLOGGED TABLE" if op.get_bind().dialect.name == "postgresql" else "TABLE"
    op.execute(f"""
        CREATE {kind} rate_count (
            subject text NOT NULL PRIMARY KEY,
            window_at bigint NOT NULL,
            used integer NOT NULL
        )""")
