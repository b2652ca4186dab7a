"""The clock seals by itself, rides out a disturbed database, and ends when it is told to."""

import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from creditbank.cli.processes import environment_of
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.rules.loader import load_pack
from creditbank.verification.impact_runs import impact_numbered, request_impact
from tests.acts import publish
from tests.bank import TestBank, attendance, invented_person
from tests.cli.bench import DEADLINE_SECONDS, start, wait_until
from tests.faults.audit import missed
from tests.lawtexts import hours, law

LOCKED_SECONDS = 4


@dataclass(slots=True)
class Clock:
    """A clock at work beside a bank."""

    bank: TestBank
    process: "subprocess.Popen[bytes]"

    def everything_is_sealed(self) -> bool:
        return missed(self.bank) == (0, 0)


@pytest.fixture
def clock(bank: TestBank) -> Iterator[Clock]:
    settings = replace(bank.house.settings, seal_interval_seconds=1, lock_wait_seconds=1)
    process = start(environment_of(settings), "clock")
    yield Clock(bank, process)
    process.kill()
    process.wait()


def test_what_is_posted_is_sealed_without_being_asked(clock: Clock) -> None:
    clock.bank.post(clock.bank.approved_filing(), attendance([invented_person(1)]))

    wait_until(clock.everything_is_sealed, "the clock has sealed")

    assert clock.bank.fsck() == []


def test_an_impact_that_somebody_asked_for_is_counted(clock: Clock) -> None:
    publish(clock.bank, law(hours("40")).decode())
    content = law(hours("40"), hours("50", "2026-01-01", replaces="2020-01-01"), version=2)
    with clock.bank.unit() as session:
        pack = load_pack(content, file="x")
        run = request_impact(session, content, pack, actor="official-test", now=utc_now())

    def is_done() -> bool:
        with clock.bank.reading() as session:
            return impact_numbered(session, run.run_no).state == "done"

    wait_until(is_done, "the clock has counted")


def test_a_disturbed_database_does_not_stop_the_clock(clock: Clock) -> None:
    wait_until(clock.everything_is_sealed, "the clock has sealed")
    disturb(clock.bank.house.settings)

    clock.bank.post(clock.bank.approved_filing(), attendance([invented_person(1)]))

    wait_until(clock.everything_is_sealed, "the clock has sealed again")
    assert clock.process.poll() is None


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_clock_cleanly(clock: Clock, signal_number: int) -> None:
    wait_until(clock.everything_is_sealed, "the clock has sealed")

    clock.process.send_signal(signal_number)

    assert clock.process.wait(DEADLINE_SECONDS) == 0


def disturb(settings: Settings) -> None:
    """Cut every connection (PostgreSQL), or hold the writer's lock for some seconds (SQLite).

    Comes back when they are cut: a backend is only asked to end, and may take one more query.
    """
    url = make_url(settings.owner_url)
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        _lock(Path(url.database))
        return
    owner = create_engine(url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    owner.dispose()


def _lock(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    threading.Event().wait(LOCKED_SECONDS)
    connection.execute("ROLLBACK")
    connection.close()
