"""One-time codes of a desk: they make a professional's account, or let an owner back into theirs.

Whoever issues one has seen the person's document and says so; the code is shown once, holds for
some days, allows few tries, and works once, whoever types it at the same time.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.orm import Session

from creditbank.accounts.accounts import (
    AccountDraft,
    AccountExistsError,
    AccountState,
    account_of_person,
    make_account,
    require_in_hand,
)
from creditbank.accounts.audit import Event, Happening, Visitor, record_event
from creditbank.accounts.brakes import BrakeKey, count_try, ended_well, paused
from creditbank.accounts.factors import reset_second_factor
from creditbank.accounts.models import Account, AccountCode
from creditbank.accounts.seats import SeatDraft, make_seat
from creditbank.accounts.sessions import Signed, end_sessions, open_session, rotate
from creditbank.accounts.sign_in import (
    AccountBlockedError,
    Login,
    account_of,
    address_brake,
    login_brake,
    set_password,
)
from creditbank.accounts.spoken import draw_code, keyed_hash
from creditbank.config import Settings
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.people.register import (
    Identity,
    PersonUnknownError,
    ensure_people,
    find_people,
    find_person,
    linked_people,
)
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client, Role, Scope, ScopeMissingError

#: 60 random bits; with the tries below there is no guessing it.
CODE_LENGTH = 12
TRIES = 5
#: Who may bring in a person of whom the bank has no record yet.
_BRINGS_PEOPLE = frozenset({Role.OFFICIAL, Role.EMPLOYER})


class DeskCodeWrongError(CreditBankError):
    """The one-time code is not this person's, was used, is too old, or was tried too often."""

    code = "desk-code-wrong"
    status = 403


class DocumentNotSeenError(CreditBankError):
    """Whoever issues a code has not confirmed that they saw the document."""

    code = "document-not-seen"
    status = 422


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code that has just been made; nobody can read it again."""

    code_no: str
    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CodeTry:
    """A counted try at a code, between its two transactions."""

    account_id: int | None
    person_id: int | None
    #: whose code it would be, as passwords may not repeat it
    own: str = field(repr=False)
    brakes: tuple[BrakeKey, ...]
    visitor: Visitor
    refused: CreditBankError | None


def issue_activation(
    session: Session,
    vault: Vault,
    identity: Identity,
    client: Client,
    settings: Settings,
    *,
    now: datetime,
) -> IssuedCode:
    """Issue the code by which a professional makes an account.

    Raises:
        ScopeMissingError: not from this seat.
        DemoOnlyError, InventedOnlyError: such a number has no place in this bank.
        PersonUnknownError: a provider knows only those who have records.
        IdentityMismatchError: the number is on record under another name.
        AccountExistsError: the person has an account.
    """
    if Scope.ACCOUNT_ACTIVATE not in client.scopes:
        raise ScopeMissingError(wanted=str(Scope.ACCOUNT_ACTIVATE))
    person_id = _person(session, vault, identity, client, now=now)
    if account_of_person(session, person_id) is not None:
        raise AccountExistsError
    mine = AccountCode.person_id == person_id, AccountCode.issued_by == client.client_id
    return _issue(
        session, vault, _Addressee(None, person_id, mine), client, settings,
        resets_second_factor=False, now=now,
    )  # fmt: skip


def issue_for_account(
    session: Session,
    vault: Vault,
    account: Account,
    client: Client,
    settings: Settings,
    *,
    document_seen: bool,
    resets_second_factor: bool = False,
    now: datetime,
) -> IssuedCode:
    """Issue the code by which an account's owner sets a password: the first, or one anew.

    Raises:
        ScopeMissingError: not from this seat.
        DocumentNotSeenError: the owner's document was not seen.
        OwnAccountError, AccountForeignError: the account is not in the issuer's hand.
        AccountBlockedError: it is blocked or closed.
    """
    if Scope.ACCOUNT_RECOVER not in client.scopes:
        raise ScopeMissingError(wanted=str(Scope.ACCOUNT_RECOVER))
    if not document_seen:
        raise DocumentNotSeenError
    require_in_hand(session, client, account)
    return issue_unchecked(
        session, vault, account, client, settings,
        resets_second_factor=resets_second_factor, now=now,
    )  # fmt: skip


def issue_unchecked(
    session: Session,
    vault: Vault,
    account: Account,
    client: Client,
    settings: Settings,
    *,
    resets_second_factor: bool,
    now: datetime,
) -> IssuedCode:
    """Issue a code for an account in anybody's hand: for operators, and for accounts just made.

    Raises:
        AccountBlockedError: it is blocked or closed.
    """
    if account.state != AccountState.ACTIVE:
        raise AccountBlockedError
    theirs = (AccountCode.account_id == account.account_id,)
    return _issue(
        session, vault, _Addressee(account.account_id, None, theirs), client, settings,
        resets_second_factor=resets_second_factor, now=now,
    )  # fmt: skip


def begin_code(
    session: Session, vault: Vault, login: Login, visitor: Visitor, *, now: datetime
) -> CodeTry:
    """Count a try at a code."""
    account = account_of(session, vault, login)
    person_id = None
    if account is None and login.document is not None:
        person_id = find_people(session, vault, [login.document]).get(login.document)
    brakes = (login_brake(vault, login, account), address_brake(vault, visitor))
    until = count_try(session, brakes, now=now)
    account_id = account.account_id if account else None
    if until is not None:
        record_event(session, Happening(Event.SIGN_IN_PAUSED, account_id, "", "", visitor), now=now)
    own = login.name if login.document is None else login.document.number
    refused = None if until is None else paused(until, now=now)
    return CodeTry(account_id, person_id, own, brakes, visitor, refused)


def end_code(
    session: Session, vault: Vault, attempt: CodeTry, code: str, new_hash: str, *, now: datetime
) -> str | CreditBankError:
    """Use up a code: set the password, make the account where there is none, open a session.

    Returns:
        The session's token, or why not.
    """
    found = _used(session, vault, attempt, code, now=now)
    if found is None:
        return DeskCodeWrongError()
    if found.account_id is None:
        draft = AccountDraft(person_id=found.person_id, password_hash=new_hash)
        account = _professional(session, draft, found, now=now)
    else:
        account = session.get_one(Account, found.account_id, with_for_update=True)
        if account.state != AccountState.ACTIVE:
            return AccountBlockedError()
        end_sessions(session, account.account_id, now=now)
        if found.resets_second_factor:
            reset_second_factor(session, account.account_id, actor=found.issued_by, now=now)
    set_password(session, account, new_hash, actor=account.account_no, now=now)
    ended_well(session, attempt.brakes)
    return open_session(session, account, attempt.visitor, second_factor=False, now=now)


def attach_person(
    session: Session, vault: Vault, attempt: CodeTry, code: str, signed: Signed, *, now: datetime
) -> str | CreditBankError:
    """Add the seat of a professional to the account that one is signed in to.

    Returns:
        The session's new token, or why not.
    """
    found = _used(session, vault, attempt, code, now=now)
    if found is None or found.person_id is None:
        return DeskCodeWrongError()
    account = session.get_one(Account, signed.account_id, with_for_update=True)
    if account.person_id is not None or account_of_person(session, found.person_id) is not None:
        return AccountExistsError()
    account.person_id = found.person_id
    session.flush()  # the seat's act comes after what it rests on
    _make_professionals_seat(session, account, found, now=now)
    ended_well(session, attempt.brakes)
    return rotate(session, signed, now=now)


@dataclass(frozen=True, slots=True)
class _Addressee:
    """Whose code it is, and which earlier ones it replaces."""

    account_id: int | None
    person_id: int | None
    earlier: tuple[ColumnElement[bool], ...]


def _issue(
    session: Session,
    vault: Vault,
    whose: _Addressee,
    client: Client,
    settings: Settings,
    *,
    resets_second_factor: bool,
    now: datetime,
) -> IssuedCode:
    session.execute(
        update(AccountCode)
        .where(*whose.earlier, AccountCode.spent_at.is_(None))
        .values(spent_at=now)
    )
    code, code_no = draw_code(CODE_LENGTH), "A" + random_number(9)
    expires_at = now + timedelta(hours=settings.desk_code_hours)
    row = {
        "code_no": code_no, "account_id": whose.account_id, "person_id": whose.person_id,
        "jurisdiction": client.jurisdiction, "code_hash": keyed_hash(vault, "desk", code_no, code),
        "resets_second_factor": resets_second_factor, "issued_by": client.client_id,
        "issued_at": now, "expires_at": expires_at, "tries_left": TRIES, "spent_at": None,
    }  # fmt: skip
    session.execute(insert(AccountCode), [row])
    kind = "account.recovery" if whose.account_id else "account.activation"
    details = {"document_seen": True, "resets_second_factor": resets_second_factor}
    actor, region = client.client_id, client.jurisdiction
    record_act(session, ActDraft(kind, region, actor, code_no, details), now=now)
    event = Happening(Event.CODE_ISSUED, whose.account_id, actor, code_no)
    record_event(session, event, now=now)
    return IssuedCode(code_no, code, expires_at)


def _person(
    session: Session, vault: Vault, identity: Identity, client: Client, *, now: datetime
) -> int:
    try:
        return find_person(session, vault, identity)
    except PersonUnknownError:
        if client.role not in _BRINGS_PEOPLE:
            raise
    return ensure_people(session, vault, [identity], now=now)[identity.document]


def _used(
    session: Session, vault: Vault, attempt: CodeTry, code: str, *, now: datetime
) -> AccountCode | None:
    """Spend the code that was typed; else take a try from each that might have been meant.

    The rows are locked, so that of two who type the same code at once the second finds it spent.
    """
    whose = [AccountCode.account_id == (attempt.account_id or 0)]
    if attempt.person_id is not None:
        keys = linked_people(session, [attempt.person_id])[attempt.person_id]
        whose.append(AccountCode.person_id.in_(keys))
    query = (
        select(AccountCode)
        .where(or_(*whose), AccountCode.spent_at.is_(None), AccountCode.expires_at > now)
        .where(AccountCode.tries_left > 0)
        .order_by(AccountCode.code_no)
        .with_for_update()
    )
    live = session.scalars(query).all()
    for each in live:
        if each.code_hash == keyed_hash(vault, "desk", each.code_no, code):
            each.spent_at = now
            happening = Happening(
                Event.CODE_USED, each.account_id, each.issued_by, each.code_no, attempt.visitor
            )
            record_event(session, happening, now=now)
            return each
    for each in live:
        each.tries_left -= 1
    happening = Happening(Event.CODE_FAILED, attempt.account_id, "", "", attempt.visitor)
    record_event(session, happening, now=now)
    return None


def _professional(
    session: Session, draft: AccountDraft, code: AccountCode, *, now: datetime
) -> Account:
    account = make_account(
        session, draft, actor=code.issued_by, jurisdiction=code.jurisdiction, now=now
    )
    _make_professionals_seat(session, account, code, now=now)
    return account


def _make_professionals_seat(
    session: Session, account: Account, code: AccountCode, *, now: datetime
) -> None:
    seat = SeatDraft(Role.PROFESSIONAL, code.jurisdiction)
    make_seat(session, account, seat, actor=code.issued_by, now=now)
