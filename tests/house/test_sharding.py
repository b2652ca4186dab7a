"""Keys fit an engine that shards by person; read from the PostgreSQL schema, not the models."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from tests.conftest import Database

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

#: Tables whose key may not begin with the person, and why.
NOT_OWNED = {
    "identity_lookup": "the directory: it leads to a person, so nobody has one yet",
    "certificate_lookup": "the directory of certificates, likewise",
    "holder_code": "the directory of codes, likewise",
    "verdict_watch": "found by the verdict that is watched, as its asker finds it",
    "dispute": "found by its number, as the official who decides it finds it",
    "query_objection": "found by the query that it is about, as an official finds it",
}
UNIQUE_KEYS = text("""
    SELECT t.relname, i.relname, array_agg(a.attname ORDER BY place.position)
    FROM pg_index x
    JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
    CROSS JOIN LATERAL unnest(x.indkey::smallint[]) WITH ORDINALITY AS place(attnum, position)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = place.attnum
    WHERE x.indisunique AND place.position <= x.indnkeyatts
    AND EXISTS (SELECT 1 FROM pg_attribute p WHERE p.attrelid = t.oid
                AND p.attname = 'person_id' AND p.attnotnull)
    GROUP BY 1, 2""")
#: Foreign keys of a person's table that leave the person, to be dropped where tables are spread.
LEAVING = {
    "account (person_id) -> person",
    "account_code (person_id) -> person",
    "certificate (act_id) -> journal_act",
    "certificate_revocation (act_id) -> journal_act",
    "person_link (other_person_id) -> person",
    "review_reminder (batch_no) -> verdict_batch",
    "review_reminder (verdict_no) -> verdict",
}
#: Tables small enough to be on every server whole.
REFERENCE = {
    "filing", "investigation", "ledger_source", "organisation", "reassessment",
}  # fmt: skip
#: Of each foreign key: table, columns, target and its columns; whether the target is a person's.
FOREIGN_KEYS = text("""
    SELECT c.conrelid::regclass::text, c.confrelid::regclass::text,
        (SELECT array_agg(a.attname ORDER BY k.position)
         FROM unnest(c.conkey) WITH ORDINALITY AS k(attnum, position)
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum),
        (SELECT array_agg(a.attname ORDER BY k.position)
         FROM unnest(c.confkey) WITH ORDINALITY AS k(attnum, position)
         JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum)
    FROM pg_constraint c WHERE c.contype = 'f' AND c.conparentid = 0""")
OWNED = text("""
    SELECT t.relname FROM pg_class t
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
    JOIN pg_attribute p ON p.attrelid = t.oid AND p.attname = 'person_id' AND p.attnotnull
    WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition""")
RANDOM_KEYS = text("""
    SELECT table_name || '.' || column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'uuid'""")


@pytest.fixture
def schema(database: Database) -> Iterator[Connection]:
    """The owner's connection to a migrated bank."""
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def unfit_keys(schema: Connection) -> list[str]:
    """Name each unique key of a person's table that does not begin with the person."""
    return sorted(
        f"{table}: {index} {columns}"
        for table, index, columns in schema.execute(UNIQUE_KEYS)
        if columns[0] != "person_id" and table not in NOT_OWNED
    )


def test_every_unique_key_of_a_persons_table_begins_with_the_person(schema: Connection) -> None:
    assert unfit_keys(schema) == []


def test_a_key_that_does_not_begin_with_the_person_would_be_named(schema: Connection) -> None:
    schema.execute(text("CREATE UNIQUE INDEX by_roster ON attendance (roster_no, row_no)"))

    assert unfit_keys(schema) == ["attendance: by_roster ['roster_no', 'row_no']"]


def test_the_directories_are_the_only_exceptions(schema: Connection) -> None:
    exceptions = {
        table for table, _, columns in schema.execute(UNIQUE_KEYS) if columns[0] != "person_id"
    }

    assert exceptions == set(NOT_OWNED)


def leaving_keys(schema: Connection) -> set[str]:
    """Name each foreign key that an engine which spreads tables by person could not check."""
    spread = set(schema.scalars(OWNED)) - NOT_OWNED.keys()
    found = set()
    for table, target, columns, target_columns in schema.execute(FOREIGN_KEYS):
        along = ("person_id", "person_id") in zip(columns, target_columns, strict=True)
        if table in spread:
            stays = along if target in spread else target in REFERENCE
        else:
            stays = target not in spread or table in NOT_OWNED
        if not stays:
            found.add(f"{table} ({', '.join(columns)}) -> {target}")
    return found


def test_foreign_keys_stay_with_the_person_or_lead_to_small_tables(schema: Connection) -> None:
    assert leaving_keys(schema) == LEAVING


def test_a_foreign_key_to_a_large_table_would_be_named(schema: Connection) -> None:
    add = "ALTER TABLE declared_item ADD FOREIGN KEY (item_no) REFERENCES"
    schema.execute(text(f"{add} filing (filing_no)"))
    schema.execute(text(f"{add} verdict (verdict_no)"))

    assert leaving_keys(schema) - LEAVING == {"declared_item (item_no) -> verdict"}


def test_entries_facts_and_attendance_have_no_foreign_key(schema: Connection) -> None:
    tables = {table for table, *_ in schema.execute(FOREIGN_KEYS)}

    assert tables.isdisjoint({"ledger_entry", "ledger_facts", "attendance"})


def test_entries_are_parted_by_person(schema: Connection) -> None:
    parting = schema.scalar(text("SELECT pg_get_partkeydef('ledger_entry'::regclass)"))
    key = [
        columns
        for table, index, columns in schema.execute(UNIQUE_KEYS)
        if (table, index) == ("ledger_entry", "ledger_entry_pkey")
    ]

    assert parting == "HASH (person_id)"
    assert key == [["person_id", "entry_id"]]


def test_no_key_is_a_random_uuid(schema: Connection) -> None:
    assert list(schema.scalars(RANDOM_KEYS)) == []
