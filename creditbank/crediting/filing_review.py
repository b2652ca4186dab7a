"""Hours under a revoked filing: an official keeps or reverses each, by acts with the case number.

Until then an hour stands and counts as before; what is to be frozen meanwhile is investigated.
What is kept is named by an act and listed no more. It can still be withdrawn like any attendance.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Text, cast, exists, select
from sqlalchemy.orm import Session, aliased

from creditbank.attendance.models import Attendance
from creditbank.canonical import Canonical
from creditbank.crediting.attendances import known_people
from creditbank.crediting.fold import FoldContext
from creditbank.crediting.reversals import Ruling, hold, take_back
from creditbank.errors import CreditBankError
from creditbank.ledger.finding import is_first
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.models import Act, Entry, Movement
from creditbank.ledger.posting import CreditState, credit_states, credits_of
from creditbank.people.register import lock_linked, secrets_of
from creditbank.people.vault import Vault
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.filing.states import FilingState
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import Filing

#: Why a credit is reversed whose filing was revoked.
FILING_REVOKED = "filing-revoked"
KEPT, REVOKED = "filing.hours-kept", "filing.revoked"
#: Credits that one act decides at most; the next call goes on with the rest.
DECIDED_AT_ONCE = 500


class ReviewDecision(StrEnum):
    """What becomes of hours under a revoked filing."""

    KEEP = "keep"
    REVERSE = "reverse"


class FilingNotRevokedError(CreditBankError):
    """Only under a revoked filing are hours listed to be decided."""

    code = "filing-not-revoked"
    status = 409


class NothingToReviewError(CreditBankError):
    """None of these hours waits for a decision: they were decided, or are another filing's."""

    code = "nothing-to-review"
    status = 409


@dataclass(frozen=True, slots=True)
class WaitingHours:
    """One credit that waits for its decision, and the row of a roster that it came from."""

    person_id: int
    occasion: str
    roster_no: str
    row_no: int
    day: date
    centihours: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class ShownHours:
    """Waiting hours, with whose they are by name and last four."""

    hours: WaitingHours
    name: str
    last_four: str


@dataclass(frozen=True, slots=True)
class Review:
    """What waits under a revoked filing: one page of it, how many credits and centihours in all."""

    filing: Filing
    case_no: str
    total: int
    centihours: int
    shown: tuple[ShownHours, ...]


@dataclass(frozen=True, slots=True)
class ReviewDraft:
    """A decision on the hours of these leaves, of the first `DECIDED_AT_ONCE` if none is named."""

    filing_no: str
    decision: ReviewDecision
    leaves: frozenset[bytes]
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How many credits were decided, of how many centihours; how many wait still."""

    decided: int
    centihours: int
    left: int


def review_of(
    session: Session, vault: Vault, filing_no: str, *, offset: int = 0, limit: int
) -> Review:
    """Return what waits for a decision, in the order of rosters and rows.

    Raises:
        FilingUnknownError, FilingNotRevokedError: nothing is reviewed there.
    """
    filing, waiting = _revoked(session, filing_no), _waiting(session, filing_no)
    page = waiting[offset : offset + limit]
    known = known_people(session, vault, [each.person_id for each in page])
    return Review(
        filing=filing,
        case_no=_case_of(session, filing_no),
        total=len(waiting),
        centihours=sum(each.centihours for each in waiting),
        shown=tuple(ShownHours(each, *known[each.person_id]) for each in page),
    )


def decide_review(session: Session, vault: Vault, draft: ReviewDraft, *, now: datetime) -> Reviewed:
    """Keep or reverse hours under a revoked filing, by one act.

    Raises:
        FilingUnknownError, FilingNotRevokedError: nothing is reviewed there.
        NothingToReviewError: nothing of what was named waits, or could be reversed any more.
    """
    filing = _revoked(session, draft.filing_no)
    held = hold(session, draft.filing_no)
    waiting = _waiting(session, draft.filing_no)
    named = [each for each in waiting if not draft.leaves or each.leaf in draft.leaves]
    groups = lock_linked(session, {each.person_id for each in named[:DECIDED_AT_ONCE]})
    secrets = secrets_of(session, vault, groups)
    live = [
        state
        for state in credit_states(credits_of(session, groups, filing.scheme))
        if state.credit.source_id == held.source.source_id and not state.reversed
    ]
    leaves = {each.leaf for each in named[:DECIDED_AT_ONCE]}
    # Of whom the secret was erased no entry can be made any more: their hours can only be kept.
    keeps = draft.decision is ReviewDecision.KEEP
    chosen = [
        state
        for state in live
        if state.credit.leaf in leaves and (keeps or state.credit.person_id in secrets)
    ]
    if not chosen:
        raise NothingToReviewError(filing_no=draft.filing_no)
    act = _record(session, filing, draft, chosen, now=now)
    if not keeps:
        ruling = Ruling(act, draft.actor, FILING_REVOKED)
        context = FoldContext(law_of(session, filing.scheme), secrets, now)
        touched = {groups[state.credit.person_id] for state in chosen}
        take_back(session, held, live, chosen, ruling, groups=touched, context=context)
    return Reviewed(
        decided=len(chosen),
        centihours=sum(state.credit.centihours for state in chosen),
        left=len(waiting) - len(chosen),
    )


def waiting_under(session: Session, filing: Filing) -> int:
    """Count the credits that wait for a decision; none do unless the filing is revoked."""
    if filing.state != FilingState.REVOKED:
        return 0
    return len(_waiting(session, filing.filing_no))


def _revoked(session: Session, filing_no: str) -> Filing:
    filing = filing_numbered(session, filing_no)
    if filing.state != FilingState.REVOKED:
        raise FilingNotRevokedError(
            filing_no=filing_no, state=filing.state, state_words=f"filing-state-{filing.state}"
        )
    return filing


def _case_of(session: Session, filing_no: str) -> str:
    """Return the case number of the act that revoked a filing: its last word on the filing."""
    query = select(Act.details).where(Act.subject == filing_no, Act.kind == REVOKED)
    details = session.scalars(query.order_by(Act.act_id.desc())).first()
    case_no: str = json.loads(details or "{}").get("case_no", "")
    return case_no


def _waiting(session: Session, filing_no: str) -> list[WaitingHours]:
    query = (
        select(
            Attendance.person_id, Entry.occasion, Attendance.roster_no, Attendance.row_no,
            Entry.earned_on, Entry.centihours, Entry.leaf,
        )
        .join(Entry, _credit_of_attendance(filing_no))
        .where(Attendance.filing_no == filing_no, ~_reversed())
        .order_by(Attendance.roster_no, Attendance.row_no, Entry.occasion)
    )  # fmt: skip
    kept = _kept(session, filing_no)
    found = [WaitingHours(*row) for row in session.execute(query)]
    return [each for each in found if each.leaf.hex() not in kept]


def _credit_of_attendance(filing_no: str) -> ColumnElement[bool]:
    scheme = select(Filing.scheme).where(Filing.filing_no == filing_no).scalar_subquery()
    occasion = Attendance.filing_no + "/" + cast(Attendance.session_no, Text)
    credit = (Attendance.person_id, scheme, occasion, Attendance.revision)
    return is_first(Entry, Movement.CREDIT, credit)


def _reversed() -> ColumnElement[bool]:
    credit = (Entry.person_id, Entry.scheme, Entry.occasion, Entry.revision)
    return exists().where(is_first(aliased(Entry), Movement.REVERSE, credit))


def _kept(session: Session, filing_no: str) -> set[str]:
    """Return the leaves of the credits that were decided to be kept."""
    query = select(Act.cites).where(Act.subject == filing_no, Act.kind == KEPT)
    return {leaf for cites in session.scalars(query) for leaf in json.loads(cites)}


def _record(
    session: Session,
    filing: Filing,
    draft: ReviewDraft,
    chosen: Sequence[CreditState],
    *,
    now: datetime,
) -> RecordedAct:
    keeps = draft.decision is ReviewDecision.KEEP
    details: dict[str, Canonical] = {
        "reason_text": draft.reason,
        "case_no": _case_of(session, filing.filing_no),
    }
    if not keeps:
        details["occasions"] = sorted(state.credit.occasion for state in chosen)
    return record_act(
        session,
        ActDraft(
            kind=KEPT if keeps else "attendance.withdrawn",
            jurisdiction=filing.jurisdiction,
            actor=draft.actor,
            subject=filing.filing_no,
            details=details,
            reason="" if keeps else FILING_REVOKED,
            cites=tuple(sorted(state.credit.leaf for state in chosen)),
        ),
        now=now,
    )
