"""Whose a check-in is: of whoever holds the filing, or of a delegate that opened it in their stead.

The holder has every check-in of the filing. A delegate has those that it opened, on the days of its
delegation; while that is suspended, ended or over it neither shows a code nor closes nor posts. But
what its pads recorded it may still send, until the holder closes the check-in.
"""

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.check_ins import CheckInUnknownError, check_in_numbered
from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.registry.clients import Client
from creditbank.registry.delegates import DelegationNotOpenError, delegation_open
from creditbank.registry.delegations import Spans, spans_delegated
from creditbank.registry.filing.filings import (
    FilingUnknownError,
    delegate_of,
    filing_numbered,
    filing_seen,
)
from creditbank.registry.fsck import said_by
from creditbank.registry.models import Delegation, Filing

OPENED_FOR = "check-in.opened-for"


class CheckInOthersError(CreditBankError):
    """Check-in to this session is another organisation's already."""

    code = "check-in-others"
    status = 409


def check_in_seen(session: Session, client: Client, check_in_no: str, today: date) -> CheckIn:
    """Return a check-in of a filing for which the client answers, or one that it opened for others.

    Raises:
        CheckInUnknownError: there is none, or it is not the asker's.
        DelegationNotOpenError: it was delegated, and is not today.
    """
    found = check_in_numbered(session, check_in_no)
    try:
        filing = filing_seen(session, client, found.filing_no, delegated_on=today)
    except FilingUnknownError as error:
        raise CheckInUnknownError(check_in_no=check_in_no[:20]) from error
    if not is_of(session, found, delegate_of(session, client, filing)):
        raise CheckInUnknownError(check_in_no=check_in_no[:20])
    return found


def check_in_recorded(
    session: Session, client: Client, check_in_no: str, today: date
) -> tuple[CheckIn, Spans | None]:
    """Return a check-in to whoever sends what pads recorded, and when they might record.

    None for whoever answers for the filing: they may always.

    Raises:
        CheckInUnknownError: there is none, or it is not the asker's.
        DelegationNotOpenError: it was delegated, is not today, and the asker did not open it.
    """
    found = check_in_numbered(session, check_in_no)
    filing = filing_numbered(session, found.filing_no)
    delegate_id = delegate_of(session, client, filing)
    try:
        check_in_seen(session, client, check_in_no, today)
    except DelegationNotOpenError:
        if delegate_id is None or not is_of(session, found, delegate_id):
            raise
    return found, None if delegate_id is None else spans_delegated(session, filing, delegate_id)


def is_of(session: Session, check_in: CheckIn, delegate_id: int | None) -> bool:
    """Tell whether a check-in is a delegate's; without one, the holder's, who has them all."""
    if delegate_id is None:
        return True
    if check_in.delegation_no is None:
        return False
    return session.get_one(Delegation, check_in.delegation_no).delegate_id == delegate_id


def delegation_to_open(
    session: Session, filing: Filing, delegate_id: int | None, *, now: datetime
) -> str | None:
    """Return by which delegation a check-in is opened, kept from ending until it is.

    Raises:
        FilingUnknownError: nothing was ever delegated to that organisation.
        DelegationNotOpenError: what was delegated does not hold now.
    """
    if delegate_id is None:
        return None
    found = delegation_open(session, filing, delegate_id, civil_day(now), locked=True)
    if found is None:
        raise FilingUnknownError(filing_no=filing.filing_no)
    return found.delegation_no


def note_opened_for(session: Session, check_in: CheckIn, filing: Filing, *, now: datetime) -> None:
    """Record that a delegate opened a check-in in the holder's stead."""
    details = _details(check_in)
    subject, actor = check_in.check_in_no, check_in.opened_by
    record_act(session, ActDraft(OPENED_FOR, filing.jurisdiction, actor, subject, details), now=now)


def check_check_ins(session: Session) -> Iterator[Disagreement]:
    """Check that each check-in is a delegate's as the acts say, and no other is.

    Args:
        session: a snapshot.

    Yields:
        Each disagreement, by the number of the check-in.
    """
    query = select(Act).where(Act.kind == OPENED_FOR)
    said = {
        act.subject: (dict(said_by(act.details)), act.actor, act.recorded_at)
        for act in session.scalars(query)
    }
    theirs = select(CheckIn).where(CheckIn.delegation_no.is_not(None))
    stands = {
        each.check_in_no: (_details(each), each.opened_by, each.opened_at)
        for each in session.scalars(theirs)
    }
    for check_in_no in sorted(said.keys() | stands.keys()):
        if said.get(check_in_no) != stands.get(check_in_no):
            yield Disagreement("fsck-check-in", "check_in", check_in_no)


def _details(check_in: CheckIn) -> dict[str, Canonical]:
    return {
        "delegation": check_in.delegation_no or "", "filing": check_in.filing_no,
        "session_no": check_in.session_no,
    }  # fmt: skip
