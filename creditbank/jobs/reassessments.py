"""Re-assessments at work: rehearsed over a scheme's people in chunks, carried out in batches.

A work belongs to whoever took it up. A rehearsal that is interrupted has written nothing and begins
anew; what is being carried out goes on behind its last batch.
"""

import threading
import time
from collections.abc import Callable

from creditbank.clock import utc_now
from creditbank.crediting.reassessment_works import (
    ReassessmentTakenError,
    ReassessmentTurn,
    Report,
    any_waits,
    carry_out_some,
    fail,
    finish_rehearsal,
    people_after,
    people_reached,
    put_back,
    rehearsal_of,
    rehearse_people,
    take_up,
    tell_progress,
)
from creditbank.db import BusyError, snapshot, unit_of_work
from creditbank.errors import CreditBankError
from creditbank.house import current_house

#: Whose credits are in memory at a time.
CHUNK_PEOPLE = 200
PROGRESS_SECONDS = 1
Told = Callable[[], None]


def run_reassessments(stop: threading.Event, told: Told = lambda: None) -> int:
    """Take up every work that waits, one after another; return how many were done.

    Args:
        stop: ends the work between two batches once it is set.
        told: called after every chunk or batch.
    """
    done = 0
    while not stop.is_set():
        with snapshot() as session:  # so that nobody's write waits for a look that finds nothing
            if not any_waits(session, now=utc_now()):
                break
        with unit_of_work() as session:
            turn = take_up(session, now=utc_now())
        if turn is not None:
            done += _run(turn, stop, told)
    return done


def _run(turn: ReassessmentTurn, stop: threading.Event, told: Told) -> bool:
    """Do a work; False if it was stopped, cannot be done, or is another's by now."""
    settled = False
    try:
        settled = (_carry_out if turn.carries else _rehearse)(turn, stop, told)
    except BusyError:
        raise
    except ReassessmentTakenError:
        return False
    except CreditBankError as error:
        with unit_of_work() as session:
            settled = fail(session, turn, error.code, now=utc_now())
        return False
    finally:
        if not settled:
            with unit_of_work() as session:
                put_back(session, turn)
    return settled


def _rehearse(turn: ReassessmentTurn, stop: threading.Event, told: Told) -> bool:
    vault, report, last, done = current_house().vault, Report(), 0, 0
    with snapshot() as session:
        rehearsal = rehearsal_of(session, turn)
        total = people_reached(session, rehearsal)
    due = time.monotonic()
    while not stop.is_set():
        with snapshot() as session:
            people = people_after(session, rehearsal, last, CHUNK_PEOPLE)
            if people:
                rehearse_people(session, vault, rehearsal, people, report)
        if not people:
            with unit_of_work() as session:
                return finish_rehearsal(session, turn, rehearsal, report, now=utc_now())
        last, done = people[-1], done + len(people)
        told()
        if time.monotonic() >= due:
            due = time.monotonic() + PROGRESS_SECONDS
            with unit_of_work() as session:
                if not tell_progress(session, turn, done, max(done, total), now=utc_now()):
                    return False
    return False


def _carry_out(turn: ReassessmentTurn, stop: threading.Event, told: Told) -> bool:
    vault = current_house().vault
    while not stop.is_set():
        with unit_of_work() as session:
            if not carry_out_some(session, vault, turn, now=utc_now()):
                return True
        told()
    return False
