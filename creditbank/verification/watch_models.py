"""The tables of watched verdicts: watches, how far they looked, events, and their delivery."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class VerdictWatch(Base):
    """A verdict that somebody relies on, and the answer that holds in its place now."""

    __tablename__ = "verdict_watch"

    verdict_no: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger)
    #: who asks again, as the client stood when the watch began
    client_id: Mapped[str]
    client_jurisdiction: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    scheme: Mapped[str]
    jurisdiction: Mapped[str]
    current_no: Mapped[str]
    #: `active` or `ended`
    state: Mapped[str]
    #: the round by which it has to be asked again; NULL while nothing asks for that
    due_seal: Mapped[int | None] = mapped_column(BigInteger)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: why it ended: a code of a refusal, or `asker`
    reason: Mapped[str]


class WatchPlace(Base):
    """How far the watcher looked, in rounds of the sealer, and the last position given an event."""

    __tablename__ = "watch_place"

    place_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    seal_no: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)


class ClientEvent(Base):
    """Something that a client is told; it stands in the feed once it has its position."""

    __tablename__ = "client_event"

    event_no: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int | None] = mapped_column(BigInteger)
    client_id: Mapped[str]
    kind: Mapped[str]
    #: the verdict that the client watches
    watched_no: Mapped[str]
    #: the answer that held until then
    verdict_no: Mapped[str]
    superseded_by: Mapped[str | None]
    changed: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Webhook(Base):
    """Where a client's events are delivered, and of which kinds."""

    __tablename__ = "webhook"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    kinds: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EventDelivery(Base):
    """How the delivery of an event stands."""

    __tablename__ = "event_delivery"

    event_no: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    #: `waiting`, `delivered` or `dead`
    state: Mapped[str]
    attempts: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: HTTP status of the last attempt; NULL where none came
    status: Mapped[int | None]
    failure: Mapped[str]
