"""The attack matrix: who tries what on the ledger, and what stops or exposes it.

Each row is an attack, each column somebody who holds a connection. An attack is refused by the
database; or, where only the owner of the tables, a superuser or the holder of the file can do it,
fsck names what was done, and the rows no longer grow out of a checkpoint that left the machine.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, delete, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from creditbank.authorizer import restrict
from creditbank.config import Settings
from creditbank.crediting.rosters import RosterPosting, post_roster
from creditbank.db import make_engine
from creditbank.ddl_guard import EVENT_TRIGGERS, MigrationWindowClosedError, migration_window
from creditbank.guards import APP_ROLE, SEALER_ROLE, make_roles
from creditbank.ledger.fsck import check_ledger
from creditbank.ledger.merkle import consistency_holds, consistency_proof, leaf_node, root_of
from creditbank.ledger.models import (
    Act,
    Bundle,
    Epoch,
    Log,
    LogFreeze,
    Seal,
    SealSpan,
    SignedCheckpoint,
    Tile,
)
from creditbank.ledger.seal import pending_after, seal
from creditbank.migrating import upgrade
from creditbank.people.register import secret_states
from creditbank.registry.filing.filings import filing_numbered
from creditbank.standing import standing_guards
from tests.bank import HOST, NOW, TestBank, attendance, found_test_bank, invented_person
from tests.conftest import DATABASES, Database
from tests.force import drop_guards

OWNER_ROLE = "matrix_owner"
REFUSED = r"append-only|permission denied|must be owner|is guarded|not authorized|prohibited"
FORGED = {"sqlite": "zeroblob(32)", "postgresql": "decode(repeat('00', 32), 'hex')"}
REWRITE = "UPDATE ledger_entry SET leaf = {forged}"
#: A row that the sealer passes by, because it stands before all that is sealed.
HIDDEN_ACT = (
    "INSERT INTO journal_act (act_id, epoch, {xid} kind, jurisdiction, recorded_at, actor,"
    " subject, reason, details, cites, salt, leaf) {overriding} SELECT -5, 1, {xid_value} kind,"
    " jurisdiction, recorded_at, actor, subject, reason, details, cites, salt, leaf"
    " FROM journal_act WHERE jurisdiction = 'cn-3710' ORDER BY act_id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Attack:
    """One row of the matrix.

    `through` names those who get through, and are exposed; everybody else is refused.
    `swallows` marks what leaves every sealed row alone and makes new ones vanish.
    """

    name: str
    statements: Sequence[str]
    through: str = ""
    swallows: bool = False


SQLITE_ROLES = ("app", "file")
SQLITE = (
    Attack("update", [REWRITE]),
    Attack("delete", ["DELETE FROM ledger_entry WHERE entry_id = 1"]),
    Attack(
        "upsert",
        ["INSERT INTO ledger_source SELECT * FROM ledger_source WHERE true"
         " ON CONFLICT (source_id) DO UPDATE SET people_max = 9"],
    ),
    Attack("insert or replace", ["INSERT OR REPLACE INTO ledger_entry SELECT * FROM ledger_entry"]),
    Attack(
        "replace by another key",
        ["REPLACE INTO ledger_source (source_no, kind, jurisdiction, scheme, people_max,"
         " person_centihours_max, centihours_max, act_id) SELECT source_no, kind, jurisdiction,"
         " scheme, 9, person_centihours_max, centihours_max, act_id FROM ledger_source"],
    ),
    Attack("drop a trigger", ["DROP TRIGGER ledger_entry_no_update", REWRITE], "file"),
    Attack(
        "drop the table",
        ["CREATE TABLE mine AS SELECT * FROM ledger_entry", "DROP TABLE ledger_entry",
         "ALTER TABLE mine RENAME TO ledger_entry", REWRITE],
        "file",
    ),
    Attack(
        "rename the table",
        ["ALTER TABLE ledger_entry RENAME TO mine",
         "CREATE TABLE ledger_entry AS SELECT * FROM mine", REWRITE],
        "file",
    ),
    Attack(
        "write the schema",
        ["PRAGMA writable_schema = ON",
         "DELETE FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger_entry'",
         "PRAGMA writable_schema = RESET", REWRITE],
        "file",
    ),
    Attack(
        "a trigger that swallows rows",
        ["CREATE TRIGGER swallow BEFORE INSERT ON ledger_entry BEGIN SELECT RAISE(IGNORE); END"],
        "file", swallows=True,
    ),
    Attack(
        "a temporary trigger that swallows rows",
        ["CREATE TEMP TRIGGER swallow BEFORE INSERT ON main.ledger_entry"
         " BEGIN SELECT RAISE(IGNORE); END"],
        "file", swallows=True,
    ),
    Attack("choose one's own number", [HIDDEN_ACT]),
    Attack(
        "choose one's own number without its guard",
        ["DROP TRIGGER journal_act_no_choice", HIDDEN_ACT], "file",
    ),
    Attack("set the counter back", ["UPDATE sqlite_sequence SET seq = 0", HIDDEN_ACT]),
)  # fmt: skip

#: `open owner` owns the tables where the host forbids event triggers.
POSTGRESQL_ROLES = ("app", "sealer", "owner", "open owner", "superuser")
PARTS = range(16)
DROP_TRIGGER = "DROP TRIGGER ledger_entry_rewrite ON ledger_entry"
POSTGRESQL = (
    Attack("update", [REWRITE]),
    Attack("delete", ["DELETE FROM ledger_entry"]),
    Attack(
        "upsert",
        ["INSERT INTO journal_seal SELECT * FROM journal_seal"
         " ON CONFLICT (seal_no) DO UPDATE SET epoch = 2"],
    ),
    Attack(
        "merge",
        ["MERGE INTO ledger_entry o USING ledger_entry n"
         " ON o.person_id = n.person_id AND o.entry_id = n.entry_id WHEN MATCHED THEN DELETE"],
    ),
    Attack("truncate", ["TRUNCATE ledger_entry"]),
    Attack("truncate a partition", ["TRUNCATE ledger_entry_03"]),
    Attack("a replica's role", ["SET session_replication_role = replica", REWRITE]),
    Attack("drop a trigger", [DROP_TRIGGER, REWRITE], "open owner"),
    Attack(
        "disable the triggers", ["ALTER TABLE ledger_entry DISABLE TRIGGER USER", REWRITE],
        "open owner",
    ),
    Attack(
        "drop the table",
        ["CREATE TABLE mine AS SELECT * FROM ledger_entry", "DROP TABLE ledger_entry",
         "ALTER TABLE mine RENAME TO ledger_entry", REWRITE],
        "open owner",
    ),
    Attack(
        "rename the table",
        ["ALTER TABLE ledger_entry RENAME TO mine",
         "CREATE TABLE ledger_entry AS SELECT * FROM mine", REWRITE],
        "open owner",
    ),
    Attack(
        "detach the partitions",
        [f"ALTER TABLE ledger_entry DETACH PARTITION ledger_entry_{part:02d}" for part in PARTS],
        "open owner",
    ),
    Attack(
        "another type",
        ["ALTER TABLE ledger_entry ALTER COLUMN leaf TYPE bytea USING {forged}"], "open owner",
    ),
    Attack(
        "replace the function",
        ["CREATE OR REPLACE FUNCTION ledger_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql"
         " AS 'BEGIN RETURN NEW; END'", REWRITE],
        "open owner",
    ),
    Attack(
        "rename the function",
        ["ALTER FUNCTION ledger_refuse_rewrite() RENAME TO mine",
         DROP_TRIGGER, REWRITE],
        "open owner",
    ),
    Attack(
        "a rule that swallows rows",
        # COPY, by which rows come in, passes rules by; the attacker helps himself otherwise.
        ["CREATE RULE swallow AS ON INSERT TO ledger_entry DO INSTEAD NOTHING",
         DROP_TRIGGER, REWRITE],
        "open owner",
    ),
    Attack(
        "a trigger that swallows rows",
        ["CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
         "CREATE TRIGGER swallow BEFORE INSERT ON ledger_entry FOR EACH ROW"
         " EXECUTE FUNCTION swallow()"],
        "open owner", swallows=True,
    ),
    Attack(
        "a policy that hides rows",
        ["CREATE POLICY hide ON ledger_entry USING (false)",
         "ALTER TABLE ledger_entry FORCE ROW LEVEL SECURITY",
         "ALTER TABLE ledger_entry ENABLE ROW LEVEL SECURITY"],
        "open owner",
    ),
    Attack("choose one's own number", [HIDDEN_ACT], "owner, open owner, superuser"),
    Attack(
        "open the event triggers, then the rest",
        [f"ALTER EVENT TRIGGER {name} DISABLE" for name in EVENT_TRIGGERS]
        + [DROP_TRIGGER, REWRITE],
        "superuser",
    ),
    Attack("drop the event triggers' function", ["DROP FUNCTION creditbank_guard_ddl() CASCADE"]),
    Attack(
        "replace the event triggers' function",
        ["CREATE OR REPLACE FUNCTION creditbank_guard_ddl() RETURNS event_trigger"
         " LANGUAGE plpgsql AS 'BEGIN END'",
         "ALTER TABLE ledger_entry DISABLE TRIGGER USER", REWRITE],
        "superuser",
    ),
)  # fmt: skip
CELLS = [
    *(("sqlite", attack, role) for attack in SQLITE for role in SQLITE_ROLES),
    *(
        ("postgresql", attack, role)
        for attack in POSTGRESQL
        for role in POSTGRESQL_ROLES
        # Where there are no event triggers there is nothing of theirs to attack.
        if not (role == "open owner" and "event trigger" in attack.name)
    ),
]


@dataclass(frozen=True, slots=True)
class Scene:
    """A sealed bank, and a checkpoint of its log that left the machine when it was smaller."""

    bank: TestBank
    database: Database
    superuser_url: str
    size: int
    root: bytes
    filing_no: str


@pytest.fixture(scope="module")
def scenes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Scene]]:
    """Give one bank for each database; whatever is tried on it is rolled back."""
    made: dict[str, Scene] = {}
    url = f"sqlite:///{tmp_path_factory.mktemp('matrix') / 'bank.sqlite3'}"
    server = request.getfixturevalue("postgresql_url")
    for database, superuser_url in (
        (Database("sqlite", url, url, url), url),
        _owned_by_no_superuser(server),
    ):
        home = tmp_path_factory.mktemp(database.kind)
        made[database.kind] = _scene(database, superuser_url, home)
    yield made
    for scene in reversed(made.values()):
        scene.bank.close()


def _owned_by_no_superuser(server: str) -> tuple[Database, str]:
    """Make a database whose owner may make roles and is no superuser, as in production."""
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # Tests of this file may be run in two turns, with others of the same server between them.
        connection.execute(text("DROP DATABASE IF EXISTS matrix WITH (FORCE)"))
        known = text("SELECT FROM pg_roles WHERE rolname = :role")
        if connection.execute(known, {"role": OWNER_ROLE}).first() is None:
            connection.execute(text(f"CREATE ROLE {OWNER_ROLE} LOGIN CREATEROLE"))
        connection.execute(text(f"CREATE DATABASE matrix OWNER {OWNER_ROLE}"))
    admin.dispose()
    superuser, owner, app, sealer = (
        make_url(server).set(database="matrix", **named).render_as_string(hide_password=False)
        for named in (
            {}, {"username": OWNER_ROLE}, {"username": APP_ROLE}, {"username": SEALER_ROLE},
        )
    )  # fmt: skip
    return Database("postgresql", owner, app, sealer), superuser


def _scene(database: Database, superuser_url: str, home: Path) -> Scene:
    owner = make_engine(database.owner_url, Settings(), owner=True)
    upgrade(owner)
    make_roles(owner)
    forbidden = standing_guards(owner).forbidden
    owner.dispose()
    assert forbidden == (sorted(EVENT_TRIGGERS) if database.kind == "postgresql" else [])
    administrator = make_engine(superuser_url, Settings(), owner=True)
    make_roles(administrator)
    administrator.dispose()
    bank = found_test_bank(database.settings(home))
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([invented_person(1)]))
    bank.seal()
    with bank.reading() as session:
        log = session.scalars(select(Log).where(Log.jurisdiction == "cn-3710")).one()
        query = select(SignedCheckpoint).where(SignedCheckpoint.log_id == log.log_id)
        head = session.scalars(query).one()
    bank.post(filing_no, attendance([invented_person(2)]))
    bank.seal()
    return Scene(bank, database, superuser_url, head.size, head.root, filing_no)


@contextmanager
def holding(scene: Scene, role: str) -> Iterator[Connection]:
    """Connect as somebody, in a transaction that is rolled back."""
    urls = {
        "app": scene.database.app_url, "sealer": scene.database.sealer_url,
        "owner": scene.database.owner_url,
    }  # fmt: skip
    url = urls.get(role, scene.superuser_url)
    engine = make_engine(url, scene.bank.house.settings, owner=role != "app")
    try:
        with engine.connect() as connection:
            if role == "open owner":
                for name in EVENT_TRIGGERS:
                    connection.execute(text(f"DROP EVENT TRIGGER {name}"))
                connection.execute(text(f"SET LOCAL ROLE {OWNER_ROLE}"))
            yield connection
            connection.rollback()
    finally:
        engine.dispose()


def tried(connection: Connection, attack: Attack) -> str:
    """Do what the attack says; return why the database refuses, empty if it does not."""
    kind = connection.dialect.name
    on_postgresql = kind == "postgresql"
    for statement in attack.statements:
        said = statement.format(
            forged=FORGED[kind],
            xid="xid," if on_postgresql else "",
            xid_value="3," if on_postgresql else "",
            overriding="OVERRIDING SYSTEM VALUE" if on_postgresql else "",
        )
        try:
            connection.execute(text(said))
        except DBAPIError as error:
            return str(error.orig)
    return ""


def fsck(session: Session, bank: TestBank) -> list[str]:
    found = check_ledger(session, lambda people: secret_states(session, bank.house.vault, people))
    return [each.code for each in found]


def grows_from_the_checkpoint(session: Session, scene: Scene) -> bool:
    """Build the log again from the rows alone, and prove that the old checkpoint is its start."""
    far = 2**62
    newest = session.scalars(select(Epoch).order_by(Epoch.epoch.desc()).limit(1)).one().epoch
    through = Seal(
        epoch=newest, entry_epoch=newest, entry_xid=far, entry_id=far,
        act_epoch=newest, act_xid=far, act_id=far,
    )  # fmt: skip
    rows = pending_after(session, None, through=through)
    nodes = [leaf_node(row.leaf) for row in rows if row.jurisdiction == "cn-3710"]
    if len(nodes) < scene.size:
        return False
    proof = consistency_proof(scene.size, len(nodes), lambda level, _tile: b"".join(nodes[level:]))
    return consistency_holds(scene.size, scene.root, len(nodes), root_of(nodes), proof)


def joined(connection: Connection) -> Session:
    return Session(connection, join_transaction_mode="create_savepoint")


@pytest.mark.parametrize("kind", DATABASES)
def test_an_honest_bank_stands_up_to_both_proofs(scenes: dict[str, Scene], kind: str) -> None:
    scene = scenes[kind]

    with holding(scene, "superuser") as connection, joined(connection) as session:
        assert fsck(session, scene.bank) == []
        assert grows_from_the_checkpoint(session, scene)
        standing = standing_guards(connection.engine)

    assert (standing.missing, standing.forbidden) == ([], [])


@pytest.mark.parametrize(
    ("kind", "attack", "role"), CELLS, ids=[f"{k}-{a.name}-by {r}" for k, a, r in CELLS]
)
def test_an_attack_is_refused_or_exposed(
    scenes: dict[str, Scene], kind: str, attack: Attack, role: str
) -> None:
    scene = scenes[kind]

    with holding(scene, role) as connection:
        refusal = tried(connection, attack)

        if role not in attack.through.split(", "):
            assert re.search(REFUSED, refusal), refusal or "came through"
            return
        assert refusal == ""
        with joined(connection) as session:
            if attack.swallows:
                _post(session, scene)
            assert fsck(session, scene.bank) != []
            assert grows_from_the_checkpoint(session, scene) == attack.swallows


def _post(session: Session, scene: Scene) -> None:
    filing = filing_numbered(session, scene.filing_no)
    posting = RosterPosting(filing, attendance([invented_person(3)]), "provider-test")
    assert post_roster(session, scene.bank.house.vault, posting, now=NOW).rows_credited
    session.flush()


@pytest.mark.parametrize("kind", DATABASES)
def test_a_history_that_is_signed_anew_passes_fsck_and_fails_against_the_checkpoint(
    scenes: dict[str, Scene], kind: str
) -> None:
    scene = scenes[kind]

    with holding(scene, "superuser") as connection:
        drop_guards(connection)
        with joined(connection) as session:
            for table in (SignedCheckpoint, Tile, Bundle, SealSpan, LogFreeze, Seal):
                session.execute(delete(table))
            session.execute(update(Log).values(seal_no=1))
            session.execute(delete(Act).where(Act.kind == "organisation.registered"))
            seal(session, scene.bank.house.sealer(HOST), now=NOW)

            assert fsck(session, scene.bank) == []
            assert not grows_from_the_checkpoint(session, scene)


def test_without_the_authorizer_an_application_could_drop_its_guards(
    scenes: dict[str, Scene],
) -> None:
    attack = next(each for each in SQLITE if each.name == "drop a trigger")

    with holding(scenes["sqlite"], "file") as connection:
        unasked = tried(connection, attack)
        connection.rollback()
        restrict(connection.connection.dbapi_connection)
        asked = tried(connection, attack)

    assert (unasked, asked) == ("", "not authorized")


def test_the_owner_of_the_tables_cannot_open_what_an_administrator_closed(
    scenes: dict[str, Scene],
) -> None:
    with (
        holding(scenes["postgresql"], "owner") as connection,
        pytest.raises(MigrationWindowClosedError),
        migration_window(connection),
    ):
        pass


def test_an_administrator_migrates_for_the_owner_and_leaves_the_tables_closed(
    scenes: dict[str, Scene],
) -> None:
    owner = text("SELECT tableowner FROM pg_tables WHERE tablename = 'made'")

    with holding(scenes["postgresql"], "superuser") as connection:
        with migration_window(connection):
            connection.execute(text(DROP_TRIGGER))
            connection.execute(text("CREATE TABLE made (made integer)"))

        assert connection.scalar(owner) == OWNER_ROLE
        with pytest.raises(DBAPIError, match="is guarded"):
            connection.execute(text("DROP TABLE ledger_facts"))


def test_a_migration_that_fails_leaves_the_tables_closed(scenes: dict[str, Scene]) -> None:
    scene = scenes["postgresql"]

    def fail() -> None:
        with holding(scene, "superuser") as connection, migration_window(connection):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with holding(scene, "superuser") as connection:
        assert standing_guards(connection.engine).missing == []
