"""SQLite's writers wait for the disk together, and nobody is told before the disk has it."""

import errno
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from creditbank.commits import SyncFailedError, TurnNotGivenError, WriteQueue
from creditbank.db import WRITERS, BusyError, DiskFailedError, unit_of_work
from creditbank.people.models import Person
from creditbank.people.register import ensure_people
from tests.bank import NOW, TestBank, found_test_bank, invented_person
from tests.conftest import Database

WRITERS_AT_ONCE = 8
UNITS = 48
#: As a real disk takes; meanwhile others commit.
SYNC_SECONDS = 0.01

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class TellsAtOnce(WriteQueue):
    """A double that does not wait for the disk."""

    def wait_until_durable(self) -> None:
        pass


class JoinsTheRunningSync(WriteQueue):
    """A double that takes a sync already under way for its own."""

    def wait_until_durable(self) -> None:
        with self._changed:
            if self._begun > self._ended:
                wanted = self._begun
                self._changed.wait_for(lambda: self._ended >= wanted)
                return
        super().wait_until_durable()


class Disk:
    """What a power cut would leave of a log: its bytes when the last sync that ended began."""

    def __init__(self) -> None:
        self.left = b""
        self.syncs = 0

    def sync(self, log: Path) -> None:
        written = log.read_bytes()
        descriptor = os.open(log, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        time.sleep(SYNC_SECONDS)
        self.left, self.syncs = written, self.syncs + 1


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home"))
    # From here on everything new is in the log, and a cut can be told from the log alone.
    with made.app.app_context():
        connection = sqlite3.connect(database_file(database))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    yield made
    made.close()


def database_file(database: Database) -> Path:
    return Path(database.app_url.removeprefix("sqlite:///"))


def use(bank: TestBank, queue: WriteQueue) -> None:
    bank.app.extensions[WRITERS] = queue


def add_person(bank: TestBank, number: int) -> int:
    """Write one person in a unit of work; return the key once the unit has told that it is done."""
    with bank.app.app_context(), unit_of_work() as session:
        person = invented_person(number)
        return ensure_people(session, bank.house.vault, [person], now=NOW)[person.document]


def people_after_power_cut(file: Path, log: bytes, scratch: Path) -> set[int]:
    scratch.mkdir(parents=True)
    shutil.copy(file, scratch / "bank.sqlite3")
    (scratch / "bank.sqlite3-wal").write_bytes(log)
    connection = sqlite3.connect(scratch / "bank.sqlite3")
    found = {key for (key,) in connection.execute("SELECT person_id FROM person")}
    connection.close()
    return found


def told_and_lost(
    bank: TestBank, file: Path, scratch: Path, make: Callable[..., WriteQueue]
) -> tuple[int, int, int]:
    """Write from several threads; return units told as done, those that a cut takes, and syncs."""
    disk = Disk()
    use(bank, make(file.with_name(file.name + "-wal"), 60, disk.sync))
    main_file = file.read_bytes()

    def tell(number: int) -> tuple[int, bytes]:
        return add_person(bank, number), disk.left

    with ThreadPoolExecutor(WRITERS_AT_ONCE) as threads:
        told = list(threads.map(tell, range(UNITS)))
    assert file.read_bytes() == main_file, "a checkpoint would blur what the log alone holds"
    lost = [
        person_id
        for number, (person_id, left) in enumerate(told)
        if person_id not in people_after_power_cut(file, left, scratch / str(number))
    ]
    return len(told), len(lost), disk.syncs


@on_sqlite
def test_what_was_told_as_done_outlives_a_power_cut(
    bank: TestBank, database: Database, tmp_path: Path
) -> None:
    told, lost, syncs = told_and_lost(bank, database_file(database), tmp_path / "cut", WriteQueue)

    assert (told, lost) == (UNITS, 0)
    assert 0 < syncs <= UNITS


@on_sqlite
@pytest.mark.parametrize("double", [TellsAtOnce, JoinsTheRunningSync])
def test_a_queue_that_tells_too_early_would_be_found_out(
    bank: TestBank, database: Database, tmp_path: Path, double: type[WriteQueue]
) -> None:
    told, lost, _syncs = told_and_lost(bank, database_file(database), tmp_path / "cut", double)

    assert told == UNITS
    assert lost > 0


@on_sqlite
def test_one_sync_serves_everybody_who_committed_while_another_ran(bank: TestBank) -> None:
    committed = threading.Semaphore(0)
    syncs: list[Path] = []

    def sync(log: Path) -> None:
        syncs.append(log)
        if len(syncs) == 1:  # the first one lasts until all the others wait for the next
            for _ in range(WRITERS_AT_ONCE):
                assert committed.acquire(timeout=60)

    class Counted(WriteQueue):
        def wait_until_durable(self) -> None:
            committed.release()
            super().wait_until_durable()

    use(bank, Counted(Path("log"), 60, sync))
    with ThreadPoolExecutor(WRITERS_AT_ONCE) as threads:
        people = list(threads.map(lambda number: add_person(bank, number), range(WRITERS_AT_ONCE)))

    assert len(set(people)) == WRITERS_AT_ONCE
    assert len(syncs) == 2


@on_sqlite
def test_after_a_failed_sync_nothing_is_accepted_any_more(bank: TestBank) -> None:
    syncs: list[Path] = []

    def sync(log: Path) -> None:
        syncs.append(log)
        raise OSError(errno.EIO, "the disk is gone")

    use(bank, WriteQueue(Path("log"), 60, sync))

    with pytest.raises(DiskFailedError):
        add_person(bank, 1)
    with pytest.raises(DiskFailedError):
        add_person(bank, 2)
    assert len(syncs) == 1


def test_everybody_who_waits_for_a_sync_that_fails_is_told() -> None:
    arrived = threading.Semaphore(0)

    def sync(_log: Path) -> None:
        for _ in range(WRITERS_AT_ONCE):
            assert arrived.acquire(timeout=60)
        raise OSError(errno.ENOSPC, "full")

    queue = WriteQueue(Path("log"), 60, sync)

    def wait(_number: int) -> bool:
        arrived.release()
        with pytest.raises(SyncFailedError):
            queue.wait_until_durable()
        return True

    with ThreadPoolExecutor(WRITERS_AT_ONCE) as threads:
        assert all(threads.map(wait, range(WRITERS_AT_ONCE)))


@on_sqlite
def test_a_turn_that_does_not_come_is_refused_as_busy_and_the_next_one_comes(
    bank: TestBank,
) -> None:
    queue = WriteQueue(Path("no log"), 0)
    use(bank, queue)

    with queue.turn(), ThreadPoolExecutor(1) as threads:
        with pytest.raises(BusyError):
            threads.submit(add_person, bank, 1).result()
        with pytest.raises(TurnNotGivenError), queue.turn():
            pass

    assert add_person(bank, 1) > 0


@on_sqlite
def test_a_unit_that_fails_writes_nothing_and_gives_its_turn_back(bank: TestBank) -> None:
    def fail() -> None:
        with bank.app.app_context(), unit_of_work() as session:
            ensure_people(session, bank.house.vault, [invented_person(1)], now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0
    known = add_person(bank, 1)

    assert add_person(bank, 1) == known
