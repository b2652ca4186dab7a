"""Rosters too long for one request: asked for, taken up, done in one transaction, or cancelled.

A work is a preview or a posting. What it does and the word that it is done are one transaction, and
only the last of those who took it up can say that word: so a work is wholly done once, or waits
untouched for whoever comes next.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from creditbank.attendance.models import LIVE, HeldRoster, RosterWork
from creditbank.attendance.roster import Roster, RosterRow, read_roster
from creditbank.attendance.ways import Way, way_of
from creditbank.attendance.workbook import Limits
from creditbank.canonical import canonical_text
from creditbank.clock import civil_day
from creditbank.crediting.holding import (
    HeldRosterUnknownError,
    Upload,
    file_of,
    hold_roster,
    post_held,
)
from creditbank.crediting.roster_credits import Phase
from creditbank.crediting.rosters import RosterPosting, post_roster
from creditbank.errors import CreditBankError, RowProblem
from creditbank.ids import random_number
from creditbank.people.documents import Document, DocumentKind
from creditbank.people.vault import Vault, row_key
from creditbank.registry.delegates import poster_of
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.filing.states import require_open
from creditbank.registry.models import Filing

#: Whoever works at a roster and has said nothing for so long is gone.
SILENT_SECONDS = 60
#: A work that ended so many who worked at it is given up.
ATTEMPTS_MAX = 20
#: How long it is told what became of a work.
KEPT_FOR = timedelta(days=30)
_TABLE, _COLUMN = "roster_work", "content_cipher"


class WorkKind(StrEnum):
    """What is done with a roster."""

    PREVIEW = "preview"
    POSTING = "posting"


class WorkState(StrEnum):
    """How a work stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RosterWorkUnknownError(CreditBankError):
    """There is no work of this number, or it is another organisation's."""

    code = "roster-work-unknown"
    status = 404


class RosterWorkBegunError(CreditBankError):
    """A work is cancelled only before it begins; it is one transaction, and ends by itself."""

    code = "roster-work-begun"
    status = 409


class RosterWorkGivenUpError(CreditBankError):
    """A work ended everybody who took it up."""

    code = "roster-work-given-up"
    status = 500


class WorkTakenError(Exception):
    """Another has taken the work up meanwhile: what was done for it is rolled back."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A work taken up: which, and the how-manieth time; an earlier turn's word counts no more."""

    work_no: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, and with which bytes: a file, or rows that a machine sent."""

    kind: WorkKind
    filing_no: str
    actor: str
    hold_no: str | None
    content: bytes = field(repr=False)
    #: who asked: the holder of the filing, or a delegate
    organisation_id: int
    way: Way | None
    #: the file from which a machine's rows were read; empty where there is none
    file: bytes = field(default=b"", repr=False)

    def read(self, limits: Limits) -> Roster:
        """Read the rows.

        Raises:
            CreditBankError: the file as a whole is refused, as `read_roster` says.
        """
        if self.kind is WorkKind.POSTING and self.hold_no is None:
            return _kept(self.content)
        return read_roster(self.content, limits)


def request_preview(session: Session, vault: Vault, upload: Upload, *, now: datetime) -> str:
    """Leave a file to be previewed; return the number of the work.

    What the same person sent for the filing before, and nobody has begun, is cancelled.

    Raises:
        FilingNotApprovedError, FilingNotOpenError: the filing takes no rosters, or not now.
    """
    require_open(upload.filing, civil_day(now))
    waiting = update(RosterWork).where(
        RosterWork.filing_no == upload.filing.filing_no, RosterWork.requested_by == upload.actor,
        RosterWork.kind == str(WorkKind.PREVIEW), RosterWork.state == str(WorkState.WAITING),
    )  # fmt: skip
    session.execute(waiting.values(**_over(WorkState.CANCELLED, now)))
    row = _row(WorkKind.PREVIEW, upload.filing, upload.actor, now)
    row["organisation_id"] = poster_of(session, upload.filing, upload.delegate_id)
    row["way"] = str(upload.way or "")
    return _inserted(session, row, vault, upload.content)


def request_posting(
    session: Session, vault: Vault, posting: RosterPosting, *, now: datetime
) -> str:
    """Leave rows that a machine sent to be posted; return the number of the work.

    Raises:
        FilingNotApprovedError, FilingNotOpenError: the filing takes no rosters, or not now.
    """
    require_open(posting.filing, civil_day(now))
    row = _row(WorkKind.POSTING, posting.filing, posting.actor, now)
    row["organisation_id"] = poster_of(session, posting.filing, posting.delegate_id)
    row["rows_total"], row["way"] = rows_of(posting.roster), str(posting.way or "")
    if posting.file:
        place = _place(row["work_no"], row["organisation_id"])
        row["file_cipher"] = vault.lock(posting.file, _TABLE, "file_cipher", *place)
    return _inserted(session, row, vault, _said(posting.roster))


def request_held_posting(
    session: Session, held: HeldRoster, rows_total: int, *, actor: str, now: datetime
) -> str:
    """Leave a held roster to be posted; whoever asks twice is led to the one work.

    Raises:
        HeldRosterUnknownError: it was discarded meanwhile.
    """
    locked = session.get(HeldRoster, held.hold_no, with_for_update=True, populate_existing=True)
    if locked is None:
        raise HeldRosterUnknownError
    work = _posting(session, held.hold_no, (*LIVE, str(WorkState.DONE)))
    if work is not None:
        return work.work_no
    filing = filing_numbered(session, locked.filing_no)
    row = _row(WorkKind.POSTING, filing, actor, now)
    row |= {"organisation_id": locked.organisation_id, "hold_no": held.hold_no}
    row["rows_total"] = rows_total
    session.execute(insert(RosterWork), [row])
    return str(row["work_no"])


def posting_of(session: Session, hold_no: str) -> RosterWork | None:
    """Return the work that posts a held roster, or is about to."""
    return _posting(session, hold_no, LIVE)


def works_for(session: Session, filing_no: str, actor: str) -> list[RosterWork]:
    """Return what somebody has left to be done under a filing and is not over, oldest first."""
    query = select(RosterWork).where(
        RosterWork.filing_no == filing_no, RosterWork.requested_by == actor,
        RosterWork.state.in_(LIVE),
    )  # fmt: skip
    return list(session.scalars(query.order_by(RosterWork.requested_at)))


def work_numbered(session: Session, work_no: str, organisation_id: int | None) -> RosterWork:
    """Return a work of an organisation.

    Raises:
        RosterWorkUnknownError: there is none, or it is another's.
    """
    work = session.get(RosterWork, work_no)
    if work is None or work.organisation_id != organisation_id:
        raise RosterWorkUnknownError(work_no=work_no[:20])
    return work


def cancel(session: Session, work: RosterWork, *, now: datetime) -> None:
    """Take a work back that nobody has begun; one that was taken back stays so.

    Raises:
        RosterWorkBegunError: it is at work, or over.
    """
    mine = update(RosterWork).where(
        RosterWork.work_no == work.work_no, RosterWork.state == str(WorkState.WAITING)
    )
    if not _changed(session, mine.values(**_over(WorkState.CANCELLED, now))):
        session.refresh(work)
        if work.state != WorkState.CANCELLED:
            raise RosterWorkBegunError(work_no=work.work_no)


def any_waits(session: Session, *, now: datetime) -> bool:
    """Tell whether there is a work to take up."""
    return session.scalar(select(RosterWork.work_no).where(_free(now)).limit(1)) is not None


def take_up(session: Session, *, now: datetime) -> Turn | None:
    """Take up the oldest work that waits, or that was left."""
    query = select(RosterWork).where(_free(now)).order_by(RosterWork.requested_at)
    for work in session.scalars(query.with_for_update(skip_locked=True)):
        work.attempt += 1
        turn = Turn(work.work_no, work.attempt)
        work.state, work.progressed_at = str(WorkState.RUNNING), now
        work.phase, work.phase_done, work.phase_total = str(Phase.READING), 0, 0
        session.flush()
        if work.attempt <= ATTEMPTS_MAX:
            return turn
        fail(session, turn, RosterWorkGivenUpError(), now=now)
    return None


def order_of(session: Session, vault: Vault, turn: Turn) -> Order:
    """Return what a work is about.

    Raises:
        HeldRosterUnknownError: the held roster that it posts is gone.
    """
    work, file = session.get_one(RosterWork, turn.work_no), b""
    place = _place(work.work_no, work.organisation_id)
    if work.file_cipher is not None:
        file = vault.unlock(work.file_cipher, _TABLE, "file_cipher", *place)
    if work.content_cipher is not None:
        content = vault.unlock(work.content_cipher, _TABLE, _COLUMN, *place)
    else:
        held = session.get(HeldRoster, work.hold_no or "")
        if held is None or held.file_cipher is None:
            raise HeldRosterUnknownError
        content = file_of(vault, held)
    kind = WorkKind(work.kind)
    return Order(
        kind, work.filing_no, work.requested_by, work.hold_no, content, work.organisation_id,
        way_of(work.way), file,
    )  # fmt: skip


def complete(  # what is done, with what
    session: Session, vault: Vault, turn: Turn, order: Order, posting: RosterPosting,
    *, now: datetime,
) -> None:  # fmt: skip
    """Do a work and say so, all in the caller's transaction.

    Raises:
        WorkTakenError: another has taken it up; the caller's transaction must not be committed.
        CreditBankError: said by `hold_roster`, `post_held`, `post_roster`.
    """
    said = _done(session, vault, order, posting, now)
    if not _say(session, turn, **_over(WorkState.DONE, now), **said):
        raise WorkTakenError


def _done(
    session: Session, vault: Vault, order: Order, posting: RosterPosting, now: datetime
) -> dict[str, str]:
    if order.kind is WorkKind.PREVIEW:
        upload = Upload(
            posting.filing, order.content, Limits(), posting.actor, posting.told,
            posting.delegate_id, posting.way,
        )  # fmt: skip
        return {"hold_no": hold_roster(session, vault, upload, posting.roster, now=now)}
    if order.hold_no is not None:
        held = session.get(HeldRoster, order.hold_no)
        if held is None:
            raise HeldRosterUnknownError
        roster_no = post_held(
            session, vault, held, posting.roster, actor=posting.actor, told=posting.told, now=now
        )
        return {"roster_no": roster_no}
    result = post_roster(session, vault, posting, now=now)
    answer = canonical_text(
        {
            "people_credited": result.people_credited,
            "credited_centihours": result.credited_centihours,
            "capped_centihours": result.capped_centihours,
        }
    )
    return {"roster_no": result.roster_no, "answer": answer}


def tell_progress(
    session: Session, turn: Turn, phase: Phase, done: int, total: int, *, now: datetime
) -> bool:
    """Say how far a work is; False if it is another's by now."""
    return _say(
        session, turn, phase=str(phase), phase_done=done, phase_total=total, progressed_at=now
    )


def tell_rows(session: Session, turn: Turn, rows_total: int, *, now: datetime) -> bool:
    """Say how many rows were read; False if the work is another's by now."""
    return _say(session, turn, rows_total=rows_total, progressed_at=now)


def fail(session: Session, turn: Turn, error: CreditBankError, *, now: datetime) -> bool:
    """Say why a work cannot be done; nothing of it was."""
    facts = {name: fact for name, fact in error.facts.items() if fact is not None}
    answer = json.dumps({"code": error.code, "facts": facts}, ensure_ascii=False)
    return _say(session, turn, **_over(WorkState.FAILED, now), answer=answer)


def put_back(session: Session, turn: Turn) -> bool:
    """Leave a work to whoever comes next; nothing of it was done."""
    return _say(session, turn, state=str(WorkState.WAITING), phase="", phase_done=0, phase_total=0)


def refusal_of(work: RosterWork) -> RowProblem | None:
    """Return why a work failed, as a problem of no row."""
    if work.state != WorkState.FAILED:
        return None
    said = json.loads(work.answer)
    return RowProblem(0, "", said["code"], said["facts"])


def forget_works(session: Session, *, now: datetime) -> int:
    """Delete works that are long over; return how many there were."""
    gone = delete(RosterWork).where(RosterWork.finished_at < now - KEPT_FOR)
    result = session.execute(gone)
    assert isinstance(result, CursorResult)
    return result.rowcount


def rows_of(roster: Roster) -> int:
    """Count the rows of a roster, readable or not."""
    readable = {row.row_no for row in roster.rows}
    return len(readable | {problem.row_no for problem in roster.problems if problem.row_no})


def _posting(session: Session, hold_no: str, states: tuple[str, ...]) -> RosterWork | None:
    query = select(RosterWork).where(
        RosterWork.hold_no == hold_no, RosterWork.state.in_(states),
        RosterWork.kind == str(WorkKind.POSTING),
    )  # fmt: skip
    return session.scalars(query).first()


def _row(kind: WorkKind, filing: Filing, actor: str, now: datetime) -> dict[str, Any]:
    return {
        "work_no": "W" + random_number(11), "kind": str(kind),
        "organisation_id": filing.organisation_id, "filing_no": filing.filing_no,
        "requested_by": actor, "requested_at": now, "hold_no": None, "content_cipher": None,
        "file_cipher": None, "state": str(WorkState.WAITING), "phase": "", "phase_done": 0,
        "phase_total": 0, "rows_total": 0, "attempt": 0, "answer": "", "way": "",
    }  # fmt: skip


def _inserted(session: Session, row: dict[str, Any], vault: Vault, content: bytes) -> str:
    work_no: str = row["work_no"]
    place = _place(work_no, row["organisation_id"])
    row["content_cipher"] = vault.lock(content, _TABLE, _COLUMN, *place)
    session.execute(insert(RosterWork), [row])
    return work_no


def _over(state: WorkState, now: datetime) -> dict[str, Any]:
    gone = {"content_cipher": None, "file_cipher": None}
    return {"state": str(state), "finished_at": now, **gone}


def _place(work_no: str, organisation_id: int) -> tuple[int, int]:
    """Return the row's key as the vault takes keys: in figures."""
    return row_key(work_no), organisation_id


def _said(roster: Roster) -> bytes:
    rows = [
        [each.row_no, str(each.document.kind), each.document.number, each.name,
         each.day.isoformat(), each.attended_minutes, each.make_up_year]
        for each in roster.rows
    ]  # fmt: skip
    problems = [[each.row_no, each.column, each.code, each.facts] for each in roster.problems]
    return json.dumps([roster.digest.hex(), rows, problems]).encode("ascii")


def _kept(content: bytes) -> Roster:
    digest, rows, problems = json.loads(content)
    return Roster(
        tuple(
            RosterRow(
                row_no, Document(DocumentKind(kind), number), name, date.fromisoformat(day), *more
            )
            for row_no, kind, number, name, day, *more in rows
        ),
        tuple(RowProblem(*problem) for problem in problems),
        bytes.fromhex(digest),
    )


def _free(now: datetime) -> ColumnElement[bool]:
    silent = and_(
        RosterWork.state == str(WorkState.RUNNING),
        RosterWork.progressed_at < now - timedelta(seconds=SILENT_SECONDS),
    )
    return or_(RosterWork.state == str(WorkState.WAITING), silent)


def _say(session: Session, turn: Turn, **said: object) -> bool:
    mine = update(RosterWork).where(
        RosterWork.work_no == turn.work_no, RosterWork.attempt == turn.attempt,
        RosterWork.state == str(WorkState.RUNNING),
    )  # fmt: skip
    return _changed(session, mine.values(**said))


def _changed(session: Session, statement: Any) -> bool:
    changed = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(changed, CursorResult)
    return changed.rowcount == 1
