"""How far a long transaction is, told from inside it to others who look.

What a transaction writes nobody sees before it ends, so the word goes another way. On PostgreSQL it
is written by a transaction of its own, which waits for nothing that the long one holds. SQLite has
one writer's place, and the long one holds it: there the word lies in a small file beside the
database, which only processes on that machine use. It holds figures, and no name.
"""

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from creditbank.attendance.models import RosterWork
from creditbank.clock import utc_now
from creditbank.crediting.roster_credits import Phase
from creditbank.crediting.roster_works import Turn, WorkTakenError, tell_progress
from creditbank.db import db, unit_of_work

_TOLD_EVERY_NANOSECONDS = 500_000_000


class StoppedError(Exception):
    """The process is told to end: the transaction is rolled back, and its work left to the next."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The step at work, and how much of it is done."""

    phase: str
    done: int
    total: int


class Meter:
    """Tells how far one turn at a work is; ends it where it should not go on.

    Args:
        turn: whose word it is.
        stop: ends the work once it is set.
    """

    def __init__(self, turn: Turn, stop: threading.Event) -> None:
        self._turn, self._stop = turn, stop
        self._told: Phase | None = None
        self._due = 0

    def tell(self, phase: Phase, done: int, total: int) -> None:
        """Say how far it is: each step when it begins, and then twice a second.

        Raises:
            StoppedError, WorkTakenError: it should not go on.
        """
        if self._stop.is_set():
            raise StoppedError
        if phase is self._told and time.monotonic_ns() < self._due:
            return
        self._told, self._due = phase, time.monotonic_ns() + _TOLD_EVERY_NANOSECONDS
        place = _place()
        if place is not None:
            _write(place, [self._turn.work_no, self._turn.attempt, str(phase), done, total])
            return
        with unit_of_work() as session:
            if not tell_progress(session, self._turn, phase, done, total, now=utc_now()):
                raise WorkTakenError

    def close(self) -> None:
        """Forget what was told; the work itself says how it ended."""
        place = _place()
        if place is not None:
            place.unlink(missing_ok=True)


def reading_of(work: RosterWork) -> Reading:
    """Return how far a work is, as it was last told."""
    place = _place()
    if place is not None and work.state == "running":
        try:
            work_no, attempt, phase, done, total = json.loads(place.read_text("ascii"))
        except FileNotFoundError:
            pass
        else:
            if (work_no, attempt) == (work.work_no, work.attempt):
                return Reading(phase, done, total)
    return Reading(work.phase, work.phase_done, work.phase_total)


def _place() -> Path | None:
    """Return where the word lies on SQLite; there is one writer, and so one word."""
    if db.engine.dialect.name != "sqlite":
        return None
    return Path(f"{db.engine.url.database}-progress")


def _write(place: Path, said: list[str | int]) -> None:
    """Write it so that whoever reads meanwhile gets the old word or the new one."""
    fresh = place.with_name(f"{place.name}.new")
    fresh.write_text(json.dumps(said), "ascii")
    fresh.replace(place)
