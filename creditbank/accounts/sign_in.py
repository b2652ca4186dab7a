"""Signing in: a name or a document and a password, in two short transactions with the hash between.

The first counts the try and finds the password's hash; argon2 then runs outside of any transaction,
because it takes its time on purpose; the second opens the session. Whether there is such an account
shows neither in words nor in time: everything is done for nobody's account too.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from creditbank.accounts.accounts import (
    AccountState,
    account_by_name,
    account_of_person,
    read_sign_in_name,
)
from creditbank.accounts.audit import Event, Happening, Visitor, record_event
from creditbank.accounts.brakes import (
    ACCOUNT_RULE,
    ADDRESS_RULE,
    BrakeKey,
    brake_key,
    count_try,
    ended_well,
    paused,
)
from creditbank.accounts.models import Account
from creditbank.accounts.sessions import Signed, end_sessions, is_welcome, open_session, rotate
from creditbank.errors import CreditBankError
from creditbank.people.documents import Document
from creditbank.people.register import find_people
from creditbank.people.vault import Vault


class SignInRefusedError(CreditBankError):
    """Name or number and password do not go together."""

    code = "sign-in-refused"
    status = 403


class AccountBlockedError(CreditBankError):
    """The password was right and the account is blocked or closed."""

    code = "account-blocked"
    status = 403


class PasswordWrongError(CreditBankError):
    """The present password was not the one typed."""

    code = "password-wrong"
    status = 403


@dataclass(frozen=True, slots=True)
class Login:
    """As whom somebody signs in: a sign-in name in normal form, or an identity document."""

    #: never printed
    name: str = field(default="", repr=False)
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted try, between its two transactions."""

    account_id: int | None
    password_hash: str | None = field(repr=False)
    #: that of the account first, then that of the address
    brakes: tuple[BrakeKey, ...]
    visitor: Visitor
    #: why it may not go on
    refused: CreditBankError | None


def login_by_name(typed: str) -> Login:
    """Read a sign-in name.

    Raises:
        SignInNameInvalidError: nobody can have it.
    """
    return Login(name=read_sign_in_name(typed))


def account_of(session: Session, vault: Vault, login: Login) -> Account | None:
    """Return whose login this is, if anybody's."""
    if login.document is None:
        return account_by_name(session, login.name)
    found = find_people(session, vault, [login.document])
    return account_of_person(session, found[login.document]) if found else None


def begin_sign_in(
    session: Session, vault: Vault, login: Login, visitor: Visitor, *, now: datetime
) -> Attempt:
    """Count a try and find what its password is compared with."""
    account = account_of(session, vault, login)
    brakes = (login_brake(vault, login, account), address_brake(vault, visitor))
    return _attempt(session, account, brakes, visitor, now=now)


def end_sign_in(
    session: Session, attempt: Attempt, *, fits: bool, rehashed: str | None, now: datetime
) -> str | CreditBankError:
    """Open a session if the password fitted; return its token, or why not.

    Args:
        session: of the second transaction.
        attempt: what the first one found, and did not refuse.
        fits: whether the password is the hashed one.
        rehashed: the password hashed anew, where its hash was dated.
        now: the instant of the request.
    """
    account = _still(session, attempt) if fits else None
    if account is None:
        happening = Happening(Event.SIGN_IN_FAILED, attempt.account_id, "", "", attempt.visitor)
        record_event(session, happening, now=now)
        return SignInRefusedError()
    ended_well(session, attempt.brakes)
    if account.state != AccountState.ACTIVE:
        return AccountBlockedError()
    if rehashed is not None:
        account.password_hash = rehashed
    return open_session(session, account, attempt.visitor, second_factor=False, now=now)


def begin_password_change(
    session: Session, vault: Vault, signed: Signed, visitor: Visitor, *, now: datetime
) -> Attempt:
    """Count a try at one's own present password."""
    account = session.get_one(Account, signed.account_id)
    brakes = (brake_key(vault, ACCOUNT_RULE, "account", account.account_no),)
    return _attempt(session, account, brakes, visitor, now=now)


def end_password_change(
    session: Session, attempt: Attempt, signed: Signed, new_hash: str, *, fits: bool, now: datetime
) -> str | CreditBankError:
    """Set a new password, end every other session; return this one's new token, or why not."""
    account = _still(session, attempt) if fits else None
    if account is None:
        return PasswordWrongError()
    ended_well(session, attempt.brakes)
    set_password(session, account, new_hash, actor=account.account_no, now=now)
    end_sessions(session, account.account_id, but=signed.session_id, now=now)
    return rotate(session, signed, now=now)


def set_password(
    session: Session, account: Account, password_hash: str, *, actor: str, now: datetime
) -> None:
    """Set a password; ending sessions is the caller's."""
    account.password_hash = password_hash
    record_event(session, Happening(Event.PASSWORD_SET, account.account_id, actor), now=now)


def login_brake(vault: Vault, login: Login, account: Account | None) -> BrakeKey:
    """Return the brake of a login: the account's own, or that of what was typed."""
    if account is not None:
        return brake_key(vault, ACCOUNT_RULE, "account", account.account_no)
    if login.document is None:
        return brake_key(vault, ACCOUNT_RULE, "name", login.name)
    return brake_key(
        vault, ACCOUNT_RULE, "document", str(login.document.kind), login.document.number
    )


def address_brake(vault: Vault, visitor: Visitor) -> BrakeKey:
    """Return the brake of a network address."""
    return brake_key(vault, ADDRESS_RULE, "address", visitor.address_hash.hex())


def _attempt(
    session: Session,
    account: Account | None,
    brakes: tuple[BrakeKey, ...],
    visitor: Visitor,
    *,
    now: datetime,
) -> Attempt:
    account_id = account.account_id if account else None
    until = count_try(session, brakes, now=now)
    if until is None:
        password_hash = account.password_hash if account else None
        return Attempt(account_id, password_hash, brakes, visitor, None)
    record_event(session, Happening(Event.SIGN_IN_PAUSED, account_id, "", "", visitor), now=now)
    return Attempt(account_id, None, brakes, visitor, paused(until, now=now))


def _still(session: Session, attempt: Attempt) -> Account | None:
    """Return the account if its password is still the one that was compared."""
    if attempt.account_id is None:
        return None
    account = session.get_one(Account, attempt.account_id, with_for_update=True)
    if account.password_hash != attempt.password_hash or not is_welcome(session, account):
        return None
    return account
