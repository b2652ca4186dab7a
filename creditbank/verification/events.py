"""Events: fed in an order that only grows, and delivered where a client wants them.

An event gets its position afterwards, from the one row that counts them, in the transaction that
lets it be seen: so whoever reads behind the last position that they saw misses none, however many
are written at once. Deliveries are made at least once; what fails waits longer each time, and is
dead after days.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, CursorResult, delete, insert, select, update
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes
from creditbank.clock import instant_text
from creditbank.errors import CreditBankError
from creditbank.registry.clients import Client
from creditbank.verification.watch_models import ClientEvent, EventDelivery, WatchPlace, Webhook
from creditbank.verification.watching import KINDS

WAITING, DELIVERED, DEAD = "waiting", "delivered", "dead"
EVENT_FORMAT = "creditbank/event/v1"
URL_CHARACTERS_MAX = 500
#: How long after each attempt that failed the next one comes: four days in all.
PAUSES = (
    timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2),
    timedelta(hours=6), timedelta(hours=12), timedelta(hours=24), timedelta(hours=24),
    timedelta(hours=24),
)  # fmt: skip
#: Whoever sends and has said nothing for so long is gone.
_LEASE = timedelta(minutes=2)
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+", re.ASCII)


class WebhookUrlError(CreditBankError):
    """An address is none to which events are delivered."""

    code = "webhook-url"
    status = 422


class WebhookUnsetError(CreditBankError):
    """The client has no address for its events."""

    code = "webhook-unset"
    status = 404


class EventUnknownError(CreditBankError):
    """There is no event of this number, or it is another's."""

    code = "event-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery that was taken up: the how-manieth attempt, where to, and what."""

    event_no: str
    attempt: int
    url: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """How an attempt went: the HTTP status, or why none came."""

    status: int | None
    failure: str = ""

    @property
    def is_taken(self) -> bool:
        """Tell whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 # RFC 9110


@dataclass(frozen=True, slots=True)
class FedEvent:
    """An event with how its delivery stands; None where it is not delivered anywhere."""

    event: ClientEvent
    delivery: EventDelivery | None


def claim_url(url: str, *, open_network: bool) -> None:
    """Say that events may be delivered to an address; who answers there is looked at each time.

    Raises:
        WebhookUrlError: not https, or with a user, a fragment, or no host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookUrlError from error
    plain = open_network and parts.scheme == "http"
    fits = (
        (parts.scheme == "https" or plain)
        and _HOST.fullmatch(parts.hostname or "")
        and (port or 1) > 0
        and "@" not in parts.netloc
        and not parts.fragment
        and url.isascii()
        and url.isprintable()
        and " " not in url
    )
    if not fits:
        raise WebhookUrlError


def set_webhook(
    session: Session, client: Client, url: str, kinds: Sequence[str], *, now: datetime
) -> Webhook:
    """Let a client's events of these kinds be delivered to an address from now on."""
    row = session.get(Webhook, client.client_id, with_for_update=True)
    said = " ".join(kind for kind in KINDS if kind in kinds)
    if row is None:
        made = {"client_id": client.client_id, "url": url, "kinds": said, "set_at": now}
        return session.scalars(insert(Webhook).returning(Webhook), [made]).one()
    row.url, row.kinds, row.set_at = url, said, now
    session.flush()
    return row


def webhook_of(session: Session, client: Client) -> Webhook:
    """Return where a client's events are delivered.

    Raises:
        WebhookUnsetError: nowhere.
    """
    row = session.get(Webhook, client.client_id)
    if row is None:
        raise WebhookUnsetError
    return row


def end_webhook(session: Session, client: Client) -> None:
    """Deliver a client's events no more; what waits is dead, and the feed stays.

    Raises:
        WebhookUnsetError: they were delivered nowhere.
    """
    webhook_of(session, client)
    session.execute(delete(Webhook).where(Webhook.client_id == client.client_id))
    session.execute(
        update(EventDelivery)
        .where(EventDelivery.client_id == client.client_id, EventDelivery.state == WAITING)
        .values(state=DEAD, failure="webhook-unset")
    )


def any_unplaced(session: Session) -> bool:
    """Tell whether an event waits for its position."""
    waiting = select(ClientEvent.event_no).where(ClientEvent.position.is_(None))
    return session.scalar(waiting.limit(1)) is not None


def give_positions(session: Session, limit: int, *, now: datetime) -> int:
    """Give events their positions, and those that are wanted somewhere their deliveries.

    The row that counts is held, so that positions are given, and seen, one after the other.
    """
    place = session.get_one(WatchPlace, 1, with_for_update=True, populate_existing=True)
    waiting = select(ClientEvent).where(ClientEvent.position.is_(None))
    ordered = waiting.order_by(ClientEvent.recorded_at, ClientEvent.event_no).limit(limit)
    events = session.scalars(ordered).all()
    for event in events:
        place.position += 1
        event.position = place.position
        webhook = session.get(Webhook, event.client_id)
        if webhook is not None and event.kind in webhook.kinds.split():
            _deliver(session, event, now)
    return len(events)


def feed_of(
    session: Session, client: Client, *, after: int, limit: int, newest_first: bool = False
) -> list[FedEvent]:
    """Return a client's events behind a position, one more than `limit` if there are further."""
    query = (
        select(ClientEvent, EventDelivery)
        .outerjoin(EventDelivery, EventDelivery.event_no == ClientEvent.event_no)
        .where(ClientEvent.client_id == client.client_id, ClientEvent.position > after)
        .order_by(ClientEvent.position.desc() if newest_first else ClientEvent.position)
    )
    return [FedEvent(*row) for row in session.execute(query.limit(limit + 1))]


def deliver_again(session: Session, client: Client, event_no: str, *, now: datetime) -> FedEvent:
    """Deliver an event once more, whatever became of it before.

    Raises:
        EventUnknownError: there is none, or it is another's.
        WebhookUnsetError: the client has no address.
    """
    event = session.get(ClientEvent, event_no)
    if event is None or event.client_id != client.client_id or event.position is None:
        raise EventUnknownError(event_no=event_no[:24])
    webhook_of(session, client)
    row = session.get(EventDelivery, event_no, with_for_update=True)
    if row is None:
        row = _deliver(session, event, now)
    else:
        row.state, row.attempts, row.next_at, row.failure = WAITING, 0, now, ""
        session.flush()
    return FedEvent(event, row)


def any_to_send(session: Session, *, now: datetime) -> bool:
    """Tell whether a delivery is due."""
    return session.scalar(select(EventDelivery.event_no).where(*_due(now)).limit(1)) is not None


def take_sending(session: Session, host: str, *, now: datetime) -> Sending | None:
    """Take up a delivery that is due; it comes again if nobody says how it went."""
    query = select(EventDelivery).where(*_due(now)).order_by(EventDelivery.next_at).limit(1)
    row = session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    row.attempts += 1
    row.next_at = now + _LEASE
    session.flush()
    event, webhook = session.get_one(ClientEvent, row.event_no), session.get(Webhook, row.client_id)
    url = webhook.url if webhook is not None else ""
    return Sending(row.event_no, row.attempts, url, canonical_bytes(payload_of(event, host)))


def settle_sending(session: Session, sending: Sending, sent: Sent, *, now: datetime) -> bool:
    """Say how an attempt went; False if another is under way by now."""
    values = {"tried_at": now, "status": sent.status, "failure": sent.failure}
    if sent.is_taken:
        values["state"] = DELIVERED
    elif sending.attempt > len(PAUSES) or not sending.url:
        values["state"] = DEAD
    else:
        values["next_at"] = now + PAUSES[sending.attempt - 1]
    changed = session.execute(
        update(EventDelivery)
        .where(
            EventDelivery.event_no == sending.event_no,
            EventDelivery.attempts == sending.attempt,
            EventDelivery.state == WAITING,
        )
        .values(values)
    )
    assert isinstance(changed, CursorResult)
    return changed.rowcount == 1


def payload_of(event: ClientEvent, host: str) -> Canonical:
    """Return what is told of an event: numbers of answers, and nobody's name or number."""
    return {
        "format": EVENT_FORMAT, "id": event.event_no, "type": event.kind,
        "time": instant_text(event.recorded_at), "issuer": host, "watched": event.watched_no,
        "verdict": event.verdict_no, "superseded_by": event.superseded_by or "",
        "changed": event.changed.split(),
    }  # fmt: skip


def _deliver(session: Session, event: ClientEvent, now: datetime) -> EventDelivery:
    row = {
        "event_no": event.event_no, "client_id": event.client_id, "state": WAITING, "attempts": 0,
        "next_at": now, "failure": "",
    }  # fmt: skip
    return session.scalars(insert(EventDelivery).returning(EventDelivery), [row]).one()


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (EventDelivery.state == WAITING, EventDelivery.next_at <= now)
