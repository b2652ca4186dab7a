"""What became of xAPI statements, told to their provider; and its own names for its sessions."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.api.problems import language
from creditbank.api.xapi import cursor_of, place_of
from creditbank.attendance.statement_models import XapiStatement
from creditbank.clock import civil_day
from creditbank.crediting.xapi_records import (
    Naming,
    RecordsWanted,
    SessionNumberUnknownError,
    name_session,
    names_of_sessions,
    reason_of,
    records_of,
)
from creditbank.house import current_house
from creditbank.registry.clients import RegionForeignError, Scope, organisation_seen
from creditbank.registry.delegates import DelegationNotOpenError
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen
from creditbank.schemas.xapi_records import (
    NamingBody,
    NamingsAnswer,
    RecordsAnswer,
    RecordsQuery,
)

_PLAIN = (
    "statement_id", "stored_at", "happened_at", "outcome", "filing_no", "session_no",
    "roster_no", "row_no", "voids", "voided_by",
)  # fmt: skip
_ACTIVITIES = "/filings/<public:filing_no>/xapi-activities"

xapi_records = Door("xapi-records", __name__, description="What became of xAPI statements.")


@xapi_records.get(
    "/xapi-statements", Scope.ROSTER_POST, query=RecordsQuery(), answer=RecordsAnswer()
)
def read_xapi_outcomes(call: Call, session: Session) -> dict[str, Any]:
    """Tell what became of the client's own statements and why, newest first."""
    query = call.query
    wanted = RecordsWanted(
        organisation_id=organisation_seen(call.client) or 0,
        outcome=query.get("outcome"),
        filing_no=query.get("filing_no", ""),
        after=place_of(query["cursor"]),
        limit=min(query["limit"], current_house().settings.page_size_max),
    )
    rows, more = records_of(session, wanted)
    return {
        "statements": [_told(row) for row in rows],
        "next_cursor": "" if more is None else cursor_of(more),
    }


@xapi_records.post(
    _ACTIVITIES,
    Scope.ROSTER_POST,
    body=JsonBody(NamingBody(), {"activity": "https://lms.example.com/c/17", "session_no": 1}),
    answer=NamingsAnswer(),
    refuses=(
        FilingUnknownError,
        DelegationNotOpenError,
        RegionForeignError,
        SessionNumberUnknownError,
    ),
)
def name_xapi_activity(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Let an activity of the client's own programs stand for a session, from now on."""
    naming = Naming(filing_no, call.body["session_no"], call.body["activity"])
    name_session(session, call.client, naming, now=call.now)
    return _names(session, call, filing_no)


@xapi_records.get(
    _ACTIVITIES, Scope.ROSTER_POST, answer=NamingsAnswer(),
    refuses=(FilingUnknownError, DelegationNotOpenError, RegionForeignError),
)  # fmt: skip
def read_xapi_activities(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Tell what the client's own programs call the sessions of a filing."""
    filing_seen(session, call.client, filing_no, delegated_on=civil_day(call.now))
    return _names(session, call, filing_no)


def _names(session: Session, call: Call, filing_no: str) -> dict[str, Any]:
    found = names_of_sessions(session, organisation_seen(call.client) or 0, filing_no)
    return {"activities": found}


def _told(row: XapiStatement) -> dict[str, Any]:
    problem, told = reason_of(row), None
    if problem is not None:
        words = catalogue.problem(problem, language())
        told = {
            "column": problem.column, "code": problem.code, "title": words.title,
            "found": words.found, "wanted": words.wanted, "next": words.next,
        }  # fmt: skip
    return {**{name: getattr(row, name) for name in _PLAIN}, "reason": told}
