"""What officials looked up of somebody's hours, for that somebody to see."""

from alembic import op

revision = "0050"
down_revision = "0049"

INSTANT = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}

TABLES = """
CREATE TABLE desk_look (
    person_id bigint NOT NULL REFERENCES person (person_id),
    client_id text NOT NULL,
    shown text NOT NULL,
    matter text NOT NULL,
    purpose text NOT NULL,
    day date NOT NULL,
    jurisdiction text NOT NULL,
    looked_at {instant} NOT NULL,
    PRIMARY KEY (person_id, client_id, shown, matter, purpose, day)
)
"""


def upgrade() -> None:
    instant = INSTANT[op.get_bind().dialect.name]
    op.execute(TABLES.format(instant=instant))
