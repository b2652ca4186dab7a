"""By when a submitted filing is to be decided, in working days, and what is overdue.

No notice states a time limit, so the number is a setting. Saturdays and Sundays are no working
days; public holidays, and the days that are worked for them, are announced year by year and not
known here. A return stops the clock, and the next submission starts it anew. Time decides nothing:
what is overdue is told, and waits for an official.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import CIVIL_ZONE, civil_day
from creditbank.ids import places_above
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.registry.filing.states import FilingState
from creditbank.registry.lookups import filings_seen_in
from creditbank.registry.models import Filing

OVERDUE = "filing.overdue"
_SATURDAY = 5
_DAY = timedelta(days=1)


def due_day(submitted_on: date, working_days: int) -> date:
    """Return the last day on which a filing is decided in time: so many working days later."""
    day = submitted_on
    while working_days:
        day += _DAY
        working_days -= day.weekday() < _SATURDAY
    return day


def due_day_of(filing: Filing, working_days: int) -> date | None:
    """Return by when a filing is to be decided; None where nothing waits, or no term is set."""
    if filing.state != FilingState.SUBMITTED or not working_days:
        return None
    return due_day(civil_day(filing.submitted_at), working_days)


def overdue_filings(
    session: Session, jurisdiction: str, working_days: int, *, limit: int, now: datetime
) -> Sequence[Filing]:
    """Return what should have been decided in a region and below, the longest overdue first.

    What was routed to an office there is among it.

    Args:
        session: any.
        jurisdiction: the region.
        working_days: that a decision may take; nothing is overdue where there are none.
        limit: how many at most.
        now: the present instant.
    """
    if not working_days:
        return []
    query = select(Filing).where(_overdue(working_days, now), filings_seen_in(jurisdiction))
    return session.scalars(query.order_by(Filing.submitted_at, Filing.filing_no).limit(limit)).all()


def escalate(session: Session, working_days: int, *, actor: str, limit: int, now: datetime) -> int:
    """Record of each filing that has become overdue that the next level up is told; once for each
    submission. Where it was routed to an office, the one above may decide it from then on too.

    Returns:
        of how many.
    """
    is_told = exists().where(
        Act.subject == Filing.filing_no, Act.kind == OVERDUE,
        Act.recorded_at >= Filing.submitted_at,
    )  # fmt: skip
    query = select(Filing).where(_overdue(working_days, now), ~is_told)
    found = session.scalars(
        query.order_by(Filing.submitted_at).limit(limit).with_for_update(skip_locked=True)
    ).all()
    for filing in found:
        above = places_above(filing.deciding_office)
        told = above[min(1, len(above) - 1)]
        due = due_day(civil_day(filing.submitted_at), working_days)
        details: dict[str, Canonical] = {
            "due_day": due.isoformat(), "told": told, "version": filing.version,
        }  # fmt: skip
        if filing.route_no is not None:
            filing.escalated_to = told
        draft = ActDraft(OVERDUE, filing.jurisdiction, actor, filing.filing_no, details)
        record_act(session, draft, now=now)
    return len(found)


def _overdue(working_days: int, now: datetime) -> ColumnElement[bool]:
    today = civil_day(now)
    in_time = today
    while due_day(in_time - _DAY, working_days) >= today:
        in_time -= _DAY
    since = datetime.combine(in_time, time(), CIVIL_ZONE)
    return and_(Filing.state == str(FilingState.SUBMITTED), Filing.submitted_at < since)
