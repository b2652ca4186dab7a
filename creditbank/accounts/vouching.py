"""Accounts of people for whom an identity provider vouches: found, linked, or made."""

import hashlib
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from creditbank.accounts.accounts import (
    AccountDraft,
    AccountState,
    account_of_person,
    make_account,
)
from creditbank.accounts.audit import Event, Happening, Visitor, record_event
from creditbank.accounts.identity import Vouched
from creditbank.accounts.models import Account, AccountIdentity
from creditbank.accounts.seats import SeatDraft, make_seat
from creditbank.accounts.sessions import Signed, open_session
from creditbank.accounts.sign_in import AccountBlockedError
from creditbank.canonical import canonical_bytes
from creditbank.errors import CreditBankError
from creditbank.people.register import Identity, find_person
from creditbank.people.vault import Vault
from creditbank.registry.clients import Role

#: Who made the account of a person that the provider vouched for.
PROVIDER_ACTOR = "identity-provider"
#: The provider says who somebody is and not where; the seat is the nation's.
_REGION = "cn"


class IdentityUnlinkedError(CreditBankError):
    """Nobody has linked this identity to an account, and no number came with it."""

    code = "identity-unlinked"
    status = 403


class IdentityTakenError(CreditBankError):
    """The identity is linked to another account."""

    code = "identity-taken"
    status = 409


def sign_in_vouched(
    session: Session, vault: Vault, vouched: Vouched, visitor: Visitor, *, now: datetime
) -> str:
    """Open a session for whom the provider vouches for; return its token.

    Where it vouches for a number and a name, whoever is on record under both gets an account.

    Raises:
        PersonUnknownError, IdentityMismatchError: nobody is on record under number and name.
        IdentityUnlinkedError: it vouches for no number, and nobody has linked this identity.
        AccountBlockedError: the account is blocked or closed.
        DemoOnlyError: an invented number at a production bank.
    """
    account = _linked(session, vault, vouched)
    if account is None:
        account = _of_the_number(session, vault, vouched, now=now)
    if account.state != AccountState.ACTIVE:
        raise AccountBlockedError
    return open_session(session, account, visitor, second_factor=False, now=now)


def link_identity(
    session: Session, vault: Vault, vouched: Vouched, signed: Signed, *, now: datetime
) -> None:
    """Let whoever the provider vouches for sign in as this account; the same again does nothing.

    Raises:
        IdentityTakenError: another account has it.
    """
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = {
        "subject_hash": _subject_hash(vault, vouched), "account_id": signed.account_id,
        "linked_at": now,
    }  # fmt: skip
    statement = make(AccountIdentity).values(row).on_conflict_do_nothing()
    if session.scalar(statement.returning(AccountIdentity.account_id)) is None:
        known = session.get_one(AccountIdentity, row["subject_hash"])
        if known.account_id != signed.account_id:
            raise IdentityTakenError
        return
    happening = Happening(Event.IDENTITY_LINKED, signed.account_id, signed.account_no)
    record_event(session, happening, now=now)


def _linked(session: Session, vault: Vault, vouched: Vouched) -> Account | None:
    link = session.get(AccountIdentity, _subject_hash(vault, vouched))
    return None if link is None else session.get_one(Account, link.account_id)


def _of_the_number(session: Session, vault: Vault, vouched: Vouched, *, now: datetime) -> Account:
    if vouched.document is None:
        raise IdentityUnlinkedError
    person_id = find_person(session, vault, Identity(vouched.document, vouched.name))
    known = account_of_person(session, person_id)
    if known is not None:
        return known
    draft = AccountDraft(person_id=person_id)
    account = make_account(session, draft, actor=PROVIDER_ACTOR, jurisdiction=_REGION, now=now)
    seat = SeatDraft(Role.PROFESSIONAL, _REGION)
    make_seat(session, account, seat, actor=PROVIDER_ACTOR, now=now)
    return account


def _subject_hash(vault: Vault, vouched: Vouched) -> bytes:
    said = b"creditbank/subject/v1\n" + canonical_bytes([vouched.issuer, vouched.subject])
    return vault.fingerprint(hashlib.sha256(said).digest())
