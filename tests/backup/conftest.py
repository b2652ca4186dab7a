"""One bank with a backup of it, for each kind of database and for all tests here that only read."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from creditbank.backup.manifest import LogHead, read_manifest
from creditbank.config import Settings
from creditbank.guards import APP_ROLE, SEALER_ROLE
from creditbank.registry.clients import Client
from tests.acts import seal_all
from tests.bank import TestBank, attendance, found_test_bank, invented_person
from tests.certificates.counter import HOLDER, issue, with_hours
from tests.cli.bench import Terminal, terminal_for
from tests.conftest import DATABASES, Database
from tests.verification.askers import asker

COLLEAGUE = invented_person(2)
#: In which the colleague's roster was sent.
FILE = "姓名,证件号码\n".encode()
#: Who restores on PostgreSQL: the database's owner, and nothing more.
OWNER_ROLE = "creditbank_test_owner"


@dataclass(slots=True)
class Scene:
    """A bank, a backup of it, and what was published at that time and after."""

    kind: str
    bank: TestBank
    folder: Path
    client: Client
    empty: Callable[[Path], Database]
    filing_no: str = ""
    certificate_no: str = ""
    roster_no: str = ""
    backup: Path = field(init=False)
    #: what `ledger head --notes` printed right before the backup, and later
    then: Path = field(init=False)
    later: Path = field(init=False)

    def __post_init__(self) -> None:
        self.backup, self.then, self.later = (
            self.folder / name for name in ("backup", "then.txt", "later.txt")
        )

    @property
    def terminal(self) -> Terminal:
        """A terminal at the bank."""
        return terminal_for(self.bank.house.settings)

    @property
    def heads(self) -> tuple[LogHead, ...]:
        """Where the logs stood in the backup."""
        return read_manifest(self.backup, self.bank.house.keys).logs

    def publish(self, path: Path) -> None:
        """Keep the heads of the logs, as somebody outside would."""
        path.write_text(self.terminal.run("ledger", "head", "--notes").output, encoding="utf-8")

    def elsewhere(self, home: Path) -> Settings:
        """Return settings of an empty place, to which the keys were brought."""
        shutil.copytree(self.bank.house.settings.keys_path, home / "keys")
        return self.empty(home).settings(home)


@pytest.fixture(scope="module", params=DATABASES)
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    made: list[str] = []

    def empty(home: Path) -> Database:
        if request.param == "sqlite":
            url = f"sqlite:///{home / 'bank.sqlite3'}"
            return Database("sqlite", url, url, url)
        made.append(_created(request, "template0", OWNER_ROLE))
        return _database(request, made[-1], OWNER_ROLE)

    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'bank.sqlite3'}"
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "bank.sqlite3")
        database = Database("sqlite", url, url, url)
    else:
        made.append(_created(request, "bank_template"))
        database = _database(request, made[-1])
    bank = found_test_bank(database.settings(folder / "home"))
    yield _played(Scene(request.param, bank, folder, asker(bank), empty))
    bank.close()
    for name in made:
        with request.getfixturevalue("postgresql_admin").connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _played(scene: Scene) -> Scene:
    """Sealed and unsealed rows, a certificate, a backup; then more, and published."""
    bank = scene.bank
    with_hours(bank, HOLDER)
    scene.certificate_no = issue(bank).certificate.number
    scene.filing_no = bank.approved_filing()
    seal_all(bank)
    scene.publish(scene.then)
    scene.roster_no = bank.post(scene.filing_no, attendance([COLLEAGUE]), file=FILE).roster_no
    scene.terminal.run("backup", str(scene.backup))
    bank.post(scene.filing_no, attendance([invented_person(3)]))
    seal_all(bank)
    scene.publish(scene.later)
    return scene


def _created(request: pytest.FixtureRequest, template: str, owner: str = "DEFAULT") -> str:
    admin: Engine = request.getfixturevalue("postgresql_admin")
    name = f"bank_{os.urandom(6).hex()}"
    with admin.connect() as connection:
        known = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
        if owner == OWNER_ROLE and not connection.scalar(known, {"role": owner}):
            connection.execute(text(f"CREATE ROLE {owner} LOGIN"))
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} OWNER = {owner}"))
    return name


def _database(request: pytest.FixtureRequest, name: str, owner_role: str = "") -> Database:
    server = make_url(request.getfixturevalue("postgresql_url")).set(database=name)
    named_owner = {"username": owner_role} if owner_role else {}
    owner, app, sealer = (
        server.set(**named).render_as_string(hide_password=False)
        for named in (named_owner, {"username": APP_ROLE}, {"username": SEALER_ROLE})
    )
    return Database("postgresql", owner, app, sealer)
