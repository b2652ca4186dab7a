"""Who posts in whose stead: one place that tells whether an organisation's filing is a delegate's.

A delegation holds on the days of its term while its holder has not ended it and no official has
suspended it. Whoever posts takes the delegation's row after the filing's source, and whoever ends
or suspends it changes that row: so either the posting is over first, or it is refused.
"""

from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, false, or_, select
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.registry.models import Delegation, Filing
from creditbank.registry.successions import held_by, holder_of


class DelegationState(StrEnum):
    """How a delegation stands, whatever its term."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class DelegationNotOpenError(CreditBankError):
    """The organisation was to post for another, and may not on this day."""

    code = "delegation-not-open"
    status = 403


def other_than_holder(session: Session, filing: Filing, organisation_id: int) -> int | None:
    """Return an organisation if it is not the one that answers for a filing."""
    return None if organisation_id == holder_of(session, filing) else organisation_id


def poster_of(session: Session, filing: Filing, delegate_id: int | None) -> int:
    """Return whose file it is that is posted: the delegate's, or that of whoever answers."""
    return delegate_id or holder_of(session, filing) or filing.organisation_id


def delegation_open(
    session: Session, filing: Filing, delegate_id: int, day: date, *, locked: bool = False
) -> Delegation | None:
    """Return the delegation by which an organisation may post under another's filing on a day.

    Args:
        session: the caller's unit of work.
        filing: whose holder delegates.
        delegate_id: the organisation that would post.
        day: on which it posts.
        locked: keep what is found from being ended until the transaction is over.

    Returns:
        One for this very filing before one for all; None where nothing was ever delegated.

    Raises:
        DelegationNotOpenError: what was delegated has not begun, is over, ended or suspended.
    """
    holder_id = holder_of(session, filing)
    query = given_to(session, filing, delegate_id).execution_options(populate_existing=True)
    found = session.scalars(query.with_for_update(read=True) if locked else query).all()
    if not found:
        return None
    best = max(
        found,
        key=lambda each: (
            each.organisation_id == holder_id, is_open(each, day), bool(each.filing_no),
            each.given_at,
        ),
    )  # fmt: skip
    of_holder = best.organisation_id == holder_id
    if not (of_holder and is_open(best, day)):
        state = best.state if of_holder else "holder-gone"
        raise DelegationNotOpenError(
            delegation_no=best.delegation_no, state_words=f"delegation-state-{state}",
            valid_from=best.valid_from.isoformat(), valid_through=best.valid_through.isoformat(),
            day=day.isoformat(), reason=best.reason or "—",
        )  # fmt: skip
    return best


def given_to(session: Session, filing: Filing, delegate_id: int) -> Select[Delegation]:
    """Ask for everything by which an organisation was ever to post under another's filing."""
    holders = {holder_of(session, filing), filing.organisation_id} - {None}
    return (
        select(Delegation)
        .where(
            Delegation.delegate_id == delegate_id, Delegation.organisation_id.in_(holders),
            or_(Delegation.filing_no.is_(None), Delegation.filing_no == filing.filing_no),
        )
        .order_by(Delegation.delegation_no)
    )  # fmt: skip


def is_open(delegation: Delegation, day: date) -> bool:
    """Tell whether a delegate may post on a day."""
    in_term = delegation.valid_from <= day <= delegation.valid_through
    return in_term and delegation.state == DelegationState.ACTIVE


def delegated_to(session: Session, delegate_id: int, day: date) -> ColumnElement[bool]:
    """Match filings under which an organisation may post in another's stead on a day."""
    query = select(Delegation).where(
        Delegation.delegate_id == delegate_id, Delegation.valid_from <= day,
        Delegation.valid_through >= day, Delegation.state == str(DelegationState.ACTIVE),
    )  # fmt: skip
    open_ones = session.scalars(query).all()
    held = {each.organisation_id: held_by(session, each.organisation_id) for each in open_ones}
    return or_(
        false(),
        *(
            held[each.organisation_id]
            if each.filing_no is None
            else and_(held[each.organisation_id], Filing.filing_no == each.filing_no)
            for each in open_ones
        ),
    )
