"""Rows whose name differs from the one on record (姓名核实): listed, asked for, decided."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import Call, Door
from creditbank.api.rosters import shaped_problem
from creditbank.clock import instant_text
from creditbank.crediting.freezes import SourceInvestigatedError
from creditbank.crediting.models import NameCheck
from creditbank.crediting.name_checks import OPEN
from creditbank.crediting.name_decisions import (
    ChecksWanted,
    NameCheckClosedError,
    NameCheckNotCreditableError,
    NameCheckUnknownError,
    NameDecision,
    ask_for_check,
    check_seen,
    checks_page,
    decide_name,
    names_on_record,
    told_rows,
    whose_number,
)
from creditbank.crediting.pre_matching import match_people as matched
from creditbank.house import current_house
from creditbank.registry.clients import RegionForeignError, Scope, organisation_seen
from creditbank.registry.filing.states import FilingNotOpenError
from creditbank.schemas.name_checks import (
    FindingBody,
    MatchAnswer,
    MatchBody,
    NameCheckAnswer,
    NameCheckLine,
    NameChecksAnswer,
    NameChecksQuery,
    NoteBody,
)
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.verification.desk_looks import LookDraft, Shown

name_checks = Door(
    "name-checks", __name__, description="Rows held because their name is another (姓名核实)."
)


@name_checks.get(
    "/name-checks", Scope.FILING_READ, query=NameChecksQuery(), answer=NameChecksAnswer()
)
def list_name_checks(call: Call, session: Session) -> dict[str, Any]:
    """List held rows of the own organisation, or of the region; newest first, without names."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    place = place_of(call.query["cursor"])
    found = checks_page(session, ChecksWanted(call.client, call.query["state"], place, limit))
    page, next_cursor = found[:limit], ""
    if len(found) > limit:
        next_cursor = cursor_of(page[-1].held_at, page[-1].check_no)
    return {"name_checks": [_line(each) for each in page], "next_cursor": next_cursor}


@name_checks.post(
    "/people/matches",
    Scope.ROSTER_POST,
    body=JsonBody(MatchBody(), {"people": [IDENTITY_EXAMPLE]}),
    answer=MatchAnswer(),
)
def match_people(call: Call, session: Session) -> dict[str, Any]:
    """Tell before anything is posted whether numbers and names fit; never the name on record.

    Names that differ are counted, as those of a roster are.
    """
    provider = organisation_seen(call.client) or 0
    stated = call.body["people"]
    told = matched(session, current_house().vault, provider, stated, now=call.now)
    return {
        "people": [
            {
                "row_no": each.row_no, "match": each.match,
                "problem": shaped_problem(each.problem) if each.problem else None,
            }
            for each in told
        ]
    }  # fmt: skip


@name_checks.post(
    "/name-checks/<public:check_no>/request",
    Scope.ROSTER_POST,
    body=JsonBody(NoteBody(), {"note": "身份证复印件已送科室"}),
    answer=NameCheckLine(),
    refuses=(NameCheckUnknownError, NameCheckClosedError),
)
def request_name_check(call: Call, session: Session, check_no: str) -> dict[str, Any]:
    """Ask an official to compare the names, and say what proves them one person's."""
    check_seen(session, call.client, check_no)
    note, vault = call.body["note"], current_house().vault
    return _line(ask_for_check(session, vault, check_no, note, now=call.now))


@name_checks.get(
    "/name-checks/<public:check_no>",
    Scope.PERSON_LINK,
    answer=NameCheckAnswer(),
    refuses=(NameCheckUnknownError, RegionForeignError),
)
def read_name_check(call: Call, session: Session, check_no: str) -> dict[str, Any]:
    """Show an official the name that was posted and the names on record."""
    check = check_seen(session, call.client, check_no)
    if check.state == OPEN:
        person_id = whose_number(session, current_house().vault, check)
        looked([person_id], LookDraft(Shown.NAMES, check_no), call.client, now=call.now)
    return _shaped(session, check)


@name_checks.post(
    "/name-checks/<public:check_no>/decision",
    Scope.PERSON_LINK,
    body=JsonBody(FindingBody(), {"finding": "renamed", "case_no": "威人社核〔2026〕8号"}),
    answer=NameCheckAnswer(),
    refuses=(
        NameCheckUnknownError, RegionForeignError, NameCheckClosedError,
        NameCheckNotCreditableError, FilingNotOpenError, SourceInvestigatedError,
    ),
)  # fmt: skip
def decide_name_check(call: Call, session: Session, check_no: str) -> dict[str, Any]:
    """Decide a held row by an act: credited under the known person, or refused."""
    check_seen(session, call.client, check_no)
    decision = NameDecision(check_no, **call.body, actor=call.client.client_id)
    return _shaped(session, decide_name(session, current_house().vault, decision, now=call.now))


def _line(check: NameCheck) -> dict[str, Any]:
    names = ("check_no", "jurisdiction", "filing_no", "session_no", "roster_no", "row_no",
             "held_at", "state", "finding")  # fmt: skip
    return {
        **{name: getattr(check, name) for name in names},
        "asked_at": instant_text(check.asked_at) if check.asked_at else "",
        "decided_at": instant_text(check.decided_at) if check.decided_at else "",
        "credited_roster_no": check.credited_roster_no or "",
    }


def _shaped(session: Session, check: NameCheck) -> dict[str, Any]:
    vault = current_house().vault
    [row] = told_rows(vault, [check])
    waits = check.state == OPEN
    return {
        **_line(check),
        "name_stated": row.name,
        "names_on_record": list(names_on_record(session, vault, check)) if waits else [],
        "last_four": row.last_four,
        "day": row.day,
        "attended_minutes": row.attended_minutes,
        "note": row.note,
        "decided_by": check.decided_by or "",
        "case_no": check.case_no,
    }
