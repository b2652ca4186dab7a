"""What happened to accounts: an append-only record without names, numbers or addresses."""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, insert, select, true
from sqlalchemy.orm import Session

from creditbank.accounts.models import Account, AccountEvent, SeatRow
from creditbank.people.vault import Vault
from creditbank.registry.lookups import within_jurisdiction

#: One household or office has a whole network of this size, so it counts as one address.
_IPV6_PREFIX = 64


class Event(StrEnum):
    """Kinds of event."""

    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGN_IN_PAUSED = "sign-in-paused"
    SECOND_FACTOR_GIVEN = "second-factor-given"
    SECOND_FACTOR_FAILED = "second-factor-failed"
    SECOND_FACTOR_SET = "second-factor-set"
    SECOND_FACTOR_RESET = "second-factor-reset"
    RECOVERY_CODE_USED = "recovery-code-used"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    SEAT_CHOSEN = "seat-chosen"
    SEAT_MADE = "seat-made"
    SEAT_CLOSED = "seat-closed"
    SEAT_MOVED = "seat-moved"
    SIGNED_OUT = "signed-out"
    SESSION_ENDED = "session-ended"
    PASSWORD_SET = "password-set"  # noqa: S105 # a kind of event
    CODE_ISSUED = "code-issued"
    CODE_USED = "code-used"
    CODE_FAILED = "code-failed"
    ACCOUNT_MADE = "account-made"
    ACCOUNT_BLOCKED = "account-blocked"
    ACCOUNT_UNBLOCKED = "account-unblocked"
    ACCOUNT_CLOSED = "account-closed"
    CLAIM_SUBMITTED = "claim-submitted"
    CLAIM_OPINION = "claim-opinion"
    CLAIM_DECIDED = "claim-decided"
    IDENTITY_LINKED = "identity-linked"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who stands at the door before it is known who that is."""

    address_hash: bytes
    #: kind of browser and system
    device: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event about to be recorded."""

    kind: Event
    account_id: int | None
    actor: str
    subject: str = ""
    visitor: Visitor | None = None


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as people read it."""

    recorded_at: datetime
    kind: Event
    account_no: str
    actor: str
    subject: str


def hashed_address(vault: Vault, address: str) -> bytes:
    """Return the keyed hash of a network address; of IPv6 only the network counts."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return vault.fingerprint(b"creditbank/address/v1\n")
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is None:
        known = ipaddress.ip_network((known, _IPV6_PREFIX), strict=False).network_address
    digest = hashlib.sha256(b"creditbank/address/v1\n" + str(known).encode("ascii")).digest()
    return vault.fingerprint(digest)


def record_event(session: Session, happening: Happening, *, now: datetime) -> None:
    """Append an event; the caller owns the transaction."""
    row = {
        "recorded_at": now, "kind": str(happening.kind), "account_id": happening.account_id,
        "actor": happening.actor, "subject": happening.subject,
        "address_hash": happening.visitor.address_hash if happening.visitor else None,
    }  # fmt: skip
    session.execute(insert(AccountEvent), [row])


def events_of(session: Session, account_id: int, limit: int) -> Sequence[RecordedEvent]:
    """Return the newest events of one account."""
    return _newest(session, AccountEvent.account_id == account_id, limit)


def events_within(session: Session, jurisdiction: str, limit: int) -> Sequence[RecordedEvent]:
    """Return the newest events of accounts that have or had a seat in a region.

    What was tried with nobody's account belongs to no region; the whole nation's list has it.
    """
    if jurisdiction == "cn":
        return _newest(session, true(), limit)
    here = select(SeatRow.account_id).where(within_jurisdiction(SeatRow.jurisdiction, jurisdiction))
    return _newest(session, AccountEvent.account_id.in_(here), limit)


def _newest(session: Session, wanted: ColumnElement[bool], limit: int) -> Sequence[RecordedEvent]:
    query = (
        select(AccountEvent, Account.account_no)
        .outerjoin(Account, Account.account_id == AccountEvent.account_id)
        .where(wanted)
        .order_by(AccountEvent.event_id.desc())
    )
    return [
        RecordedEvent(row.recorded_at, Event(row.kind), account_no or "", row.actor, row.subject)
        for row, account_no in session.execute(query.limit(limit))
    ]
