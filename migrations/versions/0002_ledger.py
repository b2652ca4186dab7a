"""Ledger and journal: append-only by the database itself, partitioned by person on PostgreSQL."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

PARTITIONS = 16

ENTRY_COLUMNS = """
    recorded_at {instant} NOT NULL,
    act_id bigint,
    source_id integer NOT NULL,
    pins_id integer NOT NULL,
    centihours integer NOT NULL CHECK (centihours > 0),
    earned_on date NOT NULL,
    epoch smallint NOT NULL DEFAULT {epoch},
    credited_year smallint NOT NULL CHECK (credited_year BETWEEN 1990 AND 2200),
    revision smallint NOT NULL CHECK (revision >= 0),
    step smallint NOT NULL CHECK (step >= 0),
    scheme text NOT NULL,
    subject text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    movement text NOT NULL,
    occasion text NOT NULL,
    reason text NOT NULL,
    leaf {bytes} NOT NULL CHECK (length(leaf) = 32),
    CHECK (step = 0 OR movement NOT IN ('credit', 'reverse')),
    CHECK (movement || ' ' || from_state || ' ' || to_state IN (
        'credit issued live', 'reverse live issued', 'cap live capped', 'uncap capped live',
        'freeze live frozen', 'release frozen live'))
"""

SHARED_TABLES = """
CREATE TABLE ledger_epoch (
    epoch smallint NOT NULL PRIMARY KEY,
    server text NOT NULL,
    started_at {instant} NOT NULL,
    reason text NOT NULL
);
CREATE TABLE journal_act (
    act_id {identity},
    epoch smallint NOT NULL DEFAULT {epoch},
    xid bigint NOT NULL DEFAULT {xid},
    kind text NOT NULL,
    jurisdiction text NOT NULL,
    recorded_at {instant} NOT NULL,
    actor text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL,
    details text NOT NULL,
    cites text NOT NULL,
    salt {bytes} NOT NULL,
    leaf {bytes} NOT NULL CHECK (length(leaf) = 32)
);
CREATE INDEX journal_act_order ON journal_act (epoch, xid);
CREATE INDEX journal_act_subject ON journal_act (subject);
CREATE TABLE ledger_source (
    source_id {small_identity},
    source_no text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('filing', 'decision', 'recognised', 'deemed', 'import')),
    jurisdiction text NOT NULL,
    scheme text NOT NULL,
    people_max integer CHECK (people_max > 0),
    person_centihours_max bigint NOT NULL CHECK (person_centihours_max > 0),
    centihours_max bigint CHECK (centihours_max > 0),
    act_id bigint NOT NULL REFERENCES journal_act (act_id),
    CHECK ((people_max IS NULL) = (centihours_max IS NULL))
);
CREATE TABLE ledger_source_use (
    source_id integer NOT NULL PRIMARY KEY REFERENCES ledger_source (source_id),
    people integer NOT NULL CHECK (people >= 0),
    centihours bigint NOT NULL CHECK (centihours >= 0)
);
CREATE TABLE ledger_pack_pins (
    pins_id {small_identity},
    pins text NOT NULL UNIQUE
);
CREATE TABLE ledger_facts (
    person_id bigint NOT NULL,
    scheme text NOT NULL,
    occasion text NOT NULL,
    revision smallint NOT NULL,
    facts text NOT NULL,
    PRIMARY KEY (person_id, scheme, occasion, revision)
) {by_person};
CREATE TABLE journal_log (
    log_id {small_identity},
    origin text NOT NULL UNIQUE,
    jurisdiction text NOT NULL,
    year smallint NOT NULL,
    vkey text NOT NULL,
    seal_no bigint NOT NULL,
    UNIQUE (jurisdiction, year)
);
CREATE TABLE journal_freeze (
    log_id integer NOT NULL PRIMARY KEY REFERENCES journal_log (log_id),
    size bigint NOT NULL,
    seal_no bigint NOT NULL
);
CREATE TABLE journal_seal (
    seal_no bigint NOT NULL PRIMARY KEY,
    sealed_at {instant} NOT NULL,
    epoch smallint NOT NULL,
    entry_epoch smallint NOT NULL,
    entry_xid bigint NOT NULL,
    entry_id bigint NOT NULL,
    act_epoch smallint NOT NULL,
    act_xid bigint NOT NULL,
    act_id bigint NOT NULL,
    digest {bytes} NOT NULL
);
CREATE INDEX journal_seal_entries ON journal_seal (entry_epoch, entry_xid, entry_id);
CREATE INDEX journal_seal_acts ON journal_seal (act_epoch, act_xid, act_id);
CREATE TABLE journal_span (
    seal_no bigint NOT NULL REFERENCES journal_seal (seal_no),
    log_id integer NOT NULL REFERENCES journal_log (log_id),
    first_index bigint NOT NULL,
    count integer NOT NULL CHECK (count > 0),
    order_digest {bytes} NOT NULL,
    PRIMARY KEY (seal_no, log_id)
);
CREATE UNIQUE INDEX journal_span_start ON journal_span (log_id, first_index);
CREATE TABLE journal_bundle (
    log_id integer NOT NULL REFERENCES journal_log (log_id),
    bundle_no integer NOT NULL,
    leaves {bytes} NOT NULL CHECK (length(leaves) BETWEEN 32 AND 8192 AND length(leaves) % 32 = 0),
    refs {bytes} NOT NULL CHECK (length(refs) * 4 = length(leaves)),
    PRIMARY KEY (log_id, bundle_no)
);
CREATE TABLE journal_tile (
    log_id integer NOT NULL REFERENCES journal_log (log_id),
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 7),
    tile_no integer NOT NULL,
    hashes {bytes} NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (log_id, level, tile_no)
);
CREATE TABLE journal_checkpoint (
    log_id integer NOT NULL REFERENCES journal_log (log_id),
    size bigint NOT NULL,
    seal_no bigint NOT NULL REFERENCES journal_seal (seal_no),
    root {bytes} NOT NULL CHECK (length(root) = 32),
    note text NOT NULL,
    PRIMARY KEY (log_id, size)
);
"""

SQLITE_TABLES = (
    """
CREATE TABLE ledger_entry (
    person_id bigint NOT NULL,
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
    xid bigint NOT NULL DEFAULT 0 CHECK (xid = 0),
"""
    + ENTRY_COLUMNS
    + """);
CREATE UNIQUE INDEX ledger_entry_natural
    ON ledger_entry (person_id, scheme, occasion, revision, movement, step);
CREATE INDEX ledger_entry_balance ON ledger_entry
    (person_id, scheme, credited_year, subject, movement, centihours);
"""
)

# Reads like "which entries of this person" are answered from the natural key's index alone.
POSTGRESQL_TABLES = (
    """
CREATE SEQUENCE ledger_entry_number;
CREATE TABLE ledger_entry (
    person_id bigint NOT NULL,
    entry_id bigint NOT NULL DEFAULT nextval('public.ledger_entry_number'),
    xid bigint NOT NULL DEFAULT {xid},
"""
    + ENTRY_COLUMNS
    + """,
    PRIMARY KEY (person_id, entry_id)
) {by_person};
CREATE UNIQUE INDEX ledger_entry_natural
    ON ledger_entry (person_id, scheme, occasion, revision, movement, step)
    INCLUDE (credited_year, subject, centihours);
CREATE INDEX ledger_entry_order ON ledger_entry (epoch, xid);
"""
)

#: table -> the keys under which a row may appear only once
APPEND_ONLY = {
    "ledger_epoch": ["epoch = NEW.epoch"],
    "ledger_source": ["source_id = NEW.source_id", "source_no = NEW.source_no"],
    "ledger_pack_pins": ["pins_id = NEW.pins_id", "pins = NEW.pins"],
    "ledger_facts": [
        "person_id = NEW.person_id AND scheme = NEW.scheme AND occasion = NEW.occasion"
        " AND revision = NEW.revision"
    ],
    "ledger_entry": [
        "entry_id = NEW.entry_id",
        "person_id = NEW.person_id AND scheme = NEW.scheme AND occasion = NEW.occasion"
        " AND revision = NEW.revision AND movement = NEW.movement AND step = NEW.step",
    ],
    "journal_act": ["act_id = NEW.act_id"],
    "journal_log": [
        "log_id = NEW.log_id",
        "origin = NEW.origin",
        "jurisdiction = NEW.jurisdiction AND year = NEW.year",
    ],
    "journal_freeze": ["log_id = NEW.log_id"],
    "journal_seal": ["seal_no = NEW.seal_no"],
    "journal_span": [
        "seal_no = NEW.seal_no AND log_id = NEW.log_id",
        "log_id = NEW.log_id AND first_index = NEW.first_index",
    ],
    "journal_checkpoint": ["log_id = NEW.log_id AND size = NEW.size"],
}
#: table -> (key, columns that may only grow at their end)
GROWING = {
    "journal_bundle": (("log_id", "bundle_no"), ("leaves", "refs")),
    "journal_tile": (("log_id", "level", "tile_no"), ("hashes",)),
}
#: the one mutable row of a source: its figures move, its key does not
COUNTERS = {"ledger_source_use": ("source_id",)}
PARTITIONED = ("ledger_entry", "ledger_facts")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgresql()
    else:
        _upgrade_sqlite()


def _execute_all(script: str, **types: str) -> None:
    for statement in script.format(**types).split(";\n"):
        if statement.strip():
            op.execute(statement)


def _first_epoch(server: str) -> None:
    op.get_bind().execute(
        sa.text("INSERT INTO ledger_epoch VALUES (1, :server, :now, 'created')"),
        {"server": server, "now": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")},
    )


def _upgrade_sqlite() -> None:
    identity = "INTEGER PRIMARY KEY AUTOINCREMENT"
    _execute_all(
        SHARED_TABLES + SQLITE_TABLES,
        identity=identity,
        small_identity=identity,
        instant="VARCHAR(27)",
        bytes="BLOB",
        epoch="1",
        xid="0",
        by_person="",
    )
    for table, keys in APPEND_ONLY.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: post a reversal'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        _no_delete_or_replace(table, keys, refuse)
    for table, (key, grown) in GROWING.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} only grows at its end'); END"
        kept = " AND ".join(f"NEW.{column} = OLD.{column}" for column in key)
        grows = " AND ".join(
            f"substr(NEW.{column}, 1, length(OLD.{column})) = OLD.{column}" for column in grown
        )
        op.execute(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE ON {table}"
            f" WHEN NOT ({kept} AND {grows}) {refuse}"
        )
        _no_delete_or_replace(table, [" AND ".join(f"{c} = NEW.{c}" for c in key)], refuse)
    for table, key in COUNTERS.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} keeps its rows'); END"
        moved = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in key)
        op.execute(f"CREATE TRIGGER {table}_no_move BEFORE UPDATE ON {table} WHEN {moved} {refuse}")
        _no_delete_or_replace(table, [" AND ".join(f"{c} = NEW.{c}" for c in key)], refuse)
    _first_epoch("")


def _no_delete_or_replace(table: str, keys: list[str], refuse: str) -> None:
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
    # INSERT OR REPLACE deletes rows without firing delete triggers (recursive_triggers is off).
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in keys)
    op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}")


POSTGRESQL_FUNCTIONS = (
    """
CREATE FUNCTION ledger_epoch_now() RETURNS smallint LANGUAGE sql STABLE
    AS 'SELECT max(epoch) FROM public.ledger_epoch'
""",
    # A restore into another server begins its transaction numbers anew: rows written there under an
    # old epoch would sort before rows long sealed. So nothing is written until a new epoch is open.
    """
CREATE FUNCTION ledger_check_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM public.ledger_epoch
        WHERE epoch = public.ledger_epoch_now()
        AND server = (SELECT system_identifier::text FROM pg_control_system())
    ) THEN
        RAISE EXCEPTION 'this database was restored: run creditbank ledger seal to open a new epoch'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION ledger_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: post a reversal', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
""",
)


def _upgrade_postgresql() -> None:
    for function in POSTGRESQL_FUNCTIONS[1:]:
        op.execute(function)
    _execute_all(
        SHARED_TABLES.split("CREATE TABLE journal_act", 1)[0],
        instant="timestamptz",
    )
    op.execute(POSTGRESQL_FUNCTIONS[0])
    _execute_all(
        "CREATE TABLE journal_act"
        + SHARED_TABLES.split("CREATE TABLE journal_act", 1)[1]
        + POSTGRESQL_TABLES,
        identity="bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        small_identity="integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        instant="timestamptz",
        bytes="bytea",
        epoch="public.ledger_epoch_now()",
        xid="(pg_current_xact_id()::text::bigint)",
        by_person="PARTITION BY HASH (person_id)",
    )
    for table in PARTITIONED:
        for part in range(PARTITIONS):
            op.execute(
                f"CREATE TABLE {table}_{part:02d} PARTITION OF {table}"
                f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part})"
            )
    server = op.get_bind().scalar(
        sa.text("SELECT system_identifier::text FROM pg_control_system()")
    )
    _first_epoch(server)
    _guard_postgresql()


def _guard_postgresql() -> None:
    for table in APPEND_ONLY:
        _refuse(table, "UPDATE OR DELETE", "rewrite")
    for table, (key, grown) in GROWING.items():
        _refuse(table, "DELETE", "delete")
        kept = " AND ".join(f"NEW.{column} = OLD.{column}" for column in key)
        grows = " AND ".join(
            f"substring(NEW.{column} FROM 1 FOR length(OLD.{column})) = OLD.{column}"
            for column in grown
        )
        _refuse(table, "UPDATE", "only_grows", when=f"NOT ({kept} AND {grows})")
    for table, key in COUNTERS.items():
        _refuse(table, "DELETE", "delete")
        moved = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in key)
        _refuse(table, "UPDATE", "no_move", when=moved)
    for table in ("ledger_entry", "journal_act"):
        op.execute(
            f"CREATE TRIGGER {table}_epoch BEFORE INSERT ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_epoch()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_epoch")


def _refuse(table: str, events: str, name: str, when: str = "true") -> None:
    """Refuse row changes on the table and each partition, replication role or not; and TRUNCATE."""
    op.execute(
        f"CREATE TRIGGER {table}_{name} BEFORE {events} ON {table}"
        f" FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION ledger_refuse_rewrite()"
    )
    parts = [table]
    if table in PARTITIONED:
        parts += [f"{table}_{part:02d}" for part in range(PARTITIONS)]
    for part in parts:
        op.execute(f"ALTER TABLE {part} ENABLE ALWAYS TRIGGER {table}_{name}")
        if "DELETE" in events:
            op.execute(
                f"CREATE TRIGGER {part}_truncate BEFORE TRUNCATE ON {part}"
                " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite()"
            )
            op.execute(f"ALTER TABLE {part} ENABLE ALWAYS TRIGGER {part}_truncate")
