"""Brakes: what was tried in vain too often waits, twice as long with each further failure.

A try is counted before it is known how it ends, in a transaction of its own, and taken back when it
ends well. So tries that run at the same time, in threads or workers, never get more chances than
one after the other. Keys are keyed hashes of what was typed: a name that nobody has is braked like
any other, and a wait tells nothing about who exists.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.accounts.models import Brake
from creditbank.canonical import canonical_bytes
from creditbank.errors import CreditBankError
from creditbank.people.vault import Vault


class SignInPausedError(CreditBankError):
    """There were too many failures; it may be tried again later."""

    code = "sign-in-paused"
    status = 429


@dataclass(frozen=True, slots=True)
class BrakeRule:
    """How many failures are free, how long the first wait is, and when all is forgotten."""

    free: int
    first_wait: timedelta
    longest_wait: timedelta
    forgotten_after: timedelta


#: Guessing one account's password: five tries, then 1, 2, 4 … minutes, an hour at most.
ACCOUNT_RULE = BrakeRule(5, timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
#: One address trying many accounts; offices share one, so it has more tries.
ADDRESS_RULE = BrakeRule(30, timedelta(minutes=1), timedelta(hours=1), timedelta(hours=6))
#: Nothing is kept longer than the longest memory.
FORGOTTEN_AFTER = max(ACCOUNT_RULE.forgotten_after, ADDRESS_RULE.forgotten_after)


@dataclass(frozen=True, slots=True)
class BrakeKey:
    """One thing that is counted, and by which rule."""

    key: bytes
    rule: BrakeRule


def brake_key(vault: Vault, rule: BrakeRule, *what: str) -> BrakeKey:
    """Return the key of what is tried: its kind first, then what was typed or a public number."""
    said = b"creditbank/brake/v1\n" + canonical_bytes(list(what))
    return BrakeKey(vault.fingerprint(hashlib.sha256(said).digest()), rule)


def count_try(session: Session, keys: Sequence[BrakeKey], *, now: datetime) -> datetime | None:
    """Count one try against every key, as if it had failed.

    Returns:
        None when it may go on; else the instant until which it must wait, and nothing is counted.
    """
    # In the order of the keys, so that two tries never wait for each other in a circle.
    brakes = [(each, _locked(session, each, now=now)) for each in _ordered(keys)]
    waits = [brake.paused_until for _, brake in brakes if brake.paused_until is not None]
    longest: datetime = max(waits, default=now)
    if longest > now:
        return longest
    for each, brake in brakes:
        if now - brake.failed_at > each.rule.forgotten_after:
            brake.failures = 0
        brake.failures += 1
        brake.failed_at = now
        brake.paused_until = _paused_until(each.rule, brake.failures, now)
    return None


def ended_well(session: Session, keys: Sequence[BrakeKey]) -> None:
    """Forget the failures of the first key, whose owner has shown to be it; of the others, one try.

    In one walk, in the order in which `count_try` locks them.
    """
    for each in _ordered(keys):
        brake = session.get(Brake, each.key, with_for_update=True)
        if brake is not None and brake.failures:
            brake.failures = 0 if each is keys[0] else brake.failures - 1
            brake.paused_until = None


def forget_brakes(session: Session, *, now: datetime) -> int:
    """Delete the brakes that nobody remembers; return how many there were."""
    gone = session.execute(delete(Brake).where(Brake.failed_at < now - FORGOTTEN_AFTER))
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def paused(until: datetime, *, now: datetime) -> SignInPausedError:
    """Say how many minutes are left, rounded up."""
    return SignInPausedError(minutes=-((now - until) // timedelta(minutes=1)))


def _paused_until(rule: BrakeRule, failures: int, now: datetime) -> datetime | None:
    beyond = failures - rule.free
    if beyond < 0:
        return None
    # Beyond a few doublings the longest wait holds; the power itself must not grow for ever.
    return now + min(rule.first_wait * (1 << min(beyond, 16)), rule.longest_wait)


def _locked(session: Session, each: BrakeKey, *, now: datetime) -> Brake:
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = {"brake_key": each.key, "failures": 0, "failed_at": now, "paused_until": None}
    session.execute(make(Brake).values(row).on_conflict_do_nothing())
    query = select(Brake).where(Brake.brake_key == each.key).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _ordered(keys: Sequence[BrakeKey]) -> list[BrakeKey]:
    return sorted(keys, key=lambda each: each.key)
