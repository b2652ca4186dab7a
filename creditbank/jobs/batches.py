"""Lists of applicants at work: rows prepared in one snapshot, signed, and settled together.

Long lists are answered by a process for each processor, of which this is one; it keeps what the
others answered.

A list belongs to whoever took it up. What is settled stays settled: whoever comes next goes on with
the rows that wait.
"""

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from multiprocessing import get_context

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from creditbank.answering import lacks_seal, seal_what_waits
from creditbank.clock import utc_now
from creditbank.collecting import uncollected
from creditbank.config import Settings
from creditbank.db import BusyError, make_engine, snapshot, unit_of_work
from creditbank.errors import CreditBankError, RowProblem
from creditbank.house import House, current_house, open_house
from creditbank.jobs.lifeline import end_with_parent
from creditbank.jobs.works import do_waiting
from creditbank.keys import Signer
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.verification import batches
from creditbank.verification.answers import (
    Prepared,
    prepare_each,
    row_of,
    signer_of_verdicts,
)
from creditbank.verification.batches import (
    BatchQuestion,
    Settled,
    Turn,
    asker_of,
    finish,
    people_in,
    put_back,
    question_of,
    settle,
    waiting_rows,
)
from creditbank.verification.list_trees import (
    Signing,
    growth_of,
    leaf_of,
    plant,
    refusal_payload,
    signed_root,
    signer_of_trees,
)
from creditbank.verification.models import VerdictBatch
from creditbank.verification.questions import Ask

#: Rows that are answered from one snapshot and kept in one transaction. What is asked for all of
#: them together costs as much as a hundred answers.
SLICE_ROWS = 1_000
#: Of lists that more processes answer, which are to be done at about the same time.
_SLICE_ROWS_LEAST, _SLICES_EACH = 250, 4
WORKERS_MAX = 4
#: Fewer rows are answered before another process has started.
ALONE_MAX = 3_000
Told = Callable[[int], None]


def run_batches(stop: threading.Event) -> int:
    """Work at every list that waits, one after another; return how many were done."""
    return do_waiting(batches, lambda turn: run_batch(turn, stop), stop)


def run_batch(turn: Turn, stop: threading.Event, told: Told = lambda rows: None) -> bool:
    """Answer a list that was taken up; False if it was stopped, or is another's by now.

    Args:
        turn: the list.
        stop: ends the work between two slices once it is set.
        told: called with the rows settled, slice by slice.
    """
    settled = False
    try:
        settled = _work(turn, stop, told)
    finally:
        if not settled:
            with unit_of_work() as session:
                put_back(session, turn)
    return settled


def _work(turn: Turn, stop: threading.Event, told: Told) -> bool:
    with snapshot() as session:
        batch = session.get_one(VerdictBatch, turn.batch_no)
        work = _Work(
            turn.batch_no, question_of(batch), asker_of(batch), the_bank(session).host,
            batch.rows_total,
        )  # fmt: skip
        rows = waiting_rows(session, turn)
    if turn.given_up:
        with unit_of_work() as session:
            left = [_left_unanswered(work, row_no, turn.given_up) for row_no in rows]
            if left and not settle(session, turn, left, now=utc_now()):
                return False
        return _ended(work, turn)
    with closing(_answers(work, rows)) as answers:
        for settled in answers:
            with unit_of_work() as session:
                if not settle(session, turn, settled, now=utc_now()):
                    return False
            told(len(settled))
            if stop.is_set():
                return False
    if stop.is_set():
        return False
    return _ended(work, turn)


def _left_unanswered(work: "_Work", row_no: int, code: str) -> Settled:
    """Refuse a row of a list that is given up, so that its tree has a leaf for every row."""
    said = refusal_payload(current_house().vault, work.host, work.batch_no, row_no, [code])
    return Settled(row_no, None, (RowProblem(row_no, "", code, {}),), leaf_of(said))


def _ended(work: "_Work", turn: Turn) -> bool:
    """Say that a list is done; with its signed tree, where it is signed as a whole."""
    if work.question.signing is Signing.ITEM:
        with unit_of_work() as session:
            return finish(session, turn, now=utc_now())
    with snapshot() as session:  # rows that are settled stay as they are
        growth = growth_of(session, turn.batch_no)
    assert growth.size == work.rows_total, "every row is settled, and has its leaf"
    house, now = current_house(), utc_now()
    by = signer_of_trees(house.keys, house.settings.verdict_algorithm)
    jws = signed_root(by, work.host, turn.batch_no, growth, now=now)
    with unit_of_work() as session:
        if not finish(session, turn, now=now):
            return False
        plant(session, turn.batch_no, growth, jws, now=now)
        return True


@dataclass(frozen=True, slots=True)
class _Work:
    """A list, what is asked about everybody on it, and who asks."""

    batch_no: str
    question: BatchQuestion
    client: Client
    host: str
    rows_total: int


@dataclass(frozen=True, slots=True)
class _Desk:
    """What answers are made with; None for the engine of the application at work."""

    engine: Engine | None
    vault: Vault
    signer: Signer


def _desk_of(house: House, engine: Engine | None) -> _Desk:
    by = signer_of_verdicts(house.keys, house.settings.verdict_algorithm)
    return _Desk(engine, house.vault, by)


def _answers(work: _Work, rows: Sequence[int]) -> Generator[list[Settled], None, None]:
    """Yield the answers of slice after slice, in any order."""
    workers = min(os.cpu_count() or 1, WORKERS_MAX)
    if workers == 1 or len(rows) <= ALONE_MAX:
        for each in _sliced(rows, SLICE_ROWS):
            yield _sealed_answers(work, each)
        return
    pool = ProcessPoolExecutor(
        workers - 1,
        mp_context=get_context("spawn"),  # a fork of a process with threads may never wake
        initializer=_open_desk,
        initargs=(current_house().settings, os.getpid()),
    )
    fair = max(_SLICE_ROWS_LEAST, len(rows) // (workers * _SLICES_EACH))
    slices = _sliced(rows, min(SLICE_ROWS, fair))
    try:
        yield from _with_workers(pool, work, slices, outstanding_max=2 * (workers - 1))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _sliced(rows: Sequence[int], size: int) -> list[Sequence[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _with_workers(
    pool: ProcessPoolExecutor, work: _Work, slices: Sequence[Sequence[int]], outstanding_max: int
) -> Iterator[list[Settled]]:
    """Answer slices here as long as there are more than the workers have before them."""
    outstanding: dict[Future[list[Settled] | None], Sequence[int]] = {}
    left = deque(slices)
    while left or outstanding:
        while left and len(outstanding) < outstanding_max:
            rows = left.popleft()
            outstanding[pool.submit(_answer_there, work, rows)] = rows
        ended, _ = wait(outstanding, timeout=0 if left else None, return_when=FIRST_COMPLETED)
        for future in ended:
            rows, settled = outstanding.pop(future), future.result()
            yield _sealed_answers(work, rows) if settled is None else settled
        if left and not ended:
            yield _sealed_answers(work, left.popleft())


def _sealed_answers(work: _Work, rows: Sequence[int]) -> list[Settled]:
    """Answer a slice here; when entries wait for their place, seal them."""
    house = current_house()
    desk = _desk_of(house, None)
    settled = _answered(desk, work, rows)
    if settled is None:
        seal_what_waits(house, utc_now())
        settled = _answered(desk, work, rows, as_it_is=True)
    assert settled is not None, "answered as it is"
    return settled


def _answered(
    desk: _Desk, work: _Work, rows: Sequence[int], *, as_it_is: bool = False
) -> list[Settled] | None:
    """Prepare and sign the answers of a slice from one snapshot; None if it is to be sealed first.

    Args:
        desk: what answers are made with.
        work: the list.
        rows: numbers of rows, ascending, at least one.
        as_it_is: answer even if entries wait for their place.
    """
    now = utc_now()
    with uncollected(), snapshot(desk.engine) as session:
        people = people_in(session, desk.vault, work.batch_no, rows)
        asks = [work.question.about(person) for person in people]
        settled = []
        as_it_is = as_it_is or work.question.known_at is not None
        tried = _tried(session, desk.vault, asks, work.client, now=now)
        for person, each in zip(people, tried, strict=True):
            if isinstance(each, Prepared) and not as_it_is and lacks_seal([each]):
                return None
            # Written down before the next is looked at, and let go.
            settled.append(_settled(desk, work, person.row_no, each, now))
    return settled


def _tried(
    session: Session, vault: Vault, asks: Sequence[Ask], client: Client, *, now: datetime
) -> Iterator[Prepared | CreditBankError]:
    """Prepare answers; what refuses all of them refuses each."""
    if not asks:
        return iter(())
    try:
        return prepare_each(session, vault, asks, client, now=now)
    except CreditBankError as error:
        return repeat(error, len(asks))


def _settled(
    desk: _Desk, work: _Work, row_no: int, tried: Prepared | CreditBankError, now: datetime
) -> Settled:
    """Sign an answer, or make it a leaf of the tree that will be signed; likewise a refusal."""
    as_leaf = work.question.signing is Signing.TREE
    if isinstance(tried, CreditBankError):
        problems = (RowProblem(row_no, "", tried.code, dict(tried.facts)),)
        if not as_leaf:
            return Settled(row_no, None, problems)
        said = refusal_payload(desk.vault, work.host, work.batch_no, row_no, [tried.code])
        return Settled(row_no, None, problems, leaf_of(said))
    payload = tried.signed_bytes
    if as_leaf:
        return Settled(row_no, row_of(tried, payload.decode(), now=now), (), leaf_of(payload))
    return Settled(row_no, row_of(tried, desk.signer.token(payload), now=now))


_desks: list[_Desk] = []


def _open_desk(settings: Settings, parent_pid: int) -> None:
    """Prepare a worker process: a connection and keys of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it in order
    end_with_parent(parent_pid)
    engine = make_engine(settings.app_url, settings)
    _desks.append(_desk_of(open_house(settings), engine))
    gc.freeze()  # what lasts is not looked through again for each slice that comes and goes


def _answer_there(work: _Work, rows: Sequence[int]) -> list[Settled] | None:
    """Answer a slice in a worker; what it cannot do is the parent's to do, or to fail in."""
    [desk] = _desks
    try:
        return _answered(desk, work, rows)
    except BusyError:
        return None
