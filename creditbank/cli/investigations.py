"""Commands on investigations: freeze hours, release or reverse them, see what is frozen."""

from typing import IO

import click

from creditbank.cli.console import Desk, WordOf, actor_option, pass_desk, read_person
from creditbank.cli.looking import operator_shows
from creditbank.clock import civil_day, instant_text, utc_now
from creditbank.crediting.cases import CasesWanted, cases_of, cases_page, credits_held
from creditbank.crediting.investigations import (
    InvestigationDraft,
    InvestigationReason,
    Outcome,
    close_investigation,
    investigation_numbered,
    open_investigation,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.hours import hours_text
from creditbank.house import current_house
from creditbank.rules.explain import name_of
from creditbank.verification.desk_looks import LookDraft, Shown


@click.group(help="学时核查：冻结、解冻、冲正。 Hours under investigation.")
def investigations() -> None:
    """Commands on investigations."""


@investigations.command("open", help="立案核查，冻结学时。 Open one; its hours are frozen.")
@click.argument("about")
@click.option("--case-no", required=True, help="案卷号。 Number of the office's file.")
@click.option("--reason", type=WordOf(InvestigationReason), required=True)
@click.option(
    "--person",
    "person_file",
    type=click.File("rb"),
    help="只核查一人；缺省为全部。 One person alone, as a JSON file; everybody if not given.",
)
@actor_option
@pass_desk
def investigations_open(
    desk: Desk,
    *,
    about: str,
    case_no: str,
    reason: InvestigationReason,
    person_file: IO[bytes] | None,
    actor: str,
) -> None:
    """Freeze hours of a source: F7K2M9QXAB for all, F7K2M9QXAB/2 for one session, part or row."""
    identity = read_person(person_file) if person_file is not None else None
    draft = InvestigationDraft(
        source_no=about.partition("/")[0],
        case_no=case_no,
        reason=reason,
        actor=actor,
        identity=identity,
        occasion=about if "/" in about else "",
    )
    with desk.bank(), unit_of_work() as session:
        made = open_investigation(session, current_house().vault, draft, now=utc_now())
        [case] = cases_of(session, [made])
    desk.say(
        "cli-investigation-opened", investigation_no=made.investigation_no, credits=case.credits
    )


@investigations.command("close", help="结束核查：解冻或冲正。 Close one: release or reverse.")
@click.argument("investigation_no")
@click.option("--outcome", type=WordOf(Outcome), required=True)
@actor_option
@pass_desk
def investigations_close(desk: Desk, investigation_no: str, outcome: Outcome, actor: str) -> None:
    """Close an investigation."""
    with desk.bank(), unit_of_work() as session:
        vault = current_house().vault
        close_investigation(session, vault, investigation_no, outcome, actor=actor, now=utc_now())
    state = desk.text(f"investigation-state-{outcome}")
    desk.say("cli-investigation-closed", investigation_no=investigation_no, state=state)


@investigations.command("list", help="列出核查，新的在前。 List them, newest first.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--case-no", default="", help="案卷号。 Number of the office's file.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def investigations_list(desk: Desk, jurisdiction: str, case_no: str, limit: int) -> None:
    """List investigations."""
    with desk.bank(), snapshot() as session:
        found = cases_page(session, CasesWanted(jurisdiction, case_no, "", None, limit))
        rows = [
            [
                case.investigation.investigation_no, case.investigation.case_no, case.about,
                desk.text(f"investigation-state-{case.investigation.state}"),
                civil_day(case.investigation.opened_at).isoformat(),
            ]
            for case in found[:limit]
        ]  # fmt: skip
    if not rows:
        desk.say("cli-investigations-none")
        return
    desk.table(
        ["investigation-number", "cli-column-case", "cli-column-about", "cli-column-state",
         "investigation-opened"],
        rows,
    )  # fmt: skip
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


@investigations.command("show", help="查看一项核查及所涉学时。 Show one and what it held.")
@click.argument("investigation_no")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@pass_desk
def investigations_show(desk: Desk, investigation_no: str, limit: int) -> None:
    """Show an investigation."""
    with desk.bank(), snapshot() as session:
        found = investigation_numbered(session, investigation_no)
        [case] = cases_of(session, [found])
        held = credits_held(session, current_house().vault, investigation_no, 0, limit)
        draft = LookDraft(Shown.INVESTIGATION, investigation_no, found.case_no)
        operator_shows([each.credit.person_id for each in held], draft)
    desk.say(
        "cli-investigation-shown",
        investigation_no=investigation_no,
        case_no=found.case_no,
        state=desk.text(f"investigation-state-{found.state}"),
        about=case.about,
        reason=desk.text(f"investigation-reason-{found.reason}"),
        opened_at=instant_text(found.opened_at),
    )
    rows = [
        [
            each.credit.occasion, f"****{each.last_four}", str(each.credit.credited_year),
            name_of("subject", each.credit.subject, desk.language),
            hours_text(each.credit.centihours),
            desk.text(f"investigation-credit-{each.standing}"),
        ]
        for each in held
    ]  # fmt: skip
    desk.table(
        ["cli-column-occasion", "cli-column-number", "cli-column-year", "cli-column-subject",
         "cli-column-hours", "cli-column-state"],
        rows,
    )  # fmt: skip
    if case.credits > limit:
        desk.say("cli-more", limit=limit)
