"""Commands on filings after their approval, and on the hours under a revoked one."""

from datetime import datetime

import click

from creditbank.cli.console import Desk, WordOf, actor_option, office_option, pass_desk
from creditbank.cli.organisations import DAY, filings
from creditbank.clock import utc_now
from creditbank.crediting.filing_review import (
    ReviewDecision,
    ReviewDraft,
    decide_review,
    review_of,
)
from creditbank.crediting.filing_steps import Ending, Measure, StepDraft, take_step
from creditbank.db import snapshot, unit_of_work
from creditbank.hours import hours_text
from creditbank.house import current_house
from creditbank.registry.filing.deciding import require_office
from creditbank.registry.filing.due import due_day_of, overdue_filings
from creditbank.registry.filing.states import FilingStep

#: The group of all filings, which these commands join.
__all__ = ["filings"]


@filings.command("step", help="撤回、结束、重新开放、暂停、恢复、撤销。 What becomes of a filing.")
@click.argument("filing_no")
@click.argument("step", type=click.Choice(sorted({*map(str, Ending), *map(str, Measure)})))
@click.option("--reason", default="", help="举办单位会看到。 The provider reads it.")
@click.option("--case-no", default="", help="撤销的案卷号。 The office's file, to revoke.")
@click.option("--from", "from_day", type=DAY, help="暂停首日。 First day of a suspension.")
@office_option
@actor_option
@pass_desk
def filings_step(  # each is one option
    desk: Desk,
    *,
    filing_no: str,
    step: str,
    reason: str,
    case_no: str,
    from_day: datetime | None,
    office: str,
    actor: str,
) -> None:
    """Take a step: withdraw, close, reopen, suspend, lift or revoke; an official's wants why."""
    if step not in set(Ending) and not reason:
        raise click.UsageError("--reason")
    day = from_day.date() if from_day else None
    draft = StepDraft(filing_no, FilingStep(step), actor, reason, case_no, day)
    with desk.bank(), unit_of_work() as session:
        if step not in set(Ending):  # the provider's own steps are no office's
            require_office(session, filing_no, office)
        filing = take_step(session, draft, now=utc_now())
        state = filing.state
    desk.say("cli-filing-stands", filing_no=filing_no, state=desk.text(f"filing-state-{state}"))


@filings.command(
    "overdue", help="超期未决定的备案，最久的在前。 Not decided in time, oldest first."
)
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@pass_desk
def filings_overdue(desk: Desk, jurisdiction: str, limit: int) -> None:
    """List what officials should have decided."""
    days = desk.settings.filing_decide_working_days
    with desk.bank(), snapshot() as session:
        found = overdue_filings(session, jurisdiction, days, limit=limit, now=utc_now())
        rows = [
            [each.filing_no, str(due_day_of(each, days)), each.deciding_office, each.title]
            for each in found
        ]
    headers = ["cli-column-filing", "cli-column-due", "cli-column-office", "cli-column-title"]
    desk.table(headers, rows)


@filings.command("review", help="被撤销备案的待定学时。 Hours under a revoked filing.")
@click.argument("filing_no")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@pass_desk
def filings_review(desk: Desk, filing_no: str, limit: int) -> None:
    """List the hours that wait for a decision."""
    with desk.bank(), snapshot() as session:
        found = review_of(session, current_house().vault, filing_no, limit=limit)
    desk.say(
        "cli-review-total",
        case_no=found.case_no,
        credits=found.total,
        hours=hours_text(found.centihours),
    )
    desk.table(
        ["cli-column-roster", "cli-column-number", "cli-column-day", "cli-column-hours",
         "cli-column-leaf"],
        [
            [
                f"{each.hours.roster_no}-{each.hours.row_no}", f"****{each.last_four}",
                each.hours.day.isoformat(), hours_text(each.hours.centihours),
                each.hours.leaf.hex(),
            ]
            for each in found.shown
        ],
    )  # fmt: skip
    if found.total > limit:
        desk.say("cli-more", limit=limit)


@filings.command("decide-hours", help="保留或冲正待定学时。 Keep or reverse hours that wait.")
@click.argument("filing_no")
@click.argument("decision", type=WordOf(ReviewDecision))
@click.option("--reason", required=True, help="写入行为记录。 It stands in the act.")
@click.option("--leaf", "leaves", multiple=True, help="缺省为最前的一批。 The first ones if none.")
@office_option
@actor_option
@pass_desk
def filings_decide_hours(
    desk: Desk, /, *, filing_no: str, decision: ReviewDecision, reason: str,
    leaves: tuple[str, ...], office: str, actor: str,
) -> None:  # fmt: skip
    """Decide on hours under a revoked filing."""
    try:
        named = frozenset(map(bytes.fromhex, leaves))
    except ValueError as error:
        raise click.UsageError("--leaf") from error
    draft = ReviewDraft(filing_no, decision, named, reason, actor)
    with desk.bank(), unit_of_work() as session:
        require_office(session, filing_no, office)
        done = decide_review(session, current_house().vault, draft, now=utc_now())
    desk.say(
        "cli-review-decided",
        decided=done.decided,
        hours=hours_text(done.centihours),
        left=done.left,
    )
