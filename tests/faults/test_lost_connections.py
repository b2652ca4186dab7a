"""A server that ends, or is not there, is told as such, and nothing is half-written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from creditbank.app import create_app
from creditbank.config import Settings
from creditbank.db import DatabaseLostError, db, snapshot, unit_of_work
from creditbank.people.models import Person
from tests.bank import NOW, TestBank

ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def end_backend_of(session: Session) -> None:
    """End a session's connection from another one of the same role, and wait until it is gone."""
    pid = session.scalar(text("SELECT pg_backend_pid()"))
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def write_somebody_and_lose_the_connection() -> None:
    """Lose the connection after the row and before the commit."""
    with unit_of_work() as session:
        session.add(Person(person_id=99, created_at=NOW))
        session.flush()
        end_backend_of(session)


def lose_the_connection_and_read() -> None:
    """Lose the connection between two reads."""
    with snapshot() as session:
        end_backend_of(session)
        session.scalar(text("SELECT 1"))


@ON_POSTGRESQL
@pytest.mark.parametrize(
    "losing", [write_somebody_and_lose_the_connection, lose_the_connection_and_read]
)
def test_a_lost_connection_leaves_nothing_and_says_so(
    bank: TestBank, losing: Callable[[], None]
) -> None:
    with bank.app.app_context():
        with pytest.raises(DatabaseLostError):
            losing()

        with snapshot() as session:
            assert session.get(Person, 99) is None


@pytest.fixture
def unreachable(tmp_path: Path) -> Flask:
    """An application whose database is not there."""
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    return create_app(Settings(home=str(tmp_path), database_url=url))


def test_a_server_that_is_not_there_is_told_to_machines_and_nothing_of_it(
    unreachable: Flask,
) -> None:
    client = unreachable.test_client()
    answer = client.get("/api/v1/filings", headers={"Authorization": "Bearer nothing"})

    assert (answer.status_code, answer.get_json()["code"]) == (503, "database-lost")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "127.0.0.1" not in answer.get_data(as_text=True)
