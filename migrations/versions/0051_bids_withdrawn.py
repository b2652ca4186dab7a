"""A bid on a yearly call is withdrawn by its bidder, who may bid again before the call closes."""

from alembic import op

revision = "0051"
down_revision = "0050"

#: SQLite keeps a table's own constraints for ever: the table is made again with others.
SQLITE = """
CREATE TABLE call_bid_next (
    bid_no text PRIMARY KEY,
    call_no text NOT NULL REFERENCES yearly_call (call_no),
    organisation_id bigint NOT NULL REFERENCES organisation (organisation_id),
    lane text NOT NULL,
    title text NOT NULL,
    plan text NOT NULL,
    bid_by text NOT NULL,
    bid_at VARCHAR(27) NOT NULL,
    state text NOT NULL CHECK (state IN ('submitted', 'withdrawn', 'awarded', 'refused')),
    recommended_to text NOT NULL CHECK (recommended_to IN ('', 'national', 'provincial')),
    act_id bigint NOT NULL
);
INSERT INTO call_bid_next
SELECT bid_no, call_no, organisation_id, lane, title, plan, bid_by, bid_at, state, recommended_to,
    act_id
FROM call_bid;
DROP TABLE call_bid;
ALTER TABLE call_bid_next RENAME TO call_bid;
"""
POSTGRESQL = """
ALTER TABLE call_bid DROP CONSTRAINT call_bid_call_no_organisation_id_key;
ALTER TABLE call_bid DROP CONSTRAINT call_bid_state_check;
ALTER TABLE call_bid ADD CHECK (state IN ('submitted', 'withdrawn', 'awarded', 'refused'));
"""
STANDING = """
CREATE UNIQUE INDEX call_bid_standing ON call_bid (call_no, organisation_id)
    WHERE state <> 'withdrawn';
"""


def upgrade() -> None:
    own = SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL
    for statement in (own + STANDING).split(";\n"):
        if statement.strip():
            op.execute(statement)
