"""Hours that no roster brings: declared items, hours of another scheme, hours as a filing asks."""

from alembic import op

revision = "0005"
down_revision = "0004"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

# Public numbers and leaves are looked up by indexes that are not unique: every unique key of a
# person's table begins with the person.
TABLES = """
CREATE TABLE declared_item (
    person_id bigint NOT NULL,
    item_no text NOT NULL,
    jurisdiction text NOT NULL,
    scheme text NOT NULL,
    organisation_id bigint,
    document_kind text NOT NULL,
    last_four text NOT NULL,
    activity text NOT NULL,
    form text NOT NULL,
    subject text NOT NULL,
    title text NOT NULL,
    day date NOT NULL,
    work text NOT NULL,
    said text NOT NULL,
    evidence text NOT NULL,
    asked_centihours integer CHECK (asked_centihours > 0),
    approved_centihours integer CHECK (approved_centihours > 0),
    state text NOT NULL
        CHECK (state IN ('declared', 'returned', 'refused', 'recognised', 'withdrawn')),
    declared_by text NOT NULL,
    declared_at {instant} NOT NULL,
    decided_by text,
    decided_at {instant},
    reason text NOT NULL,
    PRIMARY KEY (person_id, item_no),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state = 'declared' OR decided_by IS NOT NULL)
);
CREATE INDEX declared_item_number ON declared_item (item_no);
CREATE INDEX declared_item_jurisdiction ON declared_item (jurisdiction, declared_at);
CREATE INDEX declared_item_organisation ON declared_item (organisation_id, declared_at);
CREATE TABLE recognised_transfer (
    person_id bigint NOT NULL,
    transfer_no text NOT NULL,
    jurisdiction text NOT NULL,
    scheme text NOT NULL,
    origin_scheme text NOT NULL,
    origin_source_id integer NOT NULL,
    origin_leaf {bytes} NOT NULL CHECK (length(origin_leaf) = 32),
    state text NOT NULL CHECK (state IN ('recognised', 'withdrawn')),
    recognised_by text NOT NULL,
    recognised_at {instant} NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (person_id, transfer_no)
);
CREATE INDEX recognised_transfer_number ON recognised_transfer (transfer_no);
CREATE INDEX recognised_transfer_origin ON recognised_transfer (origin_source_id);
ALTER TABLE filing ADD COLUMN asked_centihours integer CHECK (asked_centihours > 0);
ALTER TABLE filing ADD COLUMN approved_centihours integer CHECK (approved_centihours > 0);
CREATE INDEX ledger_entry_leaf ON ledger_entry (leaf) WHERE movement = 'credit';
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
