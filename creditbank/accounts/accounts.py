"""Accounts: made, found by name, document or number, blocked and closed by those who may."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from creditbank.accounts.audit import Event, Happening, record_event
from creditbank.accounts.models import Account, SeatRow
from creditbank.accounts.seats import covers, standing_seats
from creditbank.accounts.sessions import end_sessions
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.people.register import linked_people
from creditbank.registry.clients import Client, Role

#: Beginning of every account's number; no client of the API is called so.
ACCOUNT_PREFIX = "account-"
_SIGN_IN_NAME = re.compile(r"[a-z][a-z0-9._-]{2,39}", re.ASCII)


class AccountState(StrEnum):
    """Whether an account may be signed in to."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    CLOSED = "closed"


_EVENT_OF = {
    AccountState.ACTIVE: Event.ACCOUNT_UNBLOCKED,
    AccountState.BLOCKED: Event.ACCOUNT_BLOCKED,
    AccountState.CLOSED: Event.ACCOUNT_CLOSED,
}


class SignInNameInvalidError(CreditBankError):
    """A text is not a sign-in name."""

    code = "sign-in-name-invalid"
    status = 422


class SignInNameTakenError(CreditBankError):
    """Somebody has this sign-in name."""

    code = "sign-in-name-taken"
    status = 409


class AccountExistsError(CreditBankError):
    """The person has an account already."""

    code = "account-exists"
    status = 409


class AccountUnknownError(CreditBankError):
    """There is no such account."""

    code = "account-unknown"
    status = 404


class AccountForeignError(CreditBankError):
    """The account has seats that are not in the hand of whoever acts."""

    code = "account-foreign"
    status = 403


class AccountClosedError(CreditBankError):
    """The account was closed for good."""

    code = "account-closed"
    status = 409


class OwnAccountError(CreditBankError):
    """Nobody decides about the own account; a colleague does."""

    code = "account-own"
    status = 403


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """An account about to be made; it has a name, a person, or both."""

    sign_in_name: str | None = None
    person_id: int | None = None
    password_hash: str | None = None
    demo: bool = False


def read_sign_in_name(raw: str) -> str:
    """Bring a sign-in name into normal form: lower case, no spaces around it.

    Raises:
        SignInNameInvalidError: other signs, too short or too long.
    """
    name = raw.strip().lower()
    if _SIGN_IN_NAME.fullmatch(name) is None or name.startswith(ACCOUNT_PREFIX):
        raise SignInNameInvalidError
    return name


def make_account(
    session: Session, draft: AccountDraft, *, actor: str, jurisdiction: str, now: datetime
) -> Account:
    """Make an account without seats.

    Raises:
        SignInNameTakenError, AccountExistsError: name or person has one.
    """
    row = {
        "account_no": ACCOUNT_PREFIX + random_number(8).lower(),
        "sign_in_name": draft.sign_in_name, "person_id": draft.person_id,
        "state": str(AccountState.ACTIVE), "password_hash": draft.password_hash,
        "totp_cipher": None, "totp_draft_cipher": None, "totp_step": None, "demo": draft.demo,
        "created_at": now,
    }  # fmt: skip
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(Account).values(row).on_conflict_do_nothing().returning(Account)
    account = session.scalar(statement)
    if account is None:
        if draft.sign_in_name is not None and account_by_name(session, draft.sign_in_name):
            raise SignInNameTakenError
        raise AccountExistsError
    record_act(
        session, ActDraft("account.made", jurisdiction, actor, account.account_no, {}), now=now
    )
    record_event(session, Happening(Event.ACCOUNT_MADE, account.account_id, actor), now=now)
    return account


def account_by_name(session: Session, sign_in_name: str) -> Account | None:
    """Return the account of a sign-in name in normal form, if there is one."""
    return session.scalar(select(Account).where(Account.sign_in_name == sign_in_name))


def account_of_person(session: Session, person_id: int) -> Account | None:
    """Return the account of a person under any of the keys that are known to be theirs."""
    keys = linked_people(session, [person_id])[person_id]
    query = select(Account).where(Account.person_id.in_(keys)).order_by(Account.account_id)
    return session.scalars(query).first()


def account_numbered(session: Session, account_no: str) -> Account:
    """Return an account, locked.

    Raises:
        AccountUnknownError: there is none of this number.
    """
    query = select(Account).where(Account.account_no == account_no).with_for_update()
    found = session.scalar(query)
    if found is None:
        raise AccountUnknownError
    return found


def named_account(session: Session, raw: str) -> Account:
    """Return the account of a sign-in name or an account's number, as somebody typed it.

    Raises:
        AccountUnknownError: there is none.
    """
    typed = raw.strip().lower()
    column = Account.account_no if typed.startswith(ACCOUNT_PREFIX) else Account.sign_in_name
    found = session.scalar(select(Account).where(column == typed).with_for_update())
    if found is None:
        raise AccountUnknownError
    return found


def require_in_hand(session: Session, client: Client, account: Account) -> Sequence[SeatRow]:
    """Return an account's seats, if every one of them lies in the hand of whoever acts.

    One seat elsewhere is enough to refuse: whoever could set the password of an account would act
    from all of its seats. An account without any is for administrators.

    Raises:
        OwnAccountError: it is the actor's own.
        AccountForeignError: a seat is not in the actor's hand.
    """
    if account.account_no == client.client_id:
        raise OwnAccountError
    seats = standing_seats(session, account.account_id)
    in_hand = all(covers(client, seat) for seat in seats)
    if not in_hand or (not seats and client.role is not Role.ADMINISTRATOR):
        raise AccountForeignError
    return seats


def change_state(
    session: Session,
    account: Account,
    state: AccountState,
    *,
    actor: str,
    jurisdiction: str,
    reason: str,
    now: datetime,
) -> None:
    """Block, unblock or close an account; the first and the last end its sessions at once.

    Raises:
        AccountClosedError: a closed account stays closed.
    """
    if account.state == state:
        return
    if account.state == AccountState.CLOSED:
        raise AccountClosedError
    account.state = str(state)
    event = _EVENT_OF[state]
    kind = str(event).replace("-", ".")
    record_act(
        session, ActDraft(kind, jurisdiction, actor, account.account_no, {}, reason=reason), now=now
    )
    record_event(session, Happening(event, account.account_id, actor), now=now)
    if state is not AccountState.ACTIVE:
        end_sessions(session, account.account_id, now=now)
