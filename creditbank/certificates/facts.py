"""What a certificate says, frozen when it is issued: `creditbank/certificate/v1` (docs/formats.md).

Paper, page and API show these facts and compute nothing; the act of issue names their digest.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.clock import instant_text
from creditbank.hours import hours_text
from creditbank.ledger.logs import Head
from creditbank.people.documents import last_characters
from creditbank.people.register import Identity
from creditbank.rules.explain import name_of
from creditbank.rules.pack import Basis, PackChain, Value
from creditbank.verification.gathering import CreditedYear

STATEMENT = "creditbank/certificate/v1"
Facts = Mapping[str, Canonical]
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Record:
    """The part of a person's sealed record that a certificate speaks of."""

    years: tuple[int, ...]
    credited: tuple[CreditedYear, ...]
    #: of every sealed entry of these years, ascending
    leaves: tuple[bytes, ...]
    #: rule values by which the hours came about
    values: tuple[Value, ...]
    heads: tuple[Head, ...]
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the hours: the bank, the number, the holder, the dates."""

    host: str
    number: str
    holder: Identity
    issued_at: datetime
    valid_through: date | None
    #: number of the certificate of the same person, scheme and years that was issued before
    replaces: str
    #: see `record_commitment`
    commitment: bytes


def make_facts(frame: Frame, record: Record, law: PackChain) -> dict[str, Canonical]:
    """Write down a certificate's facts."""
    holder = frame.holder
    return {
        "statement": STATEMENT,
        "iss": frame.host,
        "number": frame.number,
        "issued_at": instant_text(frame.issued_at),
        "valid_through": frame.valid_through.isoformat() if frame.valid_through else "",
        "replaces": frame.replaces,
        "issuer": _issuer(law),
        "holder": {
            "name": holder.name,
            "document_kind": str(holder.document.kind),
            "last_four": last_characters(holder.document),
        },
        "scheme": law.scheme,
        "years": list(record.years),
        **_hours(record, law),
        "packs": _packs(law),
        "clauses": _clauses(record.values),
        "assumptions": _assumptions(record.values),
        "record": {"entries": len(record.leaves), "commitment": frame.commitment.hex()},
        "heads": _heads(record.heads),
        "known_at": instant_text(record.known_at),
        "salt": secrets.token_hex(_SALT_BYTES),
    }


def facts_digest(facts: Facts) -> bytes:
    """Return the digest by which the act of issue names the facts."""
    return tagged_digest(STATEMENT, canonical_bytes(facts))


def record_digest(leaves: Iterable[bytes], names: int) -> bytes:
    """Return what tells whether a person's record is still the one that was certified.

    Args:
        leaves: of every sealed entry of the years, over all linked keys.
        names: how many names the person has borne on record; a new one makes a new paper due.
    """
    said = canonical_bytes([names])
    return tagged_digest("creditbank/certificate-record/v1", said, *sorted(leaves))


def record_commitment(person_secret: bytes, number: str, digest: bytes) -> bytes:
    """Bind a certificate to the record that it rests on, so that only the bank can tell which.

    A plain digest on a public page would let anybody find a short record's leaves by trying.
    """
    said = b"creditbank/certificate-commitment/v1\n" + number.encode("ascii") + digest
    return hmac.digest(person_secret, said, hashlib.sha256)


def _issuer(law: PackChain) -> Canonical:
    return {"jurisdiction": law.jurisdiction, **_named("jurisdiction", law.jurisdiction, law)}


def _packs(law: PackChain) -> list[Canonical]:
    return [
        {
            "id": pack.id,
            "version": pack.version,
            "sha256": pack.sha256,
            "zh": pack.title_zh,
            "en": pack.title_en,
        }
        for pack in law.packs
    ]


def _heads(heads: Sequence[Head]) -> list[Canonical]:
    checkpoints = [head.checkpoint for head in heads]
    return [{"origin": c.origin, "size": c.size, "root": c.root.hex()} for c in checkpoints]


def _named(kind: str, identifier: str, law: PackChain) -> dict[str, Canonical]:
    return {
        "zh": name_of(kind, identifier, "zh", law),
        "en": name_of(kind, identifier, "en", law),
    }


def _hours(record: Record, law: PackChain) -> dict[str, Canonical]:
    subjects = sorted({row.subject for row in record.credited})
    return {
        "subjects": [{"id": each, **_named("subject", each, law)} for each in subjects],
        "hours": [
            {
                "year": row.year,
                "subject": row.subject,
                "counted": hours_text(row.counted_centihours),
                "capped": hours_text(row.capped_centihours),
                "migrated": hours_text(row.migrated_centihours),
            }
            for row in record.credited
        ],
        "total": hours_text(sum(row.counted_centihours for row in record.credited)),
    }


def _clauses(values: Sequence[Value]) -> list[Canonical]:
    cited: dict[tuple[str, str], Canonical] = {}
    for value in values:
        for reference in value.references:
            cited[reference.document, reference.clause] = {
                "scheme": value.scheme,
                "reference": reference.id,
                "document": reference.document,
                "clause": reference.clause,
            }
    return list(cited.values())


def _assumptions(values: Sequence[Value]) -> list[Canonical]:
    return [
        {"scheme": v.scheme, "key": v.key, "reason": v.reason, "reason_en": v.reason_en}
        for v in values
        if v.basis == Basis.ASSUMPTION
    ]
