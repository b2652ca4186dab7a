"""Rosters row by row: what is read, what is reported, and when two files are one content."""

import codecs
import io
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from creditbank import catalogue
from creditbank.attendance import roster as rosters
from creditbank.attendance.cells import CELL_CODES
from creditbank.attendance.roster import (
    Roster,
    RosterEmptyError,
    RosterHeaderMissingError,
    RosterHeaderTwiceError,
    RosterSheetsAmbiguousError,
    is_passed_over,
    read_roster,
    rows_from_json,
)
from creditbank.attendance.workbook import Limits, RosterTooLongError
from creditbank.people.documents import (
    Document,
    DocumentInvalidError,
    DocumentKind,
    NameInvalidError,
    resident_id_check_character,
)
from tests.attendance.rosters import (
    HEADER,
    LI,
    ROUND,
    ROWS,
    ZHANG,
    csv_bytes,
    resident_number,
    xlsx,
    xlsx_sheets,
)

#: Spreadsheets know no zones.
MIDNIGHT = datetime.fromisoformat("2025-11-11")


def codes(roster: Roster) -> list[tuple[int, str]]:
    return [(problem.row_no, problem.code) for problem in roster.problems]


def of_cells(**cells: object) -> Roster:
    """A roster of one row, right but for the cells given."""
    right: dict[str, object] = {
        "name": "张三",
        "document_number": ZHANG,
        "day": "2025-11-10",
        "attended_minutes": 480,
    }
    return rows_from_json([right | cells])


def test_a_plain_roster_is_read_row_by_row() -> None:
    roster = read_roster(xlsx([HEADER, *ROWS]))

    assert [
        (row.row_no, row.document, row.name, row.day, row.attended_minutes) for row in roster.rows
    ] == [
        (2, Document(DocumentKind.RESIDENT_ID, ZHANG), "张三", date(2025, 11, 10), 480),
        (3, Document(DocumentKind.PASSPORT, "E12345678"), "李四", date(2025, 11, 11), 240),
    ]
    assert roster.problems == ()


def test_a_row_does_not_print_the_person() -> None:
    shown = repr(read_roster(xlsx([HEADER, *ROWS])))

    assert "张三" not in shown
    assert ZHANG[-6:] not in shown


@pytest.mark.parametrize(
    "file",
    [
        csv_bytes([HEADER, *ROWS]),
        csv_bytes([HEADER, *ROWS], "utf-8-sig"),
        csv_bytes([HEADER, *ROWS], "gb18030"),
        csv_bytes([HEADER, *ROWS], "utf-16"),
        csv_bytes([HEADER, *ROWS], "utf-16", "\t"),
        codecs.BOM_UTF16_BE + csv_bytes([HEADER, *ROWS], "utf-16-be"),
        csv_bytes([HEADER, *ROWS], "utf-8", ";"),
        csv_bytes([["培训名单"], [], HEADER, *ROWS]),
        xlsx([["培训名单"], ["2025年11月", "共 2 人"], HEADER, *ROWS]),
        xlsx([HEADER, *ROWS], row=3, column=1),
        xlsx([HEADER, *ROWS, [], ["", " "]]),
        xlsx_sheets({"说明": [["请填写下一页"]], "名单": [HEADER, *ROWS]}),
        xlsx_sheets({"名单": [HEADER, *ROWS], "旧名单": [HEADER, *ROWS]}, hidden=["旧名单"]),
        xlsx([["序号", *HEADER, "备注"], [1, *ROWS[0], "组长"], [2, *ROWS[1]], [3], [4]]),
        xlsx([HEADER, ROWS[0], HEADER, ROWS[1]]),
        xlsx(
            [
                HEADER,
                ["张三", "", ZHANG, date(2025, 11, 10), 480],
                ["李四", "passport", "e1234 5678", MIDNIGHT, 240.0],
            ]
        ),
    ],
)
def test_one_content_has_one_digest_whatever_the_file(file: bytes) -> None:
    roster = read_roster(file)

    assert len(roster.rows) == 2
    assert roster.digest == read_roster(xlsx([HEADER, *ROWS])).digest


def test_rows_from_json_have_the_digest_of_the_file() -> None:
    roster = rows_from_json(
        [
            {
                "name": "张三",
                "document_number": ZHANG,
                "day": "2025-11-10",
                "attended_minutes": 480,
            },
            {
                "name": "李四",
                "document_kind": "passport",
                "document_number": "E12345678",
                "day": "2025-11-11",
                "attended_minutes": 240,
            },
        ]
    )

    assert [row.row_no for row in roster.rows] == [1, 2]
    assert roster.digest == read_roster(xlsx([HEADER, *ROWS])).digest


@pytest.mark.parametrize(
    "other",
    [
        ["张三丰", "", ZHANG, "2025-11-10", "480"],
        ["张三", "", LI, "2025-11-10", "480"],
        ["张三", "", ZHANG, "2025-11-09", "480"],
        ["张三", "", ZHANG, "2025-11-10", "479"],
        ["张三", "", ZHANG, "2025-11-10", "八小时"],
    ],
)
def test_another_content_has_another_digest(other: list[object]) -> None:
    assert read_roster(xlsx([HEADER, other])).digest != read_roster(xlsx([HEADER, ROWS[0]])).digest


def test_the_digest_covers_cells_that_could_not_be_read() -> None:
    first = read_roster(xlsx([HEADER, ROWS[0], ["李四", "", LI, "11/10/2025", "480"]]))
    second = read_roster(xlsx([HEADER, ROWS[0], ["李四", "", LI, "10/11/2025", "480"]]))

    assert first.rows == second.rows
    assert first.digest != second.digest


@pytest.mark.parametrize(
    "header",
    [
        ["姓名", "身份证号", "上课日期", "参加分钟"],
        [" 姓 名 ", "身份证号码：", "日　期", "出勤分钟（必填）"],
        ["*姓名", "证件号码\ndocument number", "日期/date", "实到分钟 (attended minutes)"],
        ["Name", "Document Number", "DATE", "attended_minutes"],
        ["ＮＡＭＥ", "document number", "date", "Attended  Minutes"],
        ["学员姓名", "居民身份证号码", "签到日期", "出勤时长(分钟)"],
        ["参训人员姓名", "公民身份号码", "参训日期", "学习时长（分钟）"],
        ["Full name", "ID No.", "Training date", "Minutes attended"],
    ],
)
def test_columns_are_known_by_their_header_in_either_language(header: list[str]) -> None:
    roster = read_roster(xlsx([header, ["张三", ZHANG, "2025-11-10", 480]]))

    assert len(roster.rows) == 1


def test_a_duration_that_may_be_hours_is_not_taken_for_minutes() -> None:
    header = ["姓名", "身份证号", "日期", "出勤时长"]

    with pytest.raises(RosterHeaderMissingError) as caught:
        read_roster(xlsx([header, ["张三", ZHANG, "2025-11-10", 8]]))

    assert caught.value.facts["missing"] == ["实到分钟/attended minutes"]


def test_a_missing_column_is_named_with_what_was_found() -> None:
    with pytest.raises(RosterHeaderMissingError) as caught:
        read_roster(xlsx([["姓名", "证件号码", "分数"], ["张三", ZHANG, 90]]))

    assert caught.value.facts["found"] == ["姓名", "证件号码", "分数"]
    assert caught.value.facts["missing"] == ["日期/date", "实到分钟/attended minutes"]


def test_a_file_without_a_header_is_refused_without_repeating_people() -> None:
    with pytest.raises(RosterHeaderMissingError) as caught:
        read_roster(xlsx(ROWS))

    assert caught.value.facts["found"] == ["—"]


def test_a_column_that_stands_twice_is_named() -> None:
    with pytest.raises(RosterHeaderTwiceError) as caught:
        read_roster(xlsx([[*HEADER, "身份证号"], [*ROWS[0], LI]]))

    assert caught.value.facts["columns"] == ["证件号码"]


@pytest.mark.parametrize(("titles", "found"), [(19, True), (20, False)])
def test_the_header_stands_within_the_first_twenty_rows(titles: int, found: bool) -> None:
    file = xlsx([*[["通知"]] * titles, HEADER, *ROWS])

    if found:
        assert [row.row_no for row in read_roster(file).rows] == [titles + 2, titles + 3]
    else:
        with pytest.raises(RosterHeaderMissingError):
            read_roster(file)


def test_a_header_of_two_rows_is_read_as_one() -> None:
    upper = ["序号", "姓名", "证件", "", "日期", "出勤", ""]
    lower = ["", "", "类型", "号码", "", "分钟", "备注"]

    roster = read_roster(xlsx([["名单"], upper, lower, [1, *ROWS[0]], [2, *ROWS[1]]]))

    assert [row.row_no for row in roster.rows] == [4, 5]
    assert roster.problems == ()


def test_a_header_in_traditional_characters_is_known() -> None:
    header = ["姓名", "證件類型", "證件號碼", "日期", "實到分鐘"]

    roster = read_roster(xlsx([header, ["張三", "居民身份證", *ROWS[0][2:]]]))

    assert [row.name for row in roster.rows] == ["張三"]


def test_two_sheets_with_a_roster_are_refused() -> None:
    with pytest.raises(RosterSheetsAmbiguousError) as caught:
        read_roster(xlsx_sheets({"一班": [HEADER, ROWS[0]], "二班": [HEADER, ROWS[1]]}))

    assert caught.value.facts == {"count": 2}


@pytest.mark.parametrize("rows", [[HEADER], [["序号", *HEADER], [1], [2]]])
def test_a_roster_without_rows_is_refused(rows: list[list[object]]) -> None:
    with pytest.raises(RosterEmptyError):
        read_roster(xlsx(rows))


def test_a_day_merged_over_several_people_counts_for_each() -> None:
    written = io.BytesIO()
    book = Workbook(written)
    sheet = book.add_worksheet()
    sheet.merge_range("B2:F2", "培训名单")
    sheet.write_row("B3", HEADER)
    sheet.write_row("B4", ["张三", "", ZHANG])
    sheet.write_row("B5", ["李四", "", LI])
    sheet.merge_range("E4:E5", "2025-11-10")
    sheet.merge_range("F4:F5", 480)
    book.close()

    roster = read_roster(written.getvalue())

    assert [(row.row_no, row.day.day, row.attended_minutes) for row in roster.rows] == [
        (4, 10, 480),
        (5, 10, 480),
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "2025-11-10",
        "2025/11/10",
        "2025.11.10",
        "2025年11月10日",
        "20251110",
        20251110,
        " ２０２５-１１-１０ ",
        "2025-11-10 00:00:00",
        date(2025, 11, 10),
        MIDNIGHT - timedelta(days=1),
        MIDNIGHT - timedelta(hours=15, minutes=30),
        "2025-11-10 08:30",
        "2025-11-10T17:05:59.250",
        "2025-11-10T00:00:00.000Z",
    ],
)
def test_a_day_may_be_written_in_these_ways(cell: object) -> None:
    assert [row.day for row in of_cells(day=cell).rows] == [date(2025, 11, 10)]


@pytest.mark.parametrize(
    "cell",
    [
        "10/11/2025",
        "11-10",
        "25-11-10",
        "2025-11/10",
        "2025-02-29",
        "2025-13-01",
        "2025年11月",
        "19999",
        80000.0,
        45971.5,
        "2025-11-09T16:00:00Z",
        "2025-11-10 24:00",
        time(8, 30),
        True,
        "昨天",
    ],
)
def test_a_day_is_never_guessed(cell: object) -> None:
    assert codes(of_cells(day=cell)) == [(1, "roster-date-invalid")]


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [
        (0, 0),
        ("0", 0),
        (480, 480),
        (480.0, 480),
        ("480", 480),
        ("480.0", 480),
        ("480分钟", 480),
        ("480 min", 480),
        ("４８０", 480),
        (1440, 1440),
    ],
)
def test_minutes_may_be_written_in_these_ways(cell: object, minutes: int) -> None:
    assert [row.attended_minutes for row in of_cells(attended_minutes=cell).rows] == [minutes]


@pytest.mark.parametrize(
    "cell",
    [
        -1,
        1441,
        7.5,
        "7.5",
        "8小时",
        "8:00",
        "1e2",
        True,
        float("nan"),
        float("inf"),
        1e300,
        pytest.param(10**5000, id="very long"),
        [480],
        {"minutes": 480},
        timedelta(hours=8),
        date(1901, 4, 24),
    ],
)
def test_minutes_are_whole_and_of_one_day(cell: object) -> None:
    assert codes(of_cells(attended_minutes=cell)) == [(1, "roster-minutes-invalid")]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (float(ZHANG[:17] + "0"), "roster-number-lost-digits"),
        (int(ZHANG[:17] + "0"), "roster-number-lost-digits"),
        ("1.10105E+17", "roster-number-lost-digits"),
        ("999901198501310000", "roster-number-lost-digits"),
        (ZHANG[:17] + ("1" if ZHANG[17] != "1" else "2"), "roster-number-check"),
        (ZHANG[:17], "roster-number-length"),
        (123456, "roster-number-length"),
        ("O" + ZHANG[1:], "roster-number-characters"),
        ("00" + ZHANG[2:], "roster-number-province"),
        (ZHANG[:6] + "19850230" + ZHANG[14:], "roster-number-birth-date"),
        (date(2025, 11, 10), "roster-number-characters"),
        (True, "roster-number-characters"),
        (None, "roster-number-missing"),
        (" ", "roster-number-missing"),
    ],
)
def test_a_number_is_refused_for_what_is_wrong_with_it(cell: object, code: str) -> None:
    roster = of_cells(document_number=cell)

    assert codes(roster) == [(1, code)]
    assert ZHANG[2:14] not in repr(roster.problems)


def test_a_number_typed_as_a_number_is_recognised_in_the_file() -> None:
    roster = read_roster(xlsx([HEADER, ["张三", "", 110105194912310021, "2025-11-10", 480]]))

    assert codes(roster) == [(2, "roster-number-lost-digits")]
    assert roster.problems[0].column == "证件号码"
    assert "文本" in catalogue.problem(roster.problems[0], "zh").next


def test_among_rounded_numbers_one_whose_check_fits_by_chance_is_refused_too() -> None:
    rounded = "999901198501310000"
    lines = [["王五", "", ROUND, "2025-11-10", "480"], ["张三", "", ZHANG, "2025-11-10", "480"]]

    alone = read_roster(csv_bytes([HEADER, *lines]))
    among = read_roster(csv_bytes([HEADER, *lines, ["李四", "", rounded, "2025-11-10", "480"]]))

    assert len(alone.rows) == 2
    assert codes(among) == [(2, "roster-number-lost-digits"), (4, "roster-number-lost-digits")]
    assert [row.row_no for row in among.rows] == [3]


def test_beside_a_number_typed_as_a_number_one_kept_as_text_is_taken_as_it_is() -> None:
    typed = ["李四", "", float(f"{LI[:15]}000"), "2025-11-10", 480]

    roster = read_roster(xlsx([HEADER, ["王五", "", ROUND, "2025-11-10", 480], typed]))

    assert codes(roster) == [(3, "roster-number-lost-digits")]


@pytest.mark.parametrize("typed", [f"'{ZHANG}", f'="{ZHANG}"', f" {ZHANG}\u202c", ZHANG.lower()])
def test_marks_that_keep_a_number_text_are_taken_off(typed: str) -> None:
    assert [row.document.number for row in of_cells(document_number=typed).rows] == [ZHANG]


@pytest.mark.parametrize(
    ("kind", "number", "kept"),
    [
        ("港澳台居民居住证", "819999198501310010", "hmt_residence"),
        ("台湾居民居住证", "839999198501310011", "hmt_residence"),
        ("", "829999198501310016", "hmt_residence"),
        ("hmt_residence", "829999198501310016", "hmt_residence"),
        ("港澳居民来往内地通行证（回乡证）", "X99990001", "hm_permit"),
        ("回乡证", "X9999000102", "hm_permit"),
        ("台胞证", "X9999001", "tw_permit"),
        ("Mainland Travel Permit for Taiwan Residents", "X9999001", "tw_permit"),
        ("外国人永久居留身份证", "XXX999985013102", "foreign_residence"),
        ("foreign_residence", "999984198501310013", "foreign_residence"),
        ("海外高层次人才居住证", "X99990001", "talent_residence"),
        ("Passport", "X99990001", "passport"),
    ],
)
def test_every_kind_of_document_is_known_by_its_names(kind: str, number: str, kept: str) -> None:
    if len(number) == 18:
        number = number[:17] + resident_id_check_character(number[:17])

    [row] = of_cells(document_kind=kind, document_number=number).rows

    assert row.document.kind == kept


def test_an_unknown_kind_of_document_is_reported_once() -> None:
    assert codes(of_cells(document_kind="工作证")) == [(1, "roster-kind-unknown")]


def test_every_wrong_cell_of_a_row_is_reported() -> None:
    roster = read_roster(xlsx([HEADER, ["", "", ZHANG[:17], "10/11/2025", ""], *ROWS]))

    assert [(problem.column, problem.code) for problem in roster.problems] == [
        ("证件号码", "roster-number-length"),
        ("姓名", "roster-name-missing"),
        ("日期", "roster-date-invalid"),
        ("实到分钟", "roster-cell-empty"),
    ]
    assert [row.row_no for row in roster.rows] == [3, 4]


def test_the_same_person_and_day_twice_names_the_first_row() -> None:
    again = ["张三", "", ZHANG.lower(), date(2025, 11, 10), 30]

    roster = read_roster(xlsx([HEADER, *ROWS, again, again]))

    assert [row.row_no for row in roster.rows] == [2, 3]
    assert codes(roster) == [(4, "roster-row-duplicate"), (5, "roster-row-duplicate")]
    assert roster.problems[0].facts == {"first_row_no": 2}


def test_the_same_person_on_two_days_is_no_duplicate() -> None:
    assert len(read_roster(xlsx([HEADER, ROWS[0], [*ROWS[0][:3], "2025-11-11", 480]])).rows) == 2


@pytest.mark.parametrize(
    ("note", "code"),
    [
        (["合计", "", "", "", 720], "roster-passed-total"),
        (["合  计", "", "2人", "", 720], "roster-passed-total"),
        (["", "本页小计", "", "", 720], "roster-passed-total"),
        (["Total", "", "", "", 720], "roster-passed-total"),
        (["制表人：王五"], "roster-passed-signature"),
        (["负责人签字：", "", "", "日期：   年  月  日"], "roster-passed-signature"),
        (["", "备注：无"], "roster-passed-signature"),
        (["王五", "", "", "", 480], "roster-row-incomplete"),
        (["", "", "", "", 480], "roster-row-incomplete"),
    ],
)
def test_what_stands_under_the_table_is_passed_over_by_name_or_told(
    note: list[object], code: str
) -> None:
    roster = read_roster(xlsx([HEADER, *ROWS, note]))

    assert len(roster.rows) == 2
    assert codes(roster) == [(4, code)]
    assert [is_passed_over(each) for each in roster.problems] == [code != "roster-row-incomplete"]


def test_somebody_in_charge_whose_number_is_broken_is_no_signature() -> None:
    header, row = [*HEADER, "职务"], ["王五", "", "99990", "昨天", "480", "负责人"]

    roster = read_roster(xlsx([header, row, ["", "", ZHANG[:-1], "昨天", "480", "负责人"]]))

    assert [code for _, code in codes(roster) if code.startswith("roster-passed")] == []
    assert {row_no for row_no, _ in codes(roster)} == {2, 3}


def test_a_note_in_a_column_of_no_interest_is_reported_and_a_running_number_is_not() -> None:
    roster = read_roster(xlsx([["序号", *HEADER], [1, *ROWS[0]], [2], ["制表人：王五"]]))

    assert codes(roster) == [(4, "roster-passed-signature")]


def test_a_formula_never_computed_is_said_to_be_one() -> None:
    file = xlsx([HEADER, ["张三", "", ZHANG, "2025-11-10", "=8*60"]])
    formula = read_roster(_with_formula(file))

    assert codes(formula) == [(2, "roster-formula-uncomputed")]


def _with_formula(file: bytes) -> bytes:
    """Turn the minutes into a formula whose value was never stored."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                place = content.index(b'<c r="E2"')
                end = content.index(b"</c>", place)
                content = content[:place] + b'<c r="E2"><f>8*60</f>' + content[end:]
            new.writestr(name, content)
    return written.getvalue()


def test_a_name_or_number_that_slipped_a_column_is_not_repeated() -> None:
    roster = of_cells(day="张三", attended_minutes=ZHANG)

    shown = repr(roster.problems)
    assert "张三" not in shown
    assert ZHANG not in shown


def test_a_roster_of_exactly_the_limit_is_read_and_one_more_row_refuses_it_all() -> None:
    limits = Limits(rows_max=3)
    rows = [[f"学员{'甲乙丙丁'[i]}", "", resident_number(i), "2025-11-10", 45] for i in range(4)]

    assert len(read_roster(xlsx([["名单"], HEADER, *rows[:3]]), limits).rows) == 3
    with pytest.raises(RosterTooLongError) as caught:
        read_roster(xlsx([["名单"], HEADER, *rows]), limits)
    assert caught.value.facts == {"limit": 3, "row_no": 6}


def test_too_many_json_rows_are_refused() -> None:
    with pytest.raises(RosterTooLongError):
        rows_from_json([{}] * 4, Limits(rows_max=3))


def test_no_json_rows_are_an_empty_roster() -> None:
    with pytest.raises(RosterEmptyError):
        rows_from_json([])


def test_every_refusal_of_a_number_or_name_has_its_words_for_a_spreadsheet() -> None:
    refusals = {*DocumentInvalidError.__subclasses__(), *NameInvalidError.__subclasses__()}

    assert {refusal.code for refusal in refusals} == set(CELL_CODES)
    assert set(CELL_CODES.values()) <= set(catalogue.entries())


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=20),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(["张三", ZHANG, "2025-11-10", "480", "护照", "合计", "=1+1", "\x00"]),
)


@given(st.lists(st.lists(cells, min_size=5, max_size=5), min_size=1, max_size=6))
@settings(max_examples=150)
def test_any_cells_at_all_end_in_rows_or_problems_with_words(rows: list[list[object]]) -> None:
    keys = ["name", "document_kind", "document_number", "day", "attended_minutes"]
    items = [dict(zip(keys, row, strict=True)) for row in rows]

    try:
        roster = rows_from_json(items)
    except RosterEmptyError:
        return

    told = {row.row_no for row in roster.rows} | {problem.row_no for problem in roster.problems}
    assert told <= set(range(1, len(rows) + 1))
    for problem in roster.problems:
        assert catalogue.problem(problem, "zh").found
        assert catalogue.problem(problem, "en").next


@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=6), max_size=5)
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_in_a_csv_below_the_header_is_rows_or_problems(rows: list[list[str]]) -> None:
    roster = read_roster(csv_bytes([HEADER, ROWS[0], *rows]))

    assert roster.rows[0].name == "张三"


def test_rows_taken_together_are_read_as_each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    right: dict[str, object] = {
        "name": "张三", "document_number": ZHANG, "attended_minutes": 480, "make_up_year": None
    }  # fmt: skip
    days = [date(2021, 1, 1) + timedelta(days=n) for n in range(2_500)]
    rows = [right | {"day": day.isoformat()} for day in days]
    rows[3] |= {"document_kind": "passport", "document_number": "x9999001"}
    rows[700] |= {"name": "张3"}
    rows[701] |= {"attended_minutes": True}
    rows[999] |= {"document_number": [ZHANG]}
    rows[1_000] |= {"day": days[998].isoformat()}
    rows[1_500] |= {"make_up_year": 2020}
    rows[2_499] = {}

    together = rows_from_json(rows)
    monkeypatch.setattr(rosters, "_BLOCK_ROWS", 1)
    alone = rows_from_json(rows)

    assert together == alone
    assert [row_no for row_no, _ in codes(together)] == [701, 702, 1_000, 1_001]
    assert len(together.rows) == 2_500 - 5
