"""Watched verdicts by the pages: what superseded them, and where that is delivered."""

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.house import current_house
from creditbank.registry.clients import Scope
from creditbank.verification.events import (
    URL_CHARACTERS_MAX,
    WebhookUnsetError,
    claim_url,
    deliver_again,
    end_webhook,
    feed_of,
    set_webhook,
    webhook_of,
)
from creditbank.verification.watching import KINDS, end_watch, watch_verdict, watches_of
from creditbank.web import fields
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import shown

_ASKS = able(Scope.VERDICT_ASK)
_HERE = "/verdicts/watched"
_EVENTS, _WATCHES = 50, 200

watched = Pages("watched", __name__)


@watched.shown(_HERE, _ASKS, menu="watched")
def overview(visit: Visit, session: Session, **_asked: str) -> Response:
    """Show what is watched, what happened to it, and where that is delivered."""
    try:
        webhook = webhook_of(session, visit.client)
    except WebhookUnsetError:
        webhook = None
    found = feed_of(session, visit.client, after=0, limit=_EVENTS, newest_first=True)
    return shown(
        "watched.html", watches=watches_of(session, visit.client, _WATCHES), webhook=webhook,
        events=found[:_EVENTS], url=request.form.get("url", webhook.url if webhook else ""),
        url_max=URL_CHARACTERS_MAX,
    )  # fmt: skip


@watched.sent("/verdicts/<public:verdict_no>/watch", _ASKS, shows=overview)
def watch(visit: Visit, session: Session, verdict_no: str) -> Response:
    """Be told of whatever supersedes a verdict."""
    watch_verdict(session, verdict_no, visit.client, now=visit.now)
    return see("web.verdicts.answer", "verdict-watched", verdict_no=verdict_no)


@watched.sent("/verdicts/<public:verdict_no>/watch-ending", _ASKS, shows=overview)
def stop(visit: Visit, session: Session, verdict_no: str) -> Response:
    """Watch a verdict no more."""
    end_watch(session, verdict_no, visit.client, now=visit.now)
    return see("web.watched.overview", "watch-ended")


@watched.sent(f"{_HERE}/webhook", _ASKS, shows=overview)
def set_address(visit: Visit, session: Session) -> Response:
    """Say where this seat's events are delivered."""
    url = fields.text("url", "webhook-url-label", URL_CHARACTERS_MAX)
    claim_url(url, open_network=bool(current_house().settings.webhook_open_network))
    set_webhook(session, visit.client, url, KINDS, now=visit.now)
    return see("web.watched.overview", "webhook-set")


@watched.sent(f"{_HERE}/webhook/ending", _ASKS, shows=overview)
def end_address(visit: Visit, session: Session) -> Response:
    """Deliver this seat's events no more."""
    end_webhook(session, visit.client)
    return see("web.watched.overview", "webhook-ended")


@watched.sent(f"{_HERE}/<public:event_no>/redelivery", _ASKS, shows=overview)
def redeliver(visit: Visit, session: Session, event_no: str) -> Response:
    """Deliver an event once more."""
    deliver_again(session, visit.client, event_no, now=visit.now)
    return see("web.watched.overview", "event-redelivered")
