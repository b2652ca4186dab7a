"""Disputes of hours (学时异议): listed, answered by the provider, decided by an official."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import Call, Door
from creditbank.house import current_house
from creditbank.integrity.disputes import (
    DisputeErasedError,
    DisputeRemedyError,
    StepDraft,
    Term,
    answer_dispute,
    decide_dispute,
)
from creditbank.integrity.lists import (
    DisputesWanted,
    DisputeUnknownError,
    dispute_seen,
    disputes_page,
    told_dispute,
    whose,
)
from creditbank.integrity.models import Dispute
from creditbank.integrity.remedies import remedies_of
from creditbank.integrity.states import DisputeUnfitError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.schemas.disputes import (
    DisputeAnswer,
    DisputeAnswerBody,
    DisputeDecisionBody,
    DisputesAnswer,
    DisputesQuery,
    shaped_dispute,
    shaped_line,
)
from creditbank.verification.desk_looks import LookDraft, Shown

disputes = Door("disputes", __name__, description="Disputes of hours (学时异议).")
_ONE = "/disputes/<public:dispute_no>"


@disputes.get("/disputes", Scope.FILING_READ, query=DisputesQuery(), answer=DisputesAnswer())
def list_disputes(call: Call, session: Session) -> dict[str, Any]:
    """List disputes that the own organisation answers, or of the region; without names."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    place = place_of(call.query["cursor"])
    found = disputes_page(session, DisputesWanted(call.client, call.query["state"], place, limit))
    page, more = found[:limit], len(found) > limit
    return {
        "disputes": [shaped_line(each) for each in page],
        "next_cursor": cursor_of(page[-1].stated_at, page[-1].dispute_no) if more else "",
    }


@disputes.get(
    _ONE,
    Scope.ATTENDANCE_WITHDRAW,
    answer=DisputeAnswer(),
    refuses=(DisputeUnknownError, RegionForeignError),
)
def read_dispute(call: Call, session: Session, dispute_no: str) -> dict[str, Any]:
    """Show whose dispute it is, what was said, and what was done about the hours since."""
    dispute = dispute_seen(session, call.client, dispute_no)
    looked([dispute.person_id], LookDraft(Shown.DISPUTE, dispute_no), call.client, now=call.now)
    return _shaped(session, dispute)


@disputes.post(
    f"{_ONE}/answer",
    Scope.ATTENDANCE_WITHDRAW,
    body=JsonBody(DisputeAnswerBody(), {"answer": "declined", "words": "当日签到表上没有此人"}),
    answer=DisputeAnswer(),
    refuses=(
        DisputeUnknownError, RegionForeignError, DisputeUnfitError, DisputeRemedyError,
        DisputeErasedError,
    ),
)  # fmt: skip
def answer_one(call: Call, session: Session, dispute_no: str) -> dict[str, Any]:
    """Say by which posting it was put right, or why it is not."""
    dispute_seen(session, call.client, dispute_no)
    body, vault = call.body, current_house().vault
    draft = StepDraft(dispute_no, call.client.client_id, body["words"], body["remedy"])
    return _shaped(session, answer_dispute(session, vault, body["answer"], draft, now=call.now))


@disputes.post(
    f"{_ONE}/decision",
    Scope.HOURS_INVESTIGATE,
    body=JsonBody(
        DisputeDecisionBody(),
        {"outcome": "upheld", "words": "签到表有本人签名", "case_no": "威人社异〔2026〕3号"},
    ),
    answer=DisputeAnswer(),
    refuses=(
        DisputeUnknownError, RegionForeignError, DisputeUnfitError, DisputeErasedError,
    ),
)  # fmt: skip
def decide_one(call: Call, session: Session, dispute_no: str) -> dict[str, Any]:
    """Decide for the person, so that the provider puts it right, or against them; by an act."""
    dispute_seen(session, call.client, dispute_no)
    body, house = call.body, current_house()
    draft = StepDraft(dispute_no, call.client.client_id, body["words"], case_no=body["case_no"])
    term = Term(house.settings.dispute_working_days)
    return _shaped(
        session, decide_dispute(session, house.vault, body["outcome"], draft, term, now=call.now)
    )


def _shaped(session: Session, dispute: Dispute) -> dict[str, Any]:
    vault = current_house().vault
    return shaped_dispute(
        told_dispute(session, vault, dispute),
        whose(session, vault, dispute),
        remedies_of(session, dispute),
    )
