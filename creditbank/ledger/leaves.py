"""The bytes that are hashed: leaves of entries and acts exactly as docs/formats.md §2–§4 says.

Whoever changes a line here changes history: the golden vectors in tests/vectors/ forbid it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from creditbank.canonical import Canonical, canonical_bytes, canonical_text, tagged_digest
from creditbank.clock import instant_text
from creditbank.ledger.models import Movement, State

Pins = Sequence[Sequence[str | int]]
ENTRY_TAG = "creditbank/entry/v1"
FACTS_TAG = "creditbank/facts/v1"
SALT_TAG = "creditbank/salt/v1"


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
    return _salt(secret, _salted(scheme, occasion, revision, movement, step))


def salt_states(secret: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Return the two halves of what makes a person's salts, their blocks hashed once.

    A copy of the first takes what the salt is made from, a copy of the second the first's digest.
    """
    inner, outer = salt_blocks(secret)
    return hashlib.sha256(inner), hashlib.sha256(outer)


def _salted(scheme: str, occasion: str, revision: int, movement: str, step: int) -> bytes:
    key = f"[{_text(scheme)},{_text(occasion)},{_text(revision)},{_text(movement)},{_text(step)}]"
    return key.encode()


def _salt(secret: bytes, salted: bytes) -> bytes:
    inner, outer = salt_blocks(secret)
    return hashlib.sha256(outer + hashlib.sha256(inner + salted).digest()).digest()


def salt_blocks(secret: bytes) -> tuple[bytes, bytes]:
    """Return what HMAC-SHA-256 hashes before the natural key, and before the digest of that.

    As RFC 2104 spells it: to find its algorithm costs `hmac` more than to hash.
    """
    assert len(secret) == 32, "a person's secret is 32 bytes"  # noqa: PLR2004 # docs/formats.md §3
    key = secret + _SALT_PADDING
    return key.translate(_INNER) + _SALT_PREFIX, key.translate(_OUTER)


_SALT_PREFIX, _ENTRY_PREFIX, _FACTS_PREFIX = (
    tag.encode() + b"\n" for tag in (SALT_TAG, ENTRY_TAG, FACTS_TAG)
)
_SALT_PADDING = bytes(32)
_INNER, _OUTER = (bytes(each ^ pad for each in range(256)) for pad in (0x36, 0x5C))


def entry_leaf(salt: bytes, body: EntryBody) -> bytes:
    """Return the 32 public bytes of an entry."""
    return tagged_digest(ENTRY_TAG, salt, entry_bytes(body))


def entry_bytes(body: EntryBody) -> bytes:
    """Return the canonical bytes of `body.to_canonical()`, put together from remembered pieces.

    Most words of an entry stand in thousands of others; encoding each anew is what a check of the
    whole ledger would spend its time on.
    """
    before, behind = _around_facts(body)
    return before + body.facts_digest.hex().encode() + behind


def _around_facts(body: EntryBody) -> tuple[bytes, bytes]:
    before = (
        f"[{_text(body.movement)},{_text(body.scheme)},{_text(body.credited_year)},"
        f"{_text(body.subject)},{_text(body.from_state)},{_text(body.to_state)},"
        f"{_text(body.centihours)},{_day(body.earned_on)},{_instant(body.recorded_at)},"
        f"{_text(body.occasion)},{_text(body.revision)},{_text(body.step)},"
        f'"{body.source.hex()}","{body.target.hex()}",'
        f'["{body.order.hex()}",{_text(body.reason)}],["'
    )
    behind = f'",{_chain(tuple(map(tuple, body.pins)))}]]'
    return before.encode(), behind.encode()


class EntriesAlike:
    """Entries that differ in their person and their facts alone: what they share is written once.

    Args:
        body: any of them; its `facts_digest` is not looked at.
    """

    def __init__(self, body: EntryBody) -> None:
        self._salted = _salted(body.scheme, body.occasion, body.revision, body.movement, body.step)
        self._before, self._behind = _around_facts(body)

    def leaf(self, blocks: tuple[bytes, bytes], facts: str) -> bytes:
        """Return the leaf of the entry of one person, with these facts; as `entry_leaf` does.

        Args:
            blocks: `salt_blocks` of the person's secret.
            facts: canonical JSON.
        """
        inner, outer = blocks
        # Spelt out: of a hundred thousand entries each call more is heard.
        digest = hashlib.sha256(_FACTS_PREFIX + facts.encode()).hexdigest().encode()
        salt = hashlib.sha256(outer + hashlib.sha256(inner + self._salted).digest()).digest()
        said = _ENTRY_PREFIX + salt + self._before + digest + self._behind
        return hashlib.sha256(said).digest()


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
    return tagged_digest(FACTS_TAG, facts.encode("utf-8"))


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
