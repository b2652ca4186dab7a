"""Rosters: a template, an upload, the preview of each row's fate, the posting, and its result.

An uploaded file goes from the request into the vault and is read back from there; it never stands
in a page, an address or a log.
"""

import json
from collections.abc import Sequence
from datetime import timedelta

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.attendance.models import LIVE, HeldRoster, RosterBatch, RosterWork
from creditbank.attendance.refused_rows import (
    RefusedRow,
    as_csv,
    as_roster,
    as_workbook,
    refused_rows,
)
from creditbank.attendance.roster import ABSENT, HEADERS, Column, is_passed_over
from creditbank.attendance.roster_forms import report, report_csv
from creditbank.attendance.tables import rows_at_most
from creditbank.attendance.ways import Way, way_of
from creditbank.attendance.workbook import Limits
from creditbank.clock import civil_day
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
from creditbank.crediting.kept_files import (
    ROSTERS,
    Download,
    FileReason,
    FileTold,
    KeptKind,
    RosterFileReasonWantedError,
    file_told,
    take_file,
)
from creditbank.crediting.prefilled import Whom, template_of
from creditbank.crediting.roster_credits import Phase
from creditbank.crediting.roster_works import (
    RosterWorkBegunError,
    WorkState,
    cancel,
    posting_of,
    refusal_of,
    request_held_posting,
    request_preview,
    work_numbered,
)
from creditbank.crediting.rosters import (
    roster_seen,
    sides_of,
)
from creditbank.crediting.traces import steps_of_trace
from creditbank.db import snapshot, writing
from creditbank.errors import CreditBankError, RowProblem
from creditbank.house import current_house
from creditbank.meters import reading_of
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.registry.filing.filings import delegate_of, filing_seen
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import Filing
from creditbank.rules.explain import Sentence, explain_step
from creditbank.web import forms
from creditbank.web.doors import Pages, Unit, Visit, able, see
from creditbank.web.filings import one as filing_page
from creditbank.web.pages import page, reader_language
from creditbank.web.paging import leaf_of

#: A page of rows that each have several faults stays below 100 KB.
ROWS_SHOWN = 25
#: How often the page of a work comes again, and when it says that nobody has come for the work.
_REFRESH_SECONDS, _LONG = 2, timedelta(seconds=30)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"


#: What is put right in place: a year made up is a matter for the file.
_MENDED = tuple(column for column in Column if column is not Column.MAKE_UP)
#: Rows that were credited before, or wait for somebody's decision.
_NOT_TO_MEND = ("roster-already-credited", "roster-row-duplicate", "roster-name-held")


class RosterFileWantedError(CreditBankError):
    """No file was chosen."""

    code = "roster-file-wanted"
    status = 422


rosters = Pages("rosters", __name__)


@rosters.shown("/filings/<public:filing_no>/roster-template", able(Scope.ROSTER_POST))
def empty(visit: Visit, session: Session, filing_no: str) -> Response:
    """Give a roster to fill in: the filing's days, and the people that are asked for."""
    filing, house = _filing(session, visit, filing_no), current_house()
    most, asked = house.settings.roster_call_rows_max, request.args.get("people", "")
    whom = Whom(asked) if asked in set(Whom) else Whom.NOBODY
    made = template_of(session, house.vault, filing, whom, most=most, client=visit.client)
    return _file(made, _XLSX, f"roster-{filing_no}.xlsx")


@rosters.sent("/filings/<public:filing_no>/rosters", able(Scope.ROSTER_POST), shows=filing_page)
def upload(visit: Visit, session: Session, filing_no: str) -> Response:
    """Rehearse an uploaded roster, and keep it until it is posted or discarded."""
    filing, limits = _filing(session, visit, filing_no), _limits()
    file = request.files.get("file")
    if file is None or not file.filename:
        raise RosterFileWantedError
    content = file.stream.read(limits.file_bytes_max + 1)
    client = visit.client
    delegate_id = delegate_of(session, client, filing)
    sent = Upload(
        filing, content, limits, client.client_id, delegate_id=delegate_id,
        way=Way.PAPER if forms.ticked("paper") else None,
    )  # fmt: skip
    if len(content) <= limits.file_bytes_max and _is_long(rows_at_most(content, limits)):
        work_no = request_preview(session, current_house().vault, sent, now=visit.now)
        return see("web.rosters.work", work_no=work_no)
    hold_no = hold_roster(session, current_house().vault, sent, now=visit.now)
    return see("web.rosters.preview", hold_no=hold_no)


@rosters.shown("/held-rosters/<public:hold_no>", able(Scope.ROSTER_POST))
def preview(visit: Visit, session: Session, hold_no: str) -> Response:
    """Show what would become of each row."""
    held = _held(session, visit, hold_no)
    if held.roster_no is not None:
        return see("web.rosters.result", roster_no=held.roster_no)
    posting = posting_of(session, hold_no)
    if posting is not None:
        return see("web.rosters.work", work_no=posting.work_no)
    found = preview_of(current_house().vault, held)
    filing = _filing(session, visit, held.filing_no)
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


@rosters.sent(
    "/held-rosters/<public:hold_no>/posting", able(Scope.ROSTER_POST), shows=preview, unit=Unit.OWN
)
def post(visit: Visit, hold_no: str) -> Response:
    """Post a held roster; whoever presses twice is led to the one work, or the one result."""
    with snapshot() as session:  # so that nobody waits for a posting only to be led to it
        _held(session, visit, hold_no)
        posting = posting_of(session, hold_no)
    if posting is not None:
        return see("web.rosters.work", work_no=posting.work_no)
    with writing() as session:
        return _post(session, visit, _held(session, visit, hold_no))


@rosters.sent("/held-rosters/<public:hold_no>/discarding", able(Scope.ROSTER_POST))
def discard(visit: Visit, session: Session, hold_no: str) -> Response:
    """Forget a held roster."""
    held = _held(session, visit, hold_no)
    posting = posting_of(session, hold_no)
    if posting is not None:
        return see("web.rosters.work", work_no=posting.work_no)
    discard_held(session, held)
    return see("web.filings.one", "roster-discarded", filing_no=held.filing_no)


@rosters.shown("/roster-works/<public:work_no>", able(Scope.ROSTER_POST))
def work(visit: Visit, session: Session, work_no: str) -> Response:
    """Show how far a long roster is; the page comes again by itself, and leads on at the end."""
    found = _work(session, visit, work_no)
    if found.roster_no is not None:
        return see("web.rosters.result", "roster-posted", roster_no=found.roster_no)
    held = session.get(HeldRoster, found.hold_no or "")
    if found.state == WorkState.DONE and held is not None:
        return see("web.rosters.preview", hold_no=held.hold_no)
    lives, refusal = found.state in LIVE, refusal_of(found)
    watches = lives and request.args.get("watch") != "no"
    return page(
        "roster_work.html", work=found, lives=lives, held=held,
        filing=_filing(session, visit, found.filing_no), reading=reading_of(found),
        phases=list(map(str, Phase)),
        refusal_said=catalogue.problem(refusal, reader_language()) if refusal else None,
        waits_long=found.state == WorkState.WAITING and visit.now - found.requested_at > _LONG,
        refresh_seconds=_REFRESH_SECONDS if watches else 0,
    )  # fmt: skip


@rosters.sent(
    "/roster-works/<public:work_no>/cancellation", able(Scope.ROSTER_POST), shows=work,
    unit=Unit.OWN,
)  # fmt: skip
def cancel_work(visit: Visit, work_no: str) -> Response:
    """Take a long roster back that nobody has begun."""
    with snapshot() as session:  # so that nobody waits for the end only to be told that it began
        if _work(session, visit, work_no).state == WorkState.RUNNING:
            raise RosterWorkBegunError(work_no=work_no)
    with writing() as session:
        cancel(session, _work(session, visit, work_no), now=visit.now)
    return see("web.rosters.work", work_no=work_no)


@rosters.shown("/rosters/<public:roster_no>", able(Scope.FILING_READ))
def result(visit: Visit, session: Session, roster_no: str) -> Response:
    """Show what became of a roster."""
    batch, filing = _posted(session, visit, roster_no)
    problems = problems_of(batch)
    refused = {each.row_no for each in problems if not is_passed_over(each)}
    passed = {each.row_no for each in problems} - refused
    leaf = leaf_of(problems, ROWS_SHOWN)
    people, centihours = credited_by(session, filing, roster_no)
    return page(
        "roster_result.html", batch=batch, filing=filing, people=people, centihours=centihours,
        refused=len(refused), passed=len(passed), leaf=leaf,
        problems=[(each, catalogue.problem(each, reader_language())) for each in leaf.lines],
        sees_people=Scope.ATTENDANCE_WITHDRAW in visit.client.scopes
        and delegate_of(session, visit.client, filing) is None,
        poster=sides_of(session, batch, filing)[0],
        held=sum(each.code == "roster-name-held" for each in problems),
        mends=any(each.code not in _NOT_TO_MEND for each in _refused(batch)),
        absent=sum(each.code == ABSENT for each in problems),
        posts=Scope.ROSTER_POST in visit.client.scopes,
        file=_file_told(session, roster_no), reasons=_reasons(visit),
        takes_file=Scope.ATTENDANCE_WITHDRAW in visit.client.scopes,
        typed={name: request.form.get(name, "") for name in ("reason", "case_no")},
    )  # fmt: skip


@rosters.sent("/rosters/<public:roster_no>/file", able(Scope.ATTENDANCE_WITHDRAW), shows=result)
def download(visit: Visit, session: Session, roster_no: str) -> Response:
    """Give the file of a roster as it came, and note who took it; officials say for what."""
    _posted(session, visit, roster_no)
    official = bool(_reasons(visit))
    if official and not forms.typed("reason"):
        raise RosterFileReasonWantedError
    wanted = Download(
        roster_no, visit.client.client_id, official,
        forms.chosen("reason", FileReason) if official else None, forms.typed("case_no")[:60],
    )  # fmt: skip
    taken = take_file(session, current_house().vault, ROSTERS, wanted, now=visit.now)
    return Response(taken.content, headers=dict(taken.headers))


@rosters.shown("/rosters/<public:roster_no>/refused.xlsx", able(Scope.FILING_READ))
def refused_xlsx(visit: Visit, session: Session, roster_no: str) -> Response:
    """Give the refused rows with their reasons as a workbook."""
    batch, _filing = _posted(session, visit, roster_no)
    content = report(_refused(batch), reader_language())
    return _file(content, _XLSX, f"refused-{roster_no}.xlsx")


@rosters.shown("/rosters/<public:roster_no>/refused.csv", able(Scope.FILING_READ))
def refused_csv(visit: Visit, session: Session, roster_no: str) -> Response:
    """Give the refused rows with their reasons as CSV."""
    batch, _filing = _posted(session, visit, roster_no)
    content = report_csv(_refused(batch), reader_language())
    return _file(content, _CSV, f"refused-{roster_no}.csv")


@rosters.sent("/rosters/<public:roster_no>/refused-rows", able(Scope.ROSTER_POST), shows=result)
def refused(visit: Visit, session: Session, roster_no: str) -> Response:
    """Give the refused rows back as a roster of the file's kind, with their reasons."""
    batch, _filing = _posted(session, visit, roster_no)
    kind, rows = _to_mend(session, visit, batch)
    if kind is KeptKind.CSV:
        return _file(as_csv(rows, reader_language()), _CSV, f"refused-rows-{roster_no}.csv")
    return _file(as_workbook(rows, reader_language()), _XLSX, f"refused-rows-{roster_no}.xlsx")


@rosters.sent("/rosters/<public:roster_no>/mending", able(Scope.ROSTER_POST), shows=result)
def mending(visit: Visit, session: Session, roster_no: str) -> Response:
    """Show refused rows to be put right; numbers stay where they are, but for their last four."""
    batch, filing = _posted(session, visit, roster_no)
    _kind, rows = _to_mend(session, visit, batch)
    return page(
        "roster_mending.html", batch=batch, filing=filing, rows=rows[:ROWS_SHOWN],
        more=len(rows) - ROWS_SHOWN, columns=_MENDED,
        headers={column: HEADERS[column][reader_language() == "en"] for column in _MENDED},
        problems={row.row_no: _in_words(row.problems) for row in rows[:ROWS_SHOWN]},
    )  # fmt: skip


@rosters.sent("/rosters/<public:roster_no>/mended", able(Scope.ROSTER_POST), shows=result)
def mended(visit: Visit, session: Session, roster_no: str) -> Response:
    """Hold rows that were put right as a roster of their own, and lead to its preview."""
    batch, filing = _posted(session, visit, roster_no)
    _kind, rows = _to_mend(session, visit, batch)
    made: list[dict[Column, str]] = [
        {
            column: forms.typed(f"{column}-{row.row_no}") or row.cells.get(Column(column), "")
            if column is Column.NUMBER
            else forms.typed(f"{column}-{row.row_no}")
            for column in _MENDED
        }
        for row in rows[:ROWS_SHOWN]
        if f"{Column.NAME}-{row.row_no}" in request.form and not forms.ticked(f"omit-{row.row_no}")
    ]
    if not made:
        return see("web.rosters.result", roster_no=roster_no)
    sent = Upload(
        filing, as_roster(made), _limits(), visit.client.client_id,
        delegate_id=delegate_of(session, visit.client, filing), way=way_of(batch.way),
    )  # fmt: skip
    hold_no = hold_roster(session, current_house().vault, sent, now=visit.now)
    return see("web.rosters.preview", hold_no=hold_no)


def _to_mend(
    session: Session, visit: Visit, batch: RosterBatch
) -> tuple[KeptKind, list[RefusedRow]]:
    """Take the file again, which is noted, and return its kind and the rows to be put right."""
    wanted = Download(batch.roster_no, visit.client.client_id, is_official=False)
    taken = take_file(session, current_house().vault, ROSTERS, wanted, now=visit.now)
    wrong = [each for each in _refused(batch) if each.code not in _NOT_TO_MEND]
    return taken.kind, refused_rows(taken.content, wrong, _limits())


def problems_of(batch: RosterBatch) -> list[RowProblem]:
    """Return what was recorded of the refused rows."""
    return [RowProblem(**each) for each in json.loads(batch.problems)]


def _file_told(session: Session, roster_no: str) -> FileTold | None:
    house = current_house()
    days = house.settings.roster_file_days
    return file_told(session, house.vault, ROSTERS, roster_no, days=days)


def _reasons(visit: Visit) -> list[str]:
    """Return what may be said for a download, by whom it is asked; of providers nothing is."""
    return list(map(str, FileReason)) if organisation_seen(visit.client) is None else []


def _refused(batch: RosterBatch) -> list[RowProblem]:
    return [each for each in problems_of(batch) if not is_passed_over(each)]


def _held(session: Session, visit: Visit, hold_no: str) -> HeldRoster:
    return held_numbered(session, hold_no, organisation_seen(visit.client), now=visit.now)


def _post(session: Session, visit: Visit, held: HeldRoster) -> Response:
    vault, actor = current_house().vault, visit.client.client_id
    rows = 0 if held.roster_no is not None else len(preview_of(vault, held).rows)
    if _is_long(rows):
        work_no = request_held_posting(session, held, rows, actor=actor, now=visit.now)
        return see("web.rosters.work", work_no=work_no)
    roster_no = post_held(session, vault, held, _limits(), actor=actor, now=visit.now)
    return see("web.rosters.result", "roster-posted", roster_no=roster_no)


def _work(session: Session, visit: Visit, work_no: str) -> RosterWork:
    return work_numbered(session, work_no, organisation_seen(visit.client))


def _filing(session: Session, visit: Visit, filing_no: str) -> Filing:
    return filing_seen(session, visit.client, filing_no, delegated_on=civil_day(visit.now))


def _is_long(rows: int) -> bool:
    return rows > current_house().settings.roster_page_rows_max


def _posted(session: Session, visit: Visit, roster_no: str) -> tuple[RosterBatch, Filing]:
    return roster_seen(session, visit.client, roster_no, civil_day(visit.now))


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
