"""Commands that erase a record: one proposes, another states the person again and approves."""

from typing import IO

import click

from creditbank.cli.console import Desk, actor_option, pass_desk, read_person
from creditbank.cli.records import people
from creditbank.clock import utc_now
from creditbank.crediting.erasing import (
    Erasure,
    approve_erasure,
    erasures_page,
    propose_erasure,
    withdraw_erasure,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house


@people.command("propose-erasure", help="提出清除档案。 Propose to erase a record for good.")
@click.argument("person", type=click.File("rb"))
@click.option("--jurisdiction", required=True, help="辖区。 Region.")
@click.option("--case-no", required=True, help="案卷号。 Number of the office's file.")
@actor_option
@pass_desk
def erasures_propose(
    desk: Desk, /, person: IO[bytes], jurisdiction: str, case_no: str, actor: str
) -> None:
    """Propose it; nothing is erased yet."""
    wanted = Erasure(read_person(person), jurisdiction, actor, case_no)
    with desk.bank(), unit_of_work() as session:
        number = propose_erasure(session, current_house().vault, wanted, now=utc_now())
    desk.say("cli-erasure-proposed", erasure_no=number)


@people.command("approve-erasure", help="批准清除，不可恢复。 Approve it as another person.")
@click.argument("erasure_no")
@click.argument("person", type=click.File("rb"))
@actor_option
@pass_desk
def erasures_approve(desk: Desk, /, erasure_no: str, person: IO[bytes], actor: str) -> None:
    """Erase the secret of somebody's keys, and the kept files that speak of them."""
    identity = read_person(person)
    with desk.bank(), unit_of_work() as session:
        vault = current_house().vault
        done = approve_erasure(session, vault, erasure_no, identity, actor=actor, now=utc_now())
    desk.say("cli-person-erased", erasure_no=done.erasure_no, files=done.files)


@people.command("withdraw-erasure", help="撤回清除提议。 Take a proposal back.")
@click.argument("erasure_no")
@click.option("--reason", required=True, help="写入行为记录。 It stands in the act.")
@actor_option
@pass_desk
def erasures_withdraw(desk: Desk, /, erasure_no: str, reason: str, actor: str) -> None:
    """Take it back before it is approved."""
    with desk.bank(), unit_of_work() as session:
        withdraw_erasure(session, erasure_no, actor=actor, reason=reason, now=utc_now())
    desk.say("cli-erasure-withdrawn", erasure_no=erasure_no)


@people.command("erasures", help="列出清除提议。 List erasures, without names.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True)
@pass_desk
def erasures_list(desk: Desk, /, jurisdiction: str, limit: int) -> None:
    """List them, the newest first."""
    with desk.bank(), snapshot() as session:
        found = erasures_page(session, jurisdiction, None, limit)[:limit]
    if not found:
        desk.say("erasures-none")
        return
    headers = ["preview-erasure", "cli-erasure-state", "desk-item-case", "erasure-proposed-by"]
    rows = [
        [each.erasure_no, desk.text(f"erasure-state-{each.state}"), each.case_no, each.proposed_by]
        for each in found
    ]
    desk.table(headers, rows)
