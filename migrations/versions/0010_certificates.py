"""Certificates: issued once, never changed; and looks at their pages."""

from alembic import op

revision = "0010"
down_revision = "0009"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "bytes": "BLOB"},
    "postgresql": {"instant": "timestamptz", "bytes": "bytea"},
}

TABLES = """
CREATE TABLE certificate (
    person_id bigint NOT NULL REFERENCES person (person_id),
    number text NOT NULL CHECK (length(number) = 21),
    jurisdiction text NOT NULL,
    scheme text NOT NULL,
    years text NOT NULL,
    record_digest {bytes} NOT NULL CHECK (length(record_digest) = 32),
    edition smallint NOT NULL CHECK (edition >= 0),
    issued_at {instant} NOT NULL,
    valid_through date,
    facts_digest {bytes} NOT NULL CHECK (length(facts_digest) = 32),
    facts_cipher {bytes} NOT NULL,
    code_cipher {bytes} NOT NULL,
    act_id bigint NOT NULL REFERENCES journal_act (act_id),
    PRIMARY KEY (person_id, number)
);
CREATE UNIQUE INDEX certificate_natural
    ON certificate (person_id, scheme, years, record_digest, edition);
CREATE INDEX certificate_issued ON certificate (jurisdiction, issued_at);
CREATE TABLE certificate_lookup (
    lookup {bytes} NOT NULL PRIMARY KEY CHECK (length(lookup) = 32),
    person_id bigint NOT NULL,
    number text NOT NULL
);
CREATE TABLE certificate_revocation (
    person_id bigint NOT NULL,
    number text NOT NULL,
    reason text NOT NULL CHECK (reason IN
        ('issued-in-error', 'wrong-person', 'finding', 'code-exposed', 'holder-request')),
    revoked_at {instant} NOT NULL,
    act_id bigint NOT NULL REFERENCES journal_act (act_id),
    PRIMARY KEY (person_id, number),
    FOREIGN KEY (person_id, number) REFERENCES certificate (person_id, number)
);
CREATE TABLE certificate_view (
    person_id bigint NOT NULL,
    viewed_at {instant} NOT NULL,
    view_id bigint NOT NULL,
    number text NOT NULL,
    PRIMARY KEY (person_id, viewed_at, view_id),
    FOREIGN KEY (person_id, number) REFERENCES certificate (person_id, number)
);
"""

#: table -> the keys under which a row may appear only once
APPEND_ONLY = {
    "certificate": [
        "person_id = NEW.person_id AND number = NEW.number",
        "person_id = NEW.person_id AND scheme = NEW.scheme AND years = NEW.years"
        " AND record_digest = NEW.record_digest AND edition = NEW.edition",
    ],
    "certificate_lookup": ["lookup = NEW.lookup"],
    "certificate_revocation": ["person_id = NEW.person_id AND number = NEW.number"],
    "certificate_view": [
        "person_id = NEW.person_id AND viewed_at = NEW.viewed_at AND view_id = NEW.view_id"
    ],
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in TABLES.format(**TYPES[dialect]).split(";\n"):
        if statement.strip():
            op.execute(statement)
    guard = _guard_postgresql if dialect == "postgresql" else _guard_sqlite
    for table in APPEND_ONLY:
        guard(table)


def _guard_sqlite(table: str) -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
    # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in APPEND_ONLY[table])
    op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}")


def _guard_postgresql(table: str) -> None:
    for name, events, each in (
        ("rewrite", "UPDATE OR DELETE", "ROW"),
        ("truncate", "TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {events} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION ledger_refuse_rewrite()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")
