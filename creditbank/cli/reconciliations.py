"""Daily reconciliation by command: a file of what was posted, held against what stands."""

from datetime import datetime
from pathlib import Path

import click

from creditbank.attendance.roster import read_roster
from creditbank.attendance.workbook import Limits
from creditbank.cli.console import Desk, actor_option, pass_desk
from creditbank.cli.organisations import DAY
from creditbank.clock import utc_now
from creditbank.crediting.reconciling import (
    Compared,
    reconcile,
    reconciliations_of,
    said_by_list,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.organisations import organisation_by_uscc

_SHOWN = 50


@click.group(help="每日对账。 Daily reconciliation.")
def reconciliations() -> None:
    """Commands on reconciliation."""


@reconciliations.command("compare", help="以名单文件对某日。 Hold a roster file against a day.")
@click.argument("filing_no")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--day", type=DAY, required=True)
@actor_option
@pass_desk
def compare(desk: Desk, *, filing_no: str, file: Path, day: datetime, actor: str) -> None:
    """Say whether both sides have the same of a filing's day, else what is missing where."""
    limits = Limits(
        file_bytes_max=desk.settings.request_bytes_max, rows_max=desk.settings.import_rows_max
    )
    with file.open("rb") as stream:
        roster = read_roster(stream.read(limits.file_bytes_max + 1), limits)
    with desk.bank(), unit_of_work() as session:
        said = said_by_list(filing_numbered(session, filing_no), day.date(), roster, actor)
        made = reconcile(session, current_house().vault, said, now=utc_now())
    _show(desk, made, said.count)


@reconciliations.command("list", help="某机构的对账记录。 What an organisation compared.")
@click.argument("uscc")
@pass_desk
def listed(desk: Desk, uscc: str) -> None:
    """Print the newest comparisons."""
    with desk.bank(), snapshot() as session:
        provider = organisation_by_uscc(session, uscc).organisation_id
        found = reconciliations_of(session, provider, _SHOWN)
    headers = ["reconciliation-number", "filing-day", "reconciliation-said", "reconciliation-bank",
               "reconciliation-outcome"]  # fmt: skip
    rows = [
        [
            each.reconciliation_no, each.day.isoformat(), str(each.stated_count),
            str(each.bank_count), desk.text(f"reconciliation-{each.outcome}"),
        ]
        for each in found
    ]  # fmt: skip
    desk.table(headers, rows)


def _show(desk: Desk, made: Compared, count: int) -> None:
    desk.say(
        "cli-reconciled", number=made.reconciliation_no, said=count, bank=made.bank_count,
        outcome_words="reconciliation-agreed" if made.agreed else "reconciliation-differs",
    )  # fmt: skip
    if made.only_said:
        desk.say("reconciliation-at-bank", rows=list(made.only_said))
    if made.only_here:
        places = [each.place for each in made.only_here]
        desk.say("reconciliation-at-provider", rows=places)
