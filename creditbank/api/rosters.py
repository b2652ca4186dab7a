"""Rosters and what becomes of them, withdrawals, records from before the bank."""

import json
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.api.bodies import XLSX_MEDIA_TYPE, JsonBody, RosterFile
from creditbank.api.endpoints import Call, Door
from creditbank.api.problems import language
from creditbank.attendance.models import RosterBatch
from creditbank.attendance.roster import (
    RosterEmptyError,
    RosterHeaderMissingError,
    RosterHeaderTwiceError,
    RosterSheetsAmbiguousError,
)
from creditbank.attendance.roster_forms import template
from creditbank.attendance.workbook import (
    RosterDamagedError,
    RosterTooLargeError,
    RosterTooLongError,
    RosterUnpacksTooLargeError,
    RosterUnreadableError,
)
from creditbank.clock import instant_text
from creditbank.crediting.freezes import SourceInvestigatedError
from creditbank.crediting.rosters import (
    RosterPosting,
    RosterResult,
    RosterUnknownError,
    post_roster,
    roster_numbered,
)
from creditbank.crediting.withdrawals import (
    NothingToWithdrawError,
    Withdrawal,
    withdraw_attendance,
)
from creditbank.errors import RowProblem
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.ledger.sources import AllowanceExceededError, SourceUnknownError
from creditbank.people.register import STATED_REFUSALS, PersonUnknownError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.filing.filings import (
    FilingNotApprovedError,
    FilingUnknownError,
    filing_seen,
    sessions_of,
)
from creditbank.registry.lawbook import law_of
from creditbank.rules.explain import explain_conversion
from creditbank.rules.pack import PackChain
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.rosters import (
    ModeQuery,
    RosterAnswer,
    RosterRecordAnswer,
    WithdrawalAnswer,
    WithdrawalBody,
)

_FILE_REFUSALS = (
    RosterUnreadableError, RosterDamagedError, RosterHeaderMissingError, RosterHeaderTwiceError,
    RosterSheetsAmbiguousError, RosterEmptyError, RosterTooLargeError, RosterTooLongError,
    RosterUnpacksTooLargeError,
)  # fmt: skip

rosters = Door("rosters", __name__, description="Who was there, and what it was worth.")


@rosters.get(
    "/filings/<public:filing_no>/roster-template",
    Scope.FILING_READ,
    files={XLSX_MEDIA_TYPE: "the bytes of a workbook"},
    refuses=(FilingUnknownError, RegionForeignError),
)
def read_template(call: Call, session: Session, filing_no: str) -> Response:
    """Return an empty roster as XLSX, with the filing's days to choose from."""
    filing = filing_seen(session, call.client, filing_no)
    days = [planned.day for planned in sessions_of(session, filing_no)]
    rows = min(filing.seats * len(days), current_house().settings.roster_rows_max)
    name = f'attachment; filename="roster-{filing_no}.xlsx"'
    return Response(
        template(days, rows),
        content_type=XLSX_MEDIA_TYPE,
        headers={"Content-Disposition": name, "Cache-Control": "no-store"},
    )


@rosters.post(
    "/filings/<public:filing_no>/rosters",
    Scope.ROSTER_POST,
    status=201,
    query=ModeQuery(),
    body=RosterFile(),
    answer=RosterAnswer(),
    refuses=(
        FilingUnknownError, RegionForeignError, FilingNotApprovedError, SourceInvestigatedError,
        AllowanceExceededError, SourceUnknownError, *_FILE_REFUSALS,
    ),
)  # fmt: skip
def post_attendance(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Post a roster: good rows are credited, bad rows come back; `mode=validate` only tries."""
    filing = filing_seen(session, call.client, filing_no)
    posting = RosterPosting(filing, call.body, call.client.client_id)
    result = post_roster(session, current_house().vault, posting, now=call.now)
    return {
        "roster_no": "" if call.dry else result.roster_no,
        "filing_no": result.filing_no,
        "rows_credited": result.rows_credited,
        "people_credited": result.people_credited,
        "credited_hours": result.credited_centihours,
        "capped_hours": result.capped_centihours,
        "rows": _rows(result, law_of(session, filing.scheme)) if call.dry else [],
        "problems": [shaped_problem(problem) for problem in result.problems],
    }


@rosters.get(
    "/rosters/<public:roster_no>",
    Scope.FILING_READ,
    answer=RosterRecordAnswer(),
    refuses=(RosterUnknownError, RegionForeignError),
)
def read_roster_record(call: Call, session: Session, roster_no: str) -> dict[str, Any]:
    """Return a roster as it was recorded, with the rows that were refused."""
    batch = roster_numbered(session, roster_no)
    try:
        filing_seen(session, call.client, batch.filing_no)
    except FilingUnknownError as error:
        raise RosterUnknownError(roster_no=roster_no[:20]) from error
    return _shaped(batch)


@rosters.post(
    "/filings/<public:filing_no>/withdrawals",
    Scope.ATTENDANCE_WITHDRAW,
    status=201,
    body=JsonBody(
        WithdrawalBody(), {**IDENTITY_EXAMPLE, "days": ["2026-11-12"], "reason": "not-present"}
    ),
    answer=WithdrawalAnswer(),
    refuses=(
        FilingUnknownError, RegionForeignError, SourceUnknownError, PersonUnknownError,
        *STATED_REFUSALS, NothingToWithdrawError, PersonErasedError,
    ),
)  # fmt: skip
def take_back(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Withdraw a person's attendance: an act with its reason, and a reversal of each credit."""
    withdrawal = Withdrawal(
        filing=filing_seen(session, call.client, filing_no),
        identity=call.body["identity"],
        days=tuple(call.body["days"]),
        reason=call.body["reason"],
        case_no=call.body["case_no"],
        actor=call.client.client_id,
    )
    result = withdraw_attendance(session, current_house().vault, withdrawal, now=call.now)
    return {
        "filing_no": filing_no,
        "days": result.days,
        "reversed_hours": result.reversed_centihours,
        "act_leaf": result.act_leaf.hex(),
    }


def _rows(result: RosterResult, law: PackChain) -> list[dict[str, Any]]:
    """Tell each credited row, with the steps of its conversion in words."""
    told: dict[int, list[str]] = {}
    for row in result.rows:
        if id(row.conversion) not in told:
            sentences = explain_conversion(row.conversion, language(), law)
            told[id(row.conversion)] = [each.text for each in sentences]
    return [
        {
            "row_no": row.row_no,
            "day": row.day,
            "attended_minutes": row.attended_minutes,
            "hours": row.conversion.centihours,
            "why": told[id(row.conversion)],
        }
        for row in result.rows
    ]


def shaped_problem(problem: RowProblem) -> dict[str, Any]:
    """Say what is wrong with a cell in the language that the request asks for."""
    words = catalogue.problem(problem, language())
    return {
        "row_no": problem.row_no,
        "column": problem.column,
        "code": problem.code,
        "title": words.title,
        "found": words.found,
        "wanted": words.wanted,
        "next": words.next,
    }


def _shaped(batch: RosterBatch) -> dict[str, Any]:
    problems = [
        RowProblem(each["row_no"], each["column"], each["code"], each["facts"])
        for each in json.loads(batch.problems)
    ]
    return {
        "roster_no": batch.roster_no,
        "filing_no": batch.filing_no,
        "posted_by": batch.posted_by,
        "recorded_at": instant_text(batch.recorded_at),
        "digest": batch.digest.hex(),
        "rows_credited": batch.rows_credited,
        "problems": [shaped_problem(problem) for problem in problems],
    }
