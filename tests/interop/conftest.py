"""A bank with one client of each kind, served on this machine for programs of others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from tests.api.desk import Desk
from tests.bank import found_test_bank
from tests.cli.bench import free_port
from tests.conftest import Database


@contextmanager
def listening(desk: Desk, port: int) -> Iterator[None]:
    """Serve a bank on this machine for as long as the block runs."""
    server = make_server("127.0.0.1", port, desk.bank.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[tuple[Desk, str]]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = replace(database.settings(tmp_path / "home"), public_url=address)
    bank = found_test_bank(settings)
    desk = Desk(bank)
    with listening(desk, port):
        yield desk, address
    bank.close()
