"""Rosters that other programs wrote: twelve invented people on one day, 480, 479, … minutes.

The files stand in made_elsewhere/ as LibreOffice 7.4, SheetJS 0.18, ExcelJS 4.4, openpyxl 3.1 and
PyExcelerate wrote them, each with what that program does of its own: streams within streams, days
as ISO text, tables with totals, rich text, notes, formulas with results and without.
"""

from datetime import date
from pathlib import Path

import pytest

from creditbank.attendance.roster import read_roster
from creditbank.attendance.workbook import RosterOldFormatError

FILES = Path(__file__).parent / "made_elsewhere"
EVERYBODY = [480 - at for at in range(12)]


@pytest.mark.parametrize(
    ("name", "passed_over"),
    [
        ("libreoffice.xls", []),
        ("libreoffice.xlsx", []),
        ("sheetjs.xls", ["roster-passed-total", "roster-passed-signature"]),
        ("sheetjs_iso_days.xlsx", []),
        ("exceljs_table.xlsx", ["roster-passed-total"]),
        ("openpyxl_iso_days.xlsx", []),
        ("pyexcelerate.xlsx", []),
    ],
)
def test_everybody_in_another_programs_file_is_read(name: str, passed_over: list[str]) -> None:
    roster = read_roster((FILES / name).read_bytes())

    assert [row.attended_minutes for row in roster.rows] == EVERYBODY
    assert {row.day for row in roster.rows} == {date(2025, 11, 10)}
    assert [problem.code for problem in roster.problems] == passed_over


def test_each_row_of_a_messy_file_is_read_or_told() -> None:
    roster = read_roster((FILES / "exceljs_messy.xlsx").read_bytes())

    assert [(problem.row_no, problem.code) for problem in roster.problems] == [
        (8, "roster-row-hidden"),
        (9, "roster-formula-uncomputed"),
        (11, "roster-number-lost-digits"),
        (12, "roster-formula-error"),
    ]
    assert [row.row_no for row in roster.rows] == [3, 4, 5, 6, 7, 10, 13, 14]


def test_a_workbook_of_excel_95_is_refused_and_not_read_as_empty() -> None:
    with pytest.raises(RosterOldFormatError):
        read_roster((FILES / "sheetjs_excel_95.xls").read_bytes())
