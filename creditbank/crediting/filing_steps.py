"""What becomes of a filing after its approval: closed, withdrawn, suspended, revoked, reopened.

Each step is an act. None of them moves an hour: what was posted under a revoked filing is listed
until an official has decided on it (`filing_review`).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.ledger.sources import SourceUnknownError, lock_source
from creditbank.registry.filing.filings import locked_filing
from creditbank.registry.filing.states import FilingState, FilingStep, enter, require_step
from creditbank.registry.models import Filing, FilingSession

#: The actor of what nobody does but time.
CLOCK = "clock"
_KINDS = {
    FilingStep.WITHDRAW: "filing.withdrawn",
    FilingStep.CLOSE: "filing.closed",
    FilingStep.REOPEN: "filing.reopened",
    FilingStep.SUSPEND: "filing.suspended",
    FilingStep.LIFT: "filing.lifted",
    FilingStep.REVOKE: "filing.revoked",
}


class Ending(StrEnum):
    """What the provider does with its own filing."""

    WITHDRAW = str(FilingStep.WITHDRAW)
    CLOSE = str(FilingStep.CLOSE)


class Measure(StrEnum):
    """What an official orders for a filing that was approved."""

    SUSPEND = str(FilingStep.SUSPEND)
    LIFT = str(FilingStep.LIFT)
    CLOSE = str(FilingStep.CLOSE)
    REOPEN = str(FilingStep.REOPEN)
    REVOKE = str(FilingStep.REVOKE)


class FilingPostedError(CreditBankError):
    """Attendance was posted under the filing: it can be closed and not be withdrawn."""

    code = "filing-posted"
    status = 409


class SuspensionDayPastError(CreditBankError):
    """A suspension would begin before it is ordered."""

    code = "suspension-day-past"
    status = 422


class CaseNumberWantedError(CreditBankError):
    """A filing is revoked by a file of the office, and none is named."""

    code = "case-number-wanted"
    status = 422


@dataclass(frozen=True, slots=True)
class StepDraft:
    """A step about to be taken, and why.

    `case_no` is the number of the office's file, which a revocation names. A suspension holds from
    `from_day` on, from today if there is none.
    """

    filing_no: str
    step: FilingStep
    actor: str
    reason: str = ""
    case_no: str = ""
    from_day: date | None = None


def take_step(session: Session, draft: StepDraft, *, now: datetime) -> Filing:
    """Take one of the steps that follow an approval, or withdraw what is not approved yet.

    Raises:
        FilingUnknownError: there is no such filing.
        FilingStepUnfitError: it does not stand so that this could be done.
        FilingPostedError: it is to be withdrawn, and attendance was posted under it.
        SuspensionDayPastError, CaseNumberWantedError: a suspension or a revocation lacks its own.
    """
    filing = locked_filing(session, draft.filing_no)
    require_step(filing, draft.step)
    details: dict[str, Canonical] = {"reason_text": draft.reason}
    from_day = None
    if draft.step is FilingStep.SUSPEND:
        from_day = _suspended_from(draft, civil_day(now))
        details["from_day"] = from_day.isoformat()
    if draft.step is FilingStep.REVOKE:
        if not draft.case_no:
            raise CaseNumberWantedError(filing_no=draft.filing_no)
        details["case_no"] = draft.case_no
    cites = _grounds(session, draft.filing_no)
    if draft.step is FilingStep.WITHDRAW and _was_posted(session, draft.filing_no):
        raise FilingPostedError(filing_no=draft.filing_no)
    enter(filing, draft.step, reason=draft.reason, from_day=from_day, now=now)
    kind, jurisdiction = _KINDS[draft.step], filing.jurisdiction
    record_act(
        session,
        ActDraft(kind, jurisdiction, draft.actor, draft.filing_no, details, cites=cites),
        now=now,
    )
    return filing


def close_over(session: Session, days: int, *, limit: int, now: datetime) -> int:
    """Close filings of which the last session, or last step, lies more than so many days back.

    Args:
        session: the caller's unit of work.
        days: after the later of the two.
        limit: how many at most; there may be more.
        now: the instant recorded.

    Returns:
        how many were closed.
    """
    later = exists().where(
        FilingSession.filing_no == Filing.filing_no,
        FilingSession.day >= civil_day(now) - timedelta(days=days),
    )
    query = (
        select(Filing.filing_no)
        .where(
            Filing.state == str(FilingState.APPROVED),
            Filing.state_at < now - timedelta(days=days), ~later,
        )
        .order_by(Filing.state_at)
        .limit(limit)
        # What somebody else holds now is closed in another round, if it still is to be closed.
        .with_for_update(skip_locked=True)
    )  # fmt: skip
    found = session.scalars(query).all()
    for filing_no in found:
        take_step(session, StepDraft(filing_no, FilingStep.CLOSE, CLOCK), now=now)
    return len(found)


def _suspended_from(draft: StepDraft, today: date) -> date:
    from_day = draft.from_day or today
    if from_day < today:
        raise SuspensionDayPastError(found=from_day.isoformat(), wanted=today.isoformat())
    return from_day


def _grounds(session: Session, filing_no: str) -> tuple[bytes, ...]:
    """Lock the source, so that no roster is half posted; return the leaf that opened it."""
    try:
        source, _use = lock_source(session, filing_no)
    except SourceUnknownError:  # never approved
        return ()
    return (session.get_one(Act, source.act_id).leaf,)


def _was_posted(session: Session, filing_no: str) -> bool:
    posted = select(Attendance.filing_no).where(Attendance.filing_no == filing_no)
    return session.scalar(posted.limit(1)) is not None
