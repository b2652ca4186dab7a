"""Check-in on site by command: opened, looked at, closed, posted."""

from collections.abc import Iterable

import click

from creditbank.attendance.cells import ATTENDED_MINUTES_MAX
from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.check_ins import (
    Comer,
    check_in_numbered,
    close_check_in,
    comers_of,
    planned_of,
    wall_time,
)
from creditbank.cli.console import Desk, actor_option, pass_desk
from creditbank.cli.rosters import show_result
from creditbank.clock import utc_now
from creditbank.crediting.check_in_posting import (
    CheckInPosting,
    open_for,
    post_check_in,
    rehearse_check_in,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.registry.filing.filings import filing_numbered


@click.group("check-ins", help="现场签到。 Check-in on site.")
def check_ins() -> None:
    """Commands on check-in."""


@check_ins.command("open", help="开启某场签到。 Open check-in to a session of today.")
@click.argument("filing_no")
@click.argument("session_no", type=click.IntRange(1))
@actor_option
@pass_desk
def check_ins_open(desk: Desk, *, filing_no: str, session_no: int, actor: str) -> None:
    """Open it, or name the one that is open."""
    with desk.bank(), unit_of_work() as session:
        filing, vault = filing_numbered(session, filing_no), current_house().vault
        opened = open_for(session, vault, filing, session_no, actor=actor, now=utc_now())
    _say(desk, opened)


@check_ins.command("show", help="查看签到名单。 Show who is on the list.")
@click.argument("check_in_no")
@pass_desk
def check_ins_show(desk: Desk, check_in_no: str) -> None:
    """Show who came and left, by masked name."""
    with desk.bank(), snapshot() as session:
        check_in = check_in_numbered(session, check_in_no)
        comers = comers_of(session, current_house().vault, check_in)
        day = planned_of(session, check_in).day.isoformat()
    _say(desk, check_in)
    desk.say("cli-check-in-people", day=day, people=len(comers))
    headers = ["check-in-number", "preview-person", "check-in-times", "check-in-minutes",
               "cli-check-in-how"]  # fmt: skip
    rows = [
        [
            str(each.person_no), f"{each.masked_name} {each.last_four}",
            " ".join(
                f"{wall_time(span.began_at)}–{wall_time(span.ended_at) if span.ended_at else ''}"
                for span in each.spans
            ),
            str(each.attended_minutes),
            _how(desk, each),
        ]
        for each in comers
    ]  # fmt: skip
    if rows:
        desk.table(headers, rows)


def _how(desk: Desk, comer: Comer) -> str:
    """Say what is to be known of somebody's scans: without network, or on a doubtful clock."""
    said = [
        *(["check-in-offline"] if comer.is_offline else []),
        *(["check-in-doubted"] if comer.is_doubted else []),
    ]
    left = [desk.text("check-in-left-only", time=wall_time(time)) for time in comer.left_only]
    return " · ".join([*map(desk.text, said), *left])


@check_ins.command("close", help="结束签到。 Take no more scans.")
@click.argument("check_in_no")
@actor_option
@pass_desk
def check_ins_close(desk: Desk, *, check_in_no: str, actor: str) -> None:
    """Close it; one that is closed stays so."""
    with desk.bank(), unit_of_work() as session:
        closed = close_check_in(session, check_in_no, actor=actor, now=utc_now())
    _say(desk, closed)


@check_ins.command("post", help="将签到入账。 Post a closed check-in as a roster.")
@click.argument("check_in_no")
@click.option(
    "--minutes",
    "stated",
    type=(click.IntRange(1), click.IntRange(0, ATTENDED_MINUTES_MAX)),
    multiple=True,
    help="序号和实到分钟，0 为不入账。 Number and minutes; 0 leaves somebody out.",
)
@click.option("--rehearse", is_flag=True, help="只试算，不入账。 Only say what would become of it.")
@actor_option
@pass_desk
def check_ins_post(
    desk: Desk, *, check_in_no: str, stated: Iterable[tuple[int, int]], rehearse: bool, actor: str
) -> None:
    """Credit whoever was there, and show whoever is refused."""
    posting = CheckInPosting(check_in_no, actor, dict(stated))
    post = rehearse_check_in if rehearse else post_check_in
    with desk.bank(), unit_of_work() as session:
        posted = post(session, current_house().vault, posting, now=utc_now())
    show_result(desk, posted.result, rehearsed=rehearse)


def _say(desk: Desk, check_in: CheckIn) -> None:
    desk.say(
        "cli-check-in", check_in_no=check_in.check_in_no, filing_no=check_in.filing_no,
        session=check_in.session_no, state_words=f"check-in-state-{check_in.state}",
    )  # fmt: skip
