"""Rosters and what becomes of them, withdrawals, records from before the bank."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import Response, url_for
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.api.bodies import XLSX_MEDIA_TYPE, JsonBody, RosterFile
from creditbank.api.endpoints import Call, Door, Reply, Unit, prefers_async
from creditbank.api.operations import APPLIED_HEADER, ASYNC
from creditbank.api.problems import language
from creditbank.attendance.models import RosterBatch, RosterWork
from creditbank.attendance.roster import (
    Roster,
    RosterEmptyError,
    RosterHeaderMissingError,
    RosterHeaderTwiceError,
    RosterSheetsAmbiguousError,
    is_passed_over,
)
from creditbank.attendance.ways import way_of
from creditbank.attendance.workbook import (
    RosterDamagedError,
    RosterTooLargeError,
    RosterTooLongError,
    RosterUnpacksTooLargeError,
    RosterUnreadableError,
)
from creditbank.clock import civil_day, instant_text
from creditbank.crediting.corrections import (
    Correction,
    CorrectionRefusedError,
    CorrectionUnchangedError,
    correct_attendance,
)
from creditbank.crediting.freezes import SourceInvestigatedError
from creditbank.crediting.kept_files import (
    MEDIA_TYPES,
    ROSTERS,
    Download,
    FileTold,
    KeptKind,
    RosterFileErasedError,
    RosterFileNoneError,
    RosterFileReasonWantedError,
    file_told,
    take_file,
)
from creditbank.crediting.prefilled import template_of
from creditbank.crediting.roster_works import (
    RosterWorkBegunError,
    RosterWorkUnknownError,
    WorkKind,
    WorkState,
    cancel,
    refusal_of,
    request_posting,
    rows_of,
    work_numbered,
)
from creditbank.crediting.rosters import (
    RosterPosting,
    RosterResult,
    RosterUnknownError,
    post_roster,
    rehearse_roster,
    roster_numbered,
    roster_seen,
    sides_of,
)
from creditbank.crediting.withdrawals import (
    NothingToWithdrawError,
    Withdrawal,
    withdraw_attendance,
)
from creditbank.db import writing
from creditbank.errors import RowProblem
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.ledger.sources import AllowanceExceededError, SourceUnknownError
from creditbank.meters import reading_of
from creditbank.people.register import STATED_REFUSALS, PersonUnknownError
from creditbank.registry.clients import RegionForeignError, Scope, organisation_seen
from creditbank.registry.delegates import DelegationNotOpenError
from creditbank.registry.filing.filings import (
    FilingUnknownError,
    delegate_of,
    filing_seen,
)
from creditbank.registry.filing.states import FilingNotApprovedError, FilingNotOpenError
from creditbank.registry.lawbook import law_of
from creditbank.rules.explain import explain_conversion
from creditbank.rules.pack import PackChain
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.rosters import (
    CorrectionAnswer,
    CorrectionBody,
    RosterAnswer,
    RosterFileQuery,
    RosterQuery,
    RosterRecordAnswer,
    RosterWorkAnswer,
    TemplateQuery,
    WithdrawalAnswer,
    WithdrawalBody,
)

_FILE_REFUSALS = (
    RosterUnreadableError, RosterDamagedError, RosterHeaderMissingError, RosterHeaderTwiceError,
    RosterSheetsAmbiguousError, RosterEmptyError, RosterTooLargeError, RosterTooLongError,
    RosterUnpacksTooLargeError,
)  # fmt: skip

_DOWNLOAD_MEMBERS = ("downloaded_at", "downloaded_by", "reason", "case_no")

rosters = Door("rosters", __name__, description="Who was there, and what it was worth.")


@rosters.get(
    "/filings/<public:filing_no>/roster-template",
    Scope.FILING_READ,
    query=TemplateQuery(),
    files={XLSX_MEDIA_TYPE: "the bytes of a workbook"},
    refuses=(FilingUnknownError, DelegationNotOpenError, RegionForeignError),
)
def read_template(call: Call, session: Session, filing_no: str) -> Response:
    """Return a roster to fill in as XLSX: the filing's days, and for its provider people, too."""
    filing = filing_seen(session, call.client, filing_no, delegated_on=civil_day(call.now))
    house, whom = current_house(), call.query["people"]
    most = house.settings.roster_call_rows_max
    name = f'attachment; filename="roster-{filing_no}.xlsx"'
    return Response(
        template_of(session, house.vault, filing, whom, most=most, client=call.client),
        content_type=XLSX_MEDIA_TYPE,
        headers={"Content-Disposition": name, "Cache-Control": "no-store"},
    )


@rosters.post(
    "/filings/<public:filing_no>/rosters",
    Scope.ROSTER_POST,
    status=201,
    query=RosterQuery(),
    body=RosterFile(),
    answer=RosterAnswer(),
    accepted=RosterWorkAnswer(),
    refuses=(
        FilingUnknownError, DelegationNotOpenError, RegionForeignError, FilingNotApprovedError,
        FilingNotOpenError, SourceInvestigatedError, AllowanceExceededError, SourceUnknownError,
        *_FILE_REFUSALS,
    ),
)  # fmt: skip
def post_attendance(call: Call, session: Session, filing_no: str) -> dict[str, Any] | Reply:
    """Post a roster: good rows are credited, bad rows come back; `mode=validate` only tries.

    A row whose number is on record under another name is held, and names that differ are counted,
    also when it is only tried.

    Whoever prefers not to wait, or sends a very long one, is told where to ask how far it is.
    """
    filing = filing_seen(session, call.client, filing_no, delegated_on=civil_day(call.now))
    posting = RosterPosting(
        filing, call.body.roster, call.client.client_id,
        delegate_id=delegate_of(session, call.client, filing), way=way_of(call.query["way"]),
        file=call.body.file,
    )  # fmt: skip
    if not call.dry and _is_left(posting.roster):
        return _left(session, posting, call)
    post = rehearse_roster if call.dry else post_roster
    result = post(session, current_house().vault, posting, now=call.now)
    members = {
        "roster_no": "" if call.dry else result.roster_no,
        "filing_no": result.filing_no,
        "rows_credited": result.rows_credited,
        "people_credited": result.people_credited,
        "credited_hours": result.credited_centihours,
        "capped_hours": result.capped_centihours,
        "rows": _rows(result, law_of(session, filing.scheme)) if call.dry else [],
        **_told(result.problems),
    }
    return Reply(members, keeps=True) if call.dry else members


@rosters.get(
    "/roster-works/<public:work_no>",
    Scope.ROSTER_POST,
    answer=RosterWorkAnswer(),
    refuses=(RosterWorkUnknownError,),
)
def read_roster_work(call: Call, session: Session, work_no: str) -> dict[str, Any]:
    """Tell how far a roster is that was left to be posted; at the end, what became of it."""
    return _work(session, _seen(session, call, work_no))


@rosters.post(
    "/roster-works/<public:work_no>/cancellation",
    Scope.ROSTER_POST,
    answer=RosterWorkAnswer(),
    refuses=(RosterWorkUnknownError, RosterWorkBegunError),
)
def cancel_roster_work(call: Call, session: Session, work_no: str) -> dict[str, Any]:
    """Take a roster back before it is begun; once begun it is posted whole, or not at all."""
    work = _seen(session, call, work_no)
    cancel(session, work, now=call.now)
    session.refresh(work)
    return _work(session, work)


@rosters.get(
    "/rosters/<public:roster_no>",
    Scope.FILING_READ,
    answer=RosterRecordAnswer(),
    refuses=(RosterUnknownError, DelegationNotOpenError, RegionForeignError),
)
def read_roster_record(call: Call, session: Session, roster_no: str) -> dict[str, Any]:
    """Return a roster as it was recorded: who posted it for whom, and the rows refused."""
    batch, filing = roster_seen(session, call.client, roster_no, civil_day(call.now))
    poster, holder = sides_of(session, batch, filing)
    sides = {"organisation": poster.uscc, "posted_for": holder.uscc}
    return {**_shaped(batch), **sides, "file": _file(session, roster_no)}


@rosters.get(
    "/rosters/<public:roster_no>/file",
    Scope.ATTENDANCE_WITHDRAW,
    unit=Unit.OWN,
    query=RosterFileQuery(),
    files={
        MEDIA_TYPES[kind]: "the bytes of the file, as they came"
        for kind in (KeptKind.XLSX, KeptKind.XLS, KeptKind.CSV)
    },
    refuses=(
        RosterUnknownError, DelegationNotOpenError, RegionForeignError,
        RosterFileReasonWantedError, RosterFileNoneError, RosterFileErasedError,
    ),
)  # fmt: skip
def download_roster_file(call: Call, roster_no: str) -> Response:
    """Return the file of a roster, byte for byte, while it is kept; each download is recorded.

    Officials say for what they take it. After its term the record of the roster tells its digest.
    """
    client, asked = call.client, call.query
    with writing() as session:
        roster_seen(session, client, roster_no, civil_day(call.now))
        download = Download(
            roster_no, client.client_id, organisation_seen(client) is None,
            asked["reason"] or None, asked["case_no"],
        )  # fmt: skip
        taken = take_file(session, current_house().vault, ROSTERS, download, now=call.now)
    return Response(taken.content, headers=dict(taken.headers))


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


@rosters.post(
    "/filings/<public:filing_no>/corrections",
    Scope.ATTENDANCE_WITHDRAW,
    status=201,
    body=JsonBody(
        CorrectionBody(),
        {**IDENTITY_EXAMPLE, "day": "2026-11-12", "attended_minutes": 270,
         "reason": "wrong-minutes"},
    ),
    answer=CorrectionAnswer(),
    refuses=(
        FilingUnknownError, RegionForeignError, SourceUnknownError, PersonUnknownError,
        *STATED_REFUSALS, NothingToWithdrawError, CorrectionUnchangedError,
        CorrectionRefusedError, FilingNotOpenError, SourceInvestigatedError, PersonErasedError,
    ),
)  # fmt: skip
def put_right(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Correct a person's attendance of a day: reversed and credited anew, in one act."""
    attended_by = call.body["attended_by"]
    correction = Correction(
        filing=filing_seen(session, call.client, filing_no),
        identity=call.body["identity"],
        day=call.body["day"],
        attended_minutes=call.body["attended_minutes"],
        reason=call.body["reason"],
        case_no=call.body["case_no"],
        actor=call.client.client_id,
        attended_by=attended_by["identity"] if attended_by else None,
        attended_on=call.body["attended_on"],
    )
    result = correct_attendance(session, current_house().vault, correction, now=call.now)
    return {
        "filing_no": filing_no,
        "day": result.day,
        "day_after": result.day_after,
        "minutes_before": result.minutes_before,
        "minutes_after": result.minutes_after,
        "hours_before": result.before_centihours,
        "hours_after": result.after_centihours,
        "roster_no": result.roster_no,
        "act_leaf": result.act_leaf.hex(),
    }


def _is_left(roster: Roster) -> bool:
    most = current_house().settings.roster_call_rows_max
    return prefers_async() or rows_of(roster) > most


def _left(session: Session, posting: RosterPosting, call: Call) -> Reply:
    work_no = request_posting(session, current_house().vault, posting, now=call.now)
    members = _work(session, session.get_one(RosterWork, work_no))
    applied = {APPLIED_HEADER: ASYNC} if prefers_async() else {}
    headers = {"Location": members["location"], **applied}
    return Reply(members, headers=headers, status=HTTPStatus.ACCEPTED)


def _seen(session: Session, call: Call, work_no: str) -> RosterWork:
    """Return a work that machines left; those of pages end on pages."""
    work = work_numbered(session, work_no, organisation_seen(call.client))
    if work.kind != WorkKind.POSTING or work.hold_no is not None:
        raise RosterWorkUnknownError(work_no=work_no[:20])
    return work


def _work(session: Session, work: RosterWork) -> dict[str, Any]:
    reading, refusal = reading_of(work), refusal_of(work)
    names = ("work_no", "filing_no", "state", "rows_total", "requested_at", "finished_at")
    return {
        **{name: getattr(work, name) for name in names},
        "location": url_for("rosters.read_roster_work", work_no=work.work_no),
        "phase": reading.phase, "phase_done": reading.done, "phase_total": reading.total,
        "result": _result(session, work) if work.state == WorkState.DONE else None,
        "problem": asdict(catalogue.problem(refusal, language())) if refusal else None,
    }  # fmt: skip


def _result(session: Session, work: RosterWork) -> dict[str, Any]:
    """Say what a posting that was waited for would have been answered."""
    said, batch = json.loads(work.answer), roster_numbered(session, work.roster_no or "")
    return {
        "roster_no": batch.roster_no, "filing_no": batch.filing_no,
        "rows_credited": batch.rows_credited, "people_credited": said["people_credited"],
        "credited_hours": said["credited_centihours"], "capped_hours": said["capped_centihours"],
        "rows": [], **_told(_problems(batch)),
    }  # fmt: skip


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
    return {
        "roster_no": batch.roster_no,
        "filing_no": batch.filing_no,
        "posted_by": batch.posted_by,
        "recorded_at": instant_text(batch.recorded_at),
        "way": batch.way,
        "digest": batch.digest.hex(),
        "delegation_no": batch.delegation_no or "",
        "rows_credited": batch.rows_credited,
        **_told(_problems(batch)),
    }


def _file(session: Session, roster_no: str) -> dict[str, Any] | None:
    house = current_house()
    days = house.settings.roster_file_days
    told = file_told(session, house.vault, ROSTERS, roster_no, days=days)
    return None if told is None else shaped_file(told)


def shaped_file(told: FileTold) -> dict[str, Any]:
    """Return a kept file as the API tells of it."""
    downloads = [
        {name: getattr(each, name) for name in _DOWNLOAD_MEMBERS} for each in told.downloads
    ]
    return {
        "kind": told.kind, "bytes": told.byte_length, "sha256": told.sha256.hex(),
        "commitment": told.commitment, "salt": told.salt.hex(),
        "kept_until": told.kept_until, "erased_on": told.erased_on,
        "erased_because": told.erased_because or ("term" if told.erased_on else ""),
        "downloads": downloads, "downloads_total": told.downloads_total,
    }  # fmt: skip


def _problems(batch: RosterBatch) -> list[RowProblem]:
    return [RowProblem(**each) for each in json.loads(batch.problems)]


def _told(problems: Sequence[RowProblem]) -> dict[str, Any]:
    """Tell what is wrong with rows, and apart from it what was passed over by name."""
    passed = [shaped_problem(each) for each in problems if is_passed_over(each)]
    wrong = [shaped_problem(each) for each in problems if not is_passed_over(each)]
    return {"problems": wrong, "passed_over": passed}
