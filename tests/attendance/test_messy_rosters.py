"""Rosters as they come: of other programs, with what people do to them, and no row lost."""

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
from xlsxwriter import Workbook

from creditbank.attendance.roster import Roster, RosterEmptyError, read_roster
from creditbank.attendance.workbook import (
    Limits,
    RosterDamagedError,
    RosterMacrosError,
    RosterOldFormatError,
    RosterTooLongError,
    RosterTooWideError,
)
from tests.attendance.old_workbooks import record, xls
from tests.attendance.rosters import HEADER, LI, ROWS, ZHANG, csv_bytes, resident_number, xlsx

DAY = date(2025, 11, 10)
GOOD = ["张三", "居民身份证", ZHANG, "2025-11-10", "480"]
OTHER = ["李四", "居民身份证", LI, "2025-11-10", "480"]


def codes(roster: Roster) -> list[tuple[int, str]]:
    return [(problem.row_no, problem.code) for problem in roster.problems]


def row_nos(roster: Roster) -> list[int]:
    return [row.row_no for row in roster.rows]


def written(write: Callable[[Workbook], None], **options: object) -> bytes:
    """Write a workbook as its writer wants it."""
    content = io.BytesIO()
    book = Workbook(content, {"in_memory": True, **options})
    write(book)
    book.close()
    return content.getvalue()


def by_hand(rows: str, *, shared: str = "", more: str = "", root: str = "") -> bytes:
    """Write a package as some program might, with sheet data and shared strings as given."""
    names = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {names} xmlns:r="{relations}">{root}<sheets>'
        '<sheet name="名单" sheetId="1" r:id="rId7"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId7" Type="{relations}/worksheet" Target="/xl/worksheets/one.xml"/>'
        f'<Relationship Id="rId8" Type="{relations}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/worksheets/one.xml": f"<worksheet {names}><sheetData>{rows}</sheetData>{more}"
        "</worksheet>",
        "xl/sharedStrings.xml": f"<sst {names}>{shared}</sst>",
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{part}')
    return content.getvalue()


def inline(row_no: int, cells: list[str], attributes: str = "") -> str:
    """Write a row of inline strings."""
    said = "".join(
        f'<c r="{letter}{row_no}" t="inlineStr"><is><t>{cell}</t></is></c>'
        for letter, cell in zip("ABCDE", cells, strict=False)
    )
    return f'<row r="{row_no}"{attributes}>{said}</row>'


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
def test_a_csv_is_read_in_every_encoding_that_people_save(encoding: str) -> None:
    assert row_nos(read_roster(csv_bytes([HEADER, *ROWS], encoding))) == [2, 3]


@pytest.mark.parametrize(
    "day",
    [
        "2025年11月10日", "2025年11月10号", "2025年11月10日 星期一", "2025年11月10日（周一）",
        "2025/11/10", "2025.11.10", "20251110", 20251110, 45971, 45971.0, "45971",
        "２０２５－１１－１０", "2025-11-10\u200b",
    ],
)  # fmt: skip
def test_a_day_is_read_as_people_write_it(day: object) -> None:
    roster = read_roster(xlsx([HEADER, [*GOOD[:3], day, 480]]))

    assert [row.day for row in roster.rows] == [DAY]


def test_days_counted_from_1904_are_the_days_that_the_sheet_shows() -> None:
    def write(book: Workbook) -> None:
        sheet = book.add_worksheet()
        shown = book.add_format({"num_format": "yyyy/m/d"})
        for line, cells in enumerate([HEADER, GOOD, OTHER]):
            sheet.write_row(line, 0, cells)
        sheet.write_datetime(1, 3, DAY, shown)
        sheet.write_number(2, 3, (DAY - date(1904, 1, 1)).days)

    roster = read_roster(written(write, date_1904=True))

    assert [row.day for row in roster.rows] == [DAY, DAY]


def test_a_formula_with_its_value_is_the_value_and_one_without_is_told() -> None:
    def write(book: Workbook) -> None:
        sheet = book.add_worksheet()
        for line, cells in enumerate([HEADER, GOOD, OTHER]):
            sheet.write_row(line, 0, cells)
        sheet.write_formula(1, 4, "=8*60", None, 480)

    cached = written(write)
    formulas = "".join(f'<c r="{letter}3"><f>A1</f><v></v></c>' for letter in "ABCDE")
    bare = by_hand(inline(1, HEADER) + inline(2, GOOD) + f'<row r="3">{formulas}</row>')

    assert [row.attended_minutes for row in read_roster(cached).rows] == [480, 480]
    assert row_nos(read_roster(bare)) == [2]
    assert {code for row_no, code in codes(read_roster(bare)) if row_no == 3} == {
        "roster-formula-uncomputed"
    }


def test_a_running_number_by_formula_makes_no_row() -> None:
    def line(row_no: int) -> str:
        return f'<row r="{row_no}"><c r="F{row_no}"><f>ROW()-1</f></c></row>'

    unused = "".join(map(line, range(3, 40)))
    roster = read_roster(by_hand(inline(1, HEADER) + inline(2, GOOD) + unused))

    assert (row_nos(roster), codes(roster)) == ([2], [])


@pytest.mark.parametrize("attributes", [' hidden="1"', ' ht="0" hidden="true" customHeight="1"'])
def test_a_hidden_row_is_told_and_not_taken(attributes: str) -> None:
    rows = inline(1, HEADER) + inline(2, GOOD) + inline(3, OTHER, attributes)

    roster = read_roster(by_hand(rows))

    assert (row_nos(roster), codes(roster)) == ([2], [(3, "roster-row-hidden")])


def test_a_row_that_a_filter_hides_is_told_in_a_file_that_is_walked_slowly_too() -> None:
    rows = inline(1, HEADER) + inline(2, GOOD) + "<!-- -->" + inline(3, OTHER, ' hidden="1"')

    assert codes(read_roster(by_hand(rows))) == [(3, "roster-row-hidden")]


def test_a_hidden_row_is_another_content_than_one_that_is_shown() -> None:
    shown = by_hand(inline(1, HEADER) + inline(2, GOOD) + inline(3, OTHER))
    hidden = by_hand(inline(1, HEADER) + inline(2, GOOD) + inline(3, OTHER, ' hidden="1"'))

    assert read_roster(shown).digest != read_roster(hidden).digest


def test_a_hidden_row_with_nothing_in_it_is_no_row() -> None:
    rows = inline(1, HEADER) + inline(2, GOOD) + inline(3, [], ' hidden="1"')

    assert codes(read_roster(by_hand(rows))) == []


def test_a_hidden_sheet_that_is_a_roster_is_told() -> None:
    def write(book: Workbook) -> None:
        for title, row in (("名单", GOOD), ("旧名单", OTHER)):
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, HEADER)
            sheet.write_row(1, 0, row)
        sheet.hide()

    roster = read_roster(written(write))

    assert (row_nos(roster), codes(roster)) == ([2], [(0, "roster-passed-sheet")])


def test_fifty_thousand_blank_lines_and_styles_on_whole_columns_are_no_rows() -> None:
    def write(book: Workbook) -> None:
        sheet = book.add_worksheet()
        framed = book.add_format({"border": 1})
        sheet.set_column(0, 25, 12, framed)
        for line, cells in enumerate([HEADER, GOOD, OTHER]):
            sheet.write_row(line, 0, cells, framed)
        for line in range(3, 50_003):
            sheet.write_blank(line, 0, None, framed)

    assert row_nos(read_roster(written(write))) == [2, 3]


def test_titles_merged_over_the_table_and_names_merged_over_days_are_read() -> None:
    def write(book: Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 1, 4, "2025年专业技术人员研修班签到表")
        sheet.write_row(2, 0, HEADER)
        for line, day in enumerate(["2025-11-10", "2025-11-11"], 3):
            sheet.write_row(line, 0, [*GOOD[:3], day, 480])
        for place in range(3):
            sheet.merge_range(3, place, 4, place, GOOD[place])

    assert row_nos(read_roster(written(write))) == [4, 5]


def test_marks_that_nobody_sees_and_wide_signs_change_nothing() -> None:
    header = [f"\ufeff{HEADER[0]}\u200b", *HEADER[1:]]
    wide = ZHANG[:-1].translate({each: each + 0xFEE0 for each in range(48, 58)}) + ZHANG[-1].lower()
    row = ["张\u200b三\u2060", "居民身份证\u200e", f"\u202d{wide}\u202c", "2025-11-10", "４８０"]

    roster = read_roster(xlsx([header, row]))

    assert [(each.name, each.document.number) for each in roster.rows] == [("张三", ZHANG)]


def test_strings_as_other_programs_share_them_are_read() -> None:
    shared = "".join(
        f'<si><t xml:space="preserve">{text}</t><phoneticPr fontId="1" type="noConversion"/></si>'
        for text in HEADER
    )
    shared += "<si><r><t>张</t></r><r><rPr><b/></rPr><t>三</t></r></si>"
    header = "".join(
        f'<c r="{letter}1" s="3" t="s"><v>{at}</v></c>' for at, letter in enumerate("ABCDE")
    )
    row = inline(2, GOOD).replace('<c r="A2" t="inlineStr"><is><t>张三</t></is></c>',
                                  '<c r="A2" t="s"><v>5</v></c>')  # fmt: skip

    roster = read_roster(by_hand(f'<row r="1" spans="1:5">{header}</row>{row}', shared=shared))

    assert [each.name for each in roster.rows] == ["张三"]


def test_the_quick_look_at_a_package_finds_what_the_careful_one_finds() -> None:
    good = inline(1, HEADER) + inline(2, GOOD) + inline(3, OTHER, ' hidden="1"')
    uncomputed = '<row r="4"><c r="A4"><f>B2</f></c><c r="E4" s="1"><v>480</v></c></row>'

    quick = read_roster(by_hand(good + uncomputed))
    careful = read_roster(by_hand(good + "<!-- not as programs write it -->" + uncomputed))

    assert quick == careful
    assert codes(quick)


@pytest.mark.parametrize("more", ["", "<!-- slow -->"])
def test_a_cell_that_shows_an_error_is_told_as_one_and_its_row_is_nobodys_absence(
    more: str,
) -> None:
    """Rows made ready with look-ups that find nothing are no rows."""
    cells = inline(3, OTHER).replace(
        '<c r="E3" t="inlineStr"><is><t>480</t></is></c>',
        '<c r="E3" s="1" t="e"><f>VLOOKUP(C3,Z:Z,1,0)</f><v>#N/A</v></c>',
    )
    ready = '<row r="4"><c r="A4" t="e"><v>#N/A</v></c><c r="C4" t="e"><v>#N/A</v></c></row>'

    roster = read_roster(by_hand(inline(1, HEADER) + inline(2, GOOD) + cells + more + ready))

    assert (row_nos(roster), codes(roster)) == ([2], [(3, "roster-formula-error")])


@pytest.mark.parametrize(
    "more",
    [
        record(0x205, struct.pack("<HHHBB", 2, 4, 0, 0x2A, 1)),
        record(0x06, struct.pack("<HHH", 2, 4, 0) + b"\x02\x00\x2a\x00\x00\x00\xff\xff" + bytes(9)),
    ],
    ids=["value", "formula"],
)
def test_an_error_in_an_old_workbook_is_told_as_one(more: bytes) -> None:
    roster = read_roster(xls({"名单": [HEADER, GOOD, OTHER[:4]]}, more=more))

    assert (row_nos(roster), codes(roster)) == ([2], [(3, "roster-formula-error")])


def with_part(name: str, *, kind: str = "") -> bytes:
    """Return a good package with one more part, and what the package says of it."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx([HEADER, GOOD]))) as plain,
        zipfile.ZipFile(content, "w") as made,
    ):
        for each in plain.namelist():
            said = plain.read(each)
            if each == "[Content_Types].xml":
                said = said.replace(b"</Types>", kind.encode() + b"</Types>")
            made.writestr(each, said)
        made.writestr(name, b"Attribute VB_Name")
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        with_part("xl/vbaProject.bin"),
        with_part("xl/macrosheets/sheet1.xml"),
        with_part(
            "xl/other.bin",
            kind='<Override PartName="/xl/other.bin"'
            ' ContentType="application/vnd.ms-office.vbaProject"/>',
        ),
        xls({"名单": [HEADER, GOOD]}, storage="_VBA_PROJECT_CUR"),
        xls({"名单": [HEADER, GOOD]}).replace(
            b"\x00\x00\x02\x01" + "名单".encode("utf-16-le"),
            b"\x00\x01\x02\x01" + "名单".encode("utf-16-le"),
        ),
    ],
    ids=["xlsx", "Excel 4", "renamed", "xls", "xls of Excel 4"],
)  # fmt: skip
def test_a_workbook_with_macros_is_refused(content: bytes) -> None:
    with pytest.raises(RosterMacrosError):
        read_roster(content)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("noise", ",;\t")
def test_cells_are_parted_where_most_lines_are_whatever_a_title_holds(
    delimiter: str, noise: str
) -> None:
    rows = [[*row, f"一{noise}二{noise}三{noise}四{noise}五{noise}六"] for row in (GOOD, OTHER)]
    title = f"名单{noise * 60}\r\n".encode()

    roster = read_roster(title + csv_bytes([[*HEADER, "备注"], *rows], delimiter=delimiter))

    assert row_nos(roster) == [3, 4]


@pytest.mark.parametrize("more", ["", "<!-- slow -->"])
def test_a_row_far_below_is_refused_however_the_package_is_looked_at(more: str) -> None:
    far = inline(1, HEADER) + inline(2, GOOD) + more + inline(900_000, OTHER)

    with pytest.raises(RosterTooLongError):
        read_roster(by_hand(far))


def test_an_old_workbook_is_read() -> None:
    rows = [["班级签到表"], HEADER, GOOD, [*OTHER[:3], 45971, 480]]

    roster = read_roster(xls({"名单": rows}))

    assert [(row.row_no, row.day, row.attended_minutes) for row in roster.rows] == [
        (3, DAY, 480), (4, DAY, 480),
    ]  # fmt: skip


def test_an_old_workbook_tells_its_hidden_rows_and_sheets_and_the_days_of_1904() -> None:
    rows = [HEADER, GOOD, [*OTHER[:3], (DAY - date(1904, 1, 1)).days, 480], ROWS[1]]

    content = xls(
        {"名单": rows, "旧名单": [HEADER, GOOD]},
        hidden_rows=[4], hidden_sheets=["旧名单"], epoch_1904=True,
    )  # fmt: skip
    roster = read_roster(content)

    assert [(row.row_no, row.day) for row in roster.rows] == [(2, DAY), (3, DAY)]
    assert codes(roster) == [(0, "roster-passed-sheet"), (4, "roster-row-hidden")]


def test_lines_of_an_old_workbook_are_counted_from_its_first_whatever_stands_above() -> None:
    roster = read_roster(xls({"名单": [[], [], [], HEADER, GOOD]}))

    assert [row.row_no for row in roster.rows] == [5]


def test_a_number_that_an_old_workbook_kept_as_a_number_has_lost_digits() -> None:
    roster = read_roster(xls({"名单": [HEADER, ["张三", "", float(ZHANG[:17] + "0"), 45971, 480]]}))

    assert codes(roster) == [(2, "roster-number-lost-digits")]


@pytest.mark.parametrize(
    "content",
    [
        xls({"名单": [HEADER]}, more=record(0x200, struct.pack("<IIHHH", 0, 2**31, 0, 65_535, 0))),
        xls({"名单": [HEADER]}, more=record(0xFC, struct.pack("<II", 2**31, 2**31))),
        xls({"名单": [HEADER, *ROWS]})[:2048],
        xls({"名单": [HEADER, *ROWS]}).replace(b"W\0o\0r\0k\0", b"V\0o\0r\0k\0"),
        xls({"名单": [HEADER]})[:8] + bytes(range(256)) * 4,
    ],
    ids=["a sheet of trillions", "strings by the billion", "cut", "no workbook", "anything"],
)
def test_an_old_workbook_that_lies_is_refused_and_hurts_nobody(content: bytes) -> None:
    with pytest.raises((RosterOldFormatError, RosterEmptyError)):
        read_roster(content)


def test_an_old_workbook_with_two_cells_far_apart_ends_no_process() -> None:
    far = record(0x203, struct.pack("<HHHd", 65_535, 255, 0, 1.0))

    with pytest.raises((RosterOldFormatError, RosterTooWideError)):
        read_roster(xls({"名单": [HEADER, GOOD]}, more=far), Limits(rows_max=100))


def test_every_row_of_a_long_file_is_read_or_told() -> None:
    rows = [["甲", "", resident_number(at), "2025-11-10", "480"] for at in range(3_000)]
    rows[7][2], rows[11][3], rows[13] = "123", "昨天", ["合计", "", "", "", "480"]

    roster = read_roster(xlsx([HEADER, *rows]))

    assert set(row_nos(roster)) | {row_no for row_no, _ in codes(roster)} == set(range(2, 3_002))
    assert codes(roster) == [
        (9, "roster-number-length"), (13, "roster-date-invalid"), (15, "roster-passed-total"),
    ]  # fmt: skip


def test_two_rows_of_one_number_are_refused_and_neither_is_lost_in_silence() -> None:
    twice = inline(1, HEADER) + inline(2, GOOD) + inline(2, OTHER)

    with pytest.raises(RosterDamagedError):
        read_roster(by_hand(twice))
    assert row_nos(read_roster(by_hand(inline(1, HEADER) + inline(3, GOOD) + inline(2, OTHER))))


def test_a_box_that_was_ticked_is_nobodys_name() -> None:
    ticked = inline(2, GOOD).replace(
        '<c r="A2" t="inlineStr"><is><t>张三</t></is></c>', '<c r="A2" t="b"><v>1</v></c>'
    )

    assert codes(read_roster(by_hand(inline(1, HEADER) + ticked))) == [
        (2, "roster-name-characters")
    ]


def test_readings_of_a_name_are_no_part_of_it() -> None:
    read = "<r><t>张</t></r><r><t>三</t></r><rPh sb='0' eb='1'><t>ZHANG</t></rPh>"
    shared = f"<si>{read}</si>"
    told = inline(2, GOOD).replace(
        '<c r="A2" t="inlineStr"><is><t>张三</t></is></c>', '<c r="A2" t="s"><v>0</v></c>'
    )
    said = inline(3, OTHER).replace("<t>李四</t>", read)

    roster = read_roster(by_hand(inline(1, HEADER) + told + said, shared=shared))

    assert [row.name for row in roster.rows] == ["张三", "张三"]
