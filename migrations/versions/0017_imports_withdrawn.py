"""An import that is not approved is withdrawn, and its records may then be proposed again."""

from alembic import op

revision = "0017"
down_revision = "0016"

#: SQLite keeps a table's own UNIQUE for ever: the table is made again without it.
SQLITE = """
CREATE TABLE record_import_next (
    import_no text NOT NULL PRIMARY KEY,
    jurisdiction text NOT NULL,
    scheme text NOT NULL,
    origin text NOT NULL,
    digest BLOB NOT NULL,
    row_count integer NOT NULL,
    people integer NOT NULL,
    total_centihours bigint NOT NULL,
    person_centihours_max bigint NOT NULL,
    proposed_by text NOT NULL,
    proposed_at VARCHAR(27) NOT NULL,
    approved_by text,
    totals_digest BLOB,
    differences_accepted text,
    withdrawn_by text,
    withdrawn_because text,
    CHECK (approved_by <> proposed_by),
    CHECK (approved_by IS NULL OR withdrawn_by IS NULL)
);
INSERT INTO record_import_next
SELECT import_no, jurisdiction, scheme, origin, digest, row_count, people, total_centihours,
    person_centihours_max, proposed_by, proposed_at, approved_by, totals_digest,
    differences_accepted, NULL, NULL
FROM record_import;
DROP TABLE record_import;
ALTER TABLE record_import_next RENAME TO record_import;
"""
POSTGRESQL = """
ALTER TABLE record_import DROP CONSTRAINT record_import_digest_key;
ALTER TABLE record_import ADD COLUMN withdrawn_by text;
ALTER TABLE record_import ADD COLUMN withdrawn_because text;
ALTER TABLE record_import ADD CHECK (approved_by IS NULL OR withdrawn_by IS NULL);
"""
STANDING = """
CREATE UNIQUE INDEX record_import_standing ON record_import (digest) WHERE withdrawn_by IS NULL;
"""


def upgrade() -> None:
    own = SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL
    for statement in (own + STANDING).split(";\n"):
        if statement.strip():
            op.execute(statement)
