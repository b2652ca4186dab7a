"""What the bank writes for providers: a template that reads back, and a report that says it all."""

import io
import zipfile
from datetime import date

import pytest
import python_calamine

from creditbank import catalogue
from creditbank.attendance.roster import (
    RosterEmptyError,
    is_passed_over,
    read_roster,
    rows_from_json,
)
from creditbank.attendance.roster_forms import ExpectedRow, inert, report, template
from creditbank.errors import RowProblem
from creditbank.people.documents import Document, DocumentKind
from tests.attendance.rosters import HEADER, ZHANG, xlsx

DAYS = [date(2025, 11, 11), date(2025, 11, 10)]


def cells(file: bytes) -> list[list[object]]:
    sheet = python_calamine.load_workbook(io.BytesIO(file)).get_sheet_by_index(0)
    return [list(row) for row in sheet.to_python()]


def test_an_empty_template_is_known_as_a_roster_without_rows() -> None:
    with pytest.raises(RosterEmptyError):
        read_roster(template(DAYS, 30))


def test_who_stood_in_a_template_and_did_not_come_is_told_as_absent() -> None:
    zhang = ExpectedRow("张三", Document(DocumentKind.RESIDENT_ID, ZHANG), DAYS[0])
    filled_in = template(DAYS, 30, expected=[zhang])

    roster = read_roster(filled_in)

    assert roster.rows == ()
    assert [(each.row_no, each.column, each.code) for each in roster.problems] == [
        (2, "实到分钟 attended minutes", "roster-passed-absent")
    ]
    assert all(map(is_passed_over, roster.problems))


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        (["张三", "", ZHANG, DAYS[0], ""], ["roster-passed-absent"]),
        (["张三", "", ZHANG, DAYS[0]], ["roster-passed-absent"]),
        (["张三", "", ZHANG, DAYS[0], " ", 2024], ["roster-passed-absent"]),
        (["张三", "", ZHANG, DAYS[0], 0], []),
        (["张三", "", ZHANG, DAYS[0], "病假"], ["roster-minutes-invalid"]),
        (["张三", "", ZHANG, "", ""], ["roster-cell-empty", "roster-cell-empty"]),
        (["", "", ZHANG, DAYS[0], ""], ["roster-name-missing", "roster-cell-empty"]),
        (["张三", "", ZHANG[:17], DAYS[0], ""], ["roster-number-length", "roster-cell-empty"]),
        (["张三", "", ZHANG, DAYS[0], "", "去年"], ["roster-cell-empty", "roster-year-invalid"]),
        (["张三", "工作证", ZHANG, DAYS[0], ""], ["roster-kind-unknown", "roster-cell-empty"]),
    ],
)
def test_a_row_is_absent_only_where_nothing_but_the_minutes_is_missing(
    row: list[object], codes: list[str]
) -> None:
    roster = read_roster(
        xlsx([[*HEADER, "补学年度"], row, ["李四", "护照", "E12345678", DAYS[1], 240]])
    )

    assert [each.code for each in roster.problems] == codes
    assert {each.row_no for each in roster.rows} == ({3} if codes else {2, 3})


def test_an_absent_row_leaves_the_day_to_the_row_that_has_minutes() -> None:
    empty, present = ["张三", "", ZHANG, DAYS[0], ""], ["张三", "", ZHANG, DAYS[0], 480]

    for rows in ([empty, present], [present, empty]):
        roster = read_roster(xlsx([HEADER, *rows]))

        assert [row.attended_minutes for row in roster.rows] == [480]
        assert [each.code for each in roster.problems] == ["roster-passed-absent"]


def test_a_machine_that_leaves_minutes_out_is_told_of_an_error() -> None:
    row = {"name": "张三", "document_number": ZHANG, "day": "2025-11-10"}

    [problem] = rows_from_json([row]).problems

    assert problem.code == "roster-cell-empty"


def test_a_template_header_is_read_in_both_languages() -> None:
    header = cells(template(DAYS, 30))[0]

    roster = read_roster(xlsx([header, ["张三", "居民身份证", ZHANG, DAYS[0], 480]]))

    assert header[0] == "姓名\nname"
    assert len(roster.rows) == 1


def test_a_template_is_the_same_every_time() -> None:
    assert template(DAYS, 30) == template(list(reversed(DAYS)), 30)


def test_a_template_offers_the_days_and_keeps_numbers_text() -> None:
    with zipfile.ZipFile(io.BytesIO(template(DAYS, 30))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()

    assert "'日期'!$A$1:$A$2" in sheet
    assert 'sqref="D2:D31"' in sheet
    assert 'state="frozen"' in sheet
    assert 'numFmtId="49"' in styles


def test_a_template_without_days_or_rows_is_still_a_template() -> None:
    assert cells(template([], 0))[0][2] == "证件号码\ndocument number"


def test_a_report_says_where_what_and_what_next() -> None:
    problems = read_roster(
        xlsx([HEADER, ["张三", "", 110105194912310021, "10/11/2025", 480]])
    ).problems

    header, number, day = cells(report(problems, "zh"))

    words = catalogue.problem(problems[0], "zh")
    assert header == ["行号", "列", "问题", "实际内容", "应有内容", "如何处理"]
    assert number == [2.0, "证件号码", words.title, words.found, words.wanted, words.next]
    assert day[1] == "日期"
    assert "10/11/2025" in str(day[3])


def test_a_report_is_in_the_language_asked_for_and_the_same_every_time() -> None:
    problems = [RowProblem(2, "date", "roster-date-invalid", {"found": "x"})]

    assert cells(report(problems, "en"))[0][0] == "Row"
    assert report(problems, "en") == report(problems, "en")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM", "\t=1"])
def test_text_that_looks_like_a_formula_is_made_inert(text: str) -> None:
    problems = [RowProblem(2, text, "roster-cell-empty")]

    assert inert(text) == f"'{text}"
    assert str(cells(report(problems, "zh"))[1][1]).startswith("'")


def test_other_text_stays_as_it_is() -> None:
    assert inert("实到分钟") == "实到分钟"
    assert inert("a\ud800") == "a?"
