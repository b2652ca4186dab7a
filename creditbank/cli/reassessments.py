"""Commands on re-assessments: ask, read, propose, approve as another, do what waits."""

import threading
from datetime import date, datetime

import click

from creditbank.cli.console import Desk, actor_option, pass_desk
from creditbank.clock import instant_text, utc_now
from creditbank.crediting.reassessments import (
    ReassessmentDraft,
    ReassessmentsWanted,
    approve_reassessment,
    listed_count,
    propose_reassessment,
    reassessed_page,
    reassessment_numbered,
    reassessments_page,
    request_reassessment,
    told,
    withdraw_reassessment,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.hours import hours_text
from creditbank.jobs.reassessments import run_reassessments
from creditbank.rules.explain import name_of

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(help="规则更正后重新折算学时。 Hours converted again after a change of law.")
def reassessments() -> None:
    """Commands on re-assessments."""


@reassessments.command("request", help="请求试算，不改动学时。 Ask; no hours are moved.")
@click.argument("scheme")
@click.option("--case-no", required=True, help="案卷号。 Number of the office's file.")
@click.option("--source", "source_no", default="", help="只算一项备案或认定。 One source alone.")
@click.option("--from", "first", type=_DAY, help="取得日起。 Earned on or after.")
@click.option("--to", "last", type=_DAY, help="取得日止。 Earned on or before.")
@actor_option
@pass_desk
def reassessments_request(
    desk: Desk,
    *,
    scheme: str,
    case_no: str,
    source_no: str,
    first: datetime | None,
    last: datetime | None,
    actor: str,
) -> None:
    """Leave the credits of SCHEME to be converted again; the clock's process rehearses it."""
    draft = ReassessmentDraft(scheme, case_no, actor, source_no, _day(first), _day(last))
    with desk.bank(), unit_of_work() as session:
        made = request_reassessment(session, draft, now=utc_now())
    desk.say("cli-reassessment-asked", reassessment_no=made.reassessment_no)


@reassessments.command("run", help="立即办理待办的试算与执行。 Do what waits, here and now.")
@pass_desk
def reassessments_run(desk: Desk) -> None:
    """Rehearse and carry out whatever waits, in this process instead of the clock's."""
    with desk.bank():
        done = run_reassessments(threading.Event())
    desk.say("cli-reassessments-run", count=done)


@reassessments.command(
    "propose", help="提交试算结果，待第二人批准。 Put it before a second person."
)
@click.argument("reassessment_no")
@click.option("--digest", required=True, help="所阅结果的摘要。 Of the report that was read.")
@actor_option
@pass_desk
def reassessments_propose(desk: Desk, reassessment_no: str, digest: str, actor: str) -> None:
    """Propose exactly the report with this digest."""
    with desk.bank(), unit_of_work() as session:
        propose_reassessment(session, reassessment_no, digest, actor=actor, now=utc_now())
    desk.say("cli-reassessment-proposed", reassessment_no=reassessment_no)


@reassessments.command("approve", help="第二人批准，随后执行。 Approve as a second person.")
@click.argument("reassessment_no")
@click.option("--digest", required=True, help="所阅结果的摘要。 Of the report that was read.")
@actor_option
@pass_desk
def reassessments_approve(desk: Desk, reassessment_no: str, digest: str, actor: str) -> None:
    """Approve exactly the report with this digest; it is carried out in the background."""
    with desk.bank(), unit_of_work() as session:
        approve_reassessment(session, reassessment_no, digest, actor=actor, now=utc_now())
    desk.say("cli-reassessment-approved", reassessment_no=reassessment_no)


@reassessments.command("withdraw", help="批准前撤回。 Take one back before it is approved.")
@click.argument("reassessment_no")
@actor_option
@pass_desk
def reassessments_withdraw(desk: Desk, reassessment_no: str, actor: str) -> None:
    """Withdraw a re-assessment; no hours were moved."""
    with desk.bank(), unit_of_work() as session:
        withdraw_reassessment(session, reassessment_no, actor=actor, now=utc_now())
    desk.say("cli-reassessment-withdrawn", reassessment_no=reassessment_no)


@reassessments.command("list", help="列出，新的在前。 List them, newest first.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def reassessments_list(desk: Desk, jurisdiction: str, limit: int) -> None:
    """List re-assessments."""
    with desk.bank(), snapshot() as session:
        found = reassessments_page(session, ReassessmentsWanted(jurisdiction, None, limit))
        rows = [
            [
                each.reassessment_no, each.case_no, each.scheme,
                desk.text(f"reassessment-state-{each.state}"), instant_text(each.requested_at),
            ]
            for each in found[:limit]
        ]  # fmt: skip
    if not rows:
        desk.say("reassessments-none")
        return
    desk.table(
        ["cli-column-number", "cli-column-case", "reassessment-scheme", "cli-column-state",
         "reassessment-requested"],
        rows,
    )  # fmt: skip
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


@reassessments.command("show", help="查看进度、结果与清单。 How far it is, and what it changes.")
@click.argument("reassessment_no")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@pass_desk
def reassessments_show(desk: Desk, reassessment_no: str, limit: int) -> None:
    """Show a re-assessment: counts, sums, and the credits that change; nobody is named."""
    with desk.bank(), snapshot() as session:
        found = reassessment_numbered(session, reassessment_no)
        said, listed = told(session, found), listed_count(found)
        credits = reassessed_page(session, reassessment_no, 0, limit)
    desk.say(
        "cli-reassessment-shown", reassessment_no=reassessment_no, case_no=found.case_no,
        scheme=found.scheme, state=desk.text(f"reassessment-state-{found.state}"),
        done=found.step_done, total=found.step_total,
    )  # fmt: skip
    if found.failed:
        desk.say("cli-reassessment-failed", failed=found.failed)
    if not said["digest"]:
        return
    desk.say(
        "cli-reassessment-report", credits=said["credits"], people=said["people"],
        digest=said["digest"],
    )  # fmt: skip
    for word, lines in (("plan", said["plans"]), ("outcome", said["outcomes"])):
        for each in lines:
            desk.say(
                "cli-reassessment-count", count=each["count"],
                what=desk.text(f"reassessment-{word}-{each[word]}"),
            )  # fmt: skip
    desk.table(
        ["cli-column-year", "cli-column-subject", "reassessment-entries", "reassessment-before",
         "reassessment-after"],
        [[str(each["year"]), name_of("subject", each["subject"], desk.language),
          str(each["credits"]), hours_text(each["before"]), hours_text(each["after"])]
         for each in said["sums"]],
    )  # fmt: skip
    desk.table(
        ["cli-column-occasion", "reassessment-before", "reassessment-after", "reassessment-plan",
         "reassessment-outcome"],
        [[each.occasion, hours_text(each.centihours), hours_text(each.new_centihours),
          desk.text(f"reassessment-plan-{each.plan}"),
          desk.text(f"reassessment-outcome-{each.outcome}") if each.outcome else "–"]
         for each in credits],
    )  # fmt: skip
    if listed > limit:
        desk.say("cli-more", limit=limit)


def _day(instant: datetime | None) -> date | None:
    return instant.date() if instant is not None else None
