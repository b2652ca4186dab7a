"""What it takes to come in: the two short transactions of a password or a code, hash in between."""

from datetime import datetime

from creditbank.accounts.accounts import AccountDraft, make_account
from creditbank.accounts.audit import Visitor
from creditbank.accounts.brakes import count_try, paused
from creditbank.accounts.desk_codes import attach_person, begin_code, end_code
from creditbank.accounts.passwords import passwords_of
from creditbank.accounts.seats import SeatDraft, make_seat
from creditbank.accounts.sessions import Signed, open_session
from creditbank.accounts.sign_in import (
    Login,
    address_brake,
    begin_password_change,
    begin_sign_in,
    end_password_change,
    end_sign_in,
)
from creditbank.db import writing
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.registry.bank import use_setup_code
from creditbank.registry.clients import Role

#: Who made what nobody else has made: the holder of the one-time code, or the owner.
SETUP_ACTOR = "setup"
SELF_ACTOR = "self"
_NATION = "cn"


def entered_by_password(login: Login, password: str, visitor: Visitor, *, now: datetime) -> str:
    """Sign in; return the new session's token.

    Raises:
        SignInPausedError, SignInRefusedError, AccountBlockedError: not so.
    """
    house = current_house()
    passwords = passwords_of(house.settings)
    with writing() as session:
        attempt = begin_sign_in(session, house.vault, login, visitor, now=now)
    if attempt.refused is not None:
        raise attempt.refused
    fits = passwords.fits(attempt.password_hash, password)
    rehashed = None
    if fits and passwords.is_dated(attempt.password_hash or ""):
        rehashed = passwords.hashed(password)
    with writing() as session:
        outcome = end_sign_in(session, attempt, fits=fits, rehashed=rehashed, now=now)
    return _token(outcome)


def entered_by_code(
    login: Login, code: str, new_password: str, visitor: Visitor, *, now: datetime
) -> str:
    """Use a one-time code of a desk and set a password; return the new session's token.

    Raises:
        SignInPausedError, DeskCodeWrongError, AccountBlockedError, AccountExistsError: not so.
        PasswordTooShortError, PasswordTooLongError, PasswordTooCommonError: not with this one.
    """
    house = current_house()
    passwords = passwords_of(house.settings)
    own = login.name if login.document is None else login.document.number
    passwords.accepted(new_password, own)
    with writing() as session:
        attempt = begin_code(session, house.vault, login, visitor, now=now)
    if attempt.refused is not None:
        raise attempt.refused
    new_hash = passwords.hashed(new_password)
    with writing() as session:
        outcome = end_code(session, house.vault, attempt, code, new_hash, now=now)
    return _token(outcome)


def hours_attached(
    login: Login, code: str, signed: Signed, visitor: Visitor, *, now: datetime
) -> str:
    """Add a professional's seat to the account that one is signed in to; return its new token.

    Raises:
        SignInPausedError, DeskCodeWrongError, AccountExistsError: not so.
    """
    house = current_house()
    with writing() as session:
        attempt = begin_code(session, house.vault, login, visitor, now=now)
    if attempt.refused is not None:
        raise attempt.refused
    with writing() as session:
        outcome = attach_person(session, house.vault, attempt, code, signed, now=now)
    return _token(outcome)


def password_changed(
    signed: Signed, present: str, new_password: str, visitor: Visitor, *, now: datetime
) -> str:
    """Set another password; return the session's new token.

    Raises:
        SignInPausedError, PasswordWrongError: the present one was not typed.
        PasswordTooShortError, PasswordTooLongError, PasswordTooCommonError: not with this one.
    """
    house = current_house()
    passwords = passwords_of(house.settings)
    passwords.accepted(new_password, signed.sign_in_name or "")
    with writing() as session:
        attempt = begin_password_change(session, house.vault, signed, visitor, now=now)
    if attempt.refused is not None:
        raise attempt.refused
    fits = passwords.fits(attempt.password_hash, present)
    new_hash = passwords.hashed(new_password)
    with writing() as session:
        outcome = end_password_change(session, attempt, signed, new_hash, fits=fits, now=now)
    return _token(outcome)


def first_administrator(
    code: str, sign_in_name: str, new_password: str, visitor: Visitor, *, now: datetime
) -> str:
    """Make the bank's first administrator by the one-time code; return their session's token.

    Raises:
        SignInPausedError: too many codes were tried from here.
        SetupCodeWrongError: the code does not hold.
        SignInNameTakenError, PasswordTooShortError, …: not with this name or password.
    """
    password_hash = _new_hash(sign_in_name, new_password, visitor, now=now)
    with writing() as session:
        use_setup_code(session, code, now=now)
        draft = AccountDraft(sign_in_name=sign_in_name, password_hash=password_hash)
        account = make_account(session, draft, actor=SETUP_ACTOR, jurisdiction=_NATION, now=now)
        seat = SeatDraft(Role.ADMINISTRATOR, _NATION)
        make_seat(session, account, seat, actor=SETUP_ACTOR, now=now)
        return open_session(session, account, visitor, second_factor=False, now=now)


def registered(sign_in_name: str, new_password: str, visitor: Visitor, *, now: datetime) -> str:
    """Make an account without seats, by which an organisation can be claimed; return its token.

    Raises:
        SignInPausedError: too many were made from here.
        SignInNameTakenError, PasswordTooShortError, …: not with this name or password.
    """
    password_hash = _new_hash(sign_in_name, new_password, visitor, now=now)
    with writing() as session:
        draft = AccountDraft(sign_in_name=sign_in_name, password_hash=password_hash)
        account = make_account(session, draft, actor=SELF_ACTOR, jurisdiction=_NATION, now=now)
        return open_session(session, account, visitor, second_factor=False, now=now)


def _new_hash(sign_in_name: str, new_password: str, visitor: Visitor, *, now: datetime) -> str:
    """Hash a new account's password; the address's tries are counted, and not taken back."""
    house = current_house()
    passwords = passwords_of(house.settings)
    passwords.accepted(new_password, sign_in_name)
    with writing() as session:
        until = count_try(session, [address_brake(house.vault, visitor)], now=now)
    if until is not None:
        raise paused(until, now=now)
    return passwords.hashed(new_password)


def _token(outcome: str | CreditBankError) -> str:
    if isinstance(outcome, CreditBankError):
        raise outcome
    return outcome
