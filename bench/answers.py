"""Signed answers over HTTP: one question at a time, beside a raw floor on the same server.

Builds a bank of people with ten years of history each, serves it as `creditbank serve` does, and
asks about one after another. The floor is a bare Flask application behind the same server and on
the same database: five indexed reads, one Ed25519 signature, one INSERT, one commit. Both take
turns; the rate at saturation, then p99 at half of each one's own rate, then questions asked again.
Beside the rates stands what an answer takes of the processor, on whatever else the machine does:
of the process that answers, and of the database's server.

    .venv/bin/python -m bench.answers --database postgresql
"""

import argparse
import base64
import http.client
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from typing import NamedTuple

from sqlalchemy import text

from bench.banks import DATABASES, bank_on
from bench.verdicts import built, process_seconds, server_seconds
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.guards import APP_ROLE
from creditbank.people.register import Identity
from creditbank.registry.credentials import credentials_of
from creditbank.registry.tokens import issue_token
from tests.bank import TestBank
from tests.verification.askers import asker

ASKERS = 8
#: Questions that are asked again and again, after they were asked for the first time.
REPEATED = 40
STARTS_WITHIN_SECONDS = 60
OURS, RAW = "creditbank.cli.web_process", "bench.raw_answers"


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--database", choices=DATABASES, action="append")
    wanted = parser.parse_args()
    for database in wanted.database or DATABASES[::-1]:
        with bank_on(database) as bank:
            people = built(bank, wanted.people)
            make_raw_table(bank)
            compare(bank, database, people, wanted.seconds, wanted.turns)


def compare(
    bank: TestBank, database: str, people: Sequence[Identity], seconds: float, turns: int
) -> None:
    """Print what both do in turns."""
    bodies = [question_about(each) for each in people]
    token = token_of(bank)
    with served(bank, OURS) as ours_at, served(bank, RAW) as raw_at:
        numbers = itertools.count()
        ask = partial(one_question, bodies, token, numbers, "/api/v1/verdicts")
        raw = partial(one_question, bodies, token, numbers, "/ask")
        again = partial(ask, repeated=True)
        first_time = http.client.HTTPConnection("127.0.0.1", ours_at.port)
        for _ in range(REPEATED):
            again(first_time)
        taken: dict[str, list[Turn]] = {"ours": [], "raw": [], "again": []}
        for _ in range(turns):
            for name, place, call in (
                ("ours", ours_at, ask), ("raw", raw_at, raw), ("again", ours_at, again),
            ):  # fmt: skip
                taken[name].append(turn(place, call, seconds))
        ours, floor, repeated = (
            statistics.median(each.rate for each in taken[name]) for name in taken
        )
        slow_ours = p99(paced(ours_at.port, ask, ours / 2, seconds * 2))
        slow_raw = p99(paced(raw_at.port, raw, floor / 2, seconds * 2))
        print(
            f"{database}: {ours:,.0f} signed answers a second, {floor:,.0f} of the floor:"
            f" {ours / floor:.2f} (wanted 0.5); asked again {repeated:,.0f} ({repeated / ours:.2f},"
            f" wanted 1); p99 at half of each one's rate {slow_ours:.0f} ms and {slow_raw:.0f} ms:"
            f" {slow_ours / slow_raw:.1f} (2 is allowed)"
        )
        for name, said in (("ours", "an answer"), ("raw", "the floor"), ("again", "asked again")):
            bank_ms, server_ms = (
                statistics.median(getattr(each, part) for each in taken[name])
                for part in ("bank_ms", "server_ms")
            )
            print(
                f"  {said}: {bank_ms:.2f} ms of the processor, {server_ms:.2f} ms of the server's"
            )


class Served(NamedTuple):
    """A process that answers, and where."""

    pid: int
    port: int


class Turn(NamedTuple):
    """One turn at saturation: answers a second, and of each what it took of the processors."""

    rate: float
    bank_ms: float
    server_ms: float


def turn(place: Served, call: Callable[[http.client.HTTPConnection], None], seconds: float) -> Turn:
    """Ask without a pause; what asks is not counted among what the answers took."""
    before, served_before = process_seconds(place.pid), server_seconds()
    count = len(saturated(place.port, call, seconds))
    spent, served = process_seconds(place.pid) - before, server_seconds() - served_before
    return Turn(count / seconds, spent / count * 1_000, served / count * 1_000)


def question_about(person: Identity) -> dict[str, object]:
    """Write what is asked about a person."""
    return {
        "document_kind": str(person.document.kind), "document_number": person.document.number,
        "name": person.name, "scheme": "cn-3710", "series": "engineering",
        "level": "associate_senior", "application_day": "2027-03-15",
        "purpose": "职称申报资格审核", "legal_basis": "人社部令第25号", "disclose": "summary",
        "stated": {"current_title_on": "2016-06-30"},
    }  # fmt: skip


def one_question(  # what is asked, by whom, where
    bodies: Sequence[dict[str, object]], token: str, numbers: Iterator[int], path: str,
    connection: http.client.HTTPConnection, *, repeated: bool = False,
) -> None:  # fmt: skip
    """Ask one question and wait for its answer."""
    number = next(numbers)
    if repeated:
        number %= min(REPEATED, len(bodies))
    key = number if repeated else f"new-{number}"
    headers = {
        "Authorization": f"Bearer {token}", "Content-Type": "application/json",
        "Idempotency-Key": f"bench-{key}",
    }  # fmt: skip
    body = json.dumps(bodies[number % len(bodies)], ensure_ascii=False).encode()
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    content = response.read()
    if response.status not in {200, 201}:
        raise RuntimeError(f"{path}: {response.status} {content[:300]!r}")


def saturated(
    port: int, call: Callable[[http.client.HTTPConnection], None], seconds: float
) -> list[float]:
    """Ask without a pause from several askers; return how long each question took."""
    return asked(port, call, seconds, pause=0)


def paced(
    port: int, call: Callable[[http.client.HTTPConnection], None], rate: float, seconds: float
) -> list[float]:
    """Ask at a rate; each question's time runs from when it was due, not from when it was sent."""
    return asked(port, call, seconds, pause=1 / rate)


def asked(
    port: int, call: Callable[[http.client.HTTPConnection], None], seconds: float, *, pause: float
) -> list[float]:
    """Ask from several threads until the time is over."""
    taken: list[float] = []
    failures: list[BaseException] = []
    begins, ticks = time.perf_counter() + 0.2, itertools.count()

    def ask_on() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            while True:
                due = max(begins + next(ticks) * pause, time.perf_counter() if not pause else 0)
                if due > begins + seconds:
                    return
                time.sleep(max(0.0, due - time.perf_counter()))
                call(connection)
                taken.append((time.perf_counter() - due) * 1_000)
        except (OSError, RuntimeError, http.client.HTTPException) as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask_on) for _ in range(ASKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return taken


def p99(milliseconds: Sequence[float]) -> float:
    """Return the time that 99 of 100 questions took at most."""
    return statistics.quantiles(milliseconds, n=100)[98]


def token_of(bank: TestBank) -> str:
    """Make a title system with a mandate for everything; return its access token."""
    client = asker(bank)
    with bank.unit() as session:
        [credential] = credentials_of(session, client.client_id)
        return issue_token(session, credential, lifetime_seconds=3_600, now=utc_now()).token


def make_raw_table(bank: TestBank) -> None:
    """Make the floor's one table, as the owner of the schema."""
    settings = bank.house.settings
    owner = make_engine(settings.owner_url, settings, owner=True)
    with owner.begin() as connection:
        connection.execute(
            text("CREATE TABLE raw_answers (answer_no VARCHAR(40) PRIMARY KEY, said VARCHAR)")
        )
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"GRANT SELECT, INSERT ON raw_answers TO {APP_ROLE}"))
    owner.dispose()


@contextmanager
def served(bank: TestBank, module: str) -> Iterator[Served]:
    """Serve a module's application in a process of its own; yield where."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    settings = bank.house.settings
    environment = os.environ | {
        f"CREDITBANK_{each.name.upper()}": str(getattr(settings, each.name))
        for each in fields(Settings)
    }
    environment |= {
        "CREDITBANK_LISTEN_PORT": str(port), "CREDITBANK_RATE_CLIENT_REQUESTS": "1000000",
        "BENCH_KEY": base64.b64encode(os.urandom(32)).decode(),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", module, str(os.getpid())], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield Served(process.pid, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=STARTS_WITHIN_SECONDS)


def wait_for(port: int) -> None:
    """Wait until somebody answers there."""
    ends = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            connection.getresponse().read()
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()


if __name__ == "__main__":
    main()
