"""Migrations: numbered, linear, one way; and what they make is what the models say."""

import importlib
import pkgutil
import re
from importlib.resources import files

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, Table, inspect, text
from sqlalchemy.types import TypeEngine

import creditbank
from creditbank.guards import APPENDED, CHANGING, SEALED
from creditbank.migrating import is_current, upgrade
from creditbank.orm import Base
from tests.house.databases import Guard, guards_of, partitions_of
from tests.house.tree import ROOT

VERSIONS = ROOT / "migrations" / "versions"
#: Guards of PostgreSQL that a migration made to refuse more; `standing.py` holds them to that.
MADE_STRICTER = {"0052": frozenset({"ledger_entry_epoch", "journal_act_epoch"})}


def migrations() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def revisions() -> list[str]:
    """Return every revision from the first to the newest."""
    return [script.revision for script in reversed(list(migrations().walk_revisions()))]


def before_revision(name: str) -> str:
    """Return the revision before the migration of this name."""
    [number] = [path.name[:4] for path in VERSIONS.glob(f"*_{name}.py")]
    return f"{int(number) - 1:04d}"


def upgrade_to(engine: Engine, revision: str) -> None:
    config = _config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def model_tables() -> dict[str, Table]:
    for module in pkgutil.walk_packages(creditbank.__path__, "creditbank."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)
    return dict(Base.metadata.tables)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("creditbank_migrations")))
    return config


def test_migrations_are_numbered_without_a_gap_and_form_one_line() -> None:
    numbers = [f"{number:04d}" for number in range(1, len(revisions()) + 1)]
    names = sorted(path.name for path in VERSIONS.glob("0*.py"))

    assert revisions() == numbers
    assert len(migrations().get_heads()) == 1
    assert [name[:5] for name in names] == [f"{number}_" for number in numbers]


def test_no_migration_copies_a_table_behind_the_back_of_its_guards() -> None:
    batched = [
        path.name
        for path in (ROOT / "migrations").rglob("*.py")
        if re.search(r"batch_alter_table|render_as_batch=True", path.read_text(encoding="utf-8"))
    ]

    assert batched == []


def test_a_database_knows_when_it_stands_at_the_newest_migration(empty_engine: Engine) -> None:
    upgrade_to(empty_engine, revisions()[0])
    stood_behind = not is_current(empty_engine)

    upgrade(empty_engine)

    assert stood_behind
    assert is_current(empty_engine)


def test_an_upgrade_that_was_done_can_be_done_again(empty_engine: Engine) -> None:
    upgrade(empty_engine)

    upgrade(empty_engine)

    with empty_engine.connect() as connection:
        assert list(connection.scalars(text("SELECT reason FROM ledger_epoch"))) == ["created"]


def test_the_migrated_tables_are_those_of_the_models(empty_engine: Engine) -> None:
    upgrade(empty_engine)

    with empty_engine.connect() as connection:
        found = set(inspect(connection).get_table_names()) - {"alembic_version"}
        parts = {part for table in model_tables() for part in partitions_of(connection, table)}

    assert found - parts == set(model_tables())


def test_the_migrated_columns_are_those_of_the_models(empty_engine: Engine) -> None:
    upgrade(empty_engine)
    reflected = MetaData()
    reflected.reflect(empty_engine)

    migrated, modelled = (
        {name: _shape(tables[name], empty_engine) for name in model_tables()}
        for tables in (reflected.tables, model_tables())
    )

    assert migrated == modelled


def test_every_table_is_said_to_change_to_grow_or_to_be_sealed() -> None:
    said = [*CHANGING, *APPENDED, *SEALED]

    assert sorted(said) == sorted(model_tables())


def test_every_upgrade_keeps_the_guards_that_stood_before(empty_engine: Engine) -> None:
    before = frozenset[Guard]()
    lost = {}
    for revision in revisions():
        upgrade_to(empty_engine, revision)
        with empty_engine.connect() as connection:
            after = guards_of(connection)
        made_again = MADE_STRICTER.get(revision, frozenset())
        lost[revision] = frozenset(g for g in before - after if g.name not in made_again)
        assert made_again & {guard.name for guard in before} <= {guard.name for guard in after}
        before = after

    assert lost == dict.fromkeys(revisions(), frozenset())
    assert before


def test_the_key_that_a_client_has_becomes_its_first_secret(empty_engine: Engine) -> None:
    upgrade_to(empty_engine, before_revision("client_credentials"))
    with empty_engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO api_client VALUES ('official-abcdefgh', 'x', 'official', :hash, '',"
                " 'cn', NULL, :demo, '2026-11-21T03:00:00.000000Z', NULL)"
            ),
            {"hash": bytes(32), "demo": False},
        )

    upgrade(empty_engine)

    with empty_engine.connect() as connection:
        query = "SELECT credential_no, client_id, kind, secret_hash FROM client_credential"
        [row] = connection.execute(text(query)).all()
    assert (row[0], row[1], row[2], bytes(row[3])) == (
        "K0ABCDEFGH", "official-abcdefgh", "secret", bytes(32),
    )  # fmt: skip


def test_an_organisation_that_was_registered_before_has_its_name_kind_and_district_as_facts(
    empty_engine: Engine,
) -> None:
    upgrade_to(empty_engine, before_revision("organisation_facts"))
    with empty_engine.begin() as connection:
        act_id = connection.execute(
            text(
                "INSERT INTO journal_act (kind, jurisdiction, recorded_at, actor, subject, reason,"
                " details, cites, salt, leaf) VALUES ('organisation.registered', 'cn-3710',"
                " '2026-11-20T02:00:00.000000Z', 'official-1', 'X', '', '{}', '[]', :salt, :leaf)"
                " RETURNING act_id"
            ),
            {"salt": bytes(32), "leaf": bytes(32)},
        ).scalar_one()
        connection.execute(
            text(
                "INSERT INTO organisation (uscc, name, kind, jurisdiction, act_id)"
                " VALUES ('X', '示例', 'enterprise', 'cn-3710', :act_id)"
            ),
            {"act_id": act_id},
        )

    upgrade(empty_engine)

    with empty_engine.connect() as connection:
        query = "SELECT attribute, value, says, actor, act_id, valid_from FROM organisation_fact"
        rows = {tuple(row) for row in connection.execute(text(query))}
    assert rows == {
        (attribute, value, "so", "official-1", act_id, None)
        for attribute, value in (("name", "示例"), ("kind", "enterprise"), ("district", "cn-3710"))
    }


@pytest.mark.parametrize("table", ["ledger_entry", "journal_act"])
def test_a_table_copied_in_batch_mode_would_be_seen_to_lose_its_guards(
    empty_engine: Engine, table: str
) -> None:
    upgrade(empty_engine)
    with empty_engine.begin() as connection:
        before = guards_of(connection)

        connection.execute(text(f"ALTER TABLE {table} RENAME TO old_{table}"))
        connection.execute(text(f"CREATE TABLE {table} AS SELECT * FROM old_{table}"))

        assert {guard.table for guard in before - guards_of(connection)} >= {table}


def _shape(table: Table, engine: Engine) -> dict[str, tuple[object, ...]]:
    """Return of each column whether it is part of the key, may be empty, and its type.

    SQLite knows no widths of integers; its row numbers are never empty, NOT NULL or not.
    """
    key = set(table.primary_key.columns.keys())
    rowid = engine.dialect.name == "sqlite" and len(key) == 1
    if table.name == "ledger_entry" and engine.dialect.name == "sqlite":
        key = {"entry_id"}  # there the row number must be the whole key; see the natural index
    return {
        column.name: (
            column.name in key,
            column.nullable and not (rowid and column.name in key),
            _type(column.type, engine) if engine.dialect.name == "postgresql" else "",
        )
        for column in table.columns
    }


def _type(kind: TypeEngine[object], engine: Engine) -> str:
    name = kind.compile(dialect=engine.dialect)
    return {"VARCHAR": "TEXT"}.get(name, name)
