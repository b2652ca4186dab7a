"""Lists of applicants at work: a few rows prepared in one snapshot, signed, and settled together.

A list belongs to whoever took it up. What is settled stays settled: whoever comes next goes on with
the rows that wait.
"""

import threading
from collections.abc import Callable, Sequence

from creditbank.answering import lacks_seal, seal_what_waits
from creditbank.attendance.people_list import ListedPerson
from creditbank.clock import utc_now
from creditbank.db import BusyError, snapshot, unit_of_work
from creditbank.errors import CreditBankError, RowProblem
from creditbank.house import current_house
from creditbank.jobs.works import do_waiting
from creditbank.registry.clients import Client
from creditbank.verification import batches
from creditbank.verification.answers import Prepared, prepare, sign
from creditbank.verification.batches import (
    BatchQuestion,
    Settled,
    Turn,
    asker_of,
    finish,
    next_people,
    put_back,
    question_of,
    settle,
)
from creditbank.verification.models import VerdictBatch

#: Rows that are answered from one snapshot and kept in one transaction.
SLICE_ROWS = 25
Told = Callable[[int], None]
_Try = Prepared | RowProblem


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
    house = current_house()
    with snapshot() as session:
        batch = session.get_one(VerdictBatch, turn.batch_no)
        question, client = question_of(batch), asker_of(batch)
    while not stop.is_set():
        with snapshot() as session:
            people = next_people(session, house.vault, turn, SLICE_ROWS)
        if not people:
            with unit_of_work() as session:
                return finish(session, turn, now=utc_now())
        settled = _answered(question, client, people)
        with unit_of_work() as session:
            if not settle(session, turn, settled, now=utc_now()):
                return False
        told(len(settled))
    return False


def _answered(
    question: BatchQuestion, client: Client, people: Sequence[ListedPerson]
) -> list[Settled]:
    """Prepare and sign the answers of a slice; when entries wait for their place, seal them."""
    house = current_house()
    tried = _tried(question, client, people)
    if lacks_seal(each for each in tried if isinstance(each, Prepared)):
        seal_what_waits(house, utc_now())
        tried = _tried(question, client, people)
    algorithm = house.settings.verdict_algorithm
    return [
        Settled(person.row_no, None, (one,))
        if isinstance(one, RowProblem)
        else Settled(person.row_no, (one, sign(one, house.keys, algorithm)))
        for person, one in zip(people, tried, strict=True)
    ]


def _tried(question: BatchQuestion, client: Client, people: Sequence[ListedPerson]) -> list[_Try]:
    now, vault = utc_now(), current_house().vault
    tried: list[_Try] = []
    with snapshot() as session:
        for person in people:
            try:
                tried.append(prepare(session, vault, question.about(person), client, now=now))
            except BusyError:
                raise
            except CreditBankError as error:
                tried.append(RowProblem(person.row_no, "", error.code, dict(error.facts)))
    return tried
