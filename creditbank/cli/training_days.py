"""Commands on the day log of practical training."""

import hashlib
from datetime import datetime
from typing import BinaryIO

import click

from creditbank.cli.console import Desk, WordOf, actor_option, pass_desk
from creditbank.cli.filing_steps import filings
from creditbank.cli.organisations import DAY
from creditbank.clock import civil_day, utc_now
from creditbank.crediting.training_days import DayEntry, DayUse, Teller, day_log_of, log_day
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.filing.filings import filing_numbered
from creditbank.schemas.training_days import DONE_CHARACTERS_MAX

#: The group of all filings, which these commands join.
__all__ = ["filings"]


@filings.command("log-day", help="登记实践锻炼某一天做了什么。 Say what was done on a day.")
@click.argument("filing_no")
@click.argument("day", type=DAY)
@click.option("--use", type=WordOf(DayUse), default=str(DayUse.TRAINING), show_default=True)
@click.option("--told-by", type=WordOf(Teller), required=True, help="由谁证明。 Who says so.")
@click.option("--done", required=True, help="不写人名。 What was done; no names.")
@click.option("--evidence", type=click.File("rb"), help="只记摘要。 Only its digest is recorded.")
@actor_option
@pass_desk
def filings_log_day(  # each is one option
    desk: Desk, /, *, filing_no: str, day: datetime, use: DayUse, told_by: Teller, done: str,
    evidence: BinaryIO | None, actor: str,
) -> None:  # fmt: skip
    """Log a day; what was said of it before stays on record."""
    if not 0 < len(done) <= DONE_CHARACTERS_MAX:
        raise click.UsageError("--done")
    sha256 = hashlib.sha256(evidence.read()).hexdigest() if evidence else ""
    entry = DayEntry(day.date(), use, told_by, done, sha256)
    with desk.bank(), unit_of_work() as session:
        log = log_day(session, filing_no, entry, actor=actor, now=utc_now())
    desk.say(
        "cli-day-logged", filing_no=filing_no, day=entry.day.isoformat(), missing=len(log.missing)
    )


@filings.command("days", help="实践锻炼的逐日记录。 The day log of practical training.")
@click.argument("filing_no")
@pass_desk
def filings_days(desk: Desk, filing_no: str) -> None:
    """Tell what each day was used for; past days that say nothing come last."""
    with desk.bank(), snapshot() as session:
        log = day_log_of(session, filing_numbered(session, filing_no), civil_day(utc_now()))
    rows = [
        [
            each.entry.day.isoformat(), desk.text(f"training-use-{each.entry.use}"),
            desk.text(f"training-teller-{each.entry.told_by}"), each.entry.done,
            each.entry.sha256 or "—",
        ]
        for each in log.days
    ]  # fmt: skip
    rows += [[day.isoformat(), *["—"] * 4] for day in log.missing]
    headers = [
        "training-day", "training-use", "training-teller", "training-done", "training-evidence",
    ]  # fmt: skip
    desk.table(headers, rows)
