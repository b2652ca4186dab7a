"""Commands on delegations: who posts attendance for whom, and until when."""

from datetime import datetime

import click

from creditbank.cli.console import Desk, actor_option, pass_desk
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.delegations import (
    CHANGES,
    DelegationDraft,
    DelegationsWanted,
    change_delegation,
    delegations_page,
    give_delegation,
)
from creditbank.registry.organisations import organisation_by_uscc

DAY = click.DateTime(["%Y-%m-%d"])


@click.group(help="委托登记考勤。 Who posts attendance for whom.")
def delegations() -> None:
    """Commands on delegations."""


@delegations.command("give", help="委托另一单位登记考勤。 Let another organisation post.")
@click.option("--uscc", required=True, help="委托单位（备案所属单位）。 Who holds the filings.")
@click.option("--to", "delegate", required=True, help="受托单位。 Who is to post.")
@click.option("--filing", "filing_no", default="", help="某一备案，缺省为全部。 All if not given.")
@click.option("--from", "valid_from", type=DAY, help="首日，缺省为今天。 Today if not given.")
@click.option("--through", "valid_through", type=DAY, required=True, help="最后一天。 Last day.")
@actor_option
@pass_desk
def delegations_give(  # what is delegated
    desk: Desk, *, uscc: str, delegate: str, filing_no: str, valid_from: datetime | None,
    valid_through: datetime, actor: str,
) -> None:  # fmt: skip
    """Let an organisation post in another's stead."""
    first = None if valid_from is None else valid_from.date()
    with desk.bank(), unit_of_work() as session:
        holder, other = (organisation_by_uscc(session, each) for each in (uscc, delegate))
        draft = DelegationDraft(holder, other, filing_no, first, valid_through.date())
        made = give_delegation(session, draft, actor=actor, now=utc_now())
    desk.say("cli-delegation-given", delegation_no=made.delegation_no, name=other.name)


@delegations.command("change", help="终止、暂停或恢复委托。 End, suspend or lift one.")
@click.argument("delegation_no")
@click.argument("step", type=click.Choice(sorted(CHANGES)))
@click.option("--reason", default="", help="受托单位会看到。 The delegate reads it.")
@actor_option
@pass_desk
def delegations_change(desk: Desk, delegation_no: str, step: str, reason: str, actor: str) -> None:
    """End, suspend or lift a delegation."""
    with desk.bank(), unit_of_work() as session:
        changed = change_delegation(
            session, delegation_no, step, actor=actor, reason=reason, now=utc_now()
        )
    state = desk.text(f"delegation-state-{changed.state}")
    desk.say("cli-delegation-changed", delegation_no=delegation_no, state=state)


@delegations.command("list", help="列出委托。 List delegations.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--uscc", default="", help="某单位的委托与受托。 What one gives and holds.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def delegations_list(desk: Desk, jurisdiction: str, uscc: str, limit: int) -> None:
    """List delegations by their numbers."""
    with desk.bank(), snapshot() as session:
        own = organisation_by_uscc(session, uscc).organisation_id if uscc else None
        found = delegations_page(session, DelegationsWanted(jurisdiction, own, limit=limit))
        rows = [
            [
                each.delegation.delegation_no, each.holder.uscc, each.delegate.uscc,
                each.delegation.filing_no or "*", each.delegation.valid_from.isoformat(),
                each.delegation.valid_through.isoformat(),
                desk.text(f"delegation-state-{each.delegation.state}"),
            ]
            for each in found[:limit]
        ]  # fmt: skip
    desk.table(
        ["cli-column-delegation", "cli-column-holder", "cli-column-delegate", "cli-column-filing",
         "cli-column-from", "cli-column-through", "cli-column-state"],
        rows,
    )  # fmt: skip
    if len(found) > limit:
        desk.say("cli-more", limit=limit)
