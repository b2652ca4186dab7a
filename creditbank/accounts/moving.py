"""Facts of organisations, with what follows for its people: who moves takes seats and keys along.

A seat or client that was made for the district in which the organisation lay is one of the new
district from then on; whoever was given another region on purpose keeps it.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.accounts.audit import Event, Happening, record_event
from creditbank.accounts.models import SeatRow
from creditbank.canonical import Canonical
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.facts import Fact, Ground
from creditbank.registry.models import ApiClient, Organisation
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.registry.stating import FactDraft, state_fact, take_back_fact


def state_and_follow(
    session: Session, uscc: str, draft: FactDraft, *, actor: str, now: datetime
) -> Fact:
    """State a fact of an organisation; seats and clients follow it into another district.

    Raises:
        CreditBankError: said by `state_fact`.
    """
    return _followed(
        session, uscc, actor, now,
        lambda: state_fact(session, uscc, draft, actor=actor, now=now),
    )  # fmt: skip


def take_back_and_follow(
    session: Session, uscc: str, fact_no: str, ground: Ground, *, actor: str, now: datetime
) -> Fact:
    """Take a fact back; seats and clients follow the organisation back into its district.

    Raises:
        CreditBankError: said by `take_back_fact`.
    """
    return _followed(
        session, uscc, actor, now,
        lambda: take_back_fact(session, uscc, fact_no, ground, actor=actor, now=now),
    )  # fmt: skip


def _followed(  # what is done by whom
    session: Session, uscc: str, actor: str, now: datetime, does: Callable[[], Fact]
) -> Fact:
    organisation = organisation_by_uscc(session, uscc)
    before = organisation.jurisdiction
    fact = does()
    if organisation.jurisdiction != before:
        _move_seats(session, organisation, before, actor, now)
        _move_clients(session, organisation, before, actor, now)
    return fact


def _move_seats(
    session: Session, organisation: Organisation, before: str, actor: str, now: datetime
) -> None:
    query = select(SeatRow).where(
        SeatRow.organisation_id == organisation.organisation_id, SeatRow.jurisdiction == before,
        SeatRow.closed_at.is_(None),
    )  # fmt: skip
    for seat in session.scalars(query.order_by(SeatRow.seat_id).with_for_update()):
        seat.jurisdiction = organisation.jurisdiction
        _record(session, "seat.moved", seat.seat_no, before, organisation, actor, now)
        happening = Happening(Event.SEAT_MOVED, seat.account_id, actor, seat.seat_no)
        record_event(session, happening, now=now)


def _move_clients(
    session: Session, organisation: Organisation, before: str, actor: str, now: datetime
) -> None:
    query = select(ApiClient).where(
        ApiClient.organisation_id == organisation.organisation_id,
        ApiClient.jurisdiction == before, ApiClient.revoked_at.is_(None),
    )  # fmt: skip
    for client in session.scalars(query.order_by(ApiClient.client_id).with_for_update()):
        client.jurisdiction = organisation.jurisdiction
        _record(session, "client.moved", client.client_id, before, organisation, actor, now)


def _record(  # noqa: PLR0917 # what an act says
    session: Session, kind: str, subject: str, before: str, organisation: Organisation,
    actor: str, now: datetime,
) -> None:  # fmt: skip
    details: dict[str, Canonical] = {"organisation": organisation.uscc, "before": before}
    draft = ActDraft(kind, organisation.jurisdiction, actor, subject, details)
    record_act(session, draft, now=now)
