"""What became of an application, reported on the page of its answer."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.house import current_house
from creditbank.registry.clients import Scope
from creditbank.verification.results import REASON_CHARACTERS_MAX, ResultDraft, report_result
from creditbank.verification.review_reports import Result
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.verdicts import answer, word_of

results = Pages("results", __name__)


@results.sent("/verdicts/<public:verdict_no>/results", able(Scope.VERDICT_ASK), shows=answer)
def report(visit: Visit, session: Session, verdict_no: str) -> Response:
    """Report a result."""
    day = forms.day("day")
    if day is None:
        raise fields.empty("applied-day")
    reason = fields.text("reason", "applied-reason", REASON_CHARACTERS_MAX, wanted=False)
    draft = ResultDraft(forms.chosen("result", Result), day, word_of("level"), reason)
    vault = current_house().vault
    report_result(session, vault, verdict_no, draft, visit.client, now=visit.now)
    return see("web.verdicts.answer", "applied-reported", verdict_no=verdict_no)
