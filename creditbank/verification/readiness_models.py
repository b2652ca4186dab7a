"""The tables of readiness: lists that were asked for before a review's day, and reminders."""

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class ReadinessList(Base):
    """A list of applicants that was asked about to see who is ready by the day of a review."""

    __tablename__ = "readiness_list"

    batch_no: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    due_on: Mapped[date]
    #: the rule that says the day; empty where the unit itself says it
    rule_scheme: Mapped[str]
    rule_key: Mapped[str]
    #: the civil day on which the clock last looked at its people
    looked_on: Mapped[date | None]
    #: when the unit was told that its review's day comes near, and when it had read that
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReviewReminder(Base):
    """That somebody was told, once for a day, that they are not ready for it."""

    __tablename__ = "review_reminder"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    batch_no: Mapped[str]
    #: the answer to the unit, whose question was weighed again
    verdict_no: Mapped[str]
    outcome: Mapped[str]
    #: canonical JSON: what was missing that day, as `advice` of an answer
    short: Mapped[str]
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
