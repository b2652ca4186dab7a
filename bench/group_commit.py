"""How much SQLite's writers gain by waiting for the disk together, in one run.

Eight threads write one invented person a unit, first each waiting for the disk while it holds the
writer's place, then by the queue as it is; on this disk, and on one that takes 5 ms a sync.

    .venv/bin/python -m bench.group_commit
"""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from creditbank.commits import WriteQueue, sync_file
from creditbank.config import Settings
from creditbank.db import WRITERS, make_engine, unit_of_work
from creditbank.migrating import upgrade
from creditbank.people.register import ensure_people
from tests.bank import NOW, TestBank, found_test_bank, invented_person

THREADS = 8
UNITS = 400
_batches = itertools.count()


class WaitsInItsTurn(WriteQueue):
    """What a commit without a group does: nobody writes while one waits for the disk."""

    @contextmanager
    def turn(self) -> Iterator[None]:
        with super().turn():
            yield
            self._sync(self._log)

    def wait_until_durable(self) -> None:
        pass


def slow_sync(log: Path) -> None:
    """Wait as a disk does that takes 5 ms."""
    time.sleep(0.005)
    sync_file(log)


def units_per_second(bank: TestBank, queue: WriteQueue) -> float:
    """Write people from all threads through a queue."""
    bank.app.extensions[WRITERS] = queue
    numbers = iter(range(next(_batches) * UNITS, 10**6))

    def write(_nth: int) -> None:
        with bank.app.app_context(), unit_of_work() as session:
            ensure_people(session, bank.house.vault, [invented_person(next(numbers))], now=NOW)

    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(write, range(UNITS)))
    return UNITS / (time.perf_counter() - started)


def main() -> None:
    """Print both rates and their ratio, for each disk."""
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(home=directory)
        upgrade(make_engine(settings.owner_url, settings, owner=True))
        bank = found_test_bank(settings)
        log = Path(directory) / "bank.sqlite3-wal"
        disks: dict[str, Callable[[Path], None]] = {"this disk": sync_file, "5 ms": slow_sync}
        for disk, sync in disks.items():
            alone = units_per_second(bank, WaitsInItsTurn(log, 60, sync))
            grouped = units_per_second(bank, WriteQueue(log, 60, sync))
            print(f"{disk}: {alone:.0f}/s alone, {grouped:.0f}/s grouped, {grouped / alone:.2f}×")
        bank.close()


if __name__ == "__main__":
    main()
