"""Re-assessments (重新折算): credits converted again under changed law, agreed by two officials."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import Call, Door
from creditbank.crediting.models import Reassessment
from creditbank.crediting.reassessments import (
    DaysReversedError,
    LawMovedError,
    ReassessmentDraft,
    ReassessmentEmptyError,
    ReassessmentStateError,
    ReassessmentsWanted,
    ReassessmentUnknownError,
    ReportDiffersError,
    SourceNotConvertedError,
    approve_reassessment,
    line_of,
    listed_count,
    propose_reassessment,
    reassessed_page,
    reassessment_numbered,
    reassessments_page,
    request_reassessment,
    told,
    withdraw_reassessment,
)
from creditbank.house import current_house
from creditbank.ledger.sources import SourceUnknownError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.lawbook import law_of
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.rules.loader import PackMissingError
from creditbank.rules.pack import PackDraftError
from creditbank.schemas.reassessments import (
    DigestBody,
    ReassessedCreditsAnswer,
    ReassessedQuery,
    ReassessmentAnswer,
    ReassessmentBody,
    ReassessmentsAnswer,
    ReassessmentsQuery,
)

_EXAMPLE = {
    "scheme": "cn-3710", "case_no": "威人社〔2026〕9号", "earned_from": "2026-01-01",
    "earned_to": "2026-06-30",
}  # fmt: skip
_SEEN = (ReassessmentUnknownError, RegionForeignError)
_AGREED = (ReassessmentStateError, ReportDiffersError, LawMovedError)
_ONE = "/reassessments/<public:reassessment_no>"

reassessments = Door(
    "reassessments", __name__, description="Hours converted again after a change of law (重新折算)."
)


@reassessments.post(
    "/reassessments",
    Scope.HOURS_REASSESS,
    status=202,
    body=JsonBody(ReassessmentBody(), _EXAMPLE),
    answer=ReassessmentAnswer(),
    refuses=(
        PackMissingError, PackDraftError, RegionForeignError, SourceUnknownError,
        SourceNotConvertedError, DaysReversedError,
    ),
)  # fmt: skip
def start_reassessment(call: Call, session: Session) -> dict[str, Any]:
    """Ask what the law in force would make of credits; the clock process converts them again."""
    call.client.require_region(law_of(session, call.body["scheme"]).jurisdiction)
    draft = ReassessmentDraft(**call.body, actor=call.client.client_id)
    return told(session, request_reassessment(session, draft, now=call.now))


@reassessments.get(
    "/reassessments",
    Scope.HOURS_REASSESS,
    query=ReassessmentsQuery(),
    answer=ReassessmentsAnswer(),
)
def list_reassessments(call: Call, session: Session) -> dict[str, Any]:
    """List a region's re-assessments, newest first."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    place = place_of(call.query["cursor"])
    found = reassessments_page(session, ReassessmentsWanted(call.client.jurisdiction, place, limit))
    page, next_cursor = found[:limit], ""
    if len(found) > limit:
        next_cursor = cursor_of(page[-1].requested_at, page[-1].reassessment_no)
    return {"reassessments": [line_of(each) for each in page], "next_cursor": next_cursor}


@reassessments.get(_ONE, Scope.HOURS_REASSESS, answer=ReassessmentAnswer(), refuses=_SEEN)
def read_reassessment(call: Call, session: Session, reassessment_no: str) -> dict[str, Any]:
    """Tell how far a re-assessment is, what it would change, and what became of it."""
    return told(session, _seen(call, session, reassessment_no))


@reassessments.get(
    f"{_ONE}/credits",
    Scope.HOURS_REASSESS,
    query=ReassessedQuery(),
    answer=ReassessedCreditsAnswer(),
    refuses=_SEEN,
)
def list_reassessed(call: Call, session: Session, reassessment_no: str) -> dict[str, Any]:
    """List the entries that change, page by page; nobody is named."""
    found = _seen(call, session, reassessment_no)
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    first = (call.query["page"] - 1) * limit
    return {
        "count": listed_count(found),
        "credits": [
            {
                "occasion": each.occasion,
                "leaf": each.leaf.hex() if each.leaf else "",
                "hours": each.centihours,
                "year": each.credited_year,
                "subject": each.subject,
                "new_hours": each.new_centihours,
                "new_year": each.new_credited_year,
                "new_subject": each.new_subject,
                "plan": each.plan,
                "why": each.why,
                "outcome": each.outcome,
            }
            for each in reassessed_page(session, reassessment_no, first, limit)
        ],
    }


@reassessments.post(
    f"{_ONE}/proposal",
    Scope.HOURS_REASSESS,
    body=JsonBody(DigestBody(), {"digest": "4f" * 32}),
    answer=ReassessmentAnswer(),
    refuses=(*_SEEN, *_AGREED, ReassessmentEmptyError),
)
def propose_report(call: Call, session: Session, reassessment_no: str) -> dict[str, Any]:
    """Put the report that was read before a second official."""
    _seen(call, session, reassessment_no)
    digest, actor = call.body["digest"], call.client.client_id
    return told(
        session,
        propose_reassessment(session, reassessment_no, digest, actor=actor, now=call.now),
    )


@reassessments.post(
    f"{_ONE}/approval",
    Scope.HOURS_REASSESS,
    body=JsonBody(DigestBody(), {"digest": "4f" * 32}),
    answer=ReassessmentAnswer(),
    refuses=(*_SEEN, *_AGREED, SecondPersonWantedError),
)
def approve_report(call: Call, session: Session, reassessment_no: str) -> dict[str, Any]:
    """Agree to the report as a second official; the clock process carries it out."""
    _seen(call, session, reassessment_no)
    digest, actor = call.body["digest"], call.client.client_id
    return told(
        session,
        approve_reassessment(session, reassessment_no, digest, actor=actor, now=call.now),
    )


@reassessments.post(
    f"{_ONE}/withdrawal",
    Scope.HOURS_REASSESS,
    answer=ReassessmentAnswer(),
    refuses=(*_SEEN, ReassessmentStateError),
)
def take_back_reassessment(call: Call, session: Session, reassessment_no: str) -> dict[str, Any]:
    """Take a re-assessment back before it is approved; no hours were moved."""
    _seen(call, session, reassessment_no)
    actor = call.client.client_id
    return told(session, withdraw_reassessment(session, reassessment_no, actor=actor, now=call.now))


def _seen(call: Call, session: Session, reassessment_no: str) -> Reassessment:
    """Return a re-assessment of the caller's region."""
    found = reassessment_numbered(session, reassessment_no)
    call.client.require_region(found.jurisdiction)
    return found
