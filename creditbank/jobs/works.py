"""Works that wait in the database: taken up one after another, and settled or put back.

A work belongs to whoever took it up. What becomes of it is said in a transaction of its own, so
that a work that is interrupted is left to whoever comes next.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from creditbank.clock import utc_now
from creditbank.db import BusyError, snapshot, unit_of_work
from creditbank.errors import CreditBankError

Turn = TypeVar("Turn")


class Waiting(Protocol[Turn]):
    """Where works of one kind wait; the module of a room is one."""

    def any_waits(self, session: Session, *, now: datetime) -> bool:
        """Tell whether there is one to take up."""

    def take_up(self, session: Session, *, now: datetime) -> Turn | None:
        """Take up the oldest that waits, or that was left; None if somebody else was faster."""

    def put_back(self, session: Session, turn: Turn) -> bool:
        """Leave it to whoever comes next."""


class Works(Waiting[Turn], Protocol[Turn]):
    """Works that may fail."""

    def fail(self, session: Session, turn: Turn, error: CreditBankError, *, now: datetime) -> bool:
        """Say why it cannot be done; False if it is another's by now."""


def do_waiting(works: Waiting[Turn], do: Callable[[Turn], bool], stop: threading.Event) -> int:
    """Take up every work that waits, one after another; return how many were done."""
    done = 0
    while not stop.is_set():
        with snapshot() as session:  # so that nobody's write waits for a look that finds nothing
            if not works.any_waits(session, now=utc_now()):
                break
        with unit_of_work() as session:
            turn = works.take_up(session, now=utc_now())
        if turn is not None:
            done += do(turn)
    return done


def settle(
    works: Works[Turn],
    turn: Turn,
    work: Callable[[], bool],
    left: tuple[type[Exception], ...] = (),
) -> bool:
    """Do a work that was taken up; False if it was stopped, cannot be done, or is another's by now.

    Args:
        works: of which kind it is.
        turn: whose turn it is.
        work: does it, and tells whether it is done.
        left: failures by which it is only left, and not failed.
    """
    settled = False
    try:
        settled = work()
    except BusyError:
        raise
    except left:
        return False
    except CreditBankError as error:
        with unit_of_work() as session:
            settled = works.fail(session, turn, error, now=utc_now())
        return False
    finally:
        if not settled:
            with unit_of_work() as session:
                works.put_back(session, turn)
    return settled
