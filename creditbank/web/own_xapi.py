"""What became of the xAPI statements that the own organisation's platforms sent."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.attendance.statement_models import XapiStatement
from creditbank.catalogue import Problem
from creditbank.crediting.xapi import Outcome
from creditbank.crediting.xapi_lists import Place
from creditbank.crediting.xapi_records import RecordsWanted, reason_of, records_of
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.web.doors import Pages, Visit, able
from creditbank.web.holding import asked, asked_place, cursor_of
from creditbank.web.pages import page, reader_language

STATEMENTS_SHOWN = 30
_FILING_CHARACTERS_MAX = 20

own_xapi = Pages("own_xapi", __name__)


@own_xapi.shown("/xapi-statements", able(Scope.ROSTER_POST), menu="xapi-statements")
def overview(visit: Visit, session: Session) -> Response:
    """List statements with what became of each and why, the newest first."""
    outcome = asked("outcome") if asked("outcome") in set(Outcome) else ""
    filing_no = asked("filing_no").upper()[:_FILING_CHARACTERS_MAX]
    wanted = RecordsWanted(
        organisation_id=organisation_seen(visit.client) or 0,
        outcome=Outcome(outcome) if outcome else None,
        filing_no=filing_no,
        after=_place(),
        limit=STATEMENTS_SHOWN,
    )
    rows, more = records_of(session, wanted)
    return page(
        "own_xapi.html", lines=[(row, _why(row)) for row in rows], outcomes=list(map(str, Outcome)),
        outcome=outcome, filing_no=filing_no, narrowed=bool(outcome or filing_no or wanted.after),
        next=cursor_of(more[0], str(more[1])) if more else "",
    )  # fmt: skip


def _place() -> Place | None:
    """Return where the list was left; a place that was made up begins it anew."""
    found = asked_place("before")
    if found is None or not (found[1].isascii() and found[1].isdigit()):
        return None
    return found[0], int(found[1])


def _why(row: XapiStatement) -> Problem | None:
    problem = reason_of(row)
    return None if problem is None else catalogue.problem(problem, reader_language())
