"""Group commit for SQLite: writers of a process take turns, and wait for the disk together.

A unit is committed into the write-ahead log without a wait, which frees the writer's place for the
next one. It is told as done only after a sync of that log which began after its commit; one sync
serves everybody who committed before it. The log is written from front to back, so whatever is
durable has everything before it durable too.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Lock


class TurnNotGivenError(Exception):
    """The writer's place did not become free in time."""


class SyncFailedError(Exception):
    """A sync failed: what was committed since the last one may be gone after a power cut.

    The system drops what it could not write and says so once, so a later sync that succeeds would
    prove nothing: the process must be started again before it may answer for a write.
    """


class WriteQueue:
    """The writers of one process on one SQLite file.

    Args:
        log: the write-ahead log of the file.
        wait_seconds: how long a writer waits for its turn.
        sync: waits until the log's bytes are on the disk.
    """

    def __init__(
        self, log: Path, wait_seconds: int, sync: Callable[[Path], None] | None = None
    ) -> None:
        self._log = log
        self._wait_seconds = wait_seconds
        self._sync = sync or sync_file
        self._place = Lock()
        self._changed = Condition()
        self._begun = 0
        self._ended = 0
        self._failed: OSError | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the writer's place while the block runs.

        Raises:
            TurnNotGivenError: others held it for all the time that one waits.
            SyncFailedError: an earlier sync failed.
        """
        if not self._place.acquire(timeout=self._wait_seconds):
            raise TurnNotGivenError
        try:
            self._require_disk()
            yield
        finally:
            self._place.release()

    def wait_until_durable(self) -> None:
        """Return when a sync that began after this call has ended.

        Raises:
            SyncFailedError: it failed, or one before it did.
        """
        with self._changed:
            wanted = self._begun + 1
            while self._ended < wanted and self._failed is None:
                if self._begun > self._ended:
                    self._changed.wait()
                else:
                    self._sync_once()
        self._require_disk()

    def _require_disk(self) -> None:
        if self._failed is not None:
            raise SyncFailedError from self._failed

    def _sync_once(self) -> None:
        self._begun += 1
        self._changed.release()
        failed = None
        try:
            self._sync(self._log)
        except OSError as error:
            failed = error
        finally:
            self._changed.acquire()
            self._failed = self._failed or failed
            self._ended = self._begun
            self._changed.notify_all()


def sync_file(path: Path) -> None:
    """Wait until a file's bytes are on the disk; one that is gone has nothing to wait for.

    SQLite removes its log when the last connection closes, after it has synced what it held.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
