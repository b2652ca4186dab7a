"""Refused rows of a roster, to be put right: taken from the file again, and written back as one.

What is written is a roster of the same columns, with two more that reading passes over: the line of
the first file, and why it was refused. Every cell is text, so that no digit is lost.
"""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from creditbank import catalogue
from creditbank.attendance.cells import cell_text, read_day
from creditbank.attendance.roster import HEADERS, Column, cells_of
from creditbank.attendance.roster_forms import TEXT_FORMAT, inert, new_workbook
from creditbank.attendance.workbook import Limits
from creditbank.catalogue import Language
from creditbank.errors import RowProblem

_WIDTHS = (18, 16, 24, 14, 12, 12, 10, 80)
_LOST = "roster-number-lost-digits"
_MORE = ("roster-report-row", "refused-rows-why")


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row as the file has it, its day as a day where it is one, and what is wrong with it."""

    row_no: int
    cells: Mapping[Column, str] = field(repr=False)
    problems: tuple[RowProblem, ...] = ()


def refused_rows(
    content: bytes, problems: Sequence[RowProblem], limits: Limits
) -> list[RefusedRow]:
    """Return the rows of a file of which there are problems.

    A number that has lost digits is left out: what is left of it could be somebody else's.

    Raises:
        CreditBankError: the file cannot be read, which it could when it was posted.
    """
    wrong: dict[int, list[RowProblem]] = {}
    for each in problems:
        wrong.setdefault(each.row_no, []).append(each)
    return [
        RefusedRow(
            row_no,
            {
                column: _text(column, cell, epoch_1904)
                for column, cell in cells.items()
                if not (column is Column.NUMBER and _has_lost_digits(wrong[row_no]))
            },
            tuple(wrong[row_no]),
        )
        for row_no, cells, epoch_1904 in cells_of(content, wrong.keys(), limits)
    ]


def _has_lost_digits(problems: Iterable[RowProblem]) -> bool:
    return any(each.code == _LOST for each in problems)


def as_workbook(rows: Sequence[RefusedRow], language: Language) -> bytes:
    """Write refused rows as XLSX, with the reason beside each."""
    with new_workbook() as (book, written):
        sheet = book.add_worksheet("名单")
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": TEXT_FORMAT})
        for line, cells in enumerate(_lines(rows, language)):
            for place, cell in enumerate(cells):
                sheet.write_string(line, place, cell, bold if line == 0 else text)
        for place, width in enumerate(_WIDTHS):
            sheet.set_column(place, place, width, text)
        sheet.freeze_panes(1, 0)
    return written.getvalue()


def as_csv(rows: Sequence[RefusedRow], language: Language) -> bytes:
    """Write the same as CSV, marked as UTF-8 for spreadsheets."""
    written = io.StringIO(newline="")
    csv.writer(written).writerows(_lines(rows, language))
    return written.getvalue().encode("utf-8-sig")


def as_roster(rows: Collection[Mapping[Column, str]]) -> bytes:
    """Write rows that were put right as a roster in CSV."""
    written = io.StringIO(newline="")
    lines = csv.writer(written)
    lines.writerow([HEADERS[column][0] for column in Column])
    lines.writerows([inert(each.get(column, "")) for column in Column] for each in rows)
    return written.getvalue().encode("utf-8-sig")


def _lines(rows: Sequence[RefusedRow], language: Language) -> list[list[str]]:
    head = [HEADERS[column][0] for column in Column]
    made = [[*head, *(catalogue.text(code, language) for code in _MORE)]]
    for row in rows:
        words = [catalogue.problem(each, language) for each in row.problems]
        why = " ".join(f"{each.title}: {each.found} {each.next}" for each in words)
        cells = [row.cells.get(column, "") for column in Column]
        made.append([inert(each) for each in (*cells, str(row.row_no), why)])
    return made


def _text(column: Column, cell: object, epoch_1904: bool) -> str:  # noqa: FBT001
    day = read_day(cell, epoch_1904=epoch_1904) if column is Column.DAY else None
    return day.isoformat() if isinstance(day, date) else cell_text(cell)
