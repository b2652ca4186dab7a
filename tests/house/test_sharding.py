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
