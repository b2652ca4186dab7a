"""The table of status records: what a source says of a person, kept for ever."""

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class StatusRecord(Base):
    """Something that a source says of one person: employment, a title, an examination, a pledge."""

    __tablename__ = "status_record"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    record_no: Mapped[str] = mapped_column(primary_key=True)
    #: any of `status_kinds.StatusKind`
    kind: Mapped[str]
    #: `so`, or `not_so` where it takes the one before back
    says: Mapped[str]
    #: the record that it corrects or takes back; empty for a first one
    supersedes: Mapped[str]
    #: keyed digest of who stated it and of their own reference to it
    reference_key: Mapped[bytes]
    #: what it says, under the person's secret
    facts_cipher: Mapped[bytes]
    jurisdiction: Mapped[str]
    #: of the client that stated it; NULL for officials and for people themselves
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    actor: Mapped[str]
    #: civil day as of which the source says so
    as_of: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    act_id: Mapped[int] = mapped_column(BigInteger)


class StatusEvent(Base):
    """What became of a record, for a client that stated it; in the feed once it has a position."""

    __tablename__ = "status_event"

    event_no: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int | None] = mapped_column(BigInteger)
    client_id: Mapped[str]
    #: any of `status_events.EVENT_KINDS`
    kind: Mapped[str]
    record_no: Mapped[str]
    record_kind: Mapped[str]
    superseded_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
