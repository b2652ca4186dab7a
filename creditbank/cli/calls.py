"""Commands on yearly calls, the bids on them, and what bases have to hold."""

from datetime import date, datetime
from typing import Any

import click

from creditbank.cli.console import Desk, WordOf, actor_option, pass_desk
from creditbank.cli.registry import ground_options, ground_told
from creditbank.clock import civil_day, utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.calls import (
    Award,
    BidDraft,
    CallDraft,
    CallKind,
    Lane,
    bid_on,
    bids_of,
    decide_call,
    open_call,
    recommend,
    withdraw_bid,
)
from creditbank.registry.duties import duties_of
from creditbank.registry.facts import Level
from creditbank.registry.lookups import organisation_of
from creditbank.registry.organisations import organisation_by_uscc

DAY = click.DateTime(["%Y-%m-%d"])


@click.group(help="年度申报：高级研修项目、继续教育基地。 Yearly calls.")
def calls() -> None:
    """Commands on yearly calls."""


@calls.command("open", help="发布申报通知。 Open a call.")
@click.option("--jurisdiction", required=True)
@click.option("--year", type=click.IntRange(2000, 2200), required=True)
@click.option("--kind", type=WordOf(CallKind), required=True)
@click.option("--level", type=WordOf(Level), required=True, help="级别。 Of what is awarded.")
@click.option("--title", required=True, help="名称。 Title.")
@click.option("--places", type=click.IntRange(0, 1_000), default=0, help="一般名额。 General.")
@click.option(
    "--reserved", type=click.IntRange(0, 1_000), default=0, help="专精特新单列名额。 Kept."
)
@click.option("--closes-on", type=DAY, required=True, help="申报截止日。 Last day of bids.")
@ground_options
@actor_option
@pass_desk
def calls_open(desk: Desk, /, *, actor: str, **told: Any) -> None:
    """Open a call."""
    places = {
        str(Lane.GENERAL): told["places"], str(Lane.SPECIALISED_INNOVATIVE): told["reserved"],
    }  # fmt: skip
    draft = CallDraft(
        told["jurisdiction"], told["year"], told["kind"], told["level"], told["title"], places,
        told["closes_on"].date(), ground_told(told),
    )  # fmt: skip
    with desk.bank(), unit_of_work() as session:
        made = open_call(session, draft, actor=actor, now=utc_now())
    desk.say("cli-call-opened", call_no=made.call_no)


@calls.command("bid", help="申报。 Bid on a call.")
@click.argument("call_no")
@click.option("--uscc", required=True, help="申报单位。 The bidder.")
@click.option("--lane", type=WordOf(Lane), default=str(Lane.GENERAL))
@click.option("--title", required=True, help="名称。 Title.")
@click.option("--plan", required=True, help="通知要求说明的情况。 What the notice asks for.")
@actor_option
@pass_desk
def calls_bid(desk: Desk, /, *, call_no: str, uscc: str, actor: str, **told: Any) -> None:
    """Bid on a call."""
    draft = BidDraft(told["lane"], told["title"], told["plan"])
    with desk.bank(), unit_of_work() as session:
        bidder = organisation_by_uscc(session, uscc)
        made = bid_on(session, call_no, bidder, draft, actor=actor, now=utc_now())
    desk.say("cli-call-bid", bid_no=made.bid_no)


@calls.command("withdraw", help="撤回申报（截止前）。 Take a bid back.")
@click.argument("bid_no")
@click.option("--reason", default="", help="写入行为记录。 It stands in the act.")
@actor_option
@pass_desk
def calls_withdraw(desk: Desk, bid_no: str, reason: str, actor: str) -> None:
    """Take a bid back before the call closes."""
    with desk.bank(), unit_of_work() as session:
        withdraw_bid(session, bid_no, None, reason, actor=actor, now=utc_now())
    desk.say("cli-call-bid-withdrawn", bid_no=bid_no)


@calls.command("decide", help="评定：所列申报入选，其余未入选。 Decide a call.")
@click.argument("call_no")
@click.option("--award", "awarded", multiple=True, help="入选的申报。 Repeat.")
@click.option("--from", "valid_from", type=DAY, help="基地起始日期。 First day of bases.")
@click.option("--through", "valid_through", type=DAY, help="基地最后一天。 Last day of bases.")
@ground_options
@actor_option
@pass_desk
def calls_decide(desk: Desk, /, *, call_no: str, actor: str, **told: Any) -> None:
    """Decide a call."""
    award = Award(
        told["awarded"], ground_told(told), _day(told["valid_from"]), _day(told["valid_through"])
    )
    with desk.bank(), unit_of_work() as session:
        decide_call(session, call_no, award, actor=actor, now=utc_now())
    desk.say("cli-call-decided", call_no=call_no, awarded=len(award.bids))


@calls.command("recommend", help="向上推荐入选的申报。 Recommend an awarded bid upward.")
@click.argument("bid_no")
@click.argument("level", type=WordOf(Level))
@ground_options
@actor_option
@pass_desk
def calls_recommend(desk: Desk, /, *, bid_no: str, level: Level, actor: str, **told: Any) -> None:
    """Recommend a bid upward."""
    with desk.bank(), unit_of_work() as session:
        recommend(session, bid_no, level, ground_told(told), actor=actor, now=utc_now())
    desk.say("cli-call-recommended", bid_no=bid_no)


@calls.command("bids", help="列出申报。 List the bids on a call.")
@click.argument("call_no")
@pass_desk
def calls_bids(desk: Desk, call_no: str) -> None:
    """List the bids on a call."""
    with desk.bank(), snapshot() as session:
        rows = [
            [
                each.bid_no, organisation_of(session, each.organisation_id).uscc,
                desk.text(f"call-lane-{each.lane.replace('_', '-')}"),
                desk.text(f"call-state-{each.state}"), each.recommended_to, each.title,
            ]
            for each in bids_of(session, call_no)
        ]  # fmt: skip
    desk.table(
        ["cli-column-call", "cli-column-uscc", "cli-column-value", "cli-column-state",
         "cli-column-level", "cli-column-title"],
        rows,
    )  # fmt: skip


@calls.command("duties", help="基地办班任务。 What bases have held.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--year", type=click.IntRange(2000, 2200))
@pass_desk
def calls_duties(desk: Desk, jurisdiction: str, year: int | None) -> None:
    """List bases, whoever has held least first."""
    today = civil_day(utc_now())
    with desk.bank(), snapshot() as session:
        found = duties_of(session, jurisdiction, year or today.year, today)
        rows = [
            [each.organisation.uscc, each.name, str(each.held), str(each.missing),
             each.by.isoformat()]
            for each in found
        ]  # fmt: skip
    desk.table(
        ["cli-column-uscc", "cli-column-name", "cli-column-held", "cli-column-missing",
         "cli-column-through"],
        rows,
    )  # fmt: skip


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
