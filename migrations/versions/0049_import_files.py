"""Files of earlier records are kept as those of rosters are; it is told why one was erased."""

from alembic import op

revision = "0049"
down_revision = "0048"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}
BECAUSE = (
    "erased_because text NOT NULL DEFAULT ''"
    " CHECK (erased_because = '' OR (erased_because = 'person' AND erased_on IS NOT NULL))"
)
TABLES = """
CREATE TABLE import_file (
    file_no text NOT NULL PRIMARY KEY,
    import_no text NOT NULL REFERENCES record_import (import_no),
    kind text NOT NULL CHECK (kind IN ('xlsx', 'xls', 'csv', 'json')),
    byte_length integer NOT NULL CHECK (byte_length BETWEEN 1 AND 67108864),
    digest_cipher {bytes} NOT NULL,
    kept_at {instant} NOT NULL,
    CHECK (file_no IN (import_no, import_no || '-totals'))
);
CREATE INDEX import_file_kept ON import_file (kept_at);
CREATE TABLE import_file_content (
    file_no text NOT NULL PRIMARY KEY REFERENCES import_file (file_no),
    file_cipher {bytes},
    erased_on date,
    {because},
    CHECK ((file_cipher IS NULL) = (erased_on IS NOT NULL))
);
CREATE TABLE import_file_download (
    file_no text NOT NULL REFERENCES import_file (file_no),
    downloaded_at {instant} NOT NULL,
    download_id bigint NOT NULL,
    downloaded_by text NOT NULL,
    reason text NOT NULL CHECK (reason IN ('', 'correction', 'dispute', 'investigation',
        'inspection')),
    case_no text NOT NULL CHECK (case_no = '' OR reason <> ''),
    PRIMARY KEY (file_no, downloaded_at, download_id)
);
ALTER TABLE roster_file_content ADD COLUMN {because};
"""
APPENDED = {
    "import_file": "file_no = NEW.file_no",
    "import_file_download": "file_no = NEW.file_no AND downloaded_at = NEW.downloaded_at"
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
    for statement in TABLES.format(**TYPES[dialect], because=BECAUSE).split(";\n"):
        if statement.strip():
            op.execute(statement)
    if dialect == "postgresql":  # ciphers do not get smaller by packing them
        op.execute("ALTER TABLE import_file_content ALTER COLUMN file_cipher SET STORAGE EXTERNAL")
    for table, same in APPENDED.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for guard in SQLITE_GUARDS if dialect == "sqlite" else POSTGRESQL_GUARDS:
            op.execute(guard.format(table=table, same=same, refuse=refuse))
