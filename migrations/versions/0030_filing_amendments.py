"""Amendments of approved filings: versions that a provider asks for and an official decides."""

from alembic import op

revision = "0030"
down_revision = "0029"

INSTANTS = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}


def upgrade() -> None:
    instant = INSTANTS[op.get_bind().dialect.name]
    op.execute(f"""
        CREATE TABLE filing_amendment (
            filing_no text NOT NULL REFERENCES filing (filing_no),
            version smallint NOT NULL CHECK (version > 1),
            state text NOT NULL CHECK (state IN ('asked', 'approved', 'refused', 'withdrawn')),
            before text NOT NULL,
            after text NOT NULL,
            reason text NOT NULL,
            asked_by text NOT NULL,
            asked_at {instant} NOT NULL,
            decided_by text,
            decided_at {instant},
            decision text NOT NULL,
            PRIMARY KEY (filing_no, version),
            CHECK ((state = 'asked') = (decided_at IS NULL))
        )""")
    op.execute(
        "CREATE UNIQUE INDEX filing_amendment_asked ON filing_amendment (filing_no)"
        " WHERE state = 'asked'"
    )
