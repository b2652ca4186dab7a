"""The tables of answers: verdicts, to whom and why; and what changes of the law would do."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class Verdict(Base):
    """A signed answer as it left the bank."""

    __tablename__ = "verdict"

    verdict_no: Mapped[str] = mapped_column(primary_key=True)
    #: NULL where no such person was on record
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    client_id: Mapped[str]
    mandate_no: Mapped[str]
    purpose: Mapped[str]
    legal_basis: Mapped[str]
    disclose: Mapped[str]
    outcome: Mapped[str]
    #: SHA-256 of scheme, series, specialty, level, day as of and person: the same supersedes
    question_digest: Mapped[bytes]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the compact JWS; of an answer that the tree of its list signs, the statement alone
    jws: Mapped[str]


class ImpactRun(Base):
    """What a version of a pack would change in the answers of the whole bank: asked, then counted.

    It keeps the version's bytes, so that a file that nobody proposed can be tried too.
    """

    __tablename__ = "impact_run"

    run_no: Mapped[str] = mapped_column(primary_key=True)
    pack_id: Mapped[str]
    version: Mapped[int]
    sha256: Mapped[bytes]
    content: Mapped[bytes]
    jurisdiction: Mapped[str]
    #: the version in force that it is held against; NULL where there is none
    base_version: Mapped[int | None]
    base_sha256: Mapped[bytes | None]
    #: `waiting`, `running`, `done` or `failed`
    state: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: when whoever runs it last said so
    progressed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: counts those who took it up; only the last of them says how far it is
    attempt: Mapped[int]
    people_total: Mapped[int]
    people_done: Mapped[int]
    #: canonical JSON without a name or a number; empty until it is done
    result: Mapped[str]


class VerdictBatch(Base):
    """A list of applicants to be answered one by one, and how far that is."""

    __tablename__ = "verdict_batch"

    batch_no: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    #: who asks, as the client stood when it asked
    role: Mapped[str]
    jurisdiction: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    #: canonical JSON of all that is asked of everybody alike; nothing about anybody
    question: Mapped[str]
    #: `waiting`, `running`, `done` or `failed`
    state: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: when whoever works at it last said so
    progressed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: from when on nobody in it is known any more
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: counts those who took it up; only the last of them may settle a row
    attempt: Mapped[int]
    rows_total: Mapped[int]
    rows_done: Mapped[int]


class VerdictBatchItem(Base):
    """One row of a list; `row_no` is its line as the file shows it."""

    __tablename__ = "verdict_batch_item"

    batch_no: Mapped[str] = mapped_column(primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True)
    #: document, name and stated facts in the vault's form; NULL once erased, or never read
    person_cipher: Mapped[bytes | None]
    #: `waiting`, `answered` or `refused`
    state: Mapped[str]
    #: empty unless answered
    outcome: Mapped[str]
    verdict_no: Mapped[str | None]
    #: JSON: what is wrong with a refused row, cell by cell; never a name or a number
    problems: Mapped[str]
    #: of a settled row of a list that is signed as a whole
    leaf: Mapped[bytes | None]


class VerdictTree(Base):
    """The signed tree of a list: one signature for all its answers and refusals."""

    __tablename__ = "verdict_tree"

    batch_no: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    root: Mapped[bytes]
    jws: Mapped[str]
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VerdictTreeTile(Base):
    """Up to 256 neighbouring hashes of such a tree, as the logs keep theirs."""

    __tablename__ = "verdict_tree_tile"

    batch_no: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    hashes: Mapped[bytes]
