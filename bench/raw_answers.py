"""The floor beside `bench.answers`: what any signed answer with a durable record costs at least.

Five indexed reads of the same tables, one Ed25519 signature over what they found, one INSERT and
one commit, in a bare Flask application behind the server that the bank has.
"""

import base64
import itertools
import json
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, request
from flask.typing import ResponseReturnValue
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from sqlalchemy import make_url

from creditbank.cli.web_process import BLOCKING_THREADS, workers_of
from creditbank.config import settings_from_environment
from creditbank.jobs.lifeline import end_with_parent

READS = (
    "SELECT * FROM person WHERE person_id = ?",
    "SELECT * FROM person_secret WHERE person_id = ?",
    "SELECT * FROM person_name WHERE person_id = ?",
    "SELECT credited_year, subject, centihours, leaf FROM ledger_entry WHERE person_id = ?",
    "SELECT * FROM person_document WHERE person_id = ?",
)
WRITE = "INSERT INTO raw_answers (answer_no, said) VALUES (?, ?)"
Run = Callable[[str, Sequence[object]], list[Any]]


def application() -> Flask:
    """Make the floor's application in a worker."""
    end_with_parent(os.getppid())
    app = Flask(__name__)
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(os.environ["BENCH_KEY"]))
    url = make_url(settings_from_environment().app_url)
    local, numbers = threading.local(), itertools.count()
    people: list[int] = []

    def connection() -> Any:
        if not hasattr(local, "connection"):
            local.connection = _connected(url.database or "", url.render_as_string(False))
        return local.connection

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.post("/ask")
    def ask() -> ResponseReturnValue:
        asked = request.get_json()
        base = connection()
        run = _runs(base)
        if not people:
            people.extend(row[0] for row in run("SELECT person_id FROM person", ()))
        person_id = people[int(asked["document_number"][:17]) % len(people)]
        found = [[str(row) for row in run(read, (person_id,))] for read in READS]
        said = json.dumps({"asked": asked, "found": found}, ensure_ascii=False)
        signature = base64.urlsafe_b64encode(key.sign(said.encode())).decode()
        run(WRITE, (f"{os.getpid()}-{next(numbers)}", f"{said}.{signature}"))
        base.commit()
        return {"said": said, "signature": signature}, 201

    return app


def _connected(path: str, address: str) -> Any:
    if "postgresql" in address:
        return psycopg.connect(address.replace("+psycopg", ""))
    base = sqlite3.connect(path, timeout=30)
    base.execute("PRAGMA synchronous = FULL")
    return base


def _runs(base: Any) -> Run:
    marks = "?" if isinstance(base, sqlite3.Connection) else "%s"

    def run(statement: str, values: Sequence[object]) -> list[Any]:
        cursor = base.execute(statement.replace("?", marks), values)
        return list(cursor.fetchall()) if cursor.description else []

    return run


def main() -> None:
    """Serve until a signal comes or the parent is gone."""
    end_with_parent(int(sys.argv[1]))
    settings = settings_from_environment()
    Granian(
        f"{__spec__.name}:application", factory=True, interface=Interfaces.WSGI,
        address=settings.listen_host, port=settings.listen_port, workers=workers_of(settings),
        blocking_threads=BLOCKING_THREADS, log_level=LogLevels.error,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()
