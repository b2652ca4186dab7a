"""Until when attendance is posted, and what an official lets in after that."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call
from creditbank.api.training_days import filings
from creditbank.clock import civil_day
from creditbank.crediting.late_posting import LatePostingUnfitError, admit_late, posting_terms
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.delegates import DelegationNotOpenError
from creditbank.registry.filing.deciding import FilingOfficeForeignError, filing_to_decide
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen
from creditbank.registry.filing.states import FilingNotApprovedError, FilingNotOpenError
from creditbank.rules.loader import PackMissingError
from creditbank.schemas.late_posting import LatePostingBody, PostingTermsAnswer, term_shaped

#: The door of all filings, which these calls join.
__all__ = ["filings"]

_EXAMPLE = {"days": ["2026-11-10"], "through": "2026-12-20", "reason": "系统故障，补报"}


@filings.get(
    "/filings/<public:filing_no>/posting-terms",
    Scope.FILING_READ,
    answer=PostingTermsAnswer(),
    refuses=(FilingUnknownError, RegionForeignError, DelegationNotOpenError, PackMissingError),
)
def read_posting_terms(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Tell until when attendance of each session is posted; nothing where no rule names an end."""
    today = civil_day(call.now)
    filing = filing_seen(session, call.client, filing_no, delegated_on=today)
    return {"terms": [term_shaped(each, today) for each in posting_terms(session, filing)]}


@filings.post(
    "/filings/<public:filing_no>/late-posting",
    Scope.FILING_DECIDE,
    body=JsonBody(LatePostingBody(), _EXAMPLE),
    answer=PostingTermsAnswer(),
    refuses=(
        FilingUnknownError, RegionForeignError, FilingOfficeForeignError, FilingNotApprovedError,
        FilingNotOpenError, LatePostingUnfitError, PackMissingError,
    ),
)  # fmt: skip
def admit_late_posting(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Let attendance in whose time is over, through a day and with a reason; an act says so."""
    filing_to_decide(session, call.client, filing_no)
    actor, today = call.client.client_id, civil_day(call.now)
    terms = admit_late(session, filing_no, call.body, actor=actor, now=call.now)
    return {"terms": [term_shaped(each, today) for each in terms]}
