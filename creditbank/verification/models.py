"""The table of answers: every verdict that was given, to whom and why."""

from datetime import datetime

from sqlalchemy import BigInteger
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
    #: SHA-256 of scheme, series, specialty, level and person: the same question again supersedes
    question_digest: Mapped[bytes]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    jws: Mapped[str]
