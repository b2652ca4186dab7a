"""Until when attendance is posted, and what an official lets in after that, by pages."""

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.late_posting import Admission, admit_late, posting_terms
from creditbank.registry.clients import Scope
from creditbank.registry.filing.deciding import decides, filing_to_decide
from creditbank.registry.filing.filings import filing_seen
from creditbank.registry.filing.states import takes_rosters
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.filings import reason_typed
from creditbank.web.pages import page

late_posting = Pages("late_posting", __name__)


@late_posting.shown("/filings/<public:filing_no>/posting-terms", able(Scope.FILING_READ))
def overview(visit: Visit, session: Session, filing_no: str) -> Response:
    """Show until when attendance of each session is posted; officials let late attendance in."""
    client, today = visit.client, civil_day(visit.now)
    filing = filing_seen(session, client, filing_no, delegated_on=today)
    terms = posting_terms(session, filing)
    admits = Scope.FILING_DECIDE in client.scopes and decides(client, filing)
    return page(
        "posting_terms.html", filing=filing, today=today,
        terms=[(each, each.is_over(today)) for each in terms],
        admits=admits and takes_rosters(filing, today)
        and any(each.last_day < today for each in terms),
        through=forms.typed("through"), reason=forms.typed("reason"),
    )  # fmt: skip


@late_posting.sent(
    "/filings/<public:filing_no>/late-posting", able(Scope.FILING_DECIDE), shows=overview
)
def admit(visit: Visit, session: Session, filing_no: str) -> Response:
    """Let attendance of the ticked days in."""
    filing = filing_to_decide(session, visit.client, filing_no)
    ticked = set(request.form.getlist("day"))
    days = [each.day for each in posting_terms(session, filing) if each.day.isoformat() in ticked]
    through = forms.day("through")
    if through is None:
        raise fields.empty("posting-through")
    admission = Admission(tuple(days), through, reason_typed())
    admit_late(session, filing_no, admission, actor=visit.client.client_id, now=visit.now)
    return see("web.late_posting.overview", "late-admitted", filing_no=filing_no)
