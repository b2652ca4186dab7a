"""Exemptions from hours, as officials approve them, and enterprises that lost the right to them."""

from alembic import op

revision = "0041"
down_revision = "0040"

INSTANT = {"sqlite": "VARCHAR(27)", "postgresql": "timestamptz"}

TABLES = """
CREATE TABLE exemption (
    person_id bigint NOT NULL REFERENCES person (person_id),
    exemption_no text NOT NULL,
    document_kind text NOT NULL,
    last_four text NOT NULL,
    scheme text NOT NULL,
    jurisdiction text NOT NULL,
    series text NOT NULL,
    specialty text NOT NULL,
    level text NOT NULL,
    pathway text NOT NULL,
    rule_scheme text NOT NULL,
    organisation_id bigint REFERENCES organisation (organisation_id),
    filer_id bigint REFERENCES organisation (organisation_id),
    application_day date NOT NULL,
    said text NOT NULL,
    version smallint NOT NULL CHECK (version > 0),
    state text NOT NULL CHECK (state IN ('submitted', 'returned', 'refused', 'approved',
        'withdrawn', 'given_back', 'revoked', 'used')),
    state_at {instant} NOT NULL,
    reason text NOT NULL,
    bounds text NOT NULL,
    filed_by text NOT NULL,
    filed_at {instant} NOT NULL,
    approved_by text,
    approved_at {instant},
    expires_on date,
    facts text NOT NULL,
    quota_year smallint,
    holds_place boolean NOT NULL,
    act_id bigint NOT NULL,
    PRIMARY KEY (person_id, exemption_no),
    CHECK ((approved_at IS NULL) = (expires_on IS NULL)),
    CHECK (NOT holds_place OR (approved_at IS NOT NULL AND quota_year IS NOT NULL))
);
CREATE INDEX exemption_number ON exemption (exemption_no);
CREATE INDEX exemption_places ON exemption (organisation_id, quota_year);
CREATE INDEX exemption_jurisdiction ON exemption (jurisdiction, filed_at);
CREATE TABLE recommendation_finding (
    finding_no text PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    finding text NOT NULL,
    document_no text NOT NULL,
    document_day date NOT NULL,
    reason text NOT NULL,
    copied_to text NOT NULL,
    copied_on date NOT NULL,
    found_by text NOT NULL,
    found_at {instant} NOT NULL,
    state text NOT NULL CHECK (state IN ('standing', 'lifted')),
    act_id bigint NOT NULL
);
CREATE INDEX recommendation_finding_organisation ON recommendation_finding (organisation_id);
"""


def upgrade() -> None:
    instant = INSTANT[op.get_bind().dialect.name]
    for statement in TABLES.format(instant=instant).split(";\n"):
        if statement.strip():
            op.execute(statement)
