"""Watched verdicts, the feed of events, and where they are delivered."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.house import current_house
from creditbank.registry.clients import Scope
from creditbank.schemas.watches import (
    EventAnswer,
    EventsAnswer,
    EventsQuery,
    NoWebhookAnswer,
    WatchAnswer,
    WatchesAnswer,
    WebhookAnswer,
    WebhookBody,
)
from creditbank.verification.answers import VerdictUnknownError
from creditbank.verification.events import (
    EventUnknownError,
    FedEvent,
    WebhookUnsetError,
    WebhookUrlError,
    claim_url,
    deliver_again,
    end_webhook,
    feed_of,
    set_webhook,
    webhook_of,
)
from creditbank.verification.watch_models import VerdictWatch, Webhook
from creditbank.verification.watching import (
    KINDS,
    VerdictUnwatchableError,
    WatchUnknownError,
    end_watch,
    watch_verdict,
    watches_of,
)

_WATCHES_MAX = 1_000

watches = Door("watches", __name__, description="What supersedes verdicts, as it happens.")


@watches.post(
    "/verdicts/<public:verdict_no>/watch",
    Scope.VERDICT_ASK,
    answer=WatchAnswer(),
    refuses=(VerdictUnknownError, VerdictUnwatchableError),
)
def watch(call: Call, session: Session, verdict_no: str) -> VerdictWatch:
    """Be told of whatever supersedes a verdict."""
    return watch_verdict(session, verdict_no, call.client, now=call.now)


@watches.post(
    "/verdicts/<public:verdict_no>/watch-ending",
    Scope.VERDICT_ASK,
    answer=WatchAnswer(),
    refuses=(WatchUnknownError,),
)
def stop_watching(call: Call, session: Session, verdict_no: str) -> VerdictWatch:
    """Watch a verdict no more."""
    return end_watch(session, verdict_no, call.client, now=call.now)


@watches.get("/watches", Scope.VERDICT_ASK, answer=WatchesAnswer())
def list_watches(call: Call, session: Session) -> dict[str, Any]:
    """List the verdicts that are watched, the newest first."""
    return {"watches": watches_of(session, call.client, _WATCHES_MAX)}


@watches.get("/events", Scope.VERDICT_ASK, query=EventsQuery(), answer=EventsAnswer())
def list_events(call: Call, session: Session) -> dict[str, Any]:
    """Return events behind a position, in an order in which none is ever put in between."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    after = call.query["after"]
    found = feed_of(session, call.client, after=after, limit=limit)[:limit]
    last = found[-1].event.position if found else after
    return {"events": [_event(each) for each in found], "next_after": last}


@watches.post(
    "/events/<public:event_no>/redelivery",
    Scope.VERDICT_ASK,
    answer=EventAnswer(),
    refuses=(EventUnknownError, WebhookUnsetError),
)
def redeliver(call: Call, session: Session, event_no: str) -> dict[str, Any]:
    """Deliver an event once more."""
    return _event(deliver_again(session, call.client, event_no, now=call.now))


@watches.post(
    "/webhook",
    Scope.VERDICT_ASK,
    body=JsonBody(WebhookBody(), {"url": "https://titles.example/events", "types": list(KINDS)}),
    answer=WebhookAnswer(),
    refuses=(WebhookUrlError,),
)
def set_address(call: Call, session: Session) -> dict[str, Any]:
    """Say where this client's events are delivered, from now on."""
    url, open_network = call.body["url"], bool(current_house().settings.webhook_open_network)
    claim_url(url, open_network=open_network)
    return _webhook(set_webhook(session, call.client, url, call.body["types"], now=call.now))


@watches.get("/webhook", Scope.VERDICT_ASK, answer=WebhookAnswer(), refuses=(WebhookUnsetError,))
def read_address(call: Call, session: Session) -> dict[str, Any]:
    """Tell where this client's events are delivered."""
    return _webhook(webhook_of(session, call.client))


@watches.post(
    "/webhook/ending", Scope.VERDICT_ASK, answer=NoWebhookAnswer(), refuses=(WebhookUnsetError,)
)
def end_address(call: Call, session: Session) -> dict[str, str]:
    """Deliver this client's events no more; the feed stays."""
    end_webhook(session, call.client)
    return {"ended": "yes"}


def _webhook(row: Webhook) -> dict[str, Any]:
    return {"url": row.url, "types": row.kinds.split(), "set_at": row.set_at}


def _event(fed: FedEvent) -> dict[str, Any]:
    event, delivery = fed.event, fed.delivery
    return {
        "position": event.position,
        "id": event.event_no,
        "type": event.kind,
        "time": event.recorded_at,
        "watched": event.watched_no,
        "verdict": event.verdict_no,
        "superseded_by": event.superseded_by or "",
        "changed": event.changed.split(),
        "delivery": delivery.state if delivery else "",
        "attempts": delivery.attempts if delivery else 0,
        "status": (delivery.status or 0) if delivery else 0,
        "failure": delivery.failure if delivery else "",
    }
