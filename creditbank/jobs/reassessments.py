"""Re-assessments at work: rehearsed over a scheme's people in chunks, carried out in batches.

A rehearsal that is interrupted has written nothing and begins anew; what is being carried out goes
on behind its last batch.
"""

import threading
import time
from collections.abc import Callable
from functools import partial

from creditbank.clock import utc_now
from creditbank.crediting import reassessment_works
from creditbank.crediting.reassessment_works import (
    ReassessmentTakenError,
    ReassessmentTurn,
    Report,
    carry_out_some,
    finish_rehearsal,
    people_after,
    people_reached,
    rehearsal_of,
    rehearse_people,
    tell_progress,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.jobs.works import do_waiting, settle

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

    def run(turn: ReassessmentTurn) -> bool:
        work = partial(_carry_out if turn.carries else _rehearse, turn, stop, told)
        return settle(reassessment_works, turn, work, left=(ReassessmentTakenError,))

    return do_waiting(reassessment_works, run, stop)


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
