"""Who has accounts, as those see it who look after them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from creditbank.accounts.accounts import AccountState
from creditbank.accounts.models import Account, SeatRow
from creditbank.accounts.seats import STRICT_ROLES
from creditbank.registry.clients import OF_AN_ORGANISATION, Client, Role, Scope
from creditbank.registry.lookups import within_jurisdiction
from creditbank.registry.models import Organisation

#: The newest are shown; an account beyond them is found by its name.
LISTED_MAX = 200


@dataclass(frozen=True, slots=True)
class ListedSeat:
    """A seat that stands."""

    seat_no: str
    role: Role
    jurisdiction: str
    organisation_name: str
    manages: bool
    valid_through: date | None


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account and its standing seats."""

    account_no: str
    #: empty for who signs in by document
    sign_in_name: str
    state: AccountState
    has_password: bool
    has_second_factor: bool
    seats: tuple[ListedSeat, ...]


def every_account(session: Session) -> Sequence[ListedAccount]:
    """Return the newest accounts, for operators."""
    return _listed(session, select(Account))


def accounts_looked_after(session: Session, client: Client) -> Sequence[ListedAccount]:
    """Return the newest accounts that a client looks after, besides professionals'.

    Administrators see the bank's own people in their region, officials the people of organisations
    in theirs, managers those of their own organisation.
    """
    seats = select(SeatRow.account_id).where(SeatRow.closed_at.is_(None))
    if client.role is Role.ADMINISTRATOR:
        seats = seats.where(SeatRow.role.in_(STRICT_ROLES))
        seats = seats.where(within_jurisdiction(SeatRow.jurisdiction, client.jurisdiction))
    elif client.role is Role.OFFICIAL:
        seats = seats.where(SeatRow.role.in_(OF_AN_ORGANISATION))
        seats = seats.where(within_jurisdiction(SeatRow.jurisdiction, client.jurisdiction))
    elif Scope.SEAT_MANAGE in client.scopes and client.organisation_id is not None:
        seats = seats.where(SeatRow.organisation_id == client.organisation_id)
    else:
        return []
    return _listed(session, select(Account).where(Account.account_id.in_(seats)))


def _listed(session: Session, query: Select[Account]) -> Sequence[ListedAccount]:
    newest = query.order_by(Account.account_id.desc()).limit(LISTED_MAX)
    accounts = session.scalars(newest).all()
    seats = _seats(session, [account.account_id for account in accounts])
    return [
        ListedAccount(
            account_no=account.account_no,
            sign_in_name=account.sign_in_name or "",
            state=AccountState(account.state),
            has_password=account.password_hash is not None,
            has_second_factor=account.totp_cipher is not None,
            seats=tuple(seats[account.account_id]),
        )
        for account in accounts
    ]


def _seats(session: Session, account_ids: Sequence[int]) -> dict[int, list[ListedSeat]]:
    query = (
        select(SeatRow, Organisation.name)
        .outerjoin(Organisation, Organisation.organisation_id == SeatRow.organisation_id)
        .where(SeatRow.account_id.in_(account_ids), SeatRow.closed_at.is_(None))
        .order_by(SeatRow.seat_id)
    )
    found: dict[int, list[ListedSeat]] = defaultdict(list)
    for row, name in session.execute(query):
        found[row.account_id].append(
            ListedSeat(
                row.seat_no, Role(row.role), row.jurisdiction, name or "", row.manages,
                row.valid_through,
            )
        )  # fmt: skip
    return found
