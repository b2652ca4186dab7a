"""Commands on the routes of filings to the offices that decide them."""

from datetime import datetime
from typing import Any

import click

from creditbank.accounts.offices import require_office_known
from creditbank.cli.console import Desk, WordOf, actor_option, pass_desk
from creditbank.cli.registry import ground_options, ground_told
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.facts import Level
from creditbank.registry.filing.kinds import FilingKind
from creditbank.registry.filing.routes import RouteDraft, end_route, record_route, routes_seen

DAY = click.DateTime(["%Y-%m-%d"])


@click.group(help="备案办理分工：由哪个机关决定。 Which office decides filings.")
def filing_routes() -> None:
    """Commands on routes of filings."""


@filing_routes.command("record", help="登记办理分工。 Record who decides.")
@click.option("--district", required=True, help="单位所在辖区。 Of whose filings.")
@click.option("--office", required=True, help="决定机关的辖区。 Whose officials decide.")
@click.option("--kind", type=WordOf(FilingKind), help="缺省为各类。 Every kind if not given.")
@click.option("--level", type=WordOf(Level), help="缺省为各级。 Every level if not given.")
@click.option("--from", "valid_from", type=DAY, required=True, help="起始日期。 First day.")
@ground_options
@actor_option
@pass_desk
def routes_record(desk: Desk, /, *, actor: str, **told: Any) -> None:
    """Record a route."""
    draft = RouteDraft(
        told["district"], told["office"], told["valid_from"].date(), ground_told(told),
        str(told["kind"] or ""), str(told["level"] or ""),
    )  # fmt: skip
    with desk.bank(), unit_of_work() as session:
        require_office_known(session, draft.office)
        route_no = record_route(session, draft, actor=actor, now=utc_now()).route_no
    desk.say("cli-filing-route-recorded", route_no=route_no)


@filing_routes.command("end", help="终止办理分工。 Say on which day a route holds last.")
@click.argument("route_no")
@click.option("--through", type=DAY, required=True, help="最后一天。 Last day.")
@click.option("--reason", required=True, help="写入行为记录。 It stands in the act.")
@actor_option
@pass_desk
def routes_end(desk: Desk, *, route_no: str, through: datetime, reason: str, actor: str) -> None:
    """End a route."""
    with desk.bank(), unit_of_work() as session:
        end_route(session, route_no, through.date(), reason, actor=actor, now=utc_now())
    desk.say("cli-filing-route-ended", route_no=route_no, through=through.date().isoformat())


@filing_routes.command("list", help="列出办理分工。 List who decides.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--on", type=DAY, help="只列出这一天有效的。 Only those that hold on a day.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1_000, show_default=True)
@pass_desk
def routes_list(desk: Desk, jurisdiction: str, on: datetime | None, limit: int) -> None:
    """List routes."""
    day = on.date() if on else None
    with desk.bank(), snapshot() as session:
        found = routes_seen(session, jurisdiction, on=day, limit=limit)
        rows = [
            [
                each.route_no, each.district, each.kind, each.level, each.office,
                each.valid_from.isoformat(), str(each.valid_through or ""),
            ]
            for each in found
        ]  # fmt: skip
    desk.table(
        ["cli-column-number", "cli-column-region", "cli-column-kind", "cli-column-level",
         "cli-column-office", "cli-column-from", "cli-column-through"],
        rows,
    )  # fmt: skip
