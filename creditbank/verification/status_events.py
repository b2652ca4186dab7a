"""What became of status records, fed to the clients that stated them in an order that only grows.

An event gets its position afterwards, from the row that counts the events of verdicts as well
(`events.py`), so whoever reads behind the last position that they saw misses none.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.ids import random_number
from creditbank.registry.clients import Client
from creditbank.verification.status_models import StatusEvent, StatusRecord
from creditbank.verification.watch_models import WatchPlace

RECORDED, SUPERSEDED, TAKEN_BACK = "status.recorded", "status.superseded", "status.taken-back"
EVENT_KINDS = (RECORDED, SUPERSEDED, TAKEN_BACK)


def tell_of_record(
    session: Session, made: StatusRecord, earlier: StatusRecord | None, *, says_so: bool,
    now: datetime,
) -> None:  # fmt: skip
    """Tell whoever stated a record, and whoever stated what it corrects or takes back."""
    told: list[tuple[str, str, str, str]] = []
    if earlier is not None:
        kind, by = (SUPERSEDED, made.record_no) if says_so else (TAKEN_BACK, "")
        both = sorted({earlier.actor, made.actor})
        told += [(client_id, kind, earlier.record_no, by) for client_id in both]
    if says_so:
        told.append((made.actor, RECORDED, made.record_no, ""))
    events = [
        {
            "event_no": "N" + random_number(15), "client_id": client_id, "kind": kind,
            "record_no": record_no, "record_kind": made.kind, "superseded_by": by,
            "recorded_at": now,
        }
        for client_id, kind, record_no, by in told
    ]  # fmt: skip
    session.execute(insert(StatusEvent), events)


def any_unplaced_status(session: Session) -> bool:
    """Tell whether an event waits for its position."""
    waiting = select(StatusEvent.event_no).where(StatusEvent.position.is_(None))
    return session.scalar(waiting.limit(1)) is not None


def give_status_positions(session: Session, limit: int) -> int:
    """Give events their positions; the row that counts is held, so they are seen in that order."""
    place = session.get_one(WatchPlace, 1, with_for_update=True, populate_existing=True)
    waiting = select(StatusEvent).where(StatusEvent.position.is_(None))
    ordered = waiting.order_by(StatusEvent.recorded_at, StatusEvent.event_no).limit(limit)
    events = session.scalars(ordered).all()
    for event in events:
        place.position += 1
        event.position = place.position
    return len(events)


def status_feed(session: Session, client: Client, *, after: int, limit: int) -> list[StatusEvent]:
    """Return a client's events behind a position."""
    query = select(StatusEvent).where(
        StatusEvent.client_id == client.client_id, StatusEvent.position > after
    )
    found: Sequence[StatusEvent] = session.scalars(
        query.order_by(StatusEvent.position).limit(limit)
    ).all()
    return list(found)
