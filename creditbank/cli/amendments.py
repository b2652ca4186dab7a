"""Commands on amendments of approved filings; what is asked for is JSON, as in the API."""

from typing import IO

import click

from creditbank.cli.console import Desk, actor_option, load, office_option, pass_desk, read_json
from creditbank.cli.filing_drafts import filings
from creditbank.clock import utc_now
from creditbank.crediting.amendments import (
    amendments_of,
    approve_amendment,
    ask_amendment,
    changes_between,
    plans_of,
    refuse_amendment,
    withdraw_amendment,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.filing.deciding import require_office
from creditbank.registry.filing.filings import filing_numbered
from creditbank.schemas.amendments import AmendmentBody

#: The group of all filings, which these commands join.
__all__ = ["filings"]

_BODY_BYTES_MAX = 262_144
_version_option = click.option(
    "--version", type=click.IntRange(2), required=True, help="所见的变更版本。 As it was read."
)


@filings.group(help="已同意备案的变更。 Amendments of approved filings.")
def amendments() -> None:
    """Commands on amendments."""


@amendments.command("ask", help="申请变更日期、地点、场次、名额等。 Ask for another version.")
@click.argument("filing_no")
@click.argument("file", type=click.File("rb"))
@actor_option
@pass_desk
def amendments_ask(desk: Desk, filing_no: str, file: IO[bytes], actor: str) -> None:
    """Ask for what FILE says (JSON, - for standard input)."""
    said = read_json(file.read(_BODY_BYTES_MAX + 1), _BODY_BYTES_MAX)
    draft = load(AmendmentBody(), said)
    with desk.bank(), unit_of_work() as session:
        asked = ask_amendment(session, filing_no, draft, actor=actor, now=utc_now())
    desk.say("cli-amendment-asked", filing_no=filing_no, version=asked.version)


@amendments.command("show", help="各次变更与不同之处。 What was amended, and how.")
@click.argument("filing_no")
@pass_desk
def amendments_show(desk: Desk, filing_no: str) -> None:
    """Tell every amendment of a filing with what differs."""
    with desk.bank(), snapshot() as session:
        filing_numbered(session, filing_no)
        found = list(amendments_of(session, filing_no))
    for each in found:
        state = desk.text(f"amendment-state-{each.state}")
        desk.say("cli-amendment-stands", version=each.version, state=state, reason=each.reason)
        desk.table(
            [f"amendment-column-{each}" for each in ("session", "what", "before", "after")],
            [
                [
                    str(change.session_no or ""), desk.text(f"amendment-{change.code}"),
                    change.before, change.after,
                ]
                for change in changes_between(*plans_of(each))
            ],
        )  # fmt: skip


@amendments.command("approve", help="同意变更。 Approve an amendment.")
@click.argument("filing_no")
@_version_option
@click.option("--reason", default="", help="增补已过日期时须写明。 Wanted for past days.")
@office_option
@actor_option
@pass_desk
def amendments_approve(
    desk: Desk, *, filing_no: str, version: int, reason: str, office: str, actor: str
) -> None:
    """Make an amendment the filing's version."""
    with desk.bank(), unit_of_work() as session:
        require_office(session, filing_no, office)
        approve_amendment(session, filing_no, version, actor=actor, reason=reason, now=utc_now())
    desk.say("cli-amendment-approved", filing_no=filing_no, version=version)


@amendments.command("refuse", help="不同意变更。 Refuse an amendment.")
@click.argument("filing_no")
@_version_option
@click.option("--reason", required=True, help="举办单位会看到。 The provider reads it.")
@office_option
@actor_option
@pass_desk
def amendments_refuse(
    desk: Desk, *, filing_no: str, version: int, reason: str, office: str, actor: str
) -> None:
    """Leave a filing as it is."""
    with desk.bank(), unit_of_work() as session:
        require_office(session, filing_no, office)
        refuse_amendment(session, filing_no, version, actor=actor, reason=reason, now=utc_now())
    desk.say("cli-amendment-refused", filing_no=filing_no, version=version)


@amendments.command("withdraw", help="撤回变更申请。 Take back what was asked for.")
@click.argument("filing_no")
@_version_option
@actor_option
@pass_desk
def amendments_withdraw(desk: Desk, filing_no: str, version: int, actor: str) -> None:
    """Take back an amendment before it is decided."""
    with desk.bank(), unit_of_work() as session:
        withdraw_amendment(session, filing_no, version, actor=actor, now=utc_now())
    desk.say("cli-amendment-withdrawn", filing_no=filing_no, version=version)
