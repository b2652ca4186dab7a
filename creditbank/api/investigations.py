"""Investigations (核查): hours frozen by one act, released or reversed by another."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import Call, Door
from creditbank.clock import instant_text
from creditbank.crediting.cases import (
    Case,
    CasesWanted,
    HeldCredit,
    cases_of,
    cases_page,
    credits_held,
    source_in_region,
)
from creditbank.crediting.investigations import (
    InvestigationClosedError,
    InvestigationDraft,
    InvestigationKnownError,
    InvestigationUnknownError,
    NothingToFreezeError,
    close_investigation,
    investigation_numbered,
    open_investigation,
)
from creditbank.crediting.models import Investigation
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.ledger.sources import SourceUnknownError
from creditbank.people.register import STATED_REFUSALS, PersonUnknownError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.schemas.investigations import (
    ClosingBody,
    InvestigationAnswer,
    InvestigationBody,
    InvestigationsAnswer,
    InvestigationsQuery,
)
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.verification.desk_looks import LookDraft, Shown

CREDITS_SHOWN = 1_000
_EXAMPLE = {
    "about": "F7K2M9QXAB/2", "person": IDENTITY_EXAMPLE, "case_no": "威人社查〔2026〕3号",
    "reason": "complaint",
}  # fmt: skip
_SEEN = (InvestigationUnknownError, RegionForeignError)

investigations = Door(
    "investigations", __name__, description="Hours frozen while they are looked into (核查)."
)


@investigations.post(
    "/investigations",
    Scope.HOURS_INVESTIGATE,
    status=201,
    body=JsonBody(InvestigationBody(), _EXAMPLE),
    answer=InvestigationAnswer(),
    refuses=(
        SourceUnknownError, RegionForeignError, PersonUnknownError, *STATED_REFUSALS,
        InvestigationKnownError, NothingToFreezeError, PersonErasedError,
    ),
)  # fmt: skip
def open_case(call: Call, session: Session) -> dict[str, Any]:
    """Open an investigation: an act, and what stands within its reach is frozen with it."""
    source_in_region(session, call.body["source_no"], call.client)
    draft = InvestigationDraft(**call.body, actor=call.client.client_id)
    return _shaped(session, open_investigation(session, current_house().vault, draft, now=call.now))


@investigations.get(
    "/investigations",
    Scope.HOURS_INVESTIGATE,
    query=InvestigationsQuery(),
    answer=InvestigationsAnswer(),
)
def list_cases(call: Call, session: Session) -> dict[str, Any]:
    """List a region's investigations, newest first; by the number of the office's file, if any."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    wanted = CasesWanted(
        jurisdiction=call.client.jurisdiction,
        case_no=call.query["case_no"],
        state=call.query["state"],
        before=place_of(call.query["cursor"]),
        limit=limit,
    )
    found = cases_page(session, wanted)
    page, next_cursor = found[:limit], ""
    if len(found) > limit:
        last = page[-1].investigation
        next_cursor = cursor_of(last.opened_at, last.investigation_no)
    return {"investigations": [_line(each) for each in page], "next_cursor": next_cursor}


@investigations.get(
    "/investigations/<public:investigation_no>",
    Scope.HOURS_INVESTIGATE,
    answer=InvestigationAnswer(),
    refuses=_SEEN,
)
def read_case(call: Call, session: Session, investigation_no: str) -> dict[str, Any]:
    """Return an investigation with what it held and how that stands now."""
    found = investigation_numbered(session, investigation_no)
    call.client.require_region(found.jurisdiction)
    held = _held(session, found)
    draft = LookDraft(Shown.INVESTIGATION, investigation_no, found.case_no)
    looked([each.credit.person_id for each in held], draft, call.client, now=call.now)
    return _shaped(session, found)


@investigations.post(
    "/investigations/<public:investigation_no>/closing",
    Scope.HOURS_INVESTIGATE,
    body=JsonBody(ClosingBody(), {"outcome": "cleared"}),
    answer=InvestigationAnswer(),
    refuses=(*_SEEN, InvestigationClosedError),
)
def close_case(call: Call, session: Session, investigation_no: str) -> dict[str, Any]:
    """Close an investigation: an act by which its hours count again, or are reversed."""
    call.client.require_region(investigation_numbered(session, investigation_no).jurisdiction)
    vault, outcome, actor = current_house().vault, call.body["outcome"], call.client.client_id
    return _shaped(
        session,
        close_investigation(session, vault, investigation_no, outcome, actor=actor, now=call.now),
    )


def _shaped(session: Session, found: Investigation) -> dict[str, Any]:
    [case] = cases_of(session, [found])
    return {
        **_line(case),
        "credits": [
            {
                "scheme": each.credit.scheme,
                "occasion": each.credit.occasion,
                "year": each.credit.credited_year,
                "subject": each.credit.subject,
                "hours": each.credit.centihours,
                "standing": each.standing,
                "leaf": each.credit.leaf.hex(),
            }
            for each in _held(session, found)
        ],
    }


def _held(session: Session, found: Investigation) -> list[HeldCredit]:
    return credits_held(session, current_house().vault, found.investigation_no, 0, CREDITS_SHOWN)


def _line(case: Case) -> dict[str, Any]:
    found = case.investigation
    return {
        "investigation_no": found.investigation_no,
        "case_no": found.case_no,
        "jurisdiction": found.jurisdiction,
        "scheme": case.scheme,
        "about": case.about,
        "of_one_person": found.person_id is not None,
        "reason": found.reason,
        "state": found.state,
        "opened_by": found.opened_by,
        "opened_at": found.opened_at,
        "closed_by": found.closed_by or "",
        "closed_at": instant_text(found.closed_at) if found.closed_at else "",
        "credit_count": case.credits,
    }
