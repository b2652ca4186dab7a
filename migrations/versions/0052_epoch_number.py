"""PostgreSQL tells the epoch of a row by a counter, which costs a sixth of asking the table.

Whoever opens an epoch sets it; the application may only read it. Where it says anything else than
the newest epoch nothing is written, so that one set wrongly hides no row.
"""

from alembic import op

revision = "0052"
down_revision = "0051"

STATEMENTS = (
    "CREATE SEQUENCE ledger_epoch_number AS smallint",
    "SELECT setval('ledger_epoch_number', (SELECT max(epoch) FROM ledger_epoch))",
    # Stable, though the counter is not: with a default that may change within a statement COPY
    # would take in row by row. No epoch is opened where anybody may write.
    """
CREATE OR REPLACE FUNCTION ledger_epoch_now() RETURNS smallint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN pg_catalog.pg_sequence_last_value('public.ledger_epoch_number'::regclass)::smallint;
END $$
""",
    """
CREATE OR REPLACE FUNCTION ledger_check_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM public.ledger_epoch
        WHERE epoch = (SELECT max(epoch) FROM public.ledger_epoch)
        AND epoch = public.ledger_epoch_now()
        AND server = (SELECT system_identifier::text FROM pg_control_system())
    ) THEN
        RAISE EXCEPTION 'this database was restored: run creditbank ledger seal to open a new epoch'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NULL;
END $$
""",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in STATEMENTS:
            op.execute(statement)
