"""The desk for earlier records (既往记录): one official proposes a file, a second approves it."""

from dataclasses import dataclass
from enum import StrEnum

from flask import Response, g, request
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.attendance.earlier import HEADERS, TOTALS_HEADERS
from creditbank.attendance.roster_forms import earlier_template
from creditbank.attendance.workbook import Limits
from creditbank.catalogue import Problem
from creditbank.clock import civil_day
from creditbank.crediting.imports import (
    approve_import,
    propose_import,
    withdraw_import,
)
from creditbank.crediting.kept_files import (
    IMPORTS,
    Download,
    FileReason,
    ImportFiles,
    ImportPart,
    RosterFileReasonWantedError,
    import_files_told,
    take_file,
)
from creditbank.crediting.lookups import (
    import_differences,
    import_numbered,
    import_rows,
    import_totals,
    imports_page,
)
from creditbank.crediting.models import RecordImport
from creditbank.crediting.rehearsals import Rehearsal, read_import, rehearse
from creditbank.db import snapshot, writing
from creditbank.errors import CreditBankError, RowProblem
from creditbank.house import current_house
from creditbank.ids import checked_jurisdiction
from creditbank.registry.clients import Scope
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Unit, Visit, able, see
from creditbank.web.holding import (
    Slice,
    asked_number,
    asked_place,
    cursor_of,
    law_if_any,
    namer,
    scheme_called,
    shown,
)
from creditbank.web.pages import reader_language

IMPORTS_SHOWN = 25
ROWS_SHOWN = 50
PROBLEMS_SHOWN = 200
_ORIGIN_CHARACTERS_MAX = 200
_REASON_CHARACTERS_MAX = 500
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PROPOSES = able(Scope.IMPORT_PROPOSE)

imports_desk = Pages("imports_desk", __name__)


class FileMissingError(CreditBankError):
    """No file was chosen."""

    code = "form-file-missing"
    status = 422


class ConfirmationMissingError(CreditBankError):
    """Whoever approves did not say that they compared it."""

    code = "form-confirmation-missing"
    status = 422


class Step(StrEnum):
    """What a button of the form asks for."""

    REHEARSE = "rehearse"
    PROPOSE = "propose"


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of the file that keeps it from being proposed, in words."""

    row_no: int
    column: str
    problem: Problem


@imports_desk.shown("/desk/imports", _PROPOSES, menu="imports")
def overview(visit: Visit, session: Session) -> Response:
    """List the region's imports, the newest first."""
    found = imports_page(session, visit.client.jurisdiction, asked_place("before"), IMPORTS_SHOWN)
    page, more = found[:IMPORTS_SHOWN], len(found) > IMPORTS_SHOWN
    return shown(
        "desk_imports.html",
        imports=page,
        next=cursor_of(page[-1].proposed_at, page[-1].import_no) if more else "",
    )


@imports_desk.shown("/desk/imports/template", _PROPOSES)
def template(_visit: Visit, _session: Session) -> Response:
    """Hand out an empty file with the headers that are read."""
    content = earlier_template(list(HEADERS.values()), TOTALS_HEADERS)
    response = Response(content, content_type=_SPREADSHEET)
    response.headers["Content-Disposition"] = 'attachment; filename="earlier-records.xlsx"'
    response.headers["Cache-Control"] = "no-store"
    return response


@imports_desk.shown("/desk/imports/new", _PROPOSES)
def new(visit: Visit, session: Session) -> Response:
    """Ask for the file and where its records come from; tell what was found if one was sent."""
    found: Rehearsal | None = g.get("rehearsal")
    refused = [_said(each) for each in found.refused[:PROBLEMS_SHOWN]] if found else []
    law = law_if_any(session, found.scheme) if found else None
    return shown(
        "desk_import_new.html", region=request.form.get("jurisdiction", visit.client.jurisdiction),
        origin=request.form.get("origin", ""), headers=list(HEADERS.values()), refused=refused,
        totals_headers=TOTALS_HEADERS, found=found, named=namer(law), shown_max=PROBLEMS_SHOWN,
    )  # fmt: skip


@imports_desk.sent("/desk/imports/new", _PROPOSES, shows=new, unit=Unit.OWN)
def propose(visit: Visit) -> Response:
    """Read the file whole; propose it if every row is good, else, or if asked, only tell."""
    step = forms.chosen("step", Step)
    region = checked_jurisdiction(forms.typed("jurisdiction"))
    visit.client.require_region(region)
    origin = fields.text("origin", "import-origin", _ORIGIN_CHARACTERS_MAX)
    files = ImportFiles(_file("file"), _file("totals", wanted=False))
    vault, limit = current_house().vault, current_house().settings.import_rows_max
    year = civil_day(visit.now).year
    with snapshot() as session:
        read = read_import(session, (region, origin), files, year, Limits(rows_max=limit))
        g.rehearsal = rehearse(session, vault, read, year)
        if step is Step.REHEARSE or g.rehearsal.refused:
            response = new(visit, session)
            response.status_code = 422 if step is Step.PROPOSE else 200
            return response
    actor = visit.client.client_id
    with writing() as session:
        made = propose_import(session, vault, read.draft, actor=actor, now=visit.now)
    done = "import-replayed" if made.replayed else "import-proposed"
    if not made.replayed and any(each.same for each in made.known):
        done = "import-proposed-without"
    return see("web.imports_desk.one", done, import_no=made.record.import_no)


@imports_desk.shown("/desk/imports/<public:import_no>", _PROPOSES)
def one(visit: Visit, session: Session, import_no: str) -> Response:
    """Show exactly what is approved: totals by year and subject, digest, and every row."""
    record = _seen(visit, session, import_no)
    law = law_if_any(session, record.scheme)
    house = current_house()
    part = Slice.of(record.row_count, asked_number("page", 1), ROWS_SHOWN)
    rows = import_rows(session, house.vault, import_no, (part.number - 1) * ROWS_SHOWN, ROWS_SHOWN)
    days = house.settings.roster_file_days
    return shown(
        "desk_import.html", record=record, totals=import_totals(session, import_no), rows=rows,
        slice=part, named=namer(law), scheme=scheme_called(record.scheme, law),
        differences=import_differences(session, house.vault, import_no),
        mine=record.proposed_by == visit.client.client_id, shown_max=PROBLEMS_SHOWN,
        files=import_files_told(session, house.vault, import_no, days=days),
        reasons=list(map(str, FileReason)),
        typed={name: request.form.get(name, "") for name in ("reason", "case_no")},
    )  # fmt: skip


@imports_desk.sent(
    "/desk/imports/<public:import_no>/approval", able(Scope.IMPORT_APPROVE), shows=one
)
def approve(visit: Visit, session: Session, import_no: str) -> Response:
    """Approve an import as a second official: its rows are credited, marked as migrated."""
    _seen(visit, session, import_no)
    if not forms.ticked("compared"):
        raise ConfirmationMissingError
    vault, actor = current_house().vault, visit.client.client_id
    accepted = fields.text("accepted", "import-accepted", _REASON_CHARACTERS_MAX, wanted=False)
    approve_import(session, vault, import_no, actor=actor, now=visit.now, accepted=accepted)
    return see("web.imports_desk.one", "import-approved", import_no=import_no)


@imports_desk.sent("/desk/imports/<public:import_no>/withdrawal", _PROPOSES, shows=one)
def withdraw(visit: Visit, session: Session, import_no: str) -> Response:
    """Decide that it is never approved, by whoever proposed it or by a second official."""
    _seen(visit, session, import_no)
    reason = fields.text("reason", "import-withdraw-reason", _REASON_CHARACTERS_MAX)
    withdraw_import(session, import_no, reason, actor=visit.client.client_id, now=visit.now)
    return see("web.imports_desk.one", "import-withdrawn", import_no=import_no)


@imports_desk.sent("/desk/imports/<public:import_no>/file", _PROPOSES, shows=one)
def download(visit: Visit, session: Session, import_no: str) -> Response:
    """Give a file of an import as it came, and note who took it, and for what."""
    _seen(visit, session, import_no)
    if not forms.typed("reason"):
        raise RosterFileReasonWantedError
    wanted = Download(
        forms.chosen("part", ImportPart).file_no(import_no), visit.client.client_id,
        is_official=True, reason=forms.chosen("reason", FileReason),
        case_no=forms.typed("case_no")[:60],
    )  # fmt: skip
    taken = take_file(session, current_house().vault, IMPORTS, wanted, now=visit.now)
    return Response(taken.content, headers=dict(taken.headers))


def _seen(visit: Visit, session: Session, import_no: str) -> RecordImport:
    """Return an import of the own region.

    Raises:
        ImportUnknownError, RegionForeignError: there is none, or it is another region's.
    """
    record = import_numbered(session, import_no)
    visit.client.require_region(record.jurisdiction)
    return record


def _said(problem: RowProblem) -> Refused:
    return Refused(problem.row_no, problem.column, catalogue.problem(problem, reader_language()))


def _file(name: str, *, wanted: bool = True) -> bytes:
    """Return the bytes of a file that was chosen; the whole request is bounded.

    Raises:
        FileMissingError: none was, and one is wanted.
    """
    file = request.files.get(name)
    if file is not None and file.filename:
        return file.stream.read()
    if wanted:
        raise FileMissingError
    return b""
