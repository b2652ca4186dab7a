"""The second factor: time-based codes (RFC 6238), no code twice, and recovery codes for its loss.

The secret lies in the vault's form, bound to its account. What is typed is counted before it is
compared, so that threads and workers give no more tries than one after the other.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime

import pyotp
from sqlalchemy import insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.accounts.audit import Event, Happening, Visitor, record_event
from creditbank.accounts.brakes import (
    ACCOUNT_RULE,
    BrakeKey,
    brake_key,
    count_try,
    ended_well,
    paused,
)
from creditbank.accounts.models import Account, RecoveryCode
from creditbank.accounts.sessions import Signed, Stage, note_second_factor
from creditbank.accounts.spoken import draw_code, keyed_hash, read_code
from creditbank.errors import CreditBankError
from creditbank.people.vault import Vault

RECOVERY_CODES = 10
#: 80 random bits each.
RECOVERY_CODE_LENGTH = 16
_STEP_SECONDS = 30
#: A clock may be off by one step either way.
_DRIFT_STEPS = (0, -1, 1)
_SIX_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)
_TABLE = "account"


class SecondFactorWrongError(CreditBankError):
    """The code is not the one of this half minute, was used before, or is no recovery code."""

    code = "second-factor-wrong"
    status = 403


class SecondFactorMissingError(CreditBankError):
    """There is no second factor to confirm or to take away."""

    code = "second-factor-missing"
    status = 409


class SecondFactorWantedError(CreditBankError):
    """An account with a seat of officials, auditors or administrators keeps its second factor."""

    code = "second-factor-wanted"
    status = 403


def draft_second_factor(session: Session, vault: Vault, signed: Signed) -> None:
    """Draw a new secret, to be shown and confirmed; one that is in use stays until then."""
    secret = pyotp.random_base32().encode("ascii")
    account = session.get_one(Account, signed.account_id, with_for_update=True)
    account.totp_draft_cipher = vault.lock(secret, _TABLE, "totp_draft_cipher", signed.account_id)


def drafted_secret(session: Session, vault: Vault, signed: Signed) -> str:
    """Return the secret that waits to be confirmed; empty when none does."""
    cipher = session.get_one(Account, signed.account_id).totp_draft_cipher
    if cipher is None:
        return ""
    secret = vault.unlock(cipher, _TABLE, "totp_draft_cipher", signed.account_id)
    return secret.decode("ascii")


def provisioning_uri(secret: str, signed: Signed, bank_host: str) -> str:
    """Return what an authenticator reads from a QR code; it bears no person's name or number."""
    label = signed.sign_in_name or signed.account_no
    return pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=f"学时银行 {bank_host}")


def confirm_second_factor(
    session: Session, vault: Vault, signed: Signed, typed: str, *, now: datetime
) -> tuple[str, Sequence[str]] | CreditBankError:
    """Take the drafted secret into use, if the code is right.

    An old second factor must have been given before: replacing it asks for an open session.

    Returns:
        The session's new token and the recovery codes, shown once; or why not.
    """
    if signed.stage is Stage.SECOND_FACTOR:
        return SecondFactorWrongError()
    refused = _counted(session, vault, signed, now=now)
    if refused is not None:
        return refused
    account = session.get_one(Account, signed.account_id, with_for_update=True)
    if account.totp_draft_cipher is None:
        return SecondFactorMissingError()
    secret = vault.unlock(account.totp_draft_cipher, _TABLE, "totp_draft_cipher", signed.account_id)
    step = _step_of(secret.decode("ascii"), typed, now)
    if step is None:
        return SecondFactorWrongError()
    account.totp_cipher = vault.lock(secret, _TABLE, "totp_cipher", signed.account_id)
    account.totp_draft_cipher, account.totp_step = None, step
    ended_well(session, [_brake(vault, signed)])
    _tell(session, signed, Event.SECOND_FACTOR_SET, None, now=now)
    codes = make_recovery_codes(session, vault, signed, now=now)
    return note_second_factor(session, signed, now=now), codes


def give_second_factor(
    session: Session, vault: Vault, signed: Signed, typed: str, visitor: Visitor, *, now: datetime
) -> str | CreditBankError:
    """Give a code or a recovery code; return the session's new token, or why not."""
    refused = _counted(session, vault, signed, now=now)
    if refused is not None:
        _tell(session, signed, Event.SIGN_IN_PAUSED, visitor, now=now)
        return refused
    event = _accepted(session, vault, signed, typed, now=now)
    if event is None:
        _tell(session, signed, Event.SECOND_FACTOR_FAILED, visitor, now=now)
        return SecondFactorWrongError()
    ended_well(session, [_brake(vault, signed)])
    _tell(session, signed, event, visitor, now=now)
    return note_second_factor(session, signed, now=now)


def drop_second_factor(
    session: Session, vault: Vault, signed: Signed, typed: str, *, now: datetime
) -> CreditBankError | None:
    """Do without a second factor from now on; returns why not.

    Raises:
        SecondFactorWantedError: a seat asks for it.
    """
    if signed.is_strict:
        raise SecondFactorWantedError
    refused = _counted(session, vault, signed, now=now)
    if refused is not None:
        return refused
    if _accepted(session, vault, signed, typed, now=now) is None:
        return SecondFactorWrongError()
    ended_well(session, [_brake(vault, signed)])
    reset_second_factor(session, signed.account_id, actor=signed.account_no, now=now)
    return None


def reset_second_factor(session: Session, account_id: int, *, actor: str, now: datetime) -> None:
    """Forget an account's second factor and its recovery codes."""
    account = session.get_one(Account, account_id, with_for_update=True)
    account.totp_cipher = account.totp_draft_cipher = account.totp_step = None
    _spend_recovery_codes(session, account_id, now=now)
    record_event(session, Happening(Event.SECOND_FACTOR_RESET, account_id, actor), now=now)


def make_recovery_codes(
    session: Session, vault: Vault, signed: Signed, *, now: datetime
) -> Sequence[str]:
    """Make new recovery codes, shown once; the ones before hold no longer."""
    _spend_recovery_codes(session, signed.account_id, now=now)
    codes = [draw_code(RECOVERY_CODE_LENGTH) for _ in range(RECOVERY_CODES)]
    rows = [
        {
            "account_id": signed.account_id, "made_at": now, "spent_at": None,
            "code_hash": _recovery_hash(vault, signed.account_no, code),
        }
        for code in codes
    ]  # fmt: skip
    session.execute(insert(RecoveryCode), rows)
    _tell(session, signed, Event.RECOVERY_CODES_MADE, None, now=now)
    return codes


def recovery_codes_left(session: Session, account_id: int) -> int:
    """Return how many recovery codes are unused."""
    unused = select(RecoveryCode.code_hash).where(
        RecoveryCode.account_id == account_id, RecoveryCode.spent_at.is_(None)
    )
    return len(session.scalars(unused).all())


def _accepted(
    session: Session, vault: Vault, signed: Signed, typed: str, *, now: datetime
) -> Event | None:
    account = session.get_one(Account, signed.account_id, with_for_update=True)
    if account.totp_cipher is None:
        return None
    if _SIX_DIGITS.fullmatch("".join(typed.split())) is None:
        code = _recovery_hash(vault, signed.account_no, read_code(typed))
        spent = session.execute(
            update(RecoveryCode)
            .where(RecoveryCode.account_id == signed.account_id, RecoveryCode.code_hash == code)
            .where(RecoveryCode.spent_at.is_(None))
            .values(spent_at=now)
        )
        assert isinstance(spent, CursorResult)
        return Event.RECOVERY_CODE_USED if spent.rowcount == 1 else None
    secret = vault.unlock(account.totp_cipher, _TABLE, "totp_cipher", signed.account_id)
    step = _step_of(secret.decode("ascii"), typed, now)
    if step is None or (account.totp_step is not None and step <= account.totp_step):
        return None
    account.totp_step = step
    return Event.SECOND_FACTOR_GIVEN


def _step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Return the time step whose code was typed, if it is one of those about now."""
    code, current = "".join(typed.split()), int(now.timestamp()) // _STEP_SECONDS
    generator = pyotp.HOTP(secret)
    fitting = [
        current + drift
        for drift in _DRIFT_STEPS
        if hmac.compare_digest(generator.at(current + drift).encode(), code.encode("utf-8"))
    ]
    return max(fitting, default=None)


def _counted(
    session: Session, vault: Vault, signed: Signed, *, now: datetime
) -> CreditBankError | None:
    until = count_try(session, [_brake(vault, signed)], now=now)
    return None if until is None else paused(until, now=now)


def _brake(vault: Vault, signed: Signed) -> BrakeKey:
    return brake_key(vault, ACCOUNT_RULE, "second-factor", signed.account_no)


def _recovery_hash(vault: Vault, account_no: str, code: str) -> bytes:
    return keyed_hash(vault, "recovery-code", account_no, code)


def _spend_recovery_codes(session: Session, account_id: int, *, now: datetime) -> None:
    session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.account_id == account_id, RecoveryCode.spent_at.is_(None))
        .values(spent_at=now)
    )


def _tell(
    session: Session, signed: Signed, event: Event, visitor: Visitor | None, *, now: datetime
) -> None:
    happening = Happening(event, signed.account_id, signed.account_no, signed.session_no, visitor)
    record_event(session, happening, now=now)
