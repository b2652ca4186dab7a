"""Commands on disputes of hours: which wait, what was said, the official's decision."""

import click

from creditbank.cli.console import Desk, WordOf, actor_option, official_at, pass_desk
from creditbank.cli.looking import operator_shows
from creditbank.clock import civil_day, utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.integrity.disputes import Outcome, StepDraft, Term, decide_dispute
from creditbank.integrity.lists import (
    OPEN,
    DisputesWanted,
    dispute_seen,
    disputes_page,
    told_dispute,
)
from creditbank.verification.desk_looks import LookDraft, Shown


@click.group(help="学时异议。 Disputes of hours.")
def disputes() -> None:
    """Commands on disputes."""


@disputes.command("list", help="列出待处理的异议，最早的在前。 List what waits, the oldest first.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--all", "every", is_flag=True, help="连同已办结的。 Those that are over, too.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def disputes_list(desk: Desk, *, jurisdiction: str, every: bool, limit: int) -> None:
    """List disputes of a region, without names."""
    wanted = DisputesWanted(official_at(jurisdiction), "" if every else OPEN, None, limit)
    with desk.bank(), snapshot() as session:
        found = disputes_page(session, wanted)
        rows = [
            [
                each.dispute_no, each.filing_no or "—", desk.text(f"dispute-about-{each.about}"),
                desk.text(f"dispute-state-{each.state}"), civil_day(each.stated_at).isoformat(),
                each.due_on.isoformat() if each.due_on else "—",
            ]
            for each in found[:limit]
        ]  # fmt: skip
    if not rows:
        desk.say("disputes-none")
        return
    desk.table(
        ["dispute-number", "filing-number", "dispute-about", "dispute-state", "dispute-stated",
         "dispute-due"],
        rows,
    )  # fmt: skip
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


@disputes.command("show", help="显示一项异议的全部经过。 Show every step of a dispute.")
@click.argument("dispute_no")
@pass_desk
def disputes_show(desk: Desk, dispute_no: str) -> None:
    """Show what was said and done."""
    with desk.bank(), snapshot() as session:
        dispute = dispute_seen(session, official_at("cn"), dispute_no)
        operator_shows([dispute.person_id], LookDraft(Shown.DISPUTE, dispute_no))
        told = told_dispute(session, current_house().vault, dispute)
    desk.say(
        "cli-dispute", dispute_no=dispute_no, about_words=f"dispute-about-{dispute.about}",
        state_words=f"dispute-state-{dispute.state}", provider=told.provider,
        filing_no=dispute.filing_no or "—", day=dispute.day.isoformat() if dispute.day else "—",
    )  # fmt: skip
    rows = [
        [
            civil_day(each.recorded_at).isoformat(), desk.text(f"dispute-step-{each.step}"),
            each.actor, each.words if each.words is not None else desk.text("dispute-erased-words"),
            each.remedy,
        ]
        for each in told.steps
    ]  # fmt: skip
    desk.table(
        ["filing-day", "dispute-step", "dispute-actor", "dispute-words", "dispute-remedy-name"],
        rows,
    )


@disputes.command("decide", help="对异议作出决定。 Decide a dispute.")
@click.argument("dispute_no")
@click.option("--outcome", type=WordOf(Outcome), required=True)
@click.option("--words", required=True, help="理由，本人和培训机构可见。 Why; both sides read it.")
@click.option("--case-no", required=True, help="案卷号。 Number of the office's file.")
@actor_option
@pass_desk
def disputes_decide(
    desk: Desk, *, dispute_no: str, outcome: Outcome, words: str, case_no: str, actor: str
) -> None:
    """Decide for the person or against them."""
    term = Term(desk.settings.dispute_working_days)
    draft = StepDraft(dispute_no, actor, words, case_no=case_no)
    with desk.bank(), unit_of_work() as session:
        dispute_seen(session, official_at("cn"), dispute_no)
        vault = current_house().vault
        state = decide_dispute(session, vault, outcome, draft, term, now=utc_now()).state
    desk.say("cli-dispute-decided", dispute_no=dispute_no, state_words=f"dispute-state-{state}")
