"""Figures of providers as they were published, day by day where they changed, kept for ever."""

from alembic import op

revision = "0055"
down_revision = "0054"

TABLE = """
CREATE TABLE published_figures (
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    year smallint NOT NULL CHECK (year BETWEEN 1900 AND 9999),
    published_on date NOT NULL,
    figures text NOT NULL,
    PRIMARY KEY (organisation_id, year, published_on)
)
"""
_NAMED = "published_figures"
_REFUSE = f"BEGIN SELECT RAISE(ABORT, '{_NAMED} is append-only'); END"
GUARDS = {
    "sqlite": (
        f"CREATE TRIGGER {_NAMED}_no_update BEFORE UPDATE ON {_NAMED} {_REFUSE}",
        f"CREATE TRIGGER {_NAMED}_no_delete BEFORE DELETE ON {_NAMED} {_REFUSE}",
        # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
        f"CREATE TRIGGER {_NAMED}_no_replace BEFORE INSERT ON {_NAMED} WHEN EXISTS (SELECT 1"
        f" FROM {_NAMED} WHERE organisation_id = NEW.organisation_id AND year = NEW.year"
        f" AND published_on = NEW.published_on) {_REFUSE}",
    ),
    "postgresql": (
        f"CREATE TRIGGER {_NAMED}_rewrite BEFORE UPDATE OR DELETE ON {_NAMED}"
        " FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rewrite()",
        f"CREATE TRIGGER {_NAMED}_truncate BEFORE TRUNCATE ON {_NAMED}"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite()",
        f"ALTER TABLE {_NAMED} ENABLE ALWAYS TRIGGER {_NAMED}_rewrite",
        f"ALTER TABLE {_NAMED} ENABLE ALWAYS TRIGGER {_NAMED}_truncate",
    ),
}


def upgrade() -> None:
    op.execute(TABLE)
    for guard in GUARDS[op.get_bind().dialect.name]:
        op.execute(guard)
