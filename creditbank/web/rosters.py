"""Rosters: a template, an upload, the preview of each row's fate, the posting, and its result.

An uploaded file goes from the request into the vault and is read back from there; it never stands
in a page, an address or a log.
"""

import json
from collections.abc import Sequence

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.attendance.models import HeldRoster, RosterBatch
from creditbank.attendance.roster_forms import report, report_csv, template
from creditbank.attendance.workbook import Limits
from creditbank.crediting.attendances import credited_by
from creditbank.crediting.holding import (
    Fate,
    Preview,
    RowFate,
    Upload,
    discard_held,
    held_numbered,
    hold_roster,
    post_held,
    preview_of,
)
from creditbank.crediting.rosters import RosterUnknownError, roster_numbered, steps_of_trace
from creditbank.errors import CreditBankError, RowProblem
from creditbank.house import current_house
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen, sessions_of
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import Filing
from creditbank.rules.explain import Sentence, explain_step
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.filings import one as filing_page
from creditbank.web.pages import page, reader_language
from creditbank.web.paging import leaf_of

#: A page of rows that each have several faults stays below 100 KB.
ROWS_SHOWN = 25
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"


class RosterFileWantedError(CreditBankError):
    """No file was chosen."""

    code = "roster-file-wanted"
    status = 422


rosters = Pages("rosters", __name__)


@rosters.shown("/filings/<public:filing_no>/roster-template", able(Scope.ROSTER_POST))
def empty(visit: Visit, session: Session, filing_no: str) -> Response:
    """Give an empty roster whose days are those of the filing."""
    filing = filing_seen(session, visit.client, filing_no)
    days = [planned.day for planned in sessions_of(session, filing_no)]
    rows = min(filing.seats * len(days), current_house().settings.roster_rows_max)
    return _file(template(days, rows), _XLSX, f"roster-{filing_no}.xlsx")


@rosters.sent("/filings/<public:filing_no>/rosters", able(Scope.ROSTER_POST), shows=filing_page)
def upload(visit: Visit, session: Session, filing_no: str) -> Response:
    """Rehearse an uploaded roster, and keep it until it is posted or discarded."""
    filing, limits = filing_seen(session, visit.client, filing_no), _limits()
    file = request.files.get("file")
    if file is None or not file.filename:
        raise RosterFileWantedError
    content = file.stream.read(limits.file_bytes_max + 1)
    sent = Upload(filing, content, limits, visit.client.client_id)
    hold_no = hold_roster(session, current_house().vault, sent, now=visit.now)
    return see("web.rosters.preview", hold_no=hold_no)


@rosters.shown("/held-rosters/<public:hold_no>", able(Scope.ROSTER_POST))
def preview(visit: Visit, session: Session, hold_no: str) -> Response:
    """Show what would become of each row."""
    held = _held(session, visit, hold_no)
    if held.roster_no is not None:
        return see("web.rosters.result", roster_no=held.roster_no)
    found = preview_of(current_house().vault, held)
    filing = filing_seen(session, visit.client, held.filing_no)
    fate = request.args.get("rows", "")
    fate = fate if fate in set(Fate) else ""
    rows = [row for row in found.rows if not fate or row.fate == fate]
    leaf = leaf_of(rows, ROWS_SHOWN)
    return page(
        "roster_preview.html", held=held, filing=filing, preview=found, fate=fate, leaf=leaf,
        counts={str(each): found.count(each) for each in Fate},
        problems={row.row_no: _in_words(row.problems) for row in leaf.lines},
        conversions=_conversions(session, filing, found, leaf.lines),
    )  # fmt: skip


@rosters.sent("/held-rosters/<public:hold_no>/posting", able(Scope.ROSTER_POST), shows=preview)
def post(visit: Visit, session: Session, hold_no: str) -> Response:
    """Post a held roster; whoever presses twice is led to the one result."""
    held = _held(session, visit, hold_no)
    roster_no = post_held(
        session, current_house().vault, held, _limits(), actor=visit.client.client_id,
        now=visit.now,
    )  # fmt: skip
    return see("web.rosters.result", "roster-posted", roster_no=roster_no)


@rosters.sent("/held-rosters/<public:hold_no>/discarding", able(Scope.ROSTER_POST))
def discard(visit: Visit, session: Session, hold_no: str) -> Response:
    """Forget a held roster."""
    held = _held(session, visit, hold_no)
    discard_held(session, held)
    return see("web.filings.one", "roster-discarded", filing_no=held.filing_no)


@rosters.shown("/rosters/<public:roster_no>", able(Scope.FILING_READ))
def result(visit: Visit, session: Session, roster_no: str) -> Response:
    """Show what became of a roster."""
    batch, filing = _posted(session, visit, roster_no)
    problems = problems_of(batch)
    leaf = leaf_of(problems, ROWS_SHOWN)
    people, centihours = credited_by(session, filing, roster_no)
    return page(
        "roster_result.html", batch=batch, filing=filing, people=people, centihours=centihours,
        refused=len({each.row_no for each in problems}), leaf=leaf,
        problems=[(each, catalogue.problem(each, reader_language())) for each in leaf.lines],
        sees_people=Scope.ATTENDANCE_WITHDRAW in visit.client.scopes,
    )  # fmt: skip


@rosters.shown("/rosters/<public:roster_no>/refused.xlsx", able(Scope.FILING_READ))
def refused_xlsx(visit: Visit, session: Session, roster_no: str) -> Response:
    """Give the refused rows with their reasons as a workbook."""
    batch, _filing = _posted(session, visit, roster_no)
    content = report(problems_of(batch), reader_language())
    return _file(content, _XLSX, f"refused-{roster_no}.xlsx")


@rosters.shown("/rosters/<public:roster_no>/refused.csv", able(Scope.FILING_READ))
def refused_csv(visit: Visit, session: Session, roster_no: str) -> Response:
    """Give the refused rows with their reasons as CSV."""
    batch, _filing = _posted(session, visit, roster_no)
    content = report_csv(problems_of(batch), reader_language())
    return _file(content, _CSV, f"refused-{roster_no}.csv")


def problems_of(batch: RosterBatch) -> list[RowProblem]:
    """Return what was recorded of the refused rows."""
    return [RowProblem(**each) for each in json.loads(batch.problems)]


def _held(session: Session, visit: Visit, hold_no: str) -> HeldRoster:
    return held_numbered(session, hold_no, organisation_seen(visit.client), now=visit.now)


def _posted(session: Session, visit: Visit, roster_no: str) -> tuple[RosterBatch, Filing]:
    batch = roster_numbered(session, roster_no)
    try:
        return batch, filing_seen(session, visit.client, batch.filing_no)
    except FilingUnknownError as error:
        raise RosterUnknownError(roster_no=roster_no[:20]) from error


def _limits() -> Limits:
    settings = current_house().settings
    return Limits(file_bytes_max=settings.request_bytes_max, rows_max=settings.roster_rows_max)


def _in_words(problems: Sequence[RowProblem]) -> list[tuple[str, catalogue.Problem]]:
    language = reader_language()
    return [(each.column, catalogue.problem(each, language)) for each in problems]


def _conversions(
    session: Session, filing: Filing, found: Preview, rows: Sequence[RowFate]
) -> list[tuple[int, RowFate, list[Sentence]]]:
    """Explain each conversion that the shown rows rest on, once, by its first row."""
    law = law_of(session, filing.scheme)
    first = {row.conversion: row for row in reversed(rows) if row.conversion >= 0}
    return [
        (
            number,
            row,
            [
                explain_step(step, reader_language(), law)
                for step in steps_of_trace(found.conversions[number], law)
            ],
        )
        for number, row in sorted(first.items())
    ]


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store",
    }  # fmt: skip
    return Response(content, content_type=media_type, headers=headers)
