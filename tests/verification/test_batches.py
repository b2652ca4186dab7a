"""Lists of applicants: each row answered once, whoever is interrupted; nobody kept for longer."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from creditbank.attendance.people_list import ListedPerson
from creditbank.canonical import canonical_bytes
from creditbank.clock import utc_now
from creditbank.crediting.imports import RecordRow
from creditbank.errors import RowProblem
from creditbank.jobs import batches as jobs
from creditbank.jobs.batches import run_batch, run_batches
from creditbank.jobs.clock import forget_old
from creditbank.people.register import Identity
from creditbank.people.vault import VaultBrokenError
from creditbank.registry.clients import Client
from creditbank.registry.mandates import MandateMissingError, change_mandate
from creditbank.registry.models import Mandate
from creditbank.verification.answers import Prepared, prepare_all
from creditbank.verification.batches import (
    SILENT_SECONDS,
    BatchQuestion,
    BatchUnknownError,
    Line,
    Settled,
    Turn,
    answers_in,
    batch_numbered,
    counts_of,
    lines_of,
    request_batch,
    settle,
    take_up,
    waiting_rows,
)
from creditbank.verification.models import Verdict, VerdictBatch, VerdictBatchItem
from creditbank.verification.questions import Disclosure
from tests.bank import NOW, TestBank, invented_person
from tests.verification.test_answers import title_system

MET, SHORT, UNKNOWN = invented_person(7), invented_person(8), invented_person(9)
STATED = {"current_title_on": "2018-06-30"}
#: A worker that dies in the middle of keeping a slice.
WORKER = """
import os, signal, threading
from creditbank.app import create_app
from creditbank.clock import utc_now
from creditbank.config import settings_from_environment
from creditbank.db import unit_of_work
from creditbank.jobs import batches as jobs
from creditbank.verification import batches
kept, calls = batches.store_all, []
def dying(*given):
    kept(*given)
    calls.append(1)
    if len(calls) == {dies_at}:
        os.kill(os.getpid(), signal.SIGKILL)
batches.store_all = dying
jobs.SLICE_ROWS = 4
with create_app(settings_from_environment()).app_context():
    with unit_of_work() as session:
        turn = batches.take_up(session, None, now=utc_now())
    jobs.run_batch(turn, threading.Event())
"""


def question(level: str = "associate_senior", scheme: str = "cn-3710") -> BatchQuestion:
    return BatchQuestion(
        scheme, "engineering", "", level, date(2027, 3, 15), "职称申报资格审核",
        "人社部令第25号", Disclosure.SUMMARY,
    )  # fmt: skip


def listed(*people: Identity) -> list[ListedPerson]:
    return [ListedPerson(row_no, each, STATED) for row_no, each in enumerate(people, start=2)]


def asked(
    bank: TestBank,
    client: Client,
    people: Sequence[ListedPerson],
    problems: Sequence[RowProblem] = (),
    *,
    kept_days: int = 30,
) -> str:
    with bank.unit() as session:
        return request_batch(
            session, bank.house.vault, question(), people, client, problems=problems,
            kept_days=kept_days, now=utc_now(),
        ).batch_no  # fmt: skip


def lines(bank: TestBank, client: Client, batch_no: str) -> list[Line]:
    with bank.reading() as session:
        batch = batch_numbered(session, batch_no, client)
        return lines_of(session, bank.house.vault, batch, limit=1_000)


def row_of(bank: TestBank, batch_no: str) -> VerdictBatch:
    with bank.reading() as session:
        return session.get_one(VerdictBatch, batch_no)


def taken(bank: TestBank, later_seconds: int = 0) -> Turn | None:
    with bank.unit() as session:
        return take_up(session, None, now=utc_now() + timedelta(seconds=later_seconds))


def verdicts(bank: TestBank) -> int:
    with bank.reading() as session:
        return session.scalar(select(func.count()).select_from(Verdict)) or 0


@pytest.fixture
def client(bank: TestBank) -> Client:
    rows = [RecordRow(MET, year, "public.general", 3000) for year in range(2022, 2027)]
    rows += [RecordRow(MET, year, "professional", 6000) for year in range(2022, 2027)]
    bank.imported([*rows, RecordRow(SHORT, 2026, "professional", 3600)])
    made = title_system(bank)
    with bank.unit() as session:
        session.scalars(select(Mandate)).one().valid_through = date(2199, 12, 31)
    return made


def test_each_row_has_its_answer_or_says_why_it_has_none(bank: TestBank, client: Client) -> None:
    stranger = Identity(SHORT.document, "不是此人")
    people = [*listed(MET, UNKNOWN), ListedPerson(5, stranger, {})]
    unread = RowProblem(9, "证件号码", "roster-number-missing")
    batch_no = asked(bank, client, people, [unread])

    assert run_batches(threading.Event()) == 1

    found = {line.row_no: line for line in lines(bank, client, batch_no)}
    assert {row_no: line.state for row_no, line in found.items()} == {
        2: "answered", 3: "answered", 5: "refused", 9: "refused",
    }  # fmt: skip
    assert (found[2].outcome, found[3].outcome) == ("met", "undetermined")
    assert [found[n].problems[0].code for n in (5, 9)] == [
        "identity-mismatch", "roster-number-missing",
    ]  # fmt: skip
    assert (found[2].name, found[2].last_four) == (MET.name, MET.document.number[-4:])
    batch = row_of(bank, batch_no)
    assert (batch.state, batch.rows_done, batch.rows_total) == ("done", 4, 4)
    with bank.reading() as session:
        assert counts_of(session, batch) == {"met": 1, "undetermined": 1, "refused": 2}
        kept = answers_in(session, batch, limit=10)
    assert [(row_no, each.outcome) for row_no, each in kept] == [(2, "met"), (3, "undetermined")]


def test_a_worker_killed_in_the_middle_leaves_every_row_to_be_answered_exactly_once(
    bank: TestBank, client: Client
) -> None:
    people = listed(*(invented_person(100 + n) for n in range(11)))
    batch_no = asked(bank, client, people)
    settings = bank.house.settings
    variables = {
        "CREDITBANK_HOME": settings.home, "CREDITBANK_DATABASE_URL": settings.app_url,
        "CREDITBANK_OWNER_DATABASE_URL": settings.owner_url,
        "CREDITBANK_SEALER_DATABASE_URL": settings.sealer_url,
    }  # fmt: skip

    # The second slice of four is being kept: its answers are written, and not committed.
    worker = subprocess.run(
        [sys.executable, "-c", WORKER.format(dies_at=2)],
        env={**os.environ, **variables}, check=False, capture_output=True, timeout=120,
    )  # fmt: skip

    assert worker.returncode == -9, worker.stderr
    assert (verdicts(bank), row_of(bank, batch_no).rows_done) == (4, 4)
    assert taken(bank) is None, "whoever works at it may only be slow"
    turn = taken(bank, SILENT_SECONDS + 1)
    assert turn is not None
    assert run_batch(turn, threading.Event())
    found = lines(bank, client, batch_no)
    assert [line.state for line in found] == ["answered"] * 11
    assert len({line.verdict_no for line in found}) == verdicts(bank) == 11
    assert row_of(bank, batch_no).rows_done == 11


def test_whoever_was_thought_dead_settles_nothing_any_more(bank: TestBank, client: Client) -> None:
    batch_no = asked(bank, client, listed(UNKNOWN))
    slow, quick = taken(bank), taken(bank, SILENT_SECONDS + 1)
    assert slow is not None
    assert quick is not None
    with bank.reading() as session:
        [row_no] = waiting_rows(session, slow)

    with bank.unit() as session:
        refused = Settled(row_no, None, (RowProblem(2, "", "person-unknown"),))
        assert not settle(session, slow, [refused], now=utc_now())
    assert not run_batch(slow, threading.Event())
    assert run_batch(quick, threading.Event())

    assert [line.state for line in lines(bank, client, batch_no)] == ["answered"]
    assert verdicts(bank) == 1


def test_a_worker_that_is_told_to_end_puts_the_list_back(bank: TestBank, client: Client) -> None:
    batch_no = asked(bank, client, listed(UNKNOWN))
    stop, turn = threading.Event(), taken(bank)
    stop.set()
    assert turn is not None

    assert not run_batch(turn, stop)

    assert row_of(bank, batch_no).state == "waiting"
    assert run_batches(threading.Event()) == 1


def test_what_the_mandate_does_not_cover_is_refused_at_once_or_row_by_row(
    bank: TestBank, client: Client
) -> None:
    with bank.unit() as session, pytest.raises(MandateMissingError):
        request_batch(
            session, bank.house.vault, question("full_senior"), listed(MET), client,
            kept_days=30, now=utc_now(),
        )  # fmt: skip
    batch_no = asked(bank, client, listed(MET))
    with bank.unit() as session:
        mandate = session.scalars(select(Mandate)).one()
        change_mandate(session, mandate.mandate_no, "suspended", actor="official-test", now=NOW)

    run_batches(threading.Event())

    [line] = lines(bank, client, batch_no)
    assert [problem.code for problem in line.problems] == ["mandate-missing"]
    assert verdicts(bank) == 0


def test_somebody_listed_twice_is_asked_about_once(bank: TestBank, client: Client) -> None:
    batch_no = asked(bank, client, listed(MET, UNKNOWN, MET))

    run_batches(threading.Event())

    states = [(line.row_no, line.state) for line in lines(bank, client, batch_no)]
    assert states == [(2, "answered"), (3, "answered"), (4, "refused")]
    assert verdicts(bank) == 2


def test_a_list_is_its_askers_alone_and_its_rows_open_in_their_places_only(
    bank: TestBank, client: Client
) -> None:
    batch_no = asked(bank, client, listed(MET, UNKNOWN))
    other = Client("other", client.role, client.scopes, "cn-3710", client.organisation_id)

    with bank.reading() as session, pytest.raises(BatchUnknownError):
        batch_numbered(session, batch_no, other)
    with bank.unit() as session:
        one, two = session.scalars(select(VerdictBatchItem).order_by(VerdictBatchItem.row_no))
        assert MET.name.encode() not in (one.person_cipher or b"")
        one.person_cipher, two.person_cipher = two.person_cipher, one.person_cipher
    with pytest.raises(VaultBrokenError):
        lines(bank, client, batch_no)


def test_after_its_days_nobody_on_a_list_is_known_and_the_answers_stay(
    bank: TestBank, client: Client
) -> None:
    kept = asked(bank, client, listed(UNKNOWN))
    batch_no = asked(bank, client, listed(MET, SHORT), kept_days=0)
    with bank.unit() as session:
        session.get_one(VerdictBatch, batch_no).expires_at = utc_now() + timedelta(days=1)
    run_batches(threading.Event())
    with bank.unit() as session:
        session.get_one(VerdictBatch, batch_no).expires_at = utc_now()
    forgotten_unanswered = asked(bank, client, listed(SHORT), kept_days=0)

    assert forget_old() == 2

    found = lines(bank, client, batch_no)
    assert [(line.name, line.last_four, line.outcome) for line in found] == [
        ("", "", "met"), ("", "", "not_met"),
    ]  # fmt: skip
    assert lines(bank, client, kept)[0].name == UNKNOWN.name
    assert row_of(bank, forgotten_unanswered).state == "failed"
    assert run_batches(threading.Event()) == 0


def test_several_processes_answer_a_long_list_as_one_does(
    bank: TestBank, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = listed(MET, SHORT, *(invented_person(100 + number) for number in range(5)))
    stranger = ListedPerson(50, Identity(invented_person(7).document, "不是此人"), {})
    alone = asked(bank, client, people)
    run_batches(threading.Event())
    monkeypatch.setattr(jobs, "ALONE_MAX", 0)
    monkeypatch.setattr(jobs, "SLICE_ROWS", 3)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    together = asked(bank, client, [*people[1:], stranger])

    run_batches(threading.Event())

    outcomes = {line.row_no: line.outcome for line in lines(bank, client, alone)}
    found = {line.row_no: line for line in lines(bank, client, together)}
    assert {no: each.outcome for no, each in found.items() if no != 50} == {
        no: outcome for no, outcome in outcomes.items() if no != 2
    }
    assert [each.code for each in found[50].problems] == ["identity-mismatch"]
    assert row_of(bank, together).state == "done"
    assert verdicts(bank) == 13


@pytest.mark.parametrize("disclose", list(Disclosure))
def test_what_is_signed_of_a_list_is_canonical_whoever_wrote_its_parts(
    bank: TestBank, client: Client, disclose: Disclosure
) -> None:
    bank.seal()
    asks = [
        replace(question(), disclose=disclose, purpose='"申报\\\u0041\u030a').about(person)
        for person in listed(MET, SHORT, UNKNOWN)
    ]
    with bank.reading() as session:
        prepared = prepare_all(session, bank.house.vault, asks, client, now=utc_now())

    for each in prepared:
        assert isinstance(each, Prepared)
        assert each.payload == canonical_bytes(each.statement)
