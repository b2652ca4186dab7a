"""Tables of the ledger and the journal. Rows are appended; only the four marked ones ever change.

`epoch` and `xid` say in which transaction a row was written: the database fills them in, and the
sealer orders by them (docs/adr/0002). SQLite has one writer, so there they are constant and the row
number is the order of commits.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, FetchedValue, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class Movement(StrEnum):
    """What an entry does; each kind has one pair of accounts, see `ACCOUNTS_OF`."""

    CREDIT = "credit"
    REVERSE = "reverse"
    CAP = "cap"
    UNCAP = "uncap"
    FREEZE = "freeze"
    RELEASE = "release"


class State(StrEnum):
    """The state of an account; `issued` is the far side: what a source has given out."""

    ISSUED = "issued"
    LIVE = "live"
    CAPPED = "capped"
    FROZEN = "frozen"


ACCOUNTS_OF: dict[Movement, tuple[State, State]] = {
    Movement.CREDIT: (State.ISSUED, State.LIVE),
    Movement.REVERSE: (State.LIVE, State.ISSUED),
    Movement.CAP: (State.LIVE, State.CAPPED),
    Movement.UNCAP: (State.CAPPED, State.LIVE),
    Movement.FREEZE: (State.LIVE, State.FROZEN),
    Movement.RELEASE: (State.FROZEN, State.LIVE),
}


class SourceKind(StrEnum):
    """Where hours may come from (law 3); a source of each kind is opened by an official act."""

    FILING = "filing"
    DECISION = "decision"
    RECOGNISED = "recognised"
    DEEMED = "deemed"
    IMPORT = "import"


class Epoch(Base):
    """A stretch of one database server's life; a restore into another server starts a new one."""

    __tablename__ = "ledger_epoch"

    epoch: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    #: PostgreSQL's system identifier; empty on SQLite
    server: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str]


class Source(Base):
    """An allowance to issue hours: opened by an official act, bounded, never changed."""

    __tablename__ = "ledger_source"

    source_id: Mapped[int] = mapped_column(primary_key=True)
    #: the public number: of the filing, the import, the decision
    source_no: Mapped[str]
    kind: Mapped[str]
    jurisdiction: Mapped[str]
    scheme: Mapped[str]
    #: distinct live people at most; NULL where places are open (online courses)
    people_max: Mapped[int | None]
    #: issued to one person at most
    person_centihours_max: Mapped[int] = mapped_column(BigInteger)
    #: issued altogether at most; NULL where places are open
    centihours_max: Mapped[int | None] = mapped_column(BigInteger)
    #: the official act that opened it
    act_id: Mapped[int] = mapped_column(BigInteger)


class SourceUse(Base):
    """What of an allowance is taken: changes with every posting, and fsck recomputes it."""

    __tablename__ = "ledger_source_use"

    source_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    people: Mapped[int]
    centihours: Mapped[int] = mapped_column(BigInteger)


class PackPins(Base):
    """The pack chains that entries name, each once, as canonical JSON (docs/formats.md §6)."""

    __tablename__ = "ledger_pack_pins"

    pins_id: Mapped[int] = mapped_column(primary_key=True)
    pins: Mapped[str]


class CreditFacts(Base):
    """What a credit rests on, as canonical JSON: raw facts and the trace of their conversion."""

    __tablename__ = "ledger_facts"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    scheme: Mapped[str] = mapped_column(primary_key=True)
    occasion: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    facts: Mapped[str]


class Entry(Base):
    """One movement of hours between two accounts of one person (laws 2, 4, 5)."""

    __tablename__ = "ledger_entry"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    #: given by the database, in no order that anybody may rely on
    entry_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, server_default=FetchedValue()
    )
    xid: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the act that ordered this movement; NULL for what the rules alone ask (credits, caps)
    act_id: Mapped[int | None] = mapped_column(BigInteger)
    source_id: Mapped[int]
    pins_id: Mapped[int]
    centihours: Mapped[int]
    #: the civil day of the occasion
    earned_on: Mapped[date]
    epoch: Mapped[int] = mapped_column(SmallInteger, server_default=FetchedValue())
    credited_year: Mapped[int] = mapped_column(SmallInteger)
    #: 0 for the first credit of an occasion; n + 1 only after n was reversed
    revision: Mapped[int] = mapped_column(SmallInteger)
    #: counts later movements of one kind on one credit
    step: Mapped[int] = mapped_column(SmallInteger)
    scheme: Mapped[str]
    subject: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    movement: Mapped[str]
    occasion: Mapped[str]
    #: a typed reason; empty where none is due
    reason: Mapped[str]
    leaf: Mapped[bytes]


class Act(Base):
    """An official act: who did what about which number, when, and why (docs/formats.md §4)."""

    __tablename__ = "journal_act"

    act_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    epoch: Mapped[int] = mapped_column(SmallInteger, server_default=FetchedValue())
    xid: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())
    kind: Mapped[str]
    jurisdiction: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str]
    #: canonical JSON
    details: Mapped[str]
    #: canonical JSON array of leaves in hex
    cites: Mapped[str]
    salt: Mapped[bytes]
    leaf: Mapped[bytes]


class Log(Base):
    """A transparency log: one jurisdiction, one recording year."""

    __tablename__ = "journal_log"

    log_id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str]
    jurisdiction: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    vkey: Mapped[str]
    #: the round of the sealer that opened it
    seal_no: Mapped[int] = mapped_column(BigInteger)


class LogFreeze(Base):
    """The end of a log: nothing is sealed into it after this."""

    __tablename__ = "journal_freeze"

    log_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    seal_no: Mapped[int] = mapped_column(BigInteger)


class Seal(Base):
    """One round of the sealer: up to which row everything has its place.

    `digest` chains the rounds: it covers this row, its spans, and the digest before it.
    """

    __tablename__ = "journal_seal"

    seal_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the epoch in which the round ran
    epoch: Mapped[int] = mapped_column(SmallInteger)
    entry_epoch: Mapped[int] = mapped_column(SmallInteger)
    entry_xid: Mapped[int] = mapped_column(BigInteger)
    entry_id: Mapped[int] = mapped_column(BigInteger)
    act_epoch: Mapped[int] = mapped_column(SmallInteger)
    act_xid: Mapped[int] = mapped_column(BigInteger)
    act_id: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes]


class SealSpan(Base):
    """The run of indexes that one round gave in one log."""

    __tablename__ = "journal_span"

    seal_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_index: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int]
    #: SHA-256 over epoch, xid, kind and id of each row of the run, in order
    order_digest: Mapped[bytes]


class Bundle(Base):
    """256 leaves of a log and whose they are; grows at its end until it is full."""

    __tablename__ = "journal_bundle"

    log_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bundle_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: 32 bytes each
    leaves: Mapped[bytes]
    #: 8 bytes each, big-endian, signed: an entry's id, or an act's id below zero
    refs: Mapped[bytes]


class Tile(Base):
    """A tile above level 0; grows at its end until it is full."""

    __tablename__ = "journal_tile"

    log_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    tile_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hashes: Mapped[bytes]


class SignedCheckpoint(Base):
    """A published checkpoint: a log never signs two that disagree."""

    __tablename__ = "journal_checkpoint"

    log_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seal_no: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes]
    note: Mapped[str]
