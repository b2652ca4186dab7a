"""Records from before the bank: rehearsed, proposed by one official, approved by a second."""

from dataclasses import asdict
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from creditbank.api.bodies import XLSX_MEDIA_TYPE, ImportFile, JsonBody, UploadedFiles
from creditbank.api.endpoints import Call, Door, Reply, Unit
from creditbank.api.idempotency import REPLAYED_HEADER
from creditbank.api.rosters import shaped_file, shaped_problem
from creditbank.attendance.earlier import HEADERS, TOTALS_HEADERS
from creditbank.attendance.roster_forms import earlier_template
from creditbank.attendance.workbook import Limits, RosterTooLongError
from creditbank.clock import civil_day
from creditbank.crediting import rehearsals
from creditbank.crediting.imports import (
    ImportDifferencesError,
    ImportKnownError,
    ImportRowKnownError,
    ImportRowNameError,
    ImportRowTwiceError,
    ImportRowYearError,
    ImportStateError,
    ImportUnknownError,
    approve_import,
    propose_import,
    withdraw_import,
)
from creditbank.crediting.kept_files import (
    IMPORTS,
    MEDIA_TYPES,
    Download,
    ImportFileErasedError,
    ImportFileNoneError,
    ImportFiles,
    KeptKind,
    RosterFileReasonWantedError,
    import_files_told,
    take_file,
)
from creditbank.crediting.lookups import ShownTotal, import_differences, import_numbered
from creditbank.crediting.models import RecordImport
from creditbank.crediting.rehearsals import (
    ImportRowsRefusedError,
    ReadImport,
    RehearsedRow,
    rehearse,
    require_clean,
)
from creditbank.db import writing
from creditbank.house import current_house
from creditbank.registry.bank import DemoOnlyError, InventedOnlyError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.rules.loader import PackMissingError
from creditbank.rules.subjects import SubjectUnknownError
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.rosters import (
    ImportAnswer,
    ImportApprovalBody,
    ImportBody,
    ImportFileQuery,
    ImportQuery,
    ImportWithdrawalBody,
    RehearsalAnswer,
)
from creditbank.schemas.wanted import invalid_at

_ROW_EXAMPLE = {**IDENTITY_EXAMPLE, "year": 2024, "subject": "professional", "hours": "60.00"}
_EXAMPLE = {"jurisdiction": "cn-3710", "origin": "原继续教育登记系统", "rows": [_ROW_EXAMPLE]}

imports = Door("imports", __name__, description="Records from before the bank.")


@imports.post(
    "/imports",
    Scope.IMPORT_PROPOSE,
    status=201,
    query=ImportQuery(),
    body=ImportFile(ImportBody(), _EXAMPLE),
    answer=ImportAnswer(),
    refuses=(
        RegionForeignError, ImportKnownError, ImportRowTwiceError, ImportRowNameError,
        ImportRowYearError, SubjectUnknownError, PackMissingError, DemoOnlyError,
        InventedOnlyError, RosterTooLongError, ImportRowsRefusedError,
    ),
)  # fmt: skip
def propose(call: Call, session: Session) -> Reply:
    """Put earlier records before a second official; the same again are answered with the first."""
    vault, read = current_house().vault, _read(call, session)
    if isinstance(call.body, UploadedFiles):
        require_clean(rehearse(session, vault, read, civil_day(call.now).year))
    actor = call.client.client_id
    proposal = propose_import(session, vault, read.draft, actor=actor, now=call.now)
    known = [
        RehearsedRow(read.row_nos[each.place], each.import_no, each.centihours, each.same)
        for each in proposal.known
    ]
    members = _shaped(session, proposal.record) | {
        "replayed": proposal.replayed, "known": list(map(_known, known)),
    }  # fmt: skip
    headers = {REPLAYED_HEADER: "true"} if proposal.replayed else {}
    return Reply(members, headers=headers)


@imports.post(
    "/imports/rehearsal",
    Scope.IMPORT_PROPOSE,
    unit=Unit.READING,
    query=ImportQuery(),
    body=ImportFile(ImportBody(), _EXAMPLE),
    answer=RehearsalAnswer(),
    refuses=(RegionForeignError, PackMissingError, RosterTooLongError),
)
def rehearse_records(call: Call, session: Session) -> dict[str, Any]:
    """Tell what proposing earlier records would do, row by row; nothing is written."""
    vault, read = current_house().vault, _read(call, session)
    found = rehearse(session, vault, read, civil_day(call.now).year)
    return {
        "scheme": found.scheme, "rows": found.rows, "people_known": found.people_known,
        "people_unknown": found.people_unknown, "hours": found.total_centihours,
        "problems": [shaped_problem(each) for each in found.refused],
        "known": list(map(_known, found.known)),
        "totals": [{**asdict(each), "hours": each.centihours} for each in found.totals],
        "reconciled": found.is_reconciled,
        "differences": list(map(_difference, found.differences)),
        "replay_of": found.replay_of,
    }  # fmt: skip


@imports.get("/imports/template", Scope.IMPORT_PROPOSE, files={XLSX_MEDIA_TYPE: "…"})
def hand_out_template(_call: Call, _session: Session) -> Response:
    """Hand out an empty file with the headers that are read, and a sheet for stated totals."""
    content = earlier_template(list(HEADERS.values()), TOTALS_HEADERS)
    response = Response(content, content_type=XLSX_MEDIA_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="earlier-records.xlsx"'
    return response


@imports.get(
    "/imports/<public:import_no>",
    Scope.IMPORT_PROPOSE,
    answer=ImportAnswer(),
    refuses=(ImportUnknownError, RegionForeignError),
)
def read_import(call: Call, session: Session, import_no: str) -> dict[str, Any]:
    """Return what was proposed: rows, people, total and digest, and who approved it."""
    record = import_numbered(session, import_no)
    call.client.require_region(record.jurisdiction)
    return _shaped(session, record)


@imports.get(
    "/imports/<public:import_no>/file",
    Scope.IMPORT_PROPOSE,
    unit=Unit.OWN,
    query=ImportFileQuery(),
    files=dict.fromkeys(MEDIA_TYPES.values(), "the bytes of the file, as they came")
    | {MEDIA_TYPES[KeptKind.JSON]: _EXAMPLE},
    refuses=(
        ImportUnknownError, RegionForeignError, RosterFileReasonWantedError, ImportFileNoneError,
        ImportFileErasedError,
    ),
)  # fmt: skip
def download_import_file(call: Call, import_no: str) -> Response:
    """Return a file of an import, byte for byte, while it is kept; each download is recorded."""
    asked = call.query
    with writing() as session:
        call.client.require_region(import_numbered(session, import_no).jurisdiction)
        download = Download(
            asked["part"].file_no(import_no), call.client.client_id, is_official=True,
            reason=asked["reason"] or None, case_no=asked["case_no"],
        )  # fmt: skip
        taken = take_file(session, current_house().vault, IMPORTS, download, now=call.now)
    return Response(taken.content, headers=dict(taken.headers))


@imports.post(
    "/imports/<public:import_no>/approval",
    Scope.IMPORT_APPROVE,
    body=JsonBody(ImportApprovalBody(), {}),
    answer=ImportAnswer(),
    refuses=(
        ImportUnknownError, RegionForeignError, SecondPersonWantedError, ImportDifferencesError,
        ImportRowKnownError, ImportStateError,
    ),
)  # fmt: skip
def approve_records(call: Call, session: Session, import_no: str) -> dict[str, Any]:
    """Approve an import as a second official: its rows are credited, marked as migrated."""
    call.client.require_region(import_numbered(session, import_no).jurisdiction)
    vault, actor = current_house().vault, call.client.client_id
    accepted = call.body["differences_accepted"]
    record = approve_import(session, vault, import_no, actor=actor, now=call.now, accepted=accepted)
    return _shaped(session, record)


@imports.post(
    "/imports/<public:import_no>/withdrawal",
    Scope.IMPORT_PROPOSE,
    body=JsonBody(ImportWithdrawalBody(), {"reason": "原系统导出有误，将重新导出"}),
    answer=ImportAnswer(),
    refuses=(ImportUnknownError, RegionForeignError, ImportStateError),
)
def withdraw_records(call: Call, session: Session, import_no: str) -> dict[str, Any]:
    """Decide that an import is never approved; its records may be proposed again."""
    call.client.require_region(import_numbered(session, import_no).jurisdiction)
    reason, actor = call.body["reason"], call.client.client_id
    return _shaped(session, withdraw_import(session, import_no, reason, actor=actor, now=call.now))


def _read(call: Call, session: Session) -> ReadImport:
    """Take the rows out of what was sent.

    Raises:
        RequestInvalidError: a file came without its region or origin.
    """
    limit, body = current_house().settings.import_rows_max, call.body
    if not isinstance(body, UploadedFiles):
        for rows in (body.rows, body.stated):
            if len(rows) > limit:
                raise RosterTooLongError(limit=limit, row_no=limit + 1)
        call.client.require_region(body.jurisdiction)
        return ReadImport.of(body)
    region = call.query["jurisdiction"], call.query["origin"]
    for name, said in zip(("jurisdiction", "origin"), region, strict=True):
        if not said:
            raise invalid_at(f"/{name}", "field-required")
    call.client.require_region(region[0])
    files, year = ImportFiles(body.file, body.totals), civil_day(call.now).year
    return rehearsals.read_import(session, region, files, year, Limits(rows_max=limit))


def _known(row: RehearsedRow) -> dict[str, Any]:
    return {**asdict(row), "hours": row.centihours}


def _difference(total: ShownTotal) -> dict[str, Any]:
    return {
        "document_kind": total.document_kind, "last_four": total.last_four, "year": total.year,
        "stated_hours": total.stated_centihours, "found_hours": total.found_centihours,
    }  # fmt: skip


def _shaped(session: Session, record: RecordImport) -> dict[str, Any]:
    house, import_no = current_house(), record.import_no
    differences = import_differences(session, house.vault, import_no)
    files = import_files_told(session, house.vault, import_no, days=house.settings.roster_file_days)
    return {
        "import_no": record.import_no,
        "jurisdiction": record.jurisdiction,
        "scheme": record.scheme,
        "origin": record.origin,
        "rows": record.row_count,
        "people": record.people,
        "hours": record.total_centihours,
        "digest": record.digest.hex(),
        "state": record.state,
        "proposed_by": record.proposed_by,
        "approved_by": record.approved_by or "",
        "withdrawn_by": record.withdrawn_by or "",
        "withdrawn_because": record.withdrawn_because or "",
        "replayed": False,
        "known": [],
        "differences": list(map(_difference, differences)),
        "differences_accepted": record.differences_accepted or "",
        "files": [{"part": part, **shaped_file(told)} for part, told in files.items()],
    }
