"""Roster files that the bank writes: the empty template, and the report on rows that were refused.

Same input, same bytes. Nothing written here can act as a formula in the spreadsheet that opens it.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from creditbank import catalogue
from creditbank.attendance.cells import ATTENDED_MINUTES_MAX
from creditbank.attendance.roster import HEADERS, Column
from creditbank.catalogue import Language
from creditbank.errors import RowProblem
from creditbank.people.documents import Document, DocumentKind

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: A fixed moment, so that a template does not tell when it was made, and is the same every time.
_WRITTEN_AT = datetime(2000, 1, 1, tzinfo=UTC)
_DAYS_SHEET = "日期"
_KIND_NAMES = {
    DocumentKind.RESIDENT_ID: "居民身份证",
    DocumentKind.HMT_RESIDENCE: "港澳台居民居住证",
    DocumentKind.HM_PERMIT: "港澳居民来往内地通行证",
    DocumentKind.TW_PERMIT: "台湾居民来往大陆通行证",
    DocumentKind.FOREIGN_RESIDENCE: "外国人永久居留身份证",
    DocumentKind.TALENT_RESIDENCE: "海外高层次人才居住证",
    DocumentKind.PASSPORT: "护照",
}
_COLUMN_WIDTHS = {
    Column.NAME: 18,
    Column.KIND: 16,
    Column.NUMBER: 24,
    Column.DAY: 14,
    Column.MINUTES: 18,
    Column.MAKE_UP: 18,
}
_HEADER_HEIGHT = 32
#: The spreadsheet's own format Text, by number.
TEXT_FORMAT = 0x31
_DAY_FORMAT = "yyyy-mm-dd"
_REPORT_COLUMNS = (
    ("roster-report-row", 8),
    ("roster-report-column", 18),
    ("roster-report-title", 26),
    ("roster-report-found", 44),
    ("roster-report-wanted", 44),
    ("roster-report-next", 60),
)


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """Somebody who may come on a day; how long they were there is filled in afterwards."""

    name: str = field(repr=False)
    document: Document
    day: date


def template(
    days: Sequence[date], rows: int, make_up_years: Sequence[int] = (),
    expected: Sequence[ExpectedRow] = (),
) -> bytes:  # fmt: skip
    """Write a roster to fill in as XLSX, which `read_roster` reads back.

    Numbers and names are text cells, so that no digit is lost; the day is chosen from `days`.

    Args:
        days: the session days on offer; none leaves the date cell free.
        rows: lines made ready for people.
        make_up_years: that may be made up; without any the roster has no column for them.
        expected: people who stand there already, on the first lines.
    """
    rows = max(rows, len(expected))
    with new_workbook() as (book, written):
        sheet = book.add_worksheet("名单")
        _write_headers(book, sheet, with_years=bool(make_up_years))
        _write_expected(book, sheet, expected)
        sheet.data_validation(
            *_cells(Column.KIND, rows), {"validate": "list", "source": [*_KIND_NAMES.values()]}
        )
        sheet.data_validation(
            *_cells(Column.MINUTES, rows),
            {
                "validate": "integer",
                "criteria": "between",
                "minimum": 0,
                "maximum": ATTENDED_MINUTES_MAX,
            },
        )
        if days:
            _offer_days(book, sheet, sorted(set(days)), rows)
        if make_up_years:
            years = [str(year) for year in make_up_years]
            sheet.data_validation(
                *_cells(Column.MAKE_UP, rows), {"validate": "list", "source": years}
            )
    return written.getvalue()


def earlier_template(headers: Sequence[str], totals: Sequence[str]) -> bytes:
    """Write an empty file of earlier records as XLSX, all text, so that no digit is lost.

    The second sheet is for the totals that the old system states, and may stay empty.
    """
    with new_workbook() as (book, written):
        bold = book.add_format({"bold": True})
        text = book.add_format({"num_format": TEXT_FORMAT})
        for name, columns in (("既往学时", headers), ("原系统合计", totals)):
            sheet = book.add_worksheet(name)
            for place, header in enumerate(columns):
                sheet.set_column(place, place, _COLUMN_WIDTHS[Column.NAME], text)
                sheet.write_string(0, place, header, bold)
            sheet.freeze_panes(1, 0)
    return written.getvalue()


def report(problems: Sequence[RowProblem], language: Language) -> bytes:
    """Write what is wrong with each refused row as XLSX: where, found, wanted, what to do next."""
    with new_workbook() as (book, written):
        sheet = book.add_worksheet(catalogue.text("roster-report-sheet", language))
        bold = book.add_format({"bold": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        for place, (code, width) in enumerate(_REPORT_COLUMNS):
            sheet.set_column(place, place, width, wrapped)
            sheet.write_string(0, place, catalogue.text(code, language), bold)
        sheet.freeze_panes(1, 0)
        for line, row_problem in enumerate(problems, start=1):
            words = catalogue.problem(row_problem, language)
            sheet.write_number(line, 0, row_problem.row_no)
            texts = (row_problem.column, words.title, words.found, words.wanted, words.next)
            for place, text in enumerate(texts, start=1):
                sheet.write_string(line, place, inert(text))
    return written.getvalue()


def report_csv(problems: Sequence[RowProblem], language: Language) -> bytes:
    """Write the same report as CSV, marked as UTF-8 for spreadsheets."""
    written = io.StringIO(newline="")
    lines = csv.writer(written)
    lines.writerow([catalogue.text(code, language) for code, _width in _REPORT_COLUMNS])
    for each in problems:
        words = catalogue.problem(each, language)
        texts = (each.column, words.title, words.found, words.wanted, words.next)
        lines.writerow([each.row_no, *map(inert, texts)])
    return written.getvalue().encode("utf-8-sig")


def inert(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet could take for a formula."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return f"'{whole}" if whole.startswith(_FORMULA_STARTS) else whole


@contextmanager
def new_workbook() -> Iterator[tuple[Workbook, io.BytesIO]]:
    """Begin a workbook that does not tell when it was made; its bytes are whole at the end."""
    written = io.BytesIO()
    book = Workbook(written, {"in_memory": True})
    book.set_properties({"created": _WRITTEN_AT.replace(tzinfo=None)})
    yield book, written
    book.close()


def _write_headers(book: Workbook, sheet: Worksheet, *, with_years: bool) -> None:
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter"})
    text = book.add_format({"num_format": TEXT_FORMAT})
    day = book.add_format({"num_format": _DAY_FORMAT})
    formats: dict[Column, Format | None] = {
        Column.NAME: text,
        Column.KIND: text,
        Column.NUMBER: text,
        Column.DAY: day,
        Column.MINUTES: None,
        Column.MAKE_UP: None,
    }
    columns = [each for each in Column if with_years or each is not Column.MAKE_UP]
    for place, column in enumerate(columns):
        sheet.set_column(place, place, _COLUMN_WIDTHS[column], formats[column])
        sheet.write_string(0, place, "\n".join(HEADERS[column]), bold)
    sheet.set_row(0, _HEADER_HEIGHT)
    sheet.freeze_panes(1, 0)


def _write_expected(book: Workbook, sheet: Worksheet, expected: Sequence[ExpectedRow]) -> None:
    shown = book.add_format({"num_format": _DAY_FORMAT})
    for line, each in enumerate(expected, start=1):
        kind = _KIND_NAMES[each.document.kind]
        for place, text in enumerate((inert(each.name), kind, each.document.number)):
            sheet.write_string(line, place, text)
        sheet.write_datetime(line, list(Column).index(Column.DAY), each.day, shown)


def _offer_days(book: Workbook, sheet: Worksheet, days: Sequence[date], rows: int) -> None:
    # A list typed into the rule itself ends at 255 characters; a hidden sheet does not.
    offered = book.add_worksheet(_DAYS_SHEET)
    offered.hide()
    shown = book.add_format({"num_format": _DAY_FORMAT})
    for line, day in enumerate(days):
        offered.write_datetime(line, 0, day, shown)
    sheet.data_validation(
        *_cells(Column.DAY, rows),
        {"validate": "list", "source": f"='{_DAYS_SHEET}'!$A$1:$A${len(days)}"},
    )


def _cells(column: Column, rows: int) -> tuple[int, int, int, int]:
    place = list(Column).index(column)
    return 1, place, max(rows, 1), place
