"""Filings (备案): submitted by a provider, listed, read, decided, returned and mended."""

import json
from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import Call, Door
from creditbank.clock import civil_day
from creditbank.crediting.lookups import use_of
from creditbank.crediting.rosters import rosters_of
from creditbank.house import current_house
from creditbank.registry.clients import RegionForeignError, Scope, organisation_seen
from creditbank.registry.delegates import DelegationNotOpenError
from creditbank.registry.filing.bases import FilingBaseMissingError
from creditbank.registry.filing.deciding import FilingOfficeForeignError, filing_to_decide
from creditbank.registry.filing.due import due_day_of, overdue_filings
from creditbank.registry.filing.filings import (
    ApprovedHoursBeyondError,
    ApprovedHoursUnfitError,
    FilingChangedError,
    FilingDecidedError,
    FilingNotReturnedError,
    FilingUnknownError,
    LateReasonWantedError,
    approve_filing,
    delegate_of,
    filing_seen,
    refuse_filing,
    require_version,
    return_filing,
    sessions_of,
    submit_again,
    submit_filing,
)
from creditbank.registry.filing.kinds import (
    FilingFactForeignError,
    FilingFactWantedError,
    FilingKindUnfitError,
)
from creditbank.registry.filing.sittings import FilingDayTwiceError, SessionTimesError
from creditbank.registry.lookups import FilingsWanted, filings_page, organisation_of
from creditbank.registry.models import Filing
from creditbank.registry.organisations import OrganisationUnknownError
from creditbank.registry.successions import holder_of
from creditbank.rules.conversion import FactMissingError, NotRecognisedError, RuleMissingError
from creditbank.rules.loader import PackMissingError
from creditbank.rules.subjects import SubjectUnknownError
from creditbank.schemas.registry import (
    ApprovalBody,
    FilingAnswer,
    FilingBody,
    FilingLine,
    FilingReasonBody,
    FilingsAnswer,
    FilingsQuery,
    OverdueAnswer,
    OverdueQuery,
)

_EXAMPLE = {
    "activity": "enterprise_course",
    "form": "seminar",
    "release": "full",
    "title": "碳纤维复合材料成型工艺研修",
    "subject": "professional",
    "seats": 40,
    "kind": "enterprise_run",
    "facts": {"open_to_chain": "yes"},
    "sessions": [
        {
            "day": "2026-11-10",
            "planned_minutes": 360,
            "planned_half_days": 2,
            "begins_at": "09:00",
            "ends_at": "17:00",
            "place": "高区文化西路某号",
        }
    ],
}

DRAFT_REFUSALS = (
    FilingDayTwiceError, SubjectUnknownError, NotRecognisedError, RuleMissingError,
    FactMissingError, ApprovedHoursUnfitError, PackMissingError, FilingKindUnfitError,
    FilingFactWantedError, FilingFactForeignError, SessionTimesError, FilingBaseMissingError,
)  # fmt: skip
_DECIDED = (
    FilingUnknownError, RegionForeignError, FilingOfficeForeignError, FilingDecidedError,
    FilingChangedError,
)  # fmt: skip

filings = Door("filings", __name__, description="Activities filed for record (备案).")


@filings.post(
    "/filings",
    Scope.FILING_SUBMIT,
    status=201,
    body=JsonBody(FilingBody(), _EXAMPLE),
    answer=FilingAnswer(),
    refuses=(OrganisationUnknownError, RegionForeignError, *DRAFT_REFUSALS),
)
def file_activity(call: Call, session: Session) -> dict[str, Any]:
    """File an activity for record; nothing is credited before it is approved."""
    provider = organisation_of(session, organisation_seen(call.client))
    call.client.require_region(provider.jurisdiction)
    filing = submit_filing(session, call.body, provider, actor=call.client.client_id, now=call.now)
    return shaped(session, filing)


@filings.get(
    "/filings",
    Scope.FILING_READ,
    query=FilingsQuery(),
    answer=FilingsAnswer(),
)
def list_filings(call: Call, session: Session) -> dict[str, Any]:
    """List filings, newest first: a provider's own and delegated ones, an official's region."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    wanted = FilingsWanted(
        jurisdiction=call.client.jurisdiction,
        organisation_id=organisation_seen(call.client),
        state=str(call.query["state"]),
        decided_by=call.client.jurisdiction if call.query["decided_by"] else "",
        before=place_of(call.query["cursor"]),
        limit=limit,
        delegated_on=civil_day(call.now),
    )
    found = filings_page(session, wanted)
    page = found[:limit]
    more = len(found) > limit
    next_cursor = cursor_of(page[-1].submitted_at, page[-1].filing_no) if more else ""
    return {"filings": page, "next_cursor": next_cursor}


@filings.get("/overdue-filings", Scope.FILING_DECIDE, query=OverdueQuery(), answer=OverdueAnswer())
def list_overdue(call: Call, session: Session) -> dict[str, Any]:
    """List what was not decided in time in your region and below, the longest overdue first."""
    settings, region = current_house().settings, call.client.jurisdiction
    days, limit = settings.filing_decide_working_days, call.query["limit"]
    found = overdue_filings(
        session, region, days, limit=min(limit, settings.page_size_max), now=call.now
    )
    names = [name for name in FilingLine().fields if hasattr(Filing, name)]
    return {
        "filings": [
            {**{name: getattr(each, name) for name in names}, "due_day": due_day_of(each, days)}
            for each in found
        ]
    }


@filings.get(
    "/filings/<public:filing_no>",
    Scope.FILING_READ,
    answer=FilingAnswer(),
    refuses=(FilingUnknownError, DelegationNotOpenError, RegionForeignError),
)
def read_filing(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Return a filing with its sessions, its state, and what of it is used.

    A delegate sees of the rosters those that it posted itself.
    """
    filing = filing_seen(session, call.client, filing_no, delegated_on=civil_day(call.now))
    return shaped(session, filing, delegate_of(session, call.client, filing))


@filings.post(
    "/filings/<public:filing_no>/approval",
    Scope.FILING_DECIDE,
    body=JsonBody(ApprovalBody(), {"reason": "活动因台风改期，补办备案"}),
    answer=FilingAnswer(),
    refuses=(
        *_DECIDED, LateReasonWantedError, ApprovedHoursBeyondError, NotRecognisedError,
        RuleMissingError, FactMissingError, FilingBaseMissingError,
    ),
)  # fmt: skip
def approve(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Approve a filing: its bounds are granted, and rosters may be posted."""
    filing_to_decide(session, call.client, filing_no)
    require_version(session, filing_no, call.body["version"])
    filing = approve_filing(
        session,
        filing_no,
        actor=call.client.client_id,
        reason=call.body["reason"],
        approved_centihours=call.body["approved_hours"],
        now=call.now,
    )
    return shaped(session, filing)


@filings.post(
    "/filings/<public:filing_no>/refusal",
    Scope.FILING_DECIDE,
    body=JsonBody(FilingReasonBody(), {"reason": "未说明授课单位"}),
    answer=FilingAnswer(),
    refuses=_DECIDED,
)
def refuse(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Refuse a filing, with the reason that the provider will read."""
    filing_to_decide(session, call.client, filing_no)
    require_version(session, filing_no, call.body["version"])
    filing = refuse_filing(
        session, filing_no, actor=call.client.client_id, reason=call.body["reason"], now=call.now
    )
    return shaped(session, filing)


@filings.post(
    "/filings/<public:filing_no>/return",
    Scope.FILING_DECIDE,
    body=JsonBody(FilingReasonBody(), {"reason": "请补写第二天的起止时间", "version": 1}),
    answer=FilingAnswer(),
    refuses=_DECIDED,
)
def send_back(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Return a filing (退回): the provider reads the reason and submits it again."""
    filing_to_decide(session, call.client, filing_no)
    require_version(session, filing_no, call.body["version"])
    filing = return_filing(
        session, filing_no, actor=call.client.client_id, reason=call.body["reason"], now=call.now
    )
    return shaped(session, filing)


@filings.post(
    "/filings/<public:filing_no>/resubmission",
    Scope.FILING_SUBMIT,
    body=JsonBody(FilingBody(), _EXAMPLE),
    answer=FilingAnswer(),
    refuses=(FilingUnknownError, RegionForeignError, FilingNotReturnedError, *DRAFT_REFUSALS),
)
def file_again(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Submit a returned filing again under its number, mended, as its next version."""
    filing_seen(session, call.client, filing_no)
    filing = submit_again(session, filing_no, call.body, actor=call.client.client_id, now=call.now)
    return shaped(session, filing)


def shaped(session: Session, filing: Filing, delegate_id: int | None = None) -> dict[str, Any]:
    """Return a filing as it is answered."""
    rosters = rosters_of(session, filing.filing_no, delegate_id)
    holder = holder_of(session, filing)
    used = use_of(session, filing.filing_no)
    return {
        **{name: getattr(filing, name) for name in FilingAnswer().fields if hasattr(filing, name)},
        "asked_hours": filing.asked_centihours,
        "due_day": due_day_of(filing, current_house().settings.filing_decide_working_days),
        "approved_hours": filing.approved_centihours,
        "facts": json.loads(filing.facts),
        "organisation": organisation_of(session, filing.organisation_id).uscc,
        "answered_by": organisation_of(session, holder).uscc if holder else "",
        "sessions": sessions_of(session, filing.filing_no),
        "rosters": [roster.roster_no for roster in rosters],
        "used": used
        and {
            "people": used.people,
            "people_max": used.people_max,
            "hours": used.centihours,
            "hours_max": used.centihours_max,
            "person_hours_max": used.person_centihours_max,
        },
    }
