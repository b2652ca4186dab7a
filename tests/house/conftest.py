"""Empty databases, so that a test can watch the migrations at work."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from creditbank.config import Settings
from creditbank.db import make_engine
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give the owner's engine of a database in which nothing stands yet."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}", Settings(), owner=True)
        yield engine
        engine.dispose()
        return
    admin: Engine = request.getfixturevalue("postgresql_admin")
    name = f"empty_{os.urandom(6).hex()}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(request.getfixturevalue("postgresql_url")).set(database=name)
    engine = make_engine(url.render_as_string(hide_password=False), Settings(), owner=True)
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
