"""Drafts of filings: a provider's own until they are submitted."""

from alembic import op

revision = "0026"
down_revision = "0025"

INSTANTS = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE filing_draft (
            draft_no text NOT NULL PRIMARY KEY,
            organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
            title text NOT NULL,
            content text NOT NULL,
            version integer NOT NULL,
            saved_at {INSTANTS[op.get_bind().dialect.name]} NOT NULL,
            saved_by text NOT NULL
        )""")
    op.execute("CREATE INDEX filing_draft_of ON filing_draft (organisation_id, saved_at)")
