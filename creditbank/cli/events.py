"""Commands on events: what a client was told of, and delivering it once more."""

import click

from creditbank.cli.console import Desk, pass_desk
from creditbank.clock import instant_text, utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.clients import Client, Role
from creditbank.verification.events import deliver_again, feed_of

_CLIENT = click.option("--client", "client_id", required=True, help="客户端编号。 Whose events.")


@click.group(help="事件：核验结果的变化及其投递。 What supersedes verdicts.")
def events() -> None:
    """Commands on events."""


@events.command("list", help="列出一个客户端的事件，最新的在前。 List a client's events.")
@_CLIENT
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def events_list(desk: Desk, client_id: str, limit: int) -> None:
    """List the events of a client, the newest first, with how their delivery stands."""
    with desk.bank(), snapshot() as session:
        found = feed_of(session, _client(client_id), after=0, limit=limit, newest_first=True)
    if not found:
        desk.say("watch-events-none")
        return
    desk.table(
        ["event-number", "event-time", "event-kind", "answer-number", "event-superseded-by",
         "event-delivery"],
        [
            [fed.event.event_no, instant_text(fed.event.recorded_at), fed.event.kind,
             fed.event.verdict_no, fed.event.superseded_by or "",
             f"{fed.delivery.state} {fed.delivery.status or fed.delivery.failure}"
             if fed.delivery else ""]
            for fed in found[:limit]
        ],
    )  # fmt: skip
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


@events.command("redeliver", help="再次投递一个事件。 Deliver an event once more.")
@click.argument("event_no")
@_CLIENT
@pass_desk
def events_redeliver(desk: Desk, event_no: str, client_id: str) -> None:
    """Deliver an event once more; the clock's process sends it."""
    with desk.bank(), unit_of_work() as session:
        deliver_again(session, _client(client_id), event_no, now=utc_now())
    desk.say("cli-event-redelivered", event_no=event_no)


def _client(client_id: str) -> Client:
    return Client(client_id, Role.TITLE_SYSTEM, frozenset(), "cn", None)
