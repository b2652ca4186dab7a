"""Daily reconciliation by page: an own list is held against the bank's record of a day."""

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.attendance.roster import read_roster
from creditbank.attendance.workbook import Limits
from creditbank.crediting.reconciling import (
    missing_of,
    reconcile,
    reconciliations_of,
    said_by_list,
)
from creditbank.house import current_house
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.registry.filing.filings import filing_seen
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.pages import page
from creditbank.web.rosters import RosterFileWantedError

reconciliations = Pages("reconciliations", __name__)
_SHOWN = 50
_NUMBER_CHARACTERS_MAX = 20


@reconciliations.shown("/reconciliations", able(Scope.ROSTER_POST), menu="reconciliations")
def overview(visit: Visit, session: Session) -> Response:
    """Show the form, and what was compared before."""
    found = reconciliations_of(session, organisation_seen(visit.client) or 0, _SHOWN)
    return page("reconciliations.html", lines=[(each, *missing_of(each)) for each in found])


@reconciliations.sent("/reconciliations", able(Scope.ROSTER_POST), shows=overview)
def compare(visit: Visit, session: Session) -> Response:
    """Hold a list against a day of a filing; the list is not kept."""
    number = fields.text("filing_no", "filing-number", _NUMBER_CHARACTERS_MAX)
    day, file = forms.day("day"), request.files.get("file")
    if day is None:
        raise fields.empty("filing-day")
    if file is None or not file.filename:
        raise RosterFileWantedError
    filing, settings = filing_seen(session, visit.client, number), current_house().settings
    limits = Limits(file_bytes_max=settings.request_bytes_max, rows_max=settings.import_rows_max)
    roster = read_roster(file.stream.read(limits.file_bytes_max + 1), limits)
    said = said_by_list(filing, day, roster, visit.client.client_id)
    reconcile(session, current_house().vault, said, now=visit.now)
    return see("web.reconciliations.overview", "reconciled")
