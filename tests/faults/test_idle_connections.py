"""A connection that broke while it lay idle costs nobody their request."""

import pytest
from sqlalchemy import Engine, text

from creditbank import db as connections
from creditbank.db import make_engine
from tests.bank import TestBank
from tests.conftest import Database


def ended_while_idle(database: Database, bank: TestBank, owner: Engine) -> Engine:
    """Return an engine of the application with one connection, which the server has closed."""
    engine = make_engine(database.app_url, bank.house.settings)
    with engine.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
    with owner.connect() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
    return engine


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("idle_seconds", [0, 99], ids=["left long ago", "left just now"])
def test_a_connection_that_broke_while_it_lay_idle_is_replaced(
    database: Database, bank: TestBank, monkeypatch: pytest.MonkeyPatch, idle_seconds: int
) -> None:
    monkeypatch.setattr(connections, "_IDLE_SECONDS", idle_seconds)
    owner = make_engine(database.owner_url, bank.house.settings, owner=True)

    engine = ended_while_idle(database, bank, owner)
    with engine.connect() as connection:
        answered = connection.scalar(text("SELECT 1"))

    assert answered == 1
    engine.dispose()
    owner.dispose()
