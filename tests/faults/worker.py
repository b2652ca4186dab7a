"""A process of its own that posts, seals or dies, as the job that it is given says.

What a job calls a `double` is put in place first: a fault that the test around it must notice.
"""

import json
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from creditbank.app import create_app
from creditbank.attendance.roster import Roster, rows_from_json
from creditbank.config import Settings
from creditbank.crediting import reassessment_works
from creditbank.crediting.corrections import Correction, CorrectionReason, correct_attendance
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.investigations import Outcome
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.crediting.rosters import RosterPosting, RosterResult, post_roster
from creditbank.crediting.transfers import TransferAsk, recognise_transfer
from creditbank.db import BusyError, db, unit_of_work
from creditbank.errors import CreditBankError
from creditbank.jobs.reassessments import run_reassessments
from creditbank.jobs.watching import run_watches
from creditbank.ledger.models import Entry, Log, SignedCheckpoint
from creditbank.ledger.seal import seal
from creditbank.limits import RateExceededError, count_client
from creditbank.registry.filing.filings import filing_numbered
from tests import achievements, acts, reassessing
from tests.acts import roster
from tests.bank import HOST, NOW, TestBank, invented_person
from tests.faults import doubles

Job = dict[str, Any]
Say = Callable[..., None]
#: A moment that is no statement: the work is committed, the poster has not said so yet.
AFTER_COMMIT = -1


def work(line: Connection, settings: Settings, action: str, job: Job) -> None:
    """Do a job in a process of its own, with an application of its own."""
    bank = TestBank(create_app(settings))
    if job.get("double"):
        doubles.DOUBLES[job["double"]]()
    ACTIONS[action](bank, {**job, "line": line}, lambda **words: line.send(words))
    bank.close()


def post_many(bank: TestBank, job: Job, say: Say) -> None:
    """Post rosters one after another; say how each went, and every error by name."""
    rng = random.Random(job["seed"])
    say(ready=True)
    job["start"].wait(60)
    outcomes: list[str] = []
    for filing_no, lines in job["rosters"]:
        try:
            doubles.look_first(filing_no)
            with unit_of_work() as session:
                if rng.random() < job.get("slow_share", 0):
                    _slow_commit(session, rng.uniform(0.02, job["slow_seconds"]))
                result = _post(session, bank, filing_no, _roster_of(lines))
            outcomes += [problem.code for problem in result.problems]
            outcomes.append("posted")
        except BusyError as error:
            outcomes.append(f"busy {error.__cause__}")
        except Exception as error:
            outcomes.append(f"error {type(error).__name__} {str(error)[:200]}")
    say(outcomes=outcomes)


def act_many(bank: TestBank, job: Job, say: Say) -> None:
    """Do acts one after another; say how each went, by code or by name; die in the middle, if
    the job says at which statement."""
    if job.get("die_at"):
        _die_at(db.engine, job["die_at"])
    say(ready=True)
    job["start"].wait(60)
    outcomes: list[str] = []
    for name, *arguments in job["acts"]:
        try:
            ACTS[name](bank, *arguments)
            outcomes.append("done")
        except BusyError as error:
            outcomes.append(f"busy {error.__cause__}")
        except CreditBankError as refused:
            outcomes.append(refused.code)
        except Exception as error:
            outcomes.append(f"error {type(error).__name__} {str(error)[:200]}")
    say(outcomes=outcomes)


def _die_at(engine: Engine, statement_no: int) -> None:
    """End this process, as a power cut would, instead of one of its statements."""
    passed = count(1)

    def die(*_told: object) -> None:
        if next(passed) == statement_no:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", die)


def _withdraw_day(bank: TestBank, filing_no: str, number: int, day: str) -> None:
    acts.withdraw(bank, filing_no, invented_person(number), [date.fromisoformat(day)])


def _transfer(bank: TestBank, number: int, leaf: str) -> None:
    ask = TransferAsk(
        invented_person(number), bytes.fromhex(leaf), achievements.ELSEWHERE, "official-test"
    )
    with bank.unit() as session:
        recognise_transfer(session, bank.house.vault, ask, now=NOW)


def _investigate(bank: TestBank, filing_no: str, number: int, outcome: str) -> None:
    """Freeze what somebody has under a filing, and end it, if there is an outcome."""
    made = acts.investigate(bank, filing_no, invented_person(number))
    if outcome:
        acts.end_investigation(bank, made, Outcome(outcome))


def _post_day(bank: TestBank, filing_no: str, number: int, day: str, minutes: int) -> None:
    with bank.unit() as session:
        _post(session, bank, filing_no, _roster_of([(number, day, minutes)]))


def _correct(bank: TestBank, filing_no: str, number: int, day: str, minutes: int) -> None:
    with bank.unit() as session:
        correction = Correction(
            filing_numbered(session, filing_no), invented_person(number), date.fromisoformat(day),
            minutes, CorrectionReason.WRONG_MINUTES, "查2026-9", "provider-test",
        )  # fmt: skip
        correct_attendance(session, bank.house.vault, correction, now=NOW)


def _find(bank: TestBank, one: int, other: int, linked: bool) -> None:
    finding = LinkFinding(
        invented_person(one), invented_person(other), linked, "cn-3710", "official-test"
    )
    with bank.unit() as session:
        record_finding(session, bank.house.vault, finding, now=NOW)


def _transfer_newest(bank: TestBank, number: int, origin: str, scheme: str) -> None:
    """Recognise somebody's newest credit of one scheme under another."""
    with bank.reading() as session:
        query = select(Entry.leaf).where(
            Entry.person_id == acts.key_of(bank, invented_person(number)),
            Entry.scheme == origin,
            Entry.movement == "credit",
        )
        leaf = session.scalars(query.order_by(Entry.entry_id.desc())).first()
    if leaf is not None:
        ask = TransferAsk(invented_person(number), leaf, scheme, "official-test")
        with bank.unit() as session:
            recognise_transfer(session, bank.house.vault, ask, now=NOW)


def _import(bank: TestBank, jurisdiction: str, number: int, year: int) -> None:
    acts.import_rows(
        bank, jurisdiction, [RecordRow(invented_person(number), year, "professional", 700)]
    )


def _reassess(bank: TestBank) -> None:
    """Convert the county's credits again, from the request to the end."""
    reassessing.carried_out(bank)


ACTS: dict[str, Callable[..., object]] = {
    "investigate": _investigate,
    "post_day": _post_day,
    "correct": _correct,
    "find": _find,
    "transfer_newest": _transfer_newest,
    "import": _import,
    "reassess": _reassess,
    "withdraw_day": _withdraw_day,
    "transfer": _transfer,
}


def _post(session: Session, bank: TestBank, filing_no: str, people: Roster) -> RosterResult:
    posting = RosterPosting(filing_numbered(session, filing_no), people, "provider-test")
    return post_roster(session, bank.house.vault, posting, now=NOW)


def _roster_of(lines: list[tuple[int, str, int]]) -> Roster:
    return roster([(invented_person(n), date.fromisoformat(d), minutes) for n, d, minutes in lines])


def _slow_commit(session: Session, seconds: float) -> None:
    def wait(_session: object) -> None:
        time.sleep(seconds)

    event.listen(session, "before_commit", wait, once=True)


def seal_on(bank: TestBank, job: Job, say: Say) -> None:
    """Seal round after round until told to stop and nothing more is to be had."""
    say(ready=True)
    rows, rounds, errors = 0, 0, []
    while len(errors) < 20:
        stopping = job["stop"].is_set()
        try:
            with unit_of_work("sealer") as session:
                sealed = seal(session, bank.house.sealer(HOST), now=NOW)
            rows, rounds = rows + sealed.rows, rounds + bool(sealed.rows)
            if stopping and not sealed.rows and not sealed.more:
                break
        except Exception as error:
            errors.append(f"{type(error).__name__} {str(error)[:200]}")
        time.sleep(0.002)
    say(rows=rows, rounds=rounds, errors=errors)


def post_and_wait(bank: TestBank, job: Job, say: Say) -> None:
    """Send one request; stop for ever at the given moment after the first row was inserted."""
    moments = _Moments(job["moment"], say)
    moments.watch(db.engine)
    with bank.app.test_client() as client:
        answer = client.post(
            job["path"], data=job["body"], content_type="text/csv", headers=job["headers"]
        )
    say(moment="after the commit", moments=moments.passed, status=answer.status_code)
    if job["moment"] == AFTER_COMMIT:
        time.sleep(600)


def seal_and_wait(bank: TestBank, job: Job, say: Say) -> None:
    """Seal one round; stop for ever at the given moment after the first row was inserted."""
    moments = _Moments(job["moment"], say)
    moments.watch(bank.app.extensions["creditbank-sealer-engine"])
    with unit_of_work("sealer") as session:
        seal(session, bank.house.sealer(HOST), now=NOW)
        query = select(Log.origin, SignedCheckpoint.size, SignedCheckpoint.root).join(
            Log, Log.log_id == SignedCheckpoint.log_id
        )
        heads = [tuple(row) for row in session.execute(query)]
    say(moment="after the commit", moments=moments.passed, heads=heads)
    if job["moment"] == AFTER_COMMIT:
        time.sleep(600)


def reassess_and_wait(bank: TestBank, job: Job, say: Say) -> None:
    """Carry a re-assessment out; stop for ever at a moment of a batch, or behind some of them."""
    reassessment_works.BATCH_PEOPLE = job["batch"]
    reassessment_works.SILENT_SECONDS = job["silent"]
    moments, batches = _Moments(job["moment"], say), count(1)
    moments.watch(db.engine)

    def told() -> None:
        if next(batches) == job["batches"]:
            say(moment="behind a batch", moments=moments.passed)
            time.sleep(600)

    run_reassessments(threading.Event(), told)
    say(moment="done", moments=moments.passed)


def watch_and_wait(bank: TestBank, job: Job, say: Say) -> None:
    """Let the watcher work; stop for ever at a moment of it."""
    moments = _Moments(job["moment"], say, started=True)
    moments.watch(db.engine)
    run_watches(threading.Event())
    say(moment="done", moments=moments.passed)


def post_on_full_disk(bank: TestBank, job: Job, say: Say) -> None:
    """Send one request while no file may grow much beyond what it is; say what was answered."""
    say(ready=True)
    job["line"].recv()
    log = Path(f"{db.engine.url.database}-wal")
    room = (log.stat().st_size if log.exists() else 0) + job["bytes_left"]
    limit = max(room, 64 * 1024)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        status = _status(bank, job)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    say(status=status)


def post_once(bank: TestBank, job: Job, say: Say) -> None:
    """Send one request when told to; say what was answered, failures too."""
    say(ready=True)
    job["line"].recv()
    say(status=_status(bank, job))


def _status(bank: TestBank, job: Job) -> int:
    bank.app.config["PROPAGATE_EXCEPTIONS"] = False
    with bank.app.test_client() as client:
        return client.post(
            job["path"], data=job["body"], content_type="text/csv", headers=job["headers"]
        ).status_code


class _Moments:
    """Counts what happens, from the first inserted row on if nothing else is said, and stops where
    it is asked to."""

    def __init__(self, stop_at: int, say: Say, *, started: bool = False) -> None:
        self.passed = 0
        self._say = say
        self._stop_at = stop_at
        self._started = started

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)
        event.listen(Session, "before_commit", self._commit)

    def _before(self, _c: object, _k: object, statement: str, *_rest: object) -> None:
        if self._started:
            self._pass(f"before {_short(statement)}")

    def _after(self, _c: object, _k: object, statement: str, *_rest: object) -> None:
        self._started = self._started or statement.lstrip().startswith("INSERT")
        if self._started:
            self._pass(f"after {_short(statement)}")

    def _commit(self, _session: object) -> None:
        if self._started:
            self._pass("before the commit")

    def _pass(self, name: str) -> None:
        self.passed += 1
        if self.passed == self._stop_at:
            self._say(moment=name)
            time.sleep(600)


def _short(statement: str) -> str:
    words = statement.split()
    if words[0] in ("INSERT", "DELETE"):
        return " ".join(words[:3])
    if words[0] == "SELECT":
        return f"SELECT {words[words.index('FROM') + 1]}" if "FROM" in words else "SELECT"
    return " ".join(words[:2])


def post_large(bank: TestBank, job: Job, say: Say) -> None:
    """Post one roster from a file of JSON rows; say how it went and how memory grew at its peak."""
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    people = rows_from_json(json.loads(Path(job["file"]).read_bytes()))
    started = time.monotonic()
    with unit_of_work() as session:
        result = _post(session, bank, job["filing_no"], people)
    say(
        rows=result.rows_credited,
        problems=[asdict(problem) for problem in result.problems[:3]],
        seconds=round(time.monotonic() - started, 1),
        grown_mib=(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) // 1024,
    )


def ask_often(bank: TestBank, job: Job, say: Say) -> None:
    """Have requests of one client counted, all in one window; say how many were let through."""
    say(ready=True)
    job["start"].wait(60)
    through = 0
    with bank.app.test_request_context():
        for _ in range(job["requests"]):
            try:
                count_client("provider-00000000", now=NOW)
            except RateExceededError:
                continue
            through += 1
    say(through=through)


ACTIONS: dict[str, Callable[[TestBank, Job, Say], None]] = {
    "post_many": post_many,
    "act_many": act_many,
    "seal_on": seal_on,
    "post_and_wait": post_and_wait,
    "seal_and_wait": seal_and_wait,
    "reassess_and_wait": reassess_and_wait,
    "watch_and_wait": watch_and_wait,
    "post_on_full_disk": post_on_full_disk,
    "post_once": post_once,
    "post_large": post_large,
    "ask_often": ask_often,
}
