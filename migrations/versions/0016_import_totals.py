"""Earlier records are reconciled with the totals that the old system states."""

from alembic import op

revision = "0016"
down_revision = "0015"

TYPES = {"sqlite": {"bytes": "BLOB"}, "postgresql": {"bytes": "bytea"}}

TABLES = """
ALTER TABLE record_import ADD COLUMN totals_digest {bytes};
ALTER TABLE record_import ADD COLUMN differences_accepted text;
CREATE TABLE record_import_total (
    person_id bigint NOT NULL,
    import_no text NOT NULL,
    credited_year smallint NOT NULL,
    stated_centihours integer,
    found_centihours integer NOT NULL,
    PRIMARY KEY (person_id, import_no, credited_year)
);
CREATE INDEX record_import_total_file ON record_import_total (import_no, credited_year);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
