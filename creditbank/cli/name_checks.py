"""Commands on held rows: which wait, the name posted beside those on record, the decision."""

import click

from creditbank.cli.console import Desk, WordOf, actor_option, official_at, pass_desk
from creditbank.clock import civil_day, utc_now
from creditbank.crediting.name_checks import OPEN
from creditbank.crediting.name_decisions import (
    ChecksWanted,
    Finding,
    NameDecision,
    check_seen,
    checks_page,
    decide_name,
    names_on_record,
    told_rows,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house


@click.group(help="姓名核实：与登记不一致的行。 Rows whose name is another.")
def name_checks() -> None:
    """Commands on held rows."""


@name_checks.command("list", help="列出待核实的行。 List the rows that wait.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def name_checks_list(desk: Desk, jurisdiction: str, limit: int) -> None:
    """List held rows of a region, newest first, without names."""
    with desk.bank(), snapshot() as session:
        found = checks_page(session, ChecksWanted(official_at(jurisdiction), OPEN, None, limit))
        rows = [
            [each.check_no, each.filing_no, each.roster_no, str(each.row_no),
             civil_day(each.held_at).isoformat()]
            for each in found[:limit]
        ]  # fmt: skip
    if not rows:
        desk.say("name-checks-desk-none")
        return
    desk.table(
        ["name-check-number", "filing-number", "result-number", "cli-column-row",
         "name-check-held-at"],
        rows,
    )  # fmt: skip
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


@name_checks.command("show", help="并列显示两个姓名。 Show both names.")
@click.argument("check_no")
@pass_desk
def name_checks_show(desk: Desk, check_no: str) -> None:
    """Show the name that was posted beside those on record."""
    with desk.bank(), snapshot() as session:
        vault, check = current_house().vault, check_seen(session, official_at("cn"), check_no)
        [row] = told_rows(vault, [check])
        names = names_on_record(session, vault, check) if check.state == OPEN else ()
        state = desk.text(f"name-check-state-{check.state}")
    desk.say("cli-name-check", check_no=check_no, state=state, filing_no=check.filing_no)
    if names:
        desk.say(
            "cli-name-check-names", stated=row.name, names=list(names), four=row.last_four,
            day=row.day, note=row.note or "—",
        )  # fmt: skip


@name_checks.command("decide", help="核实结论：入账或不予登记。 Credit the row, or refuse it.")
@click.argument("check_no")
@click.option("--finding", type=WordOf(Finding), required=True)
@click.option("--case-no", required=True, help="案卷号。 Number of the office's file.")
@actor_option
@pass_desk
def name_checks_decide(
    desk: Desk, check_no: str, finding: Finding, case_no: str, actor: str
) -> None:
    """Decide a held row."""
    with desk.bank(), unit_of_work() as session:
        check_seen(session, official_at("cn"), check_no)
        decision = NameDecision(check_no, finding, case_no, actor)
        check = decide_name(session, current_house().vault, decision, now=utc_now())
        state = desk.text(f"name-check-state-{check.state}")
    desk.say("cli-name-check-decided", check_no=check_no, state=state)
