"""Filings: submitted by a provider, decided by an official; approval opens the source of hours.

Bounds are granted as filed: so many places, so many hours to one person as the rules give for full
attendance, and their product. Nothing is credited before approval
(威人社字〔2024〕2号, 第9项: 经备案均可登记).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import SourceKind
from creditbank.ledger.sources import Bounds, SourceDraft, open_source, source_bounds_details
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import Filing, FilingSession, Organisation
from creditbank.rules.conversion import ActivityFact, convert
from creditbank.rules.pack import PackChain
from creditbank.rules.subjects import require_subject

SESSIONS_MAX = 120


class FilingUnknownError(CreditBankError):
    """There is no filing of this number, or it is not the asker's to see."""

    code = "filing-unknown"
    status = 404


class FilingDecidedError(CreditBankError):
    """The filing was decided already."""

    code = "filing-decided"
    status = 409


class FilingNotApprovedError(CreditBankError):
    """Nothing is credited under a filing that no official approved."""

    code = "filing-not-approved"
    status = 409


class FilingDayTwiceError(CreditBankError):
    """Two sessions stand on one day; a roster could not tell them apart."""

    code = "filing-day-twice"
    status = 422


class LateReasonWantedError(CreditBankError):
    """The activity had begun when it was filed; whoever approves it says why."""

    code = "late-reason-wanted"
    status = 422


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """One planned sitting; `planned_half_days` is 2 for a whole day, 1 for half a day."""

    day: date
    planned_minutes: int
    planned_half_days: int


@dataclass(frozen=True, slots=True)
class FilingDraft:
    """An activity about to be filed, as the provider describes it."""

    activity: str
    form: str
    release: str
    title: str
    subject: str
    seats: int
    sessions: tuple[SessionDraft, ...]


def submit_filing(
    session: Session, draft: FilingDraft, provider: Organisation, *, actor: str, now: datetime
) -> Filing:
    """File an activity under the rules of the provider's jurisdiction.

    Raises:
        FilingDayTwiceError: two sessions on one day.
        SubjectUnknownError, NotRecognisedError, RuleMissingError: the rules in force would not
            credit it; said now, not after the course.
    """
    twice = [day for day, count in Counter(s.day for s in draft.sessions).items() if count > 1]
    if twice:
        raise FilingDayTwiceError(days=sorted(day.isoformat() for day in twice))
    law = law_of(session, provider.jurisdiction)
    require_subject(draft.subject, law)
    person_centihours(draft, law)
    filing_no = "F" + random_number(9)
    row = {
        "filing_no": filing_no, "organisation_id": provider.organisation_id,
        "jurisdiction": provider.jurisdiction, "scheme": law.scheme, "activity": draft.activity,
        "form": draft.form, "release": draft.release, "title": draft.title,
        "subject": draft.subject, "seats": draft.seats, "state": "submitted",
        "submitted_at": now, "submitted_by": actor, "reason": "",
    }  # fmt: skip
    filing = session.scalars(insert(Filing).returning(Filing), [row]).one()
    ordered = sorted(draft.sessions, key=lambda planned: planned.day)
    session.execute(
        insert(FilingSession),
        [
            {
                "filing_no": filing_no, "session_no": number, "day": planned.day,
                "planned_minutes": planned.planned_minutes,
                "planned_half_days": planned.planned_half_days,
            }
            for number, planned in enumerate(ordered, start=1)
        ],
    )  # fmt: skip
    record_act(
        session,
        ActDraft(
            "filing.submitted", provider.jurisdiction, actor, filing_no,
            _described(draft, ordered),
        ),
        now=now,
    )  # fmt: skip
    return filing


def approve_filing(
    session: Session, filing_no: str, *, actor: str, reason: str = "", now: datetime
) -> Filing:
    """Approve a filing: its bounds are granted, and hours may be posted under it.

    Raises:
        FilingUnknownError, FilingDecidedError: nothing to decide.
        LateReasonWantedError: it was filed after it began, and no reason is given.
    """
    filing = _undecided(session, filing_no)
    draft = _draft_of(session, filing)
    first_day = min(planned.day for planned in draft.sessions)
    submitted_on = civil_day(filing.submitted_at)
    if submitted_on > first_day and not reason:
        raise LateReasonWantedError(
            submitted_on=submitted_on.isoformat(), first_day=first_day.isoformat()
        )
    law = law_of(session, filing.scheme)
    bounds = Bounds(filing.seats, person_centihours(draft, law))
    act = record_act(
        session,
        ActDraft(
            "filing.approved", filing.jurisdiction, actor, filing_no,
            {
                **_described(draft, draft.sessions),
                **source_bounds_details(bounds, bounds.centihours_max),
                "scheme": filing.scheme,
                "source_kind": str(SourceKind.FILING),
                "packs": law.pins(),
                "reason_text": reason,
            },
            reason="filed-late" if reason else "",
        ),
        now=now,
    )  # fmt: skip
    open_source(
        session,
        SourceDraft(
            filing_no, SourceKind.FILING, filing.jurisdiction, filing.scheme, bounds, act.act_id
        ),
    )
    filing.state, filing.reason = "approved", reason
    return filing


def refuse_filing(
    session: Session, filing_no: str, *, actor: str, reason: str, now: datetime
) -> Filing:
    """Refuse a filing, with the reason that the provider will read.

    Raises:
        FilingUnknownError, FilingDecidedError: nothing to decide.
    """
    filing = _undecided(session, filing_no)
    filing.state, filing.reason = "refused", reason
    record_act(
        session,
        ActDraft("filing.refused", filing.jurisdiction, actor, filing_no, {"reason_text": reason}),
        now=now,
    )
    return filing


def filing_numbered(
    session: Session, filing_no: str, *, organisation_id: int | None = None
) -> Filing:
    """Return a filing; with an organisation, only that organisation's own.

    Raises:
        FilingUnknownError: there is none, or it is another's.
    """
    filing = session.get(Filing, filing_no)
    foreign = filing is not None and organisation_id not in (None, filing.organisation_id)
    if filing is None or foreign:
        raise FilingUnknownError(filing_no=filing_no[:20])
    return filing


def sessions_of(session: Session, filing_no: str) -> Sequence[FilingSession]:
    """Return a filing's sessions in their order."""
    query = select(FilingSession).where(FilingSession.filing_no == filing_no)
    return session.scalars(query.order_by(FilingSession.session_no)).all()


def person_centihours(draft: FilingDraft, law: PackChain) -> int:
    """Return the hours that one person earns by full attendance, in centihours.

    Raises:
        NotRecognisedError, RuleMissingError: the rules do not credit a session.
    """
    return sum(
        convert(
            ActivityFact(
                activity=draft.activity,
                form=draft.form,
                release=draft.release,
                subject=draft.subject,
                day=planned.day,
                planned_minutes=planned.planned_minutes,
                planned_half_days=planned.planned_half_days,
                attended_minutes=planned.planned_minutes,
            ),
            law,
        ).centihours
        for planned in draft.sessions
    )


def _undecided(session: Session, filing_no: str) -> Filing:
    filing = session.get(Filing, filing_no, with_for_update=True)
    if filing is None:
        raise FilingUnknownError(filing_no=filing_no[:20])
    if filing.state != "submitted":
        raise FilingDecidedError(filing_no=filing_no, state=filing.state)
    return filing


def _draft_of(session: Session, filing: Filing) -> FilingDraft:
    return FilingDraft(
        activity=filing.activity,
        form=filing.form,
        release=filing.release,
        title=filing.title,
        subject=filing.subject,
        seats=filing.seats,
        sessions=tuple(
            SessionDraft(planned.day, planned.planned_minutes, planned.planned_half_days)
            for planned in sessions_of(session, filing.filing_no)
        ),
    )


def _described(draft: FilingDraft, sessions: Sequence[SessionDraft]) -> dict[str, Canonical]:
    return {
        "activity": draft.activity,
        "form": draft.form,
        "release": draft.release,
        "title": draft.title,
        "subject": draft.subject,
        "seats": draft.seats,
        "sessions": [
            [planned.day.isoformat(), planned.planned_minutes, planned.planned_half_days]
            for planned in sessions
        ],
    }
