"""The tables of queries as those asked about see them: objections, and questions that were
refused."""

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime
from creditbank.verification.questions import CodeLevel


class RefusedQuestion(Base):
    """A question that was refused before anything of anybody was told."""

    __tablename__ = "refused_question"

    question_no: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    jurisdiction: Mapped[str]
    scheme: Mapped[str]
    series: Mapped[str]
    specialty: Mapped[str]
    level: Mapped[str]
    purpose: Mapped[str]
    legal_basis: Mapped[str]
    #: code of the refusal
    reason: Mapped[str]
    #: codes of the bounds of the mandate that it lies outside of
    bounds: Mapped[str]
    people: Mapped[int]
    #: keyed digest of the number that was asked about; NULL for a list
    subject_digest: Mapped[bytes | None]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class QueryObjection(Base):
    """What somebody says against a query about them, and what an official answered."""

    __tablename__ = "query_objection"

    objection_no: Mapped[str] = mapped_column(primary_key=True)
    verdict_no: Mapped[str]
    person_id: Mapped[int] = mapped_column(BigInteger)
    jurisdiction: Mapped[str]
    #: in the vault's form, as the answer is
    words_cipher: Mapped[bytes]
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: empty until it is answered
    finding: Mapped[str]
    answer_cipher: Mapped[bytes | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    act_id: Mapped[int | None] = mapped_column(BigInteger)
    #: when the person had read the answer
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeskLook(Base):
    """That an official was shown something of somebody's hours, on a day."""

    __tablename__ = "desk_look"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    client_id: Mapped[str] = mapped_column(primary_key=True)
    #: any of `verification.desk_looks.Shown`
    shown: Mapped[str] = mapped_column(primary_key=True)
    #: number of the file or matter; empty where a purpose was typed alone
    matter: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    #: of the official
    jurisdiction: Mapped[str]
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HolderCode(Base):
    """A code that somebody made for those who may ask about them; only its keyed hash is kept."""

    __tablename__ = "holder_code"

    code_no: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger)
    code_hash: Mapped[bytes]
    purpose: Mapped[str]
    #: the most that an answer shows; `level` says it where it is less than any answer of a title's
    disclose: Mapped[str]
    predicate_only: Mapped[bool]
    uses_max: Mapped[int]
    uses_taken: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def level(self) -> CodeLevel:
        """How much it lets be seen."""
        return CodeLevel.PREDICATE if self.predicate_only else CodeLevel(self.disclose)


class HolderCodeUse(Base):
    """An answer that was given by a code: the how-manieth, and to which organisation."""

    __tablename__ = "holder_code_use"

    verdict_no: Mapped[str] = mapped_column(primary_key=True)
    code_no: Mapped[str]
    use_no: Mapped[int]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
