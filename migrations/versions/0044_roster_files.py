"""Files of rosters are kept for a set term, then only what tells one file from another."""

from alembic import op

revision = "0044"
down_revision = "0043"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}
TABLES = """
CREATE TABLE roster_file (
    roster_no text NOT NULL PRIMARY KEY REFERENCES roster_batch (roster_no),
    kind text NOT NULL CHECK (kind IN ('xlsx', 'xls', 'csv')),
    byte_length integer NOT NULL CHECK (byte_length BETWEEN 1 AND 67108864),
    digest_cipher {bytes} NOT NULL,
    kept_at {instant} NOT NULL
);
CREATE INDEX roster_file_kept ON roster_file (kept_at);
CREATE TABLE roster_file_content (
    roster_no text NOT NULL PRIMARY KEY REFERENCES roster_file (roster_no),
    file_cipher {bytes},
    erased_on date,
    CHECK ((file_cipher IS NULL) = (erased_on IS NOT NULL))
);
CREATE TABLE roster_file_download (
    roster_no text NOT NULL REFERENCES roster_file (roster_no),
    downloaded_at {instant} NOT NULL,
    download_id bigint NOT NULL,
    downloaded_by text NOT NULL,
    reason text NOT NULL CHECK (reason IN ('', 'correction', 'dispute', 'investigation',
        'inspection')),
    case_no text NOT NULL CHECK (case_no = '' OR reason <> ''),
    PRIMARY KEY (roster_no, downloaded_at, download_id)
);
"""
APPENDED = {
    "roster_file": "roster_no = NEW.roster_no",
    "roster_file_download": "roster_no = NEW.roster_no AND downloaded_at = NEW.downloaded_at"
    " AND download_id = NEW.download_id",
}
SQLITE_GUARDS = (
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
    "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS"
    " (SELECT 1 FROM {table} WHERE {same}) {refuse}",
)
POSTGRESQL_GUARDS = (
    "CREATE TRIGGER {table}_rewrite BEFORE UPDATE OR DELETE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rewrite()",
    "CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite()",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_rewrite",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_truncate",
)


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    types = TYPES[dialect]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
    # The file as a machine sent it, beside its rows, while both wait to be posted.
    op.execute(
        f"ALTER TABLE roster_work ADD COLUMN file_cipher {types['bytes']}"
        " CHECK (file_cipher IS NULL OR content_cipher IS NOT NULL)"
    )
    if dialect == "postgresql":  # ciphers do not get smaller by packing them
        op.execute("ALTER TABLE roster_file_content ALTER COLUMN file_cipher SET STORAGE EXTERNAL")
    for table, same in APPENDED.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for guard in SQLITE_GUARDS if dialect == "sqlite" else POSTGRESQL_GUARDS:
            op.execute(guard.format(table=table, same=same, refuse=refuse))
