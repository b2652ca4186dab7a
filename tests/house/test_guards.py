"""The attack matrix: what a client, a careless owner and a superuser try on append-only tables."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from creditbank.certificates.views import record_view
from creditbank.crediting.reconciling import Said, reconcile
from creditbank.ddl_guard import migration_window
from creditbank.guards import (
    APP_ROLE,
    APPENDED,
    CHANGING,
    CHOSEN_BY_DATABASE,
    FORGOTTEN,
    FROZEN,
    GROWN,
    SEALED,
    SEALER_ROLE,
    make_roles,
)
from creditbank.ledger.models import Act
from creditbank.migrating import upgrade
from creditbank.registry.adoption import (
    AdoptionDraft,
    AdoptionKind,
    approve_adoption,
    propose_adoption,
)
from creditbank.registry.publishing import propose_pack
from creditbank.standing import missing_guards
from tests.acts import checked_in, publish
from tests.bank import NOW, TestBank, invented_person
from tests.certificates.counter import issue, revoke, with_hours
from tests.conftest import Database
from tests.house.databases import partitions_of
from tests.integrity.disputing import disputed
from tests.lawtexts import COUNTY, hours, law

GUARDED = sorted({*APPENDED, *SEALED})
#: Rows that a young ledger does not have yet: a frozen log, a tile above the first 256 leaves.
RARE_ROWS = {
    "journal_freeze": "INSERT INTO journal_freeze VALUES (1, 1, 1)",
    "journal_tile": "INSERT INTO journal_tile VALUES (1, 1, 0, {bytes})",
    "account_event": "INSERT INTO account_event (recorded_at, kind, actor, subject)"
    " VALUES ('2026-11-20T02:00:00.000000Z', 'signed-in', '', '')",
    "succession_statement": "INSERT INTO succession_statement SELECT 'N1', 1, 'so',"
    " min(organisation_id), 'closed', '2026-01-05', true, '', NULL, '', '',"
    " '2026-11-20T02:00:00.000000Z', 1 FROM organisation",
    "succession_part": "INSERT INTO succession_part SELECT 'N1', min(organisation_id), ''"
    " FROM organisation",
    "engineer_certificate": "INSERT INTO engineer_certificate SELECT min(person_id), 'Z1',"
    " (SELECT min(filing_no) FROM filing), 'cn-3710', 'so', '', {bytes}, {bytes}, '',"
    " '2026-11-20T02:00:00.000000Z', 1 FROM person",
    "status_record": "INSERT INTO status_record SELECT min(person_id), 'C1', 'employment', 'so',"
    " '', {bytes}, {bytes}, 'cn-3710', NULL, '', '2026-11-20', '2026-11-20T02:00:00.000000Z', 1"
    " FROM person",
    "verdict_batch": "INSERT INTO verdict_batch VALUES ('B1', 'x', 'title_system', 'cn', NULL,"
    " '', 'done', '2026-11-20T02:00:00.000000Z', NULL, NULL, '2026-11-20T02:00:00.000000Z', NULL,"
    " 1, 1, 1)",
    "verdict_tree": "INSERT INTO verdict_tree VALUES ('B1', 1, {bytes}, '',"
    " '2026-11-20T02:00:00.000000Z')",
    "verdict_tree_tile": "INSERT INTO verdict_tree_tile VALUES ('B1', 0, 0, {bytes})",
    "roster_file": "INSERT INTO roster_file SELECT min(roster_no), 'csv', 1, {bytes},"
    " '2026-11-20T02:00:00.000000Z' FROM roster_batch",
    "roster_file_download": "INSERT INTO roster_file_download SELECT min(roster_no),"
    " '2026-11-20T02:00:00.000000Z', 1, 'so', '', '' FROM roster_file",
    "import_file": "INSERT INTO import_file SELECT min(import_no), min(import_no), 'csv', 1,"
    " {bytes}, '2026-11-20T02:00:00.000000Z' FROM record_import",
    "import_file_download": "INSERT INTO import_file_download SELECT min(file_no),"
    " '2026-11-20T02:00:00.000000Z', 1, 'so', '', '' FROM import_file",
    "check_in_pad": "INSERT INTO check_in_pad SELECT min(check_in_no), 1, {bytes}, {bytes},"
    " '2026-11-20T02:00:00.000000Z', '', 0, '', '2026-11-20T02:00:00.000000Z' FROM check_in",
    "check_in_pad_scan": "INSERT INTO check_in_pad_scan SELECT min(check_in_no), 1, 1, '', {bytes},"
    " {bytes}, '2026-11-20T02:00:00.000000Z', '2026-11-20T02:00:00.000000Z',"
    " '2026-11-20T02:00:00.000000Z', false, 'refused', NULL FROM check_in",
    "published_figures": "INSERT INTO published_figures VALUES (1, 2026, '2026-11-20', '{{}}')",
}
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
REFUSED = r"append-only|only grows|keeps its rows|permission denied|must be owner"


@dataclass(frozen=True, slots=True)
class Attack:
    """A statement that must not come through."""

    table: str
    statement: str


@pytest.fixture
def sealed_bank(bank: TestBank) -> TestBank:
    """A bank in which every append-only table holds at least one row."""
    with_hours(bank)
    certificate = issue(bank).certificate
    with bank.unit() as session:
        record_view(session, certificate, now=NOW)
    revoke(bank, certificate.number)
    checked_in(bank, invented_person(1))
    disputed(bank, invented_person(1), bank.approved_filing())
    said = Said(bank.enterprise().organisation_id, NOW.date(), "", 0, b"", None, "provider")
    with bank.unit() as session:
        reconcile(session, bank.house.vault, said, now=NOW)
    bank.seal()
    return bank


@contextmanager
def connected(url: str, *, setting: str = "") -> Iterator[Connection]:
    """Connect as somebody else would: with none of our engine's preparations."""
    engine = create_engine(url, connect_args={"options": setting} if setting else {})
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def add_rare_rows(owner_url: str) -> None:
    with connected(owner_url) as connection:
        filler = {"sqlite": "zeroblob(32)", "postgresql": "decode(repeat('00', 32), 'hex')"}
        for statement in RARE_ROWS.values():
            connection.execute(text(statement.format(bytes=filler[connection.dialect.name])))
        connection.commit()


def succeeded(connection: Connection, attacks: Iterator[Attack]) -> list[str]:
    """Try each attack in a transaction of its own; name those that came through."""
    came_through = []
    for attack in attacks:
        try:
            connection.execute(text(attack.statement))
        except DBAPIError as error:
            if not re.search(REFUSED, str(error.orig)):
                came_through.append(f"{attack.statement}: fails by accident: {error.orig}")
        else:
            came_through.append(attack.statement)
        finally:
            connection.rollback()
    return came_through


def rewrites(connection: Connection, table: str) -> Iterator[Attack]:
    """Yield the statements that change or remove a row that stands."""
    columns = inspect(connection).get_columns(table)
    first = columns[0]["name"]
    changed = GROWN.get(table, (columns[-1]["name"],))[0]
    value = {"leaves": "refs", "hashes": "substr(hashes, 2)"}.get(changed, changed)
    yield Attack(table, f"UPDATE {table} SET {changed} = {value}")
    yield Attack(table, f"DELETE FROM {table}")
    if connection.dialect.name == "sqlite":
        yield Attack(table, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        yield Attack(table, f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")
        yield Attack(table, f"UPDATE OR REPLACE {table} SET {first} = {first} + 1")
    else:
        yield Attack(table, f"TRUNCATE {table} CASCADE")
        yield Attack(
            table,
            f"MERGE INTO {table} old USING {table} new ON old.{first} = new.{first}"
            " WHEN MATCHED THEN DELETE",
        )


def every_rewrite(connection: Connection) -> Iterator[Attack]:
    for table in GUARDED:
        yield from rewrites(connection, table)
        for part in partitions_of(connection, table):
            count = connection.scalar(text(f"SELECT count(*) FROM {part}"))
            if count:
                yield from rewrites(connection, part)
            else:
                yield Attack(part, f"TRUNCATE {part}")


def test_every_append_only_table_is_guarded(database: Database) -> None:
    engine = create_engine(database.owner_url)

    try:
        assert missing_guards(engine) == []
    finally:
        engine.dispose()


def test_a_dropped_guard_is_missed(empty_engine: Engine) -> None:
    upgrade(empty_engine)
    make_roles(empty_engine)
    suffix = " ON journal_act" if empty_engine.dialect.name == "postgresql" else ""
    name = "journal_act_rewrite" if suffix else "journal_act_no_delete"
    with empty_engine.begin() as connection, migration_window(connection):
        connection.execute(text(f"DROP TRIGGER {name}{suffix}"))

    lost = ["journal_act delete", "journal_act update"] if suffix else [f"journal_act {name}"]
    assert missing_guards(empty_engine) == lost


@on_postgresql
def test_every_guard_that_is_altered_is_named(database: Database) -> None:
    altered = {
        "ledger_entry_03 truncate":
            "ALTER TABLE ledger_entry_03 DISABLE TRIGGER ledger_entry_03_truncate",
        "journal_seal swallow (not ours)":
            "CREATE RULE swallow AS ON INSERT TO journal_seal DO INSTEAD NOTHING",
        "rule_pack suppress (not ours)":
            "CREATE TRIGGER suppress BEFORE UPDATE ON rule_pack FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "rule_adoption delete":
            "CREATE OR REPLACE FUNCTION rules_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN OLD; END'",
        f"ledger_entry xid insert {APP_ROLE}": f"GRANT INSERT (xid) ON ledger_entry TO {APP_ROLE}",
        f"journal_act * delete {SEALER_ROLE}": f"GRANT DELETE ON journal_act TO {SEALER_ROLE}",
        f"ledger_epoch_number * update {APP_ROLE}":
            f"GRANT SELECT, UPDATE ON SEQUENCE ledger_epoch_number TO {APP_ROLE}",
        "ledger_epoch_number * usage -": "GRANT USAGE ON SEQUENCE ledger_epoch_number TO PUBLIC",
        "creditbank_guard_drop": "DROP EVENT TRIGGER creditbank_guard_drop",
    }  # fmt: skip
    with connected(database.owner_url) as connection:
        with migration_window(connection):
            for statement in altered.values():
                connection.execute(text(statement))
        connection.execute(text("ALTER EVENT TRIGGER creditbank_guard_ddl DISABLE"))
        connection.commit()

        named = missing_guards(connection.engine)

    by_function = {
        f"{table} {event}" for table in FROZEN for event in ("delete", "update", "truncate")
    }
    assert set(named) == {*altered, "creditbank_guard_ddl"} | by_function


@on_postgresql
def test_a_guard_that_was_made_again_to_look_away_is_named(database: Database) -> None:
    remade = {
        "certificate update": ("certificate_rewrite", "UPDATE", "certificate", "WHEN (false)"),
        "account_event update": ("account_event_rewrite", "UPDATE OF actor", "account_event", ""),
        "ledger_source_use update": (
            "ledger_source_use_no_move", "UPDATE", "ledger_source_use",
            "WHEN (NEW.source_id < OLD.source_id)",
        ),
        "journal_tile update": ("journal_tile_only_grows", "UPDATE", "journal_tile", ""),
    }  # fmt: skip
    with connected(database.owner_url) as connection:
        with migration_window(connection):
            for trigger, event, table, when in remade.values():
                connection.execute(text(f"DROP TRIGGER {trigger} ON {table}"))
                connection.execute(
                    text(
                        f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} FOR EACH ROW {when}"
                        " EXECUTE FUNCTION ledger_refuse_rewrite()"
                    )
                )
                connection.execute(text(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"))
        connection.commit()

        named = missing_guards(connection.engine)

    assert remade.keys() <= set(named)


def test_whoever_holds_the_ledgers_tables_cannot_rewrite_a_row(
    sealed_bank: TestBank, database: Database
) -> None:
    add_rare_rows(database.owner_url)

    with connected(database.owner_url) as connection:
        assert succeeded(connection, every_rewrite(connection)) == []


def test_the_counter_of_a_source_can_be_counted_but_not_moved_or_removed(
    sealed_bank: TestBank, database: Database
) -> None:
    attacks = [
        "UPDATE ledger_source_use SET source_id = source_id + 1",
        "DELETE FROM ledger_source_use",
    ]

    with connected(database.owner_url) as connection:
        moved = succeeded(connection, (Attack("ledger_source_use", each) for each in attacks))
        connection.execute(text("UPDATE ledger_source_use SET people = people"))

    assert moved == []


def test_a_bundle_grows_at_its_end(sealed_bank: TestBank, database: Database) -> None:
    longer = (
        "leaves = {0}leaves || substr(leaves, 1, 32){1}, refs = {0}refs || substr(refs, 1, 8){1}"
    )
    as_bytes = ("CAST(", " AS BLOB)") if database.kind == "sqlite" else ("", "")

    with connected(database.owner_url) as connection:
        grown = connection.execute(text(f"UPDATE journal_bundle SET {longer.format(*as_bytes)}"))

        assert grown.rowcount > 0


@on_sqlite
def test_a_foreign_program_cannot_replace_a_row(sealed_bank: TestBank, database: Database) -> None:
    with closing(sqlite3.connect(database.owner_url.removeprefix("sqlite:///"))) as foreign:
        before = foreign.execute("SELECT * FROM ledger_entry").fetchall()

        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            foreign.execute("INSERT OR REPLACE INTO ledger_entry SELECT * FROM ledger_entry")

        assert foreign.execute("SELECT * FROM ledger_entry").fetchall() == before


@on_sqlite
def test_without_the_third_trigger_a_replacement_would_come_through(
    sealed_bank: TestBank, database: Database
) -> None:
    with connected(database.owner_url) as connection:
        connection.execute(text("DROP TRIGGER ledger_facts_no_replace"))
        connection.commit()

        assert len(succeeded(connection, rewrites(connection, "ledger_facts"))) == 2


@on_postgresql
@pytest.mark.parametrize("role", [APP_ROLE, SEALER_ROLE])
def test_no_client_rewrites_a_row(sealed_bank: TestBank, database: Database, role: str) -> None:
    add_rare_rows(database.owner_url)
    url = database.app_url if role == APP_ROLE else database.sealer_url

    with connected(database.owner_url) as owner, connected(url) as connection:
        assert succeeded(connection, every_rewrite(owner)) == []


@on_postgresql
def test_a_superuser_in_a_replicas_role_cannot_rewrite_a_row(
    sealed_bank: TestBank, database: Database
) -> None:
    add_rare_rows(database.owner_url)

    with connected(database.owner_url, setting="-c session_replication_role=replica") as connection:
        assert succeeded(connection, every_rewrite(connection)) == []


@on_postgresql
def test_a_plain_trigger_would_let_a_replicas_role_through(
    sealed_bank: TestBank, database: Database
) -> None:
    with connected(database.owner_url) as connection:
        with migration_window(connection):
            connection.execute(text("ALTER TABLE journal_act ENABLE TRIGGER journal_act_rewrite"))
        connection.commit()

    with connected(database.owner_url, setting="-c session_replication_role=replica") as connection:
        connection.execute(text("DELETE FROM journal_act"))
        left = connection.scalar(text("SELECT count(*) FROM journal_act"))
        connection.rollback()

        lost = ["journal_act delete", "journal_act update"]
        assert (left, missing_guards(connection.engine)) == (0, lost)


@on_postgresql
def test_nobody_takes_down_what_keeps_an_occasion_from_counting_twice(
    sealed_bank: TestBank, database: Database
) -> None:
    key = "ledger_natural_key(text, text, integer, text, integer)"
    attacks = [
        "DROP INDEX ledger_entry_natural",
        "CREATE OR REPLACE FUNCTION ledger_natural_key(scheme text, occasion text,"
        " revision integer, movement text, step integer) RETURNS bigint LANGUAGE sql IMMUTABLE"
        " RETURN 0",
        f"ALTER FUNCTION {key} RENAME TO mine",
        f"ALTER FUNCTION {key} VOLATILE",
        f"DROP FUNCTION {key} CASCADE",
    ]

    for url in (database.owner_url, database.app_url):
        for attack in attacks:
            refused = pytest.raises(ProgrammingError, match="InsufficientPrivilege")
            with connected(url) as connection, refused:
                connection.execute(text(attack))


@on_postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER ledger_entry_rewrite ON ledger_entry",
        "DROP TABLE ledger_facts",
        "ALTER TABLE ledger_entry RENAME TO mine",
        "CREATE OR REPLACE FUNCTION ledger_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'",
        "SELECT setval('ledger_entry_number', 1)",
        "SELECT setval('ledger_epoch_number', 7)",
        "SELECT nextval('ledger_epoch_number')",
        "ALTER SEQUENCE ledger_epoch_number RESTART 7",
        "INSERT INTO ledger_epoch VALUES (9, '', now(), 'mine')",
        "INSERT INTO journal_seal SELECT * FROM journal_seal",
    ],
)
def test_the_application_cannot_take_the_guards_down(
    sealed_bank: TestBank, database: Database, statement: str
) -> None:
    with connected(database.app_url) as connection:
        assert succeeded(connection, iter([Attack("", statement)])) == []


@on_postgresql
@pytest.mark.parametrize("epoch", [1, 3])
def test_no_row_is_written_under_another_epoch_than_the_newest(
    sealed_bank: TestBank, database: Database, epoch: int
) -> None:
    opened = "INSERT INTO ledger_epoch SELECT 2, server, started_at, 'restored' FROM ledger_epoch"
    with connected(database.owner_url) as connection:
        connection.execute(text(opened))
        connection.execute(text(f"SELECT setval('ledger_epoch_number', {epoch})"))
        connection.commit()

        with pytest.raises(DBAPIError, match="this database was restored"):
            sealed_bank.approved_filing()
        connection.execute(text("SELECT setval('ledger_epoch_number', 2)"))
        connection.commit()
    sealed_bank.approved_filing()

    with sealed_bank.reading() as session:
        assert set(session.scalars(select(Act.epoch))) == {1, 2}


@on_postgresql
@pytest.mark.parametrize(
    ("table", "column"),
    sorted((table, column) for table, chosen in CHOSEN_BY_DATABASE.items() for column in chosen),
)
def test_the_application_cannot_choose_where_a_row_stands(
    sealed_bank: TestBank, database: Database, table: str, column: str
) -> None:
    attack = Attack(
        table,
        f"INSERT INTO {table} ({column}) OVERRIDING SYSTEM VALUE SELECT {column} FROM {table}",
    )

    with connected(database.app_url) as connection:
        assert succeeded(connection, iter([attack])) == []


@on_postgresql
def test_each_role_may_do_what_its_work_needs_and_no_more(database: Database) -> None:
    with connected(database.owner_url) as connection:
        app, sealer = (_rights(connection, role) for role in (APP_ROLE, SEALER_ROLE))

    assert app == {
        "INSERT": {*CHANGING, *APPENDED},
        "UPDATE": set(CHANGING),
        "DELETE": set(FORGOTTEN),
        "TRUNCATE": set(),
    }
    assert sealer == {
        "INSERT": set(SEALED),
        "UPDATE": set(GROWN),
        "DELETE": set(),
        "TRUNCATE": set(),
    }


@on_postgresql
def test_the_application_gives_every_column_of_a_row_but_those_of_the_database(
    database: Database,
) -> None:
    query = text("""
        SELECT column_name FROM information_schema.column_privileges
        WHERE grantee = :role AND table_name = :table AND privilege_type = 'INSERT'""")
    with connected(database.owner_url) as connection:
        withheld = {
            table: {column["name"] for column in inspect(connection).get_columns(table)}
            - set(connection.scalars(query, {"role": APP_ROLE, "table": table}))
            for table in APPENDED
        }

    assert withheld == {table: CHOSEN_BY_DATABASE.get(table, set()) for table in APPENDED}


@on_postgresql
def test_the_sealer_sees_no_secret(database: Database) -> None:
    secret = (
        "person_secret", "person_document", "person_name", "api_client", "account",
        "account_session", "account_code", "account_recovery_code", "account_identity",
    )  # fmt: skip
    query = text("SELECT has_any_column_privilege(:role, :table, 'SELECT')")

    with connected(database.owner_url) as connection:
        seen = [
            table
            for table in secret
            if connection.scalar(query, {"role": SEALER_ROLE, "table": table})
        ]

    assert seen == []


def _rights(connection: Connection, role: str) -> dict[str, set[str]]:
    """Return the tables, partitions too, on which a role may do each thing, on any column."""
    tables = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
    on_columns = text("SELECT has_any_column_privilege(:role, :table, :right)")
    on_table = text("SELECT has_table_privilege(:role, :table, :right)")
    return {
        right: {
            table
            for table in tables
            if connection.scalar(
                on_columns if right in ("INSERT", "UPDATE") else on_table,
                {"role": role, "table": table, "right": right},
            )
        }
        for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
    }


def settled_by_two(bank: TestBank) -> None:
    """Publish a draft and adopt it, so that both tables hold a row on which two people agreed."""
    publish(bank, law(hours("40"), status="draft").decode())
    draft = AdoptionDraft(
        COUNTY, AdoptionKind.ADOPTED, date(2026, 3, 1), "示例〔2026〕1号", "关于示例的通知", "印发"
    )
    with bank.unit() as session:
        said = propose_adoption(session, draft, actor="official-test", now=NOW)
        approve_adoption(session, said.adoption_no, actor="official-second", now=NOW)


def test_what_two_people_agreed_on_is_not_changed_by_whoever_holds_the_tables(
    bank: TestBank, database: Database
) -> None:
    settled_by_two(bank)

    with connected(database.owner_url) as connection:
        attacks = (
            attack
            for table in FROZEN
            for attack in (*rewrites(connection, table), Attack(table, f"DELETE FROM {table}"))
        )
        assert succeeded(connection, attacks) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rule_pack SET content = sha256 WHERE version = 2",
        "UPDATE rule_pack SET proposed_by = 'somebody' WHERE version = 2",
        "DELETE FROM rule_pack WHERE version = 2",
    ],
)
def test_a_text_that_is_proposed_is_not_exchanged_before_its_review(
    bank: TestBank, database: Database, statement: str
) -> None:
    with bank.unit() as session:
        propose_pack(session, law(version=2, id="cn-37"), actor="official-test", now=NOW)

    with connected(database.owner_url) as connection:
        assert succeeded(connection, iter([Attack("rule_pack", statement)])) == []
