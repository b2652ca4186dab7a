"""Amendments of approved filings: asked for, read with what differs, approved, refused."""

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.api.filings import DRAFT_REFUSALS, shaped
from creditbank.crediting.amendments import (
    AmendmentBelowUsedError,
    AmendmentMissingError,
    AmendmentOpenError,
    AmendmentSessionUnknownError,
    AmendmentTakesAwayError,
    AmendmentUnchangedError,
    Plan,
    amendments_of,
    approve_amendment,
    ask_amendment,
    changes_between,
    plans_of,
    refuse_amendment,
    withdraw_amendment,
)
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.filing.deciding import FilingOfficeForeignError, filing_to_decide
from creditbank.registry.filing.filings import (
    FilingUnknownError,
    LateReasonWantedError,
    filing_seen,
)
from creditbank.registry.filing.states import FilingStepUnfitError
from creditbank.registry.models import FilingAmendment
from creditbank.schemas.amendments import (
    AmendmentAnswer,
    AmendmentApprovalBody,
    AmendmentBody,
    AmendmentRefusalBody,
    AmendmentsAnswer,
    AmendmentVersionBody,
)
from creditbank.schemas.registry import FilingAnswer

amendments = Door("amendments", __name__, description="Changes of approved filings (变更).")

_SEEN = (FilingUnknownError, RegionForeignError)
_DECIDED = (*_SEEN, AmendmentMissingError)
_UNFIT = (
    FilingStepUnfitError, AmendmentTakesAwayError, AmendmentBelowUsedError, *DRAFT_REFUSALS,
)  # fmt: skip
_EXAMPLE = {
    "seats": 50,
    "sessions": [
        {
            "session_no": 1, "day": "2026-11-11", "planned_minutes": 360, "planned_half_days": 2,
            "place": "高区文化西路某号",
        }
    ],
    "reason": "报名人数增加，改在大教室",
}  # fmt: skip


@amendments.post(
    "/filings/<public:filing_no>/amendments",
    Scope.FILING_SUBMIT,
    status=201,
    body=JsonBody(AmendmentBody(), _EXAMPLE),
    answer=AmendmentAnswer(),
    refuses=(
        *_SEEN, AmendmentOpenError, AmendmentSessionUnknownError, AmendmentUnchangedError, *_UNFIT,
    ),
)  # fmt: skip
def ask_for_amendment(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Ask for other days, places, teachers, sessions, seats or hours of an approved filing."""
    filing_seen(session, call.client, filing_no)
    actor = call.client.client_id
    return _shaped(ask_amendment(session, filing_no, call.body, actor=actor, now=call.now))


@amendments.get(
    "/filings/<public:filing_no>/amendments",
    Scope.FILING_READ,
    answer=AmendmentsAnswer(),
    refuses=_SEEN,
)
def list_amendments(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """List a filing's amendments, each with the version before it and what differs."""
    filing_seen(session, call.client, filing_no)
    return {"amendments": [_shaped(each) for each in amendments_of(session, filing_no)]}


@amendments.post(
    "/filings/<public:filing_no>/amendments/approval",
    Scope.FILING_DECIDE,
    body=JsonBody(AmendmentApprovalBody(), {"version": 2}),
    answer=FilingAnswer(),
    refuses=(*_DECIDED, FilingOfficeForeignError, LateReasonWantedError, *_UNFIT),
)
def approve_filing_amendment(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Make the amendment the filing's version; hours posted before stay under the one before."""
    filing_to_decide(session, call.client, filing_no)
    said, actor = call.body, call.client.client_id
    filing = approve_amendment(
        session, filing_no, said["version"], actor=actor, reason=said["reason"], now=call.now
    )
    return shaped(session, filing)


@amendments.post(
    "/filings/<public:filing_no>/amendments/refusal",
    Scope.FILING_DECIDE,
    body=JsonBody(AmendmentRefusalBody(), {"version": 2, "reason": "教室容纳不下"}),
    answer=FilingAnswer(),
    refuses=(*_DECIDED, FilingOfficeForeignError),
)
def refuse_filing_amendment(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Leave the filing as it is, with the reason that the provider will read."""
    filing_to_decide(session, call.client, filing_no)
    said, actor = call.body, call.client.client_id
    filing = refuse_amendment(
        session, filing_no, said["version"], actor=actor, reason=said["reason"], now=call.now
    )
    return shaped(session, filing)


@amendments.post(
    "/filings/<public:filing_no>/amendments/withdrawal",
    Scope.FILING_SUBMIT,
    body=JsonBody(AmendmentVersionBody(), {"version": 2}),
    answer=FilingAnswer(),
    refuses=_DECIDED,
)
def withdraw_filing_amendment(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Take back what was asked for, before it is decided."""
    filing_seen(session, call.client, filing_no)
    version, actor = call.body["version"], call.client.client_id
    return shaped(
        session, withdraw_amendment(session, filing_no, version, actor=actor, now=call.now)
    )


def _shaped(amendment: FilingAmendment) -> dict[str, Any]:
    before, after = plans_of(amendment)
    names = ("version", "state", "reason", "asked_at", "decided_at", "decision")
    return {
        **{name: getattr(amendment, name) for name in names},
        "before": _plan(before),
        "after": _plan(after),
        "changes": [asdict(each) for each in changes_between(before, after)],
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "seats": plan.seats,
        "approved_hours": plan.approved_centihours,
        "sessions": [
            {"session_no": each.session_no, **asdict(each.planned)} for each in plan.sessions
        ],
    }
