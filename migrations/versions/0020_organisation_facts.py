"""What is true of organisations from day to day: statements that are never changed."""

from alembic import op

revision = "0020"
down_revision = "0019"

TYPES = {
    "sqlite": {"instant": "VARCHAR(27)", "padded": "substr('00000000' || o.organisation_id, -8)"},
    "postgresql": {"instant": "timestamptz", "padded": "lpad(o.organisation_id::text, 8, '0')"},
}

TABLES = """
CREATE TABLE organisation_fact (
    fact_no text NOT NULL,
    sequence smallint NOT NULL CHECK (sequence >= 1),
    says text NOT NULL CHECK (says IN ('so', 'until', 'not_so')),
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    attribute text NOT NULL CHECK (attribute IN
        ('name', 'kind', 'district', 'class', 'base', 'base_suspension')),
    value text NOT NULL,
    level text NOT NULL CHECK (level IN ('', 'national', 'provincial', 'municipal')),
    valid_from date,
    valid_through date CHECK (valid_through >= valid_from),
    document_no text NOT NULL,
    document_day date,
    reason text NOT NULL,
    actor text NOT NULL,
    recorded_at {instant} NOT NULL,
    act_id bigint NOT NULL,
    PRIMARY KEY (fact_no, sequence),
    CHECK ((sequence = 1) = (says = 'so')),
    CHECK (says <> 'until' OR valid_through IS NOT NULL)
);
CREATE INDEX organisation_fact_organisation ON organisation_fact (organisation_id);
CREATE INDEX organisation_fact_value ON organisation_fact (attribute, value, level);
"""
#: What registration said of those that are there, as the facts that it is today.
REGISTERED = """
INSERT INTO organisation_fact (fact_no, sequence, says, organisation_id, attribute, value, level,
    document_no, reason, actor, recorded_at, act_id)
SELECT 'O' || {padded} || '{digit}', 1, 'so', o.organisation_id, '{attribute}', o.{column}, '',
    '', '', a.actor, a.recorded_at, o.act_id
FROM organisation o JOIN journal_act a ON a.act_id = o.act_id
"""
COLUMNS = (("name", "name"), ("kind", "kind"), ("district", "jurisdiction"))

_NAMED = "organisation_fact"
SQLITE_GUARDS = (
    f"CREATE TRIGGER {_NAMED}_no_update BEFORE UPDATE ON {_NAMED} {{refuse}}",
    f"CREATE TRIGGER {_NAMED}_no_delete BEFORE DELETE ON {_NAMED} {{refuse}}",
    # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
    f"CREATE TRIGGER {_NAMED}_no_replace BEFORE INSERT ON {_NAMED} WHEN EXISTS (SELECT 1"
    f" FROM {_NAMED} WHERE fact_no = NEW.fact_no AND sequence = NEW.sequence) {{refuse}}",
)
POSTGRESQL_GUARDS = (
    f"CREATE TRIGGER {_NAMED}_rewrite BEFORE UPDATE OR DELETE ON {_NAMED}"
    " FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rewrite()",
    f"CREATE TRIGGER {_NAMED}_truncate BEFORE TRUNCATE ON {_NAMED}"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite()",
    f"ALTER TABLE {_NAMED} ENABLE ALWAYS TRIGGER {_NAMED}_rewrite",
    f"ALTER TABLE {_NAMED} ENABLE ALWAYS TRIGGER {_NAMED}_truncate",
)


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    types = TYPES[dialect]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
    for digit, (attribute, column) in enumerate(COLUMNS, start=1):
        op.execute(REGISTERED.format(**types, digit=digit, attribute=attribute, column=column))
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_NAMED} is append-only'); END"
    for guard in SQLITE_GUARDS if dialect == "sqlite" else POSTGRESQL_GUARDS:
        op.execute(guard.format(refuse=refuse))
