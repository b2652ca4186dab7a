"""Impact runs at work: the whole bank walked over in chunks, by a process for each processor.

One that is told to end is put back, and the next one begins it anew; nothing is lost but time,
because nothing was written but how far it was.
"""

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context

from sqlalchemy import Engine

from creditbank.clock import civil_day, utc_now
from creditbank.config import Settings
from creditbank.db import make_engine, snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.jobs.lifeline import end_with_parent
from creditbank.jobs.works import do_waiting, settle
from creditbank.rules.loader import load_pack
from creditbank.verification import impact_runs
from creditbank.verification.impact import (
    Case,
    Tally,
    Trial,
    case_of,
    people_after,
    people_count,
    trial_of,
    weigh_people,
)
from creditbank.verification.impact_runs import (
    Turn,
    finish,
    impact_numbered,
    shown,
    tell_progress,
)

#: What one worker holds in memory at a time.
CHUNK_PEOPLE = 100
WORKERS_MAX = 4
#: Fewer people are walked over before further processes have started.
ALONE_MAX = 5_000
PROGRESS_SECONDS = 1
Told = Callable[[int, int], None]


def run_waiting(stop: threading.Event) -> int:
    """Take up every run that waits, one after another; return how many were done."""
    return do_waiting(impact_runs, lambda turn: run_impact(turn, stop), stop)


def run_impact(turn: Turn, stop: threading.Event, told: Told = lambda done, total: None) -> bool:
    """Do a run that was taken up; False if it was stopped, cannot be done, or is another's by now.

    Args:
        turn: the run.
        stop: ends the walk between two chunks once it is set.
        told: called with the keys walked over and all that there are.
    """
    return settle(impact_runs, turn, lambda: _walk(turn, stop, told))


def _walk(turn: Turn, stop: threading.Event, told: Told) -> bool:
    with snapshot() as session:
        run = impact_numbered(session, turn.run_no)
        pack = load_pack(run.content, file=f"{run.pack_id}@{run.version}")
        case = case_of(session, pack, civil_day(utc_now()))
        total = people_count(session)
    tally, done = Tally(), 0
    due = time.monotonic()
    with closing(_tallies(case, total)) as tallies:
        for people, counted in tallies:
            tally.add(counted)
            done += people
            told(done, total)
            if stop.is_set():
                return False
            if time.monotonic() >= due:
                due = time.monotonic() + PROGRESS_SECONDS
                with unit_of_work() as session:
                    if not tell_progress(session, turn, done, total, now=utc_now()):
                        return False
    result = shown(tally, trial_of(case).sides, case.day)
    with unit_of_work() as session:
        tell_progress(session, turn, done, max(done, total), now=utc_now())
        return finish(session, turn, result, now=utc_now())


def _tallies(case: Case, total: int) -> Generator[tuple[int, Tally], None, None]:
    """Yield the counts of chunk after chunk, with how many keys it had, in any order."""
    workers = min(os.cpu_count() or 1, WORKERS_MAX)
    if total <= ALONE_MAX or workers == 1:
        trial = trial_of(case)
        for chunk in _chunks():
            with snapshot() as session:
                yield len(chunk), weigh_people(session, trial, chunk)
        return
    pool = ProcessPoolExecutor(
        workers,
        mp_context=get_context("spawn"),  # a fork of a process with threads may never wake
        initializer=_open_desk,
        initargs=(current_house().settings, case, os.getpid()),
    )
    try:
        yield from _by_workers(pool, outstanding_max=3 * workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _by_workers(pool: ProcessPoolExecutor, outstanding_max: int) -> Iterator[tuple[int, Tally]]:
    outstanding: dict[Future[Tally], int] = {}
    for chunk in _chunks():
        outstanding[pool.submit(_weigh, chunk)] = len(chunk)
        if len(outstanding) >= outstanding_max:
            yield from _ended(outstanding)
    while outstanding:
        yield from _ended(outstanding)


def _ended(outstanding: dict[Future[Tally], int]) -> Iterator[tuple[int, Tally]]:
    ended, _ = wait(outstanding, return_when=FIRST_COMPLETED)
    for future in ended:
        yield outstanding.pop(future), future.result()


def _chunks() -> Iterator[list[int]]:
    last = 0
    while True:
        with snapshot() as session:
            chunk = people_after(session, last, CHUNK_PEOPLE)
        if not chunk:
            return
        yield chunk
        last = chunk[-1]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a worker process has of its own."""

    engine: Engine
    trial: Trial


_desks: list[_Desk] = []


def _open_desk(settings: Settings, case: Case, parent_pid: int) -> None:
    """Prepare a worker process: a connection of its own, and the two versions of the law."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it in order
    end_with_parent(parent_pid)
    _desks.append(_Desk(make_engine(settings.app_url, settings), trial_of(case)))
    gc.freeze()  # what lasts is not looked through again for each chunk that comes and goes


def _weigh(people: list[int]) -> Tally:
    [desk] = _desks
    with snapshot(desk.engine) as session:
        return weigh_people(session, desk.trial, people)
