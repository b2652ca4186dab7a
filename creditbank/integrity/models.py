"""Tables of disputes and published figures: how each stands, and every step of it for ever."""

from datetime import date, datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class Dispute(Base):
    """A professional says that hours are missing or wrong; what stands follows from its steps."""

    __tablename__ = "dispute"

    dispute_no: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger)
    #: who filed, or whom the person named; who answers now may be a successor
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    #: where an official decides
    jurisdiction: Mapped[str]
    #: NULL where the person knew the provider and the day alone
    filing_no: Mapped[str | None]
    #: the day that it is about; NULL for all of the filing
    day: Mapped[date | None]
    #: `missing` or `wrong`
    about: Mapped[str]
    #: any of `states.DisputeState`
    state: Mapped[str]
    stated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: by when the provider is to answer; NULL where it is not its turn, or no term is set
    due_on: Mapped[date | None]
    #: how many steps there are, and how many of them the person has read
    steps: Mapped[int] = mapped_column(SmallInteger)
    steps_read: Mapped[int] = mapped_column(SmallInteger)


class DisputeStep(Base):
    """One step of a dispute: what was done, by whom, with what words; never changed."""

    __tablename__ = "dispute_step"

    dispute_no: Mapped[str] = mapped_column(primary_key=True)
    step_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    #: any of `states.DisputeStep`
    step: Mapped[str]
    actor: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: under the secret of the person, so that it is blind once that is erased; NULL for no words
    words_cipher: Mapped[bytes | None]
    #: the roster, or the leaf of the withdrawal, by which it was put right; else empty
    remedy: Mapped[str]
    #: the act of an official, or of the clock; else NULL
    act_id: Mapped[int | None] = mapped_column(BigInteger)


class PublishedFigures(Base):
    """Figures of a provider's year as they were published on a day; never changed."""

    __tablename__ = "published_figures"

    organisation_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    published_on: Mapped[date] = mapped_column(primary_key=True)
    #: JSON with the members of `published.ProviderFigures`
    figures: Mapped[str]
