"""How far people have read what moved on their records."""

from alembic import op

revision = "0018"
down_revision = "0017"

INSTANTS = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE news_read (
            person_id bigint NOT NULL PRIMARY KEY REFERENCES person (person_id),
            entry_id bigint NOT NULL,
            read_at {INSTANTS[op.get_bind().dialect.name]} NOT NULL
        )""")
