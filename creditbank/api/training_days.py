"""The day log of practical training: what was done on which day, by organiser or host."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call
from creditbank.api.filing_steps import filings
from creditbank.clock import civil_day
from creditbank.crediting.training_days import (
    DayLogForeignError,
    LoggedDayUnfitError,
    TravelDayCreditedError,
    day_log_of,
    log_day,
)
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.delegates import DelegationNotOpenError
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen
from creditbank.registry.filing.states import FilingNotApprovedError, FilingNotOpenError
from creditbank.schemas.training_days import DayEntryBody, DayLogAnswer, day_log_shaped

#: The door of all filings, which these calls join.
__all__ = ["filings"]

_SEEN = (FilingUnknownError, RegionForeignError, DelegationNotOpenError, DayLogForeignError)
_EXAMPLE = {
    "day": "2026-11-10", "use": "training", "told_by": "host",
    "done": "在总装车间跟班，学习质量追溯",
}  # fmt: skip


@filings.get(
    "/filings/<public:filing_no>/days", Scope.FILING_READ, answer=DayLogAnswer(), refuses=_SEEN
)
def read_day_log(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Tell what each day of practical training was used for, and which days say nothing yet."""
    today = civil_day(call.now)
    filing = filing_seen(session, call.client, filing_no, delegated_on=today)
    return day_log_shaped(day_log_of(session, filing, today))


@filings.post(
    "/filings/<public:filing_no>/days",
    Scope.ROSTER_POST,
    body=JsonBody(DayEntryBody(), _EXAMPLE),
    answer=DayLogAnswer(),
    refuses=(
        *_SEEN, FilingNotApprovedError, FilingNotOpenError, LoggedDayUnfitError,
        TravelDayCreditedError,
    ),
)  # fmt: skip
def log_training_day(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Say what was done on a day; only then its attendance is credited, and never that of travel.

    What is said later of the same day stands in place of it; both stay on record.
    """
    filing_seen(session, call.client, filing_no, delegated_on=civil_day(call.now))
    actor = call.client.client_id
    return day_log_shaped(log_day(session, filing_no, call.body, actor=actor, now=call.now))
