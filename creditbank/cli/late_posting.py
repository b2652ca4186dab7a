"""Commands on attendance that comes after its time."""

from datetime import datetime

import click

from creditbank.cli.console import Desk, actor_option, office_option, pass_desk
from creditbank.cli.engineer_certificates import filings
from creditbank.cli.organisations import DAY
from creditbank.clock import utc_now
from creditbank.crediting.late_posting import Admission, admit_late, posting_terms
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.filing.deciding import require_office
from creditbank.registry.filing.filings import filing_numbered

#: The group of all filings, which these commands join.
__all__ = ["filings"]


@filings.command("admit-late", help="准予逾期登记出勤。 Let late attendance in.")
@click.argument("filing_no")
@click.option("--day", "days", type=DAY, multiple=True, required=True, help="可重复。 Repeat.")
@click.option("--through", type=DAY, required=True, help="登记截止日。 Last day to post it.")
@click.option("--reason", required=True, help="写入行为记录。 It stands in the act.")
@office_option
@actor_option
@pass_desk
def filings_admit_late(  # each is one option
    desk: Desk, /, *, filing_no: str, days: tuple[datetime, ...], through: datetime, reason: str,
    office: str, actor: str,
) -> None:  # fmt: skip
    """Let attendance in whose time is over."""
    admission = Admission(tuple(day.date() for day in days), through.date(), reason)
    with desk.bank(), unit_of_work() as session:
        require_office(session, filing_no, office)
        admit_late(session, filing_no, admission, actor=actor, now=utc_now())
    desk.say("cli-late-admitted", filing_no=filing_no, through=admission.through.isoformat())


@filings.command("posting-terms", help="各场次登记出勤的期限。 Until when attendance is posted.")
@click.argument("filing_no")
@pass_desk
def filings_posting_terms(desk: Desk, filing_no: str) -> None:
    """Tell until when attendance of each session is posted."""
    with desk.bank(), snapshot() as session:
        found = posting_terms(session, filing_numbered(session, filing_no))
    rows = [
        [
            each.day.isoformat(), each.last_day.isoformat(),
            each.admitted_through.isoformat() if each.admitted_through else "—",
        ]
        for each in found
    ]  # fmt: skip
    desk.table(["training-day", "posting-last-day", "posting-admitted"], rows)
