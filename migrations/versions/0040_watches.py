"""Verdicts are watched: what supersedes them is an event, fed in order and delivered signed."""

from alembic import op

revision = "0040"
down_revision = "0039"

TYPES = {"sqlite": {"instant": "VARCHAR(27)"}, "postgresql": {"instant": "timestamptz"}}

TABLES = """
CREATE TABLE verdict_watch (
    verdict_no text NOT NULL PRIMARY KEY REFERENCES verdict (verdict_no),
    person_id bigint NOT NULL REFERENCES person (person_id),
    client_id text NOT NULL,
    client_jurisdiction text NOT NULL,
    organisation_id bigint REFERENCES organisation (organisation_id),
    scheme text NOT NULL,
    jurisdiction text NOT NULL,
    current_no text NOT NULL REFERENCES verdict (verdict_no),
    state text NOT NULL CHECK (state IN ('active', 'ended')),
    due_seal bigint,
    begun_at {instant} NOT NULL,
    ended_at {instant},
    reason text NOT NULL,
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK (state = 'active' OR due_seal IS NULL)
);
CREATE INDEX verdict_watch_person ON verdict_watch (person_id);
CREATE INDEX verdict_watch_client ON verdict_watch (client_id, begun_at);
CREATE INDEX verdict_watch_due ON verdict_watch (due_seal);
CREATE TABLE watch_place (
    place_no smallint NOT NULL PRIMARY KEY CHECK (place_no = 1),
    seal_no bigint NOT NULL,
    position bigint NOT NULL
);
CREATE TABLE client_event (
    event_no text NOT NULL PRIMARY KEY,
    position bigint UNIQUE,
    client_id text NOT NULL,
    kind text NOT NULL,
    watched_no text NOT NULL REFERENCES verdict (verdict_no),
    verdict_no text NOT NULL REFERENCES verdict (verdict_no),
    superseded_by text REFERENCES verdict (verdict_no),
    changed text NOT NULL,
    recorded_at {instant} NOT NULL
);
CREATE INDEX client_event_feed ON client_event (client_id, position);
CREATE TABLE webhook (
    client_id text NOT NULL PRIMARY KEY,
    url text NOT NULL,
    kinds text NOT NULL,
    set_at {instant} NOT NULL
);
CREATE TABLE event_delivery (
    event_no text NOT NULL PRIMARY KEY REFERENCES client_event (event_no),
    client_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL,
    next_at {instant} NOT NULL,
    tried_at {instant},
    status integer,
    failure text NOT NULL
);
CREATE INDEX event_delivery_due ON event_delivery (state, next_at);
"""


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for statement in TABLES.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute("INSERT INTO watch_place (place_no, seal_no, position) VALUES (1, 0, 0)")
