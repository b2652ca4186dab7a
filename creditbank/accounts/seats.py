"""Seats: what an account may act as, from when until when; one of them acts at a time.

A seat becomes a `Client`, so that every service below the doors stays the same for machines and
people. Seats are made and closed by acts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from creditbank.accounts.audit import Event, Happening, record_event
from creditbank.accounts.models import Account, AccountSession, SeatRow
from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction, jurisdiction_contains, random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.clients import (
    OF_AN_ORGANISATION,
    SCOPES_OF,
    Client,
    RegionForeignError,
    Role,
    Scope,
    ScopeMissingError,
)
from creditbank.registry.models import Organisation
from creditbank.registry.organisations import TEACHING_KINDS, OrganisationKind

#: Nothing opens to these without a second factor.
STRICT_ROLES = frozenset({Role.OFFICIAL, Role.AUDITOR, Role.ADMINISTRATOR})
#: What somebody may do besides who manages an organisation's seats.
_MANAGERS_SCOPES = frozenset({Scope.SEAT_MANAGE, Scope.ACCOUNT_RECOVER})
#: What is done in an organisation's name only by who manages it.
_MANAGERS_ONLY = frozenset({Scope.DELEGATION_GIVE})
#: As what an organisation's people may sit.
ROLES_OF_KIND: dict[OrganisationKind, frozenset[Role]] = {
    **dict.fromkeys(TEACHING_KINDS, frozenset({Role.PROVIDER, Role.EMPLOYER})),
    OrganisationKind.AUTHORITY: frozenset({Role.EMPLOYER}),
    OrganisationKind.TITLE_SYSTEM: frozenset({Role.TITLE_SYSTEM}),
}


class SeatUnknownError(CreditBankError):
    """There is no such seat, or it is over, or it is another's."""

    code = "seat-unknown"
    status = 404


class SeatUnfitError(CreditBankError):
    """An organisation of this kind has no seats of this role, or the role has no organisation."""

    code = "seat-unfit"
    status = 422


class SeatTermError(CreditBankError):
    """A seat would end before it begins."""

    code = "seat-term"
    status = 422


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat as the rest of the house sees it."""

    seat_id: int
    seat_no: str
    role: Role
    jurisdiction: str
    organisation_id: int | None
    #: empty without an organisation
    organisation_name: str
    manages: bool
    valid_from: date
    valid_through: date | None

    @property
    def scopes(self) -> frozenset[Scope]:
        """What may be done from this seat."""
        held = SCOPES_OF[self.role]
        return held | _MANAGERS_SCOPES if self.manages else held - _MANAGERS_ONLY

    def client(self, account_no: str) -> Client:
        """Return the client that acts from this seat.

        It bears the account's number and not the seat's: what takes two people takes two accounts.
        """
        return Client(account_no, self.role, self.scopes, self.jurisdiction, self.organisation_id)


@dataclass(frozen=True, slots=True)
class SeatDraft:
    """A seat about to be made."""

    role: Role
    jurisdiction: str
    organisation_id: int | None = None
    manages: bool = False
    #: today, if not given
    valid_from: date | None = None
    valid_through: date | None = None


def seats_of(session: Session, account_id: int, *, now: datetime) -> tuple[Seat, ...]:
    """Return the seats that an account may act from today, the oldest first.

    In an organisation that is no more nobody sits.
    """
    today = civil_day(now)
    query = (
        select(SeatRow, Organisation.name)
        .outerjoin(Organisation, Organisation.organisation_id == SeatRow.organisation_id)
        .where(SeatRow.account_id == account_id, SeatRow.closed_at.is_(None))
        .where(SeatRow.valid_from <= today, Organisation.ended_on.is_(None))
        .where(or_(SeatRow.valid_through.is_(None), SeatRow.valid_through >= today))
    )
    return tuple(
        _seat(row, name or "") for row, name in session.execute(query.order_by(SeatRow.seat_id))
    )


def seats_gone(session: Session, account_id: int) -> Sequence[Organisation]:
    """Return the organisations that are no more, in which an account has seats that stand."""
    query = (
        select(Organisation)
        .join(SeatRow, SeatRow.organisation_id == Organisation.organisation_id)
        .where(SeatRow.account_id == account_id, SeatRow.closed_at.is_(None))
        .where(Organisation.ended_on.is_not(None))
        .distinct()
    )
    return session.scalars(query.order_by(Organisation.organisation_id)).all()


def standing_seats(session: Session, account_id: int) -> Sequence[SeatRow]:
    """Return the seats of an account that nobody has closed, future and past ones too."""
    query = select(SeatRow).where(SeatRow.account_id == account_id, SeatRow.closed_at.is_(None))
    return session.scalars(query.order_by(SeatRow.seat_id)).all()


def managers_of(session: Session, organisation_id: int, *, now: datetime) -> Sequence[SeatRow]:
    """Return the seats from which an organisation is managed today."""
    today = civil_day(now)
    query = (
        select(SeatRow)
        .join(Account, Account.account_id == SeatRow.account_id)
        .where(SeatRow.organisation_id == organisation_id, SeatRow.manages)
        .where(SeatRow.closed_at.is_(None), Account.state == "active")
        .where(SeatRow.valid_from <= today)
        .where(or_(SeatRow.valid_through.is_(None), SeatRow.valid_through >= today))
    )
    return session.scalars(query.order_by(SeatRow.seat_id)).all()


def make_seat(
    session: Session, account: Account, draft: SeatDraft, *, actor: str, now: datetime
) -> SeatRow:
    """Make a seat; whether the actor may is for `require_may_make` to say.

    Raises:
        SeatUnfitError: role and organisation do not go together.
        SeatTermError: it would end before it begins.
    """
    uscc = _fitting_organisation(session, draft)
    valid_from = draft.valid_from or civil_day(now)
    if draft.valid_through is not None and draft.valid_through < valid_from:
        raise SeatTermError(
            valid_from=valid_from.isoformat(), valid_through=draft.valid_through.isoformat()
        )
    seat_no = "S" + random_number(9)
    details: dict[str, Canonical] = {
        "account": account.account_no, "role": str(draft.role), "manages": draft.manages,
        "organisation": uscc, "valid_from": valid_from.isoformat(),
        "valid_through": draft.valid_through.isoformat() if draft.valid_through else "",
    }  # fmt: skip
    region = checked_jurisdiction(draft.jurisdiction)
    act = record_act(session, ActDraft("seat.made", region, actor, seat_no, details), now=now)
    record_event(session, Happening(Event.SEAT_MADE, account.account_id, actor, seat_no), now=now)
    row = {
        "seat_no": seat_no, "account_id": account.account_id, "role": str(draft.role),
        "jurisdiction": region, "organisation_id": draft.organisation_id,
        "manages": draft.manages, "valid_from": valid_from,
        "valid_through": draft.valid_through, "closed_at": None, "act_id": act.act_id,
    }  # fmt: skip
    return session.scalars(insert(SeatRow).returning(SeatRow), [row]).one()


def close_seat(session: Session, seat: SeatRow, *, actor: str, reason: str, now: datetime) -> None:
    """Close a seat at once; whoever acts from it stands before the choice of seats again."""
    if seat.closed_at is not None:
        return
    seat.closed_at = now
    record_act(
        session,
        ActDraft("seat.closed", seat.jurisdiction, actor, seat.seat_no, {}, reason=reason),
        now=now,
    )
    record_event(
        session, Happening(Event.SEAT_CLOSED, seat.account_id, actor, seat.seat_no), now=now
    )
    for row in session.scalars(
        select(AccountSession).where(AccountSession.seat_id == seat.seat_id)
    ):
        row.seat_id = None


def seat_numbered(session: Session, seat_no: str) -> SeatRow:
    """Return a seat that stands, locked.

    Raises:
        SeatUnknownError: there is none of this number, or it was closed.
    """
    query = select(SeatRow).where(SeatRow.seat_no == seat_no).with_for_update()
    found = session.scalar(query)
    if found is None or found.closed_at is not None:
        raise SeatUnknownError(seat_no=seat_no[:20])
    return found


def require_may_make(client: Client, draft: SeatDraft) -> None:
    """Refuse a seat that this client may not make.

    Administrators make the seats of officials, auditors and administrators in their region; whoever
    manages an organisation makes those of its people, but no further managers.

    Raises:
        ScopeMissingError, RegionForeignError, SeatUnfitError: not by this client.
    """
    if Scope.SEAT_MANAGE not in client.scopes:
        raise ScopeMissingError(wanted=str(Scope.SEAT_MANAGE))
    if client.role is Role.ADMINISTRATOR:
        client.require_region(draft.jurisdiction)
        if draft.role not in STRICT_ROLES:
            raise SeatUnfitError(role=str(draft.role))
        return
    if draft.organisation_id != client.organisation_id or draft.manages:
        raise SeatUnfitError(role=str(draft.role))


def covers(client: Client, seat: SeatRow) -> bool:
    """Tell whether a seat lies in a client's hand, to be closed or its owner to be helped.

    Administrators have every seat of their region; officials those of professionals and
    organisations in theirs; managers those of their own organisation's people that do not manage.
    """
    role = Role(seat.role)
    if client.role is Role.ADMINISTRATOR:
        return jurisdiction_contains(client.jurisdiction, seat.jurisdiction)
    if client.role is Role.OFFICIAL:
        return role not in STRICT_ROLES and jurisdiction_contains(
            client.jurisdiction, seat.jurisdiction
        )
    return (
        Scope.SEAT_MANAGE in client.scopes
        and seat.organisation_id is not None
        and seat.organisation_id == client.organisation_id
        and not seat.manages
    )


def require_covers(client: Client, seat: SeatRow) -> None:
    """Refuse what concerns a seat that is not in the client's hand.

    Raises:
        RegionForeignError: it is not.
    """
    if not covers(client, seat):
        raise RegionForeignError(found=seat.jurisdiction, wanted=client.jurisdiction)


def _fitting_organisation(session: Session, draft: SeatDraft) -> str:
    """Return the code of the organisation that the seat is in, empty for none."""
    if (draft.role in OF_AN_ORGANISATION) != (draft.organisation_id is not None):
        raise SeatUnfitError(role=str(draft.role))
    if draft.organisation_id is None:
        return ""
    organisation = session.get_one(Organisation, draft.organisation_id)
    fits = draft.role in ROLES_OF_KIND[OrganisationKind(organisation.kind)]
    if not fits or organisation.ended_on is not None:
        raise SeatUnfitError(role=str(draft.role))
    return organisation.uscc


def _seat(row: SeatRow, organisation_name: str) -> Seat:
    return Seat(
        seat_id=row.seat_id,
        seat_no=row.seat_no,
        role=Role(row.role),
        jurisdiction=row.jurisdiction,
        organisation_id=row.organisation_id,
        organisation_name=organisation_name,
        manages=row.manages,
        valid_from=row.valid_from,
        valid_through=row.valid_through,
    )
