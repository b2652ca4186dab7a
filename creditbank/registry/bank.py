"""The bank itself: founded once, as production or demo, under a host that never changes."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.config import SANDBOX_PATH
from creditbank.errors import CreditBankError
from creditbank.readymade import ReadyMade, lasting
from creditbank.registry.models import Bank, SetupCode

Mode = Literal["production", "demo"]
SETUP_CODE_HOURS = 24
#: Where the bank's one row is kept.
_KEPT = "creditbank-bank"
_SAID = ("mode", "host", "created_at")
_THE_BANK = ReadyMade(select(*(getattr(Bank, name) for name in _SAID)).where(Bank.bank_id == 1))
#: A sandbox bank's host is that of the bank which serves it, and the path at which it does.
_HOST = re.compile(
    rf"[a-z0-9]([a-z0-9.-]{{0,98}}[a-z0-9])?(:[0-9]{{1,5}})?({SANDBOX_PATH})?", re.ASCII
)


class BankNotFoundedError(CreditBankError):
    """The database holds no bank yet."""

    code = "bank-not-founded"
    status = 503


class BankFoundedError(CreditBankError):
    """The database holds a bank already, of another mode or host."""

    code = "bank-founded"
    status = 409


class HostInvalidError(CreditBankError):
    """A text is not a host name that logs can bear for ever."""

    code = "host-invalid"
    status = 422


class SetupCodeWrongError(CreditBankError):
    """The one-time code is not known, was used, or has expired."""

    code = "setup-code-wrong"
    status = 403


class DemoOnlyError(CreditBankError):
    """Invented people and their keys live in a demo bank only."""

    code = "demo-only"
    status = 403


class InventedOnlyError(CreditBankError):
    """Real people and their numbers have no place in a demo bank or a sandbox."""

    code = "invented-only"
    status = 403


def found_bank(session: Session, mode: Mode, host: str, *, now: datetime) -> Bank:
    """Found the bank, once; the same again returns it.

    Raises:
        HostInvalidError: the host could not stand in a log's origin.
        BankFoundedError: it was founded otherwise.
    """
    if _HOST.fullmatch(host) is None:
        raise HostInvalidError(found=host[:100])
    bank = session.get(Bank, 1)
    if bank is None:
        row = {"bank_id": 1, "mode": mode, "host": host, "created_at": now}
        return session.scalars(insert(Bank).returning(Bank), [row]).one()
    if (bank.mode, bank.host) != (mode, host):
        raise BankFoundedError(mode=bank.mode, host=bank.host)
    return bank


def the_bank(session: Session) -> Bank:
    """Return the bank.

    Raises:
        BankNotFoundedError: `creditbank init` was never run.
    """
    known = lasting(session)
    bank: Bank | None = known.get(_KEPT)
    if bank is None:
        found = _THE_BANK.rows(session)
        if not found:
            raise BankNotFoundedError
        bank = known[_KEPT] = Bank(bank_id=1, **dict(zip(_SAID, found[0], strict=True)))
    return bank


def require_demo(session: Session) -> None:
    """Refuse, unless this is a demo bank."""
    if the_bank(session).mode != "demo":
        raise DemoOnlyError


def require_people(session: Session, *, invented: bool) -> None:
    """Refuse invented people at a production bank, and real ones at a demo bank or a sandbox.

    Raises:
        DemoOnlyError, InventedOnlyError: these have no place here.
    """
    if invented:
        require_demo(session)
    elif the_bank(session).mode == "demo":
        raise InventedOnlyError


def new_setup_code(session: Session, *, now: datetime) -> str:
    """Make a one-time code for the first administrator; valid for 24 hours, shown once."""
    code = secrets.token_urlsafe(24)
    expires_at = now + timedelta(hours=SETUP_CODE_HOURS)
    session.execute(insert(SetupCode), [{"code_hash": _hash(code), "expires_at": expires_at}])
    return code


def use_setup_code(session: Session, code: str, *, now: datetime) -> None:
    """Use up a one-time code.

    Raises:
        SetupCodeWrongError: it is not known, was used before, or has expired.
    """
    used = session.execute(
        update(SetupCode)
        .where(SetupCode.code_hash == _hash(code), SetupCode.used_at.is_(None))
        .where(SetupCode.expires_at > now)
        .values(used_at=now)
    )
    assert isinstance(used, CursorResult)
    if used.rowcount != 1:
        raise SetupCodeWrongError


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8")).digest()
