"""What becomes of a filing after its approval, by pages; hours under a revoked one."""

import re
from datetime import date

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.crediting.filing_review import (
    DECIDED_AT_ONCE,
    ReviewDecision,
    ReviewDraft,
    decide_review,
    review_of,
)
from creditbank.crediting.filing_steps import Ending, Measure, StepDraft, take_step
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.registry.clients import Scope
from creditbank.registry.filing.deciding import filing_to_decide
from creditbank.registry.filing.filings import filing_seen
from creditbank.registry.filing.states import FilingStep
from creditbank.web import forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.filings import one, reason_typed
from creditbank.web.pages import page
from creditbank.web.paging import asked_page, pages_for

CREDITS_SHOWN = 50
_CASE_CHARACTERS_MAX = 60
_LEAF = re.compile(r"[0-9a-f]{64}", re.ASCII)


#: What is said once a step was taken.
_DONE = {
    FilingStep.WITHDRAW: "filing-withdrawn",
    FilingStep.CLOSE: "filing-closed",
    FilingStep.REOPEN: "filing-reopened",
    FilingStep.SUSPEND: "filing-suspended",
    FilingStep.LIFT: "filing-lifted",
    FilingStep.REVOKE: "filing-revoked",
}


class HoursWantedToDecideError(CreditBankError):
    """No hours were ticked of those that wait."""

    code = "review-hours-wanted"
    status = 422


filing_steps = Pages("filing_steps", __name__)


@filing_steps.sent("/filings/<public:filing_no>/ending", able(Scope.FILING_SUBMIT), shows=one)
def end(visit: Visit, session: Session, filing_no: str) -> Response:
    """Withdraw or close an own filing."""
    filing_seen(session, visit.client, filing_no)
    step = FilingStep(forms.chosen("step", Ending))
    draft = StepDraft(filing_no, step, visit.client.client_id, forms.typed("reason"))
    take_step(session, draft, now=visit.now)
    return see("web.filings.one", _DONE[step], filing_no=filing_no)


@filing_steps.sent("/filings/<public:filing_no>/measure", able(Scope.FILING_DECIDE), shows=one)
def order(visit: Visit, session: Session, filing_no: str) -> Response:
    """Suspend, lift, close, reopen or revoke."""
    filing_to_decide(session, visit.client, filing_no)
    step = FilingStep(forms.chosen("step", Measure))
    from_day: date | None = forms.day("from_day")
    draft = StepDraft(
        filing_no, step, visit.client.client_id, reason_typed(),
        forms.typed("case_no")[:_CASE_CHARACTERS_MAX], from_day,
    )  # fmt: skip
    take_step(session, draft, now=visit.now)
    return see("web.filings.one", _DONE[step], filing_no=filing_no)


@filing_steps.shown("/filings/<public:filing_no>/review", able(Scope.FILING_DECIDE))
def review(visit: Visit, session: Session, filing_no: str) -> Response:
    """List the hours under a revoked filing that wait for a decision."""
    filing_seen(session, visit.client, filing_no)
    number = asked_page()
    found = review_of(
        session, current_house().vault, filing_no,
        offset=(number - 1) * CREDITS_SHOWN, limit=CREDITS_SHOWN,
    )  # fmt: skip
    return page(
        "filing_review.html", filing=found.filing, review=found, at_once=DECIDED_AT_ONCE,
        leaf={"number": number, "count": pages_for(found.total, CREDITS_SHOWN)},
    )  # fmt: skip


@filing_steps.sent("/filings/<public:filing_no>/review", able(Scope.FILING_DECIDE), shows=review)
def decide(visit: Visit, session: Session, filing_no: str) -> Response:
    """Keep or reverse what was ticked, or all that wait."""
    filing_to_decide(session, visit.client, filing_no)
    leaves = frozenset(
        bytes.fromhex(leaf) for leaf in request.form.getlist("leaf") if _LEAF.fullmatch(leaf)
    )
    if not leaves and not forms.ticked("all"):
        raise HoursWantedToDecideError
    decision, actor = forms.chosen("decision", ReviewDecision), visit.client.client_id
    named = frozenset[bytes]() if forms.ticked("all") else leaves
    draft = ReviewDraft(filing_no, decision, named, reason_typed(), actor)
    decide_review(session, current_house().vault, draft, now=visit.now)
    return see("web.filing_steps.review", f"review-{decision}", filing_no=filing_no)
