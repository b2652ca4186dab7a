"""The bytes that are hashed: leaves of entries and acts exactly as docs/formats.md §2–§4 says.

Whoever changes a line here changes history: the golden vectors in tests/vectors/ forbid it.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from creditbank.canonical import Canonical, canonical_bytes, canonical_text, tagged_digest
from creditbank.clock import instant_text
from creditbank.ledger.models import Movement, State

Pins = Sequence[Sequence[str | int]]


class EntryBody(NamedTuple):
    """What an entry says; leaves of other entries and of acts are 32 bytes, or empty for none."""

    movement: Movement
    scheme: str
    credited_year: int
    subject: str
    from_state: State
    to_state: State
    centihours: int
    earned_on: date
    recorded_at: datetime
    occasion: str
    revision: int
    step: int
    source: bytes
    target: bytes
    order: bytes
    reason: str
    facts_digest: bytes
    pins: Pins

    def to_canonical(self) -> Canonical:
        """Return the 16 elements in their fixed order."""
        return [
            str(self.movement),
            self.scheme,
            self.credited_year,
            self.subject,
            str(self.from_state),
            str(self.to_state),
            self.centihours,
            self.earned_on.isoformat(),
            instant_text(self.recorded_at),
            self.occasion,
            self.revision,
            self.step,
            self.source.hex(),
            self.target.hex(),
            [self.order.hex(), self.reason],
            [self.facts_digest.hex(), self.pins],
        ]


def entry_salt(secret: bytes, body: EntryBody) -> bytes:
    """Derive the salt of one entry from the person's secret; no two entries share one."""
    return natural_key_salt(
        secret, body.scheme, body.occasion, body.revision, body.movement, body.step
    )


def natural_key_salt(  # noqa: PLR0917 # the natural key in its fixed order
    secret: bytes, scheme: str, occasion: str, revision: int, movement: str, step: int
) -> bytes:
    """Derive a salt from the person's 32-byte secret and an entry's natural key."""
    assert len(secret) == 32, "a person's secret is 32 bytes"  # noqa: PLR2004 # docs/formats.md §3
    key = f"[{_text(scheme)},{_text(occasion)},{_text(revision)},{_text(movement)},{_text(step)}]"
    return hmac.digest(secret, b"creditbank/salt/v1\n" + key.encode(), "sha256")


def entry_leaf(salt: bytes, body: EntryBody) -> bytes:
    """Return the 32 public bytes of an entry."""
    return tagged_digest("creditbank/entry/v1", salt, entry_bytes(body))


def entry_bytes(body: EntryBody) -> bytes:
    """Return the canonical bytes of `body.to_canonical()`, put together from remembered pieces.

    Most words of an entry stand in thousands of others; encoding each anew is what a check of the
    whole ledger would spend its time on.
    """
    return (
        f"[{_text(body.movement)},{_text(body.scheme)},{_text(body.credited_year)},"
        f"{_text(body.subject)},{_text(body.from_state)},{_text(body.to_state)},"
        f"{_text(body.centihours)},{_day(body.earned_on)},{_instant(body.recorded_at)},"
        f"{_text(body.occasion)},{_text(body.revision)},{_text(body.step)},"
        f'"{body.source.hex()}","{body.target.hex()}",'
        f'["{body.order.hex()}",{_text(body.reason)}],'
        f'["{body.facts_digest.hex()}",{_chain(tuple(map(tuple, body.pins)))}]]'
    ).encode()


#: Typed, because 1 and True are one key otherwise.
_text = lru_cache(maxsize=16_384, typed=True)(canonical_text)


@lru_cache(maxsize=4_096)
def _day(day: date) -> str:
    return canonical_text(day.isoformat())


@lru_cache(maxsize=4_096)
def _instant(instant: datetime) -> str:
    return canonical_text(instant_text(instant))


@lru_cache(maxsize=1_024, typed=True)
def _chain(pins: tuple[tuple[str | int, ...], ...]) -> str:
    return canonical_text(pins)


def facts_digest(facts: str) -> bytes:
    """Return the digest of a credit's facts, given as canonical JSON."""
    return tagged_digest("creditbank/facts/v1", facts.encode("utf-8"))


@dataclass(frozen=True, slots=True)
class ActBody:
    """What an official act says; `details` is canonical JSON, `cites` leaves of earlier acts."""

    kind: str
    jurisdiction: str
    recorded_at: datetime
    actor: str
    subject: str
    reason: str
    details: str
    cites: tuple[bytes, ...]

    def to_canonical(self) -> Canonical:
        """Return the 8 elements in their fixed order."""
        return [
            self.kind,
            self.jurisdiction,
            instant_text(self.recorded_at),
            self.actor,
            self.subject,
            self.reason,
            tagged_digest("creditbank/details/v1", self.details.encode("utf-8")).hex(),
            [leaf.hex() for leaf in self.cites],
        ]


def act_leaf(salt: bytes, body: ActBody) -> bytes:
    """Return the 32 public bytes of an act."""
    return tagged_digest("creditbank/act/v1", salt, canonical_bytes(body.to_canonical()))
