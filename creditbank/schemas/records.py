"""Shapes of the record and its proofs: entries, logs, inclusion, consistency, seals, health."""

from marshmallow import fields

from creditbank.schemas.fields import (
    Code,
    Hours,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Truth,
    Whole,
    jurisdiction,
    scheme,
    subject,
)

INDEX_MAX = 2**53 - 1


class EntryAnswer(Shape):
    """One movement of hours, with all that rebuilds its leaf (docs/formats.md §3)."""

    movement = Text(10)
    from_state = Text(10)
    to_state = Text(10)
    hours = Hours()
    year = Whole(1990, 2200)
    subject = subject()
    earned_on = Text(10)
    recorded_at = Instant()
    occasion = Text(40)
    revision = Whole(0, 2**15)
    step = Whole(0, 2**15)
    reason = Text(100, low=0)
    leaf = Text(64, metadata={"description": "Hex."})
    salt = Text(
        64, low=0, metadata={"description": "Hex; empty once the person's secret was erased."}
    )
    body = fields.Raw(metadata={"type": "array", "items": {}, "description": "16 elements."})
    facts = fields.Raw(metadata={"type": "object", "description": "Of a credit; else empty."})
    pending = Truth(metadata={"description": "Recorded, and not in a log yet."})
    origin = Text(120, low=0, metadata={"description": "Of its log; empty while pending."})
    index = fields.Raw(
        metadata={"type": ["integer", "null"], "description": "In its log; null while pending."}
    )


class EntriesAnswer(Shape):
    """A person's entries in a scheme, the oldest first."""

    scheme = scheme()
    entries = Inner(EntryAnswer, many=True)


class LogAnswer(Shape):
    """A public log."""

    origin = Text(120)
    jurisdiction = jurisdiction()
    year = Whole(1990, 2200)
    vkey = Text(300, metadata={"description": "C2SP signed-note verifier key."})
    size = Whole(0, INDEX_MAX)
    frozen = Truth()


class LogsAnswer(Shape):
    """All logs."""

    logs = Inner(LogAnswer, many=True)


def _nothing() -> None:
    """Stand for what was left out; a function, so that the document shows no default."""


def _origin() -> Code:
    return Code(
        r"[a-z0-9.:-]{1,110}/ledger/[a-z0-9.-]{2,24}/[0-9]{4}",
        "bank.example/ledger/cn-3710/2026",
        required=True,
    )


def _size() -> Whole:
    text = "Size of a signed checkpoint; the newest if left out."
    return Whole(1, INDEX_MAX, as_text=True, load_default=_nothing, metadata={"description": text})


class ProofQuery(Shape):
    """Which position of which log, under which checkpoint."""

    origin = _origin()
    index = Whole(0, INDEX_MAX, as_text=True, required=True)
    size = _size()


class ConsistencyQuery(Shape):
    """Between which two checkpoints of which log; `from` is the older one."""

    origin = _origin()
    older = Whole(1, INDEX_MAX, as_text=True, required=True, data_key="from")
    newer = Whole(1, INDEX_MAX, as_text=True, load_default=_nothing, data_key="to")


class ProofAnswer(Shape):
    """An inclusion proof (RFC 9162), its checkpoint, and both as one C2SP tlog-proof."""

    origin = Text(120)
    index = Whole(0, INDEX_MAX)
    size = Whole(1, INDEX_MAX)
    leaf = Text(64, metadata={"description": "The log's entry, hex."})
    hashes = Several(Text(64), metadata={"description": "Hex, from the leaf's sibling up."})
    root = Text(64, metadata={"description": "Hex."})
    vkey = Text(300)
    checkpoint = Text(2_000, metadata={"description": "The signed note."})
    tlog_proof = Text(6_000)


class ConsistencyAnswer(Shape):
    """A consistency proof (RFC 9162) between two signed checkpoints."""

    origin = Text(120)
    older_size = Whole(1, INDEX_MAX)
    newer_size = Whole(1, INDEX_MAX)
    hashes = Several(Text(64), metadata={"description": "Hex."})
    vkey = Text(300)
    older_checkpoint = Text(2_000)
    newer_checkpoint = Text(2_000)


class SealAnswer(Shape):
    """What the sealer did: rows that found their place, and whether more were waiting."""

    rows = Whole(0, INDEX_MAX)
    more = Truth()


class HealthAnswer(Shape):
    """Whether the bank can work, and what is missing if not."""

    status = Text(10, metadata={"enum": ["ok", "unwell"]})
    database = Truth(metadata={"description": "It answers."})
    migrations_current = Truth()
    guards_missing = Several(Text(200))
    guards_forbidden = Several(
        Text(60),
        metadata={
            "description": "Guards that only a superuser may make; the owner of the tables is none."
        },
    )
    seal_age_seconds = fields.Raw(
        metadata={"type": ["integer", "null"], "description": "null before the first seal."}
    )
