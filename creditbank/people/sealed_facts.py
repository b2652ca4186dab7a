"""What a sealed record says: read under its person's secret alone, named in its act by a digest."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.people.vault import lock_under, unlock_under


class SealedRecord(Protocol):
    """A row whose facts lie under the person's secret, bound to its table and number."""

    __tablename__: str
    record_no: Any
    person_id: Any
    facts_cipher: Any


def seal_facts(
    secret: bytes, facts: Mapping[str, Canonical], table: str, record_no: str, person_id: int
) -> bytes:
    """Encrypt what a record says, for its own row alone."""
    return lock_under(secret, canonical_bytes(dict(facts)), table, _column(record_no), person_id)


def open_facts(secret: bytes, row: SealedRecord) -> dict[str, str]:
    """Decrypt what a record says.

    Raises:
        VaultBrokenError: it is not what was written there.
        ValueError: it is no object of JSON.
    """
    column = _column(row.record_no)
    facts = json.loads(
        unlock_under(secret, row.facts_cipher, row.__tablename__, column, row.person_id)
    )
    if not isinstance(facts, dict):
        raise ValueError(row.record_no)
    return facts


def facts_digest(tag: str, facts: Mapping[str, Canonical]) -> bytes:
    """Return the digest by which an act names what a record says; the facts hold a salt.

    Args:
        tag: the format of the record's facts, with its version.
        facts: what the record says.
    """
    return tagged_digest(tag, canonical_bytes(dict(facts)))


def _column(record_no: str) -> str:
    return f"facts_cipher/{record_no}"
