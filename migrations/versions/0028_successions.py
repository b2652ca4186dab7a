"""What becomes of organisations: closed, merged, split, and who takes over what."""

from alembic import op

revision = "0028"
down_revision = "0027"

INSTANT = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}

TABLES = """
CREATE TABLE succession_statement (
    succession_no text NOT NULL,
    sequence smallint NOT NULL CHECK (sequence IN (1, 2)),
    says text NOT NULL CHECK (says IN ('so', 'not_so')),
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    how text NOT NULL CHECK (how IN ('closed', 'merged', 'split')),
    day date NOT NULL,
    continues boolean NOT NULL,
    document_no text NOT NULL,
    document_day date,
    reason text NOT NULL,
    actor text NOT NULL,
    recorded_at {instant} NOT NULL,
    act_id bigint NOT NULL,
    PRIMARY KEY (succession_no, sequence),
    CHECK ((sequence = 1) = (says = 'so'))
);
CREATE INDEX succession_statement_organisation ON succession_statement (organisation_id);
CREATE TABLE succession_part (
    succession_no text NOT NULL,
    successor_id bigint NOT NULL REFERENCES organisation (organisation_id),
    filing_no text NOT NULL,
    PRIMARY KEY (succession_no, successor_id, filing_no)
);
CREATE INDEX succession_part_successor ON succession_part (successor_id);
ALTER TABLE organisation ADD COLUMN ended_on date;
"""
KEYS = {
    "succession_statement": ("succession_no", "sequence"),
    "succession_part": ("succession_no", "successor_id", "filing_no"),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in TABLES.format(instant=INSTANT[dialect]).split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table, key in KEYS.items():
        for guard in _guards(dialect, table, key):
            op.execute(guard)


def _guards(dialect: str, table: str, key: tuple[str, ...]) -> list[str]:
    if dialect == "postgresql":
        refuse = "EXECUTE FUNCTION ledger_refuse_rewrite()"
        return [
            f"CREATE TRIGGER {table}_rewrite BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW {refuse}",
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT {refuse}",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_rewrite",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_truncate",
        ]
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = " AND ".join(f"{each} = NEW.{each}" for each in key)
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        # INSERT OR REPLACE deletes rows without firing delete triggers.
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
        f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}",
    ]
