"""Earlier records read from files: every bad row named, nothing guessed, nobody given away."""

import io

import pytest
import xlsxwriter

from creditbank.attendance.earlier import (
    HEADERS,
    TOTALS_HEADERS,
    EarlierRow,
    EarlierTotal,
    Expected,
    read_earlier,
)
from creditbank.attendance.roster import (
    RosterEmptyError,
    RosterHeaderMissingError,
    RosterHeaderTwiceError,
    RosterSheetsAmbiguousError,
)
from creditbank.attendance.roster_forms import earlier_template
from creditbank.attendance.workbook import Limits, RosterTooLongError
from creditbank.errors import CreditBankError
from tests.attendance.rosters import ROUND
from tests.bank import invented_person

ONE, OTHER = invented_person(1), invented_person(2)
EXPECTED = Expected(
    {"professional": "professional", "专业科目": "professional", "公需科目": "public"}, 2026
)
HEADER = tuple(HEADERS.values())
GOOD = (ONE.name, "", ONE.document.number, "2024", "专业科目", "60")


def csv(*rows: tuple[str, ...]) -> bytes:
    return "\n".join(",".join(row) for row in rows).encode()


def xlsx(*sheets: tuple[tuple[object, ...], ...]) -> bytes:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for line, row in enumerate(rows):
                for place, cell in enumerate(row):
                    sheet.write(line, place, cell)
    return written.getvalue()


def codes(content: bytes) -> list[tuple[int, str, str]]:
    return [(p.row_no, p.column, p.code) for p in read_earlier(content, EXPECTED).problems]


def test_rows_are_read_alike_from_a_workbook_and_from_text() -> None:
    number = OTHER.document.number
    book = xlsx(
        (
            ("原系统导出", None), HEADER, GOOD,
            (OTHER.name, "居民身份证", number, 2025, "public".upper(), 12.5),
        )
    )  # fmt: skip
    text = csv(("姓名", "身份证号", "年份", "科目", "学时数"), (*GOOD[:1], *GOOD[2:]))

    expected = Expected({**EXPECTED.subjects, "public": "public"}, 2026)
    assert read_earlier(book, expected).rows == (
        EarlierRow(3, ONE.document, ONE.name, 2024, "professional", 6000),
        EarlierRow(4, OTHER.document, OTHER.name, 2025, "public", 1250),
    )
    [row] = read_earlier(text, EXPECTED).rows
    assert (row.row_no, row.centihours) == (2, 6000)


def test_among_rounded_numbers_one_whose_check_fits_by_chance_is_refused_too() -> None:
    rounded = "999901198501310000"
    head, good = ("姓名", "身份证号", "年份", "科目", "学时数"), (*GOOD[:1], *GOOD[2:])
    lines = [head, (good[0], ROUND, *good[2:]), good]

    assert codes(csv(*lines)) == []
    assert codes(csv(*lines, (good[0], rounded, *good[2:]))) == [
        (2, "证件号码", "roster-number-lost-digits"), (4, "证件号码", "roster-number-lost-digits"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("证件号码", "99999919850115", "roster-number-length"),
        ("证件类型", "军官证", "roster-kind-unknown"),
        ("姓名", "", "roster-name-missing"),
        ("年度", "24", "import-cell-year"),
        ("年度", "1989", "import-cell-year"),
        ("年度", "2027", "import-cell-year-ahead"),
        ("年度", "", "roster-cell-empty"),
        ("科目", "其他", "import-cell-subject"),
        ("科目", "", "roster-cell-empty"),
        ("学时", "六十", "import-cell-hours"),
        ("学时", "0", "import-cell-hours"),
        ("学时", "60.005", "import-cell-hours"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(column: str, cell: str, code: str) -> None:
    bad = tuple(
        cell if header == column else each for header, each in zip(HEADER, GOOD, strict=True)
    )

    content = csv(
        HEADER, bad, (OTHER.name, "", OTHER.document.number, "2024年度", "公需科目", "30学时")
    )

    assert codes(content) == [(2, column, code)]
    assert len(read_earlier(content, EXPECTED).rows) == 1
    shown = str([problem.facts for problem in read_earlier(content, EXPECTED).problems])
    assert ONE.name not in shown
    assert ONE.document.number not in shown


def test_one_person_year_and_subject_stands_in_one_row() -> None:
    assert codes(csv(HEADER, GOOD, GOOD)) == [(3, "证件号码", "import-cell-twice")]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (csv(HEADER), RosterEmptyError),
        (csv(HEADER[:-1], GOOD[:-1]), RosterHeaderMissingError),
        (csv((ONE.name, "x")), RosterHeaderMissingError),
        (csv((*HEADER, "学时数"), (*GOOD, "60")), RosterHeaderTwiceError),
        (xlsx((HEADER, GOOD), (HEADER, GOOD)), RosterSheetsAmbiguousError),
        (csv(HEADER, GOOD, GOOD, GOOD), RosterTooLongError),
    ],
)
def test_a_file_that_is_none_is_refused_whole(content: bytes, error: type[CreditBankError]) -> None:
    with pytest.raises(error) as refused:
        read_earlier(content, EXPECTED, Limits(rows_max=2))

    assert ONE.name not in str(refused.value.facts)


def test_the_empty_file_that_is_handed_out_is_read_once_it_is_filled_in() -> None:
    with pytest.raises(RosterEmptyError):
        read_earlier(earlier_template(HEADER, TOTALS_HEADERS), EXPECTED)


TOTAL = (ONE.name, "", ONE.document.number, "2024", "90")


def test_stated_totals_are_read_from_another_sheet_or_another_file() -> None:
    wanted = (EarlierTotal(2, ONE.document, ONE.name, 2024, 9000),)

    of_sheet = read_earlier(xlsx((HEADER, GOOD), (TOTALS_HEADERS, TOTAL)), EXPECTED)
    of_file = read_earlier(csv(HEADER, GOOD), EXPECTED, totals=csv(TOTALS_HEADERS, TOTAL))

    assert of_sheet.totals == of_file.totals == wanted
    assert of_sheet.rows == of_file.rows
    assert read_earlier(csv(HEADER, GOOD), EXPECTED).totals == ()


def test_a_bad_total_is_named_with_its_sheet() -> None:
    bad = csv(
        TOTALS_HEADERS, TOTAL, TOTAL, (*TOTAL[:3], "2999", "90"), (*TOTAL[:3], "2023", "much")
    )

    read = read_earlier(csv(HEADER, GOOD), EXPECTED, totals=bad)

    assert [(p.row_no, p.column, p.code) for p in read.problems] == [
        (3, "合计表 证件号码", "import-cell-total-twice"),
        (4, "合计表 年度", "import-cell-year-ahead"),
        (5, "合计表 学时", "import-cell-hours"),
    ]
    assert len(read.totals) == 1


def test_a_file_of_totals_without_their_header_is_refused() -> None:
    with pytest.raises(RosterHeaderMissingError):
        read_earlier(csv(HEADER, GOOD), EXPECTED, totals=csv(("姓名", "学时"), ("赵一", "9")))
    with pytest.raises(RosterSheetsAmbiguousError):
        read_earlier(
            xlsx((HEADER, GOOD), (TOTALS_HEADERS, TOTAL)), EXPECTED,
            totals=csv(TOTALS_HEADERS, TOTAL),
        )  # fmt: skip
    with pytest.raises(RosterTooLongError):
        read_earlier(
            csv(HEADER, GOOD), EXPECTED, Limits(rows_max=1),
            csv(TOTALS_HEADERS, TOTAL, (*TOTAL[:3], "2023", "1")),
        )  # fmt: skip
