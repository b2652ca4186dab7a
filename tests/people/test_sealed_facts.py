"""What a sealed record says is read at its own place alone, and is an object."""

from dataclasses import dataclass, replace

import pytest

from creditbank.people.sealed_facts import facts_digest, open_facts, seal_facts
from creditbank.people.vault import VaultBrokenError, lock_under

SECRET, FACTS = b"s" * 32, {"number": "示例1号", "salt": "00" * 16}
TABLE = "status_record"


@dataclass(frozen=True)
class Row:
    """A record as its table keeps it."""

    facts_cipher: bytes
    record_no: str = "C1"
    person_id: int = 7
    __tablename__: str = TABLE


def test_what_was_sealed_opens_under_its_secret_at_its_own_place_alone() -> None:
    row = Row(seal_facts(SECRET, FACTS, TABLE, "C1", 7))

    assert open_facts(SECRET, row) == FACTS
    assert facts_digest("a/v1", FACTS) == facts_digest("a/v1", dict(reversed(FACTS.items())))
    assert facts_digest("a/v1", FACTS) != facts_digest("b/v1", FACTS)
    for moved in (
        replace(row, record_no="C2"), replace(row, person_id=8),
        replace(row, __tablename__="engineer_certificate"),
    ):  # fmt: skip
        with pytest.raises(VaultBrokenError):
            open_facts(SECRET, moved)
    with pytest.raises(VaultBrokenError):
        open_facts(b"t" * 32, row)


def test_what_is_no_object_is_refused() -> None:
    row = Row(lock_under(SECRET, b"[1]", TABLE, "facts_cipher/C1", 7))

    with pytest.raises(ValueError, match="C1"):
        open_facts(SECRET, row)
