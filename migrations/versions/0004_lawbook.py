"""How law is published: review, corrigenda, adoption of drafts, and what a change would do."""

from alembic import op

revision = "0004"
down_revision = "0003"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
ALTER TABLE rule_pack ADD COLUMN state text NOT NULL DEFAULT 'proposed'
    CHECK (state IN ('proposed', 'reviewed', 'returned', 'withdrawn', 'published'));
ALTER TABLE rule_pack ADD COLUMN corrigendum text NOT NULL DEFAULT '';
ALTER TABLE rule_pack ADD COLUMN reviewed_by text CHECK (reviewed_by <> proposed_by);
ALTER TABLE rule_pack ADD COLUMN reason text NOT NULL DEFAULT '';
UPDATE rule_pack SET state = 'published' WHERE published_at IS NOT NULL;
CREATE TABLE rule_adoption (
    adoption_no text NOT NULL PRIMARY KEY,
    pack_id text NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('adopted', 'ended')),
    day date NOT NULL,
    document text NOT NULL,
    title text NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at {instant} NOT NULL,
    approved_by text,
    approved_at {instant},
    act_id bigint,
    FOREIGN KEY (pack_id, version) REFERENCES rule_pack (pack_id, version),
    CHECK (approved_by <> proposed_by),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);
CREATE INDEX rule_adoption_pack ON rule_adoption (pack_id);
CREATE TABLE impact_run (
    run_no text NOT NULL PRIMARY KEY,
    pack_id text NOT NULL,
    version integer NOT NULL,
    sha256 {bytes} NOT NULL,
    content {bytes} NOT NULL,
    jurisdiction text NOT NULL,
    base_version integer,
    base_sha256 {bytes},
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    requested_by text NOT NULL,
    requested_at {instant} NOT NULL,
    progressed_at {instant},
    finished_at {instant},
    attempt integer NOT NULL,
    people_total integer NOT NULL,
    people_done integer NOT NULL,
    result text NOT NULL,
    CHECK ((base_version IS NULL) = (base_sha256 IS NULL))
);
CREATE INDEX impact_run_pack ON impact_run (pack_id, version);
CREATE INDEX verdict_person ON verdict (person_id);
"""

#: table -> (column that, once it is set, freezes the row; columns that never change)
FROZEN = {
    "rule_pack": (
        "published_at",
        ("pack_id", "version", "sha256", "content", "proposed_by", "proposed_at", "corrigendum"),
    ),
    "rule_adoption": (
        "approved_at",
        (
            "adoption_no", "pack_id", "version", "kind", "day", "document", "title", "reason",
            "proposed_by", "proposed_at",
        ),
    ),
}  # fmt: skip
KEYS = {"rule_pack": ("pack_id", "version"), "rule_adoption": ("adoption_no",)}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in TABLES.format(**TYPES[dialect]).split(";\n"):
        if statement.strip():
            op.execute(statement)
    if dialect == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _rewrites(table: str) -> str:
    """Say when an update changes what stands."""
    frozen, kept = FROZEN[table]
    changed = (f"NEW.{column} <> OLD.{column}" for column in kept)
    return " OR ".join((f"OLD.{frozen} IS NOT NULL", *changed))


def _guard_sqlite() -> None:
    for table in FROZEN:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} keeps its rows: add another'); END"
        op.execute(
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table}"
            f" WHEN {_rewrites(table)} {refuse}"
        )
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        # INSERT OR REPLACE deletes rows without firing delete triggers.
        same = " AND ".join(f"{column} = NEW.{column}" for column in KEYS[table])
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}"
        )


def _guard_postgresql() -> None:
    op.execute("""
CREATE FUNCTION rules_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% keeps its rows: add another', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
""")
    for table in FROZEN:
        for name, events, each, when in (
            ("frozen", "UPDATE", "ROW", f"WHEN ({_rewrites(table)})"),
            ("delete", "DELETE", "ROW", ""),
            ("truncate", "TRUNCATE", "STATEMENT", ""),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {events} ON {table}"
                f" FOR EACH {each} {when} EXECUTE FUNCTION rules_refuse_rewrite()"
            )
            op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")
