"""What becomes of a filing after its approval; hours under a revoked one, kept or reversed."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call
from creditbank.api.filings import filings, shaped
from creditbank.crediting.filing_review import (
    FilingNotRevokedError,
    NothingToReviewError,
    ReviewDraft,
    decide_review,
    review_of,
)
from creditbank.crediting.filing_steps import (
    CaseNumberWantedError,
    FilingPostedError,
    StepDraft,
    SuspensionDayPastError,
    take_step,
)
from creditbank.house import current_house
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.filing.deciding import FilingOfficeForeignError, filing_to_decide
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen
from creditbank.registry.filing.states import FilingStep, FilingStepUnfitError
from creditbank.schemas.filing_steps import (
    PAGE_CREDITS_MAX,
    EndingBody,
    MeasureBody,
    ReviewAnswer,
    ReviewBody,
    ReviewedAnswer,
    ReviewQuery,
)
from creditbank.schemas.registry import FilingAnswer

#: The door of all filings, which these calls join.
__all__ = ["filings"]

_SEEN = (FilingUnknownError, RegionForeignError)
_DECIDED = (*_SEEN, FilingOfficeForeignError)
_MEASURE = {"step": "suspend", "reason": "现场检查，待核实", "from_day": "2099-01-01"}


@filings.post(
    "/filings/<public:filing_no>/ending",
    Scope.FILING_SUBMIT,
    body=JsonBody(EndingBody(), {"step": "close"}),
    answer=FilingAnswer(),
    refuses=(*_SEEN, FilingStepUnfitError, FilingPostedError),
)
def end_filing(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Withdraw a filing under which nothing was posted, or close one: no roster is taken then."""
    filing_seen(session, call.client, filing_no)
    step, reason = FilingStep(call.body["step"]), call.body["reason"]
    draft = StepDraft(filing_no, step, call.client.client_id, reason)
    return shaped(session, take_step(session, draft, now=call.now))


@filings.post(
    "/filings/<public:filing_no>/measure",
    Scope.FILING_DECIDE,
    body=JsonBody(MeasureBody(), _MEASURE),
    answer=FilingAnswer(),
    refuses=(*_DECIDED, FilingStepUnfitError, SuspensionDayPastError, CaseNumberWantedError),
)
def order_measure(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Suspend, lift, close, reopen or revoke (撤销) an approved filing; hours posted stay.

    Under a revoked one each hour waits for a decision of its own.
    """
    filing_to_decide(session, call.client, filing_no)
    step = FilingStep(call.body["step"])
    draft = StepDraft(filing_no, **{**call.body, "step": step, "actor": call.client.client_id})
    return shaped(session, take_step(session, draft, now=call.now))


@filings.get(
    "/filings/<public:filing_no>/review",
    Scope.FILING_DECIDE,
    query=ReviewQuery(),
    answer=ReviewAnswer(),
    refuses=(*_SEEN, FilingNotRevokedError),
)
def read_review(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """List the hours under a revoked filing that wait for a decision, in the order of rosters."""
    filing_seen(session, call.client, filing_no)
    offset = (call.query["page"] - 1) * PAGE_CREDITS_MAX
    vault = current_house().vault
    found = review_of(session, vault, filing_no, offset=offset, limit=PAGE_CREDITS_MAX)
    return {
        "filing_no": filing_no,
        "case_no": found.case_no,
        "credits": found.total,
        "hours": found.centihours,
        "waiting": [
            {
                "leaf": each.hours.leaf.hex(),
                "roster_no": each.hours.roster_no,
                "row_no": each.hours.row_no,
                "last_four": each.last_four,
                "day": each.hours.day,
                "hours": each.hours.centihours,
            }
            for each in found.shown
        ],
    }


@filings.post(
    "/filings/<public:filing_no>/review",
    Scope.FILING_DECIDE,
    body=JsonBody(ReviewBody(), {"decision": "reverse", "reason": "未按备案内容举办"}),
    answer=ReviewedAnswer(),
    refuses=(*_DECIDED, FilingNotRevokedError, NothingToReviewError),
)
def decide_hours(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Keep or reverse hours under a revoked filing, with its case number; the rest still waits."""
    filing_to_decide(session, call.client, filing_no)
    draft = ReviewDraft(
        filing_no,
        call.body["decision"],
        frozenset(map(bytes.fromhex, call.body["leaves"])),
        call.body["reason"],
        call.client.client_id,
    )
    done = decide_review(session, current_house().vault, draft, now=call.now)
    return {"decided": done.decided, "hours": done.centihours, "left": done.left}
