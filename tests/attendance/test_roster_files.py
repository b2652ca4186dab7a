"""Files that are no rosters, or were made to hurt: one clear refusal, and no memory to speak of."""

import io
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditbank import catalogue
from creditbank.attendance import roster, tables, workbook
from creditbank.attendance.roster import read_roster
from creditbank.attendance.tables import RosterQuotesBrokenError
from creditbank.attendance.workbook import (
    Limits,
    RosterDamagedError,
    RosterEncryptedError,
    RosterOldFormatError,
    RosterTooLargeError,
    RosterTooLongError,
    RosterTooWideError,
    RosterUnpacksTooLargeError,
    RosterUnreadableError,
)
from creditbank.errors import CreditBankError
from tests.attendance.rosters import HEADER, ROWS, csv_bytes, resident_number, xlsx

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SHEET = "xl/worksheets/sheet1.xml"
GOOD = xlsx([HEADER, *ROWS])
SHEET_XML = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b"<sheetData>%s</sheetData></worksheet>"
)


def package(parts: dict[str, bytes], base: bytes = GOOD) -> bytes:
    """The good roster with some parts replaced or added."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return written.getvalue()


def with_cells(cells: bytes) -> bytes:
    return package({SHEET: SHEET_XML % cells})


def plain_zip(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, b"<x/>")
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)), "JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "PNG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (b"<html><table><tr><td>\xe5\xa7\x93\xe5\x90\x8d", "HTML"),
        (b"\x80\x81\xff\xfe\xff" * 9, "BINARY"),
        (plain_zip("a.txt"), "ZIP"),
        (plain_zip(), "ZIP"),
        (plain_zip("word/document.xml"), "DOCX"),
        (plain_zip("content.xml", "mimetype"), "ODS"),
        (plain_zip("xl/workbook.bin"), "XLSB"),
    ],
)
def test_a_file_is_known_by_its_content_whatever_its_name(content: bytes, kind: str) -> None:
    with pytest.raises(RosterUnreadableError) as caught:
        read_roster(content)

    assert caught.value.facts["kind"] == kind
    assert ".xlsx" in catalogue.problem(caught.value, "zh").wanted


def test_an_old_workbook_is_refused_with_the_way_to_save_it() -> None:
    with pytest.raises(RosterOldFormatError) as caught:
        read_roster(OLE + bytes(512) + "Workbook".encode("utf-16-le") + bytes(512))

    assert "另存为" in catalogue.problem(caught.value, "zh").next


def test_a_workbook_with_a_password_is_refused_as_such() -> None:
    with pytest.raises(RosterEncryptedError) as caught:
        read_roster(OLE + bytes(512) + "EncryptedPackage".encode("utf-16-le") + bytes(512))

    assert "密码" in catalogue.problem(caught.value, "zh").title


def test_quotation_marks_that_do_not_pair_up_refuse_the_file() -> None:
    broken = csv_bytes([HEADER, *ROWS]) + '"王五,,,2025-11-10,480\r\n'.encode()

    with pytest.raises(RosterQuotesBrokenError):
        read_roster(broken + csv_bytes(ROWS))


def test_every_refusal_of_a_file_has_words_in_both_languages() -> None:
    refusals = {
        member.code
        for module in (roster, tables, workbook)
        for member in vars(module).values()
        if isinstance(member, type)
        and issubclass(member, CreditBankError)
        and member.__module__.startswith("creditbank.attendance")
    }

    assert len(refusals) == 14
    for code in refusals:
        for part in ("title", "found", "wanted", "next"):
            assert set(catalogue.entries()[code][part]) == {"zh", "en"}


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not() -> None:
    assert read_roster(GOOD, Limits(file_bytes_max=len(GOOD)))
    with pytest.raises(RosterTooLargeError):
        read_roster(GOOD, Limits(file_bytes_max=len(GOOD) - 1))


def test_a_zip_bomb_is_refused_from_its_directory() -> None:
    bomb = package({"xl/media/image1.png": bytes(80 * 1024 * 1024)})
    assert len(bomb) < 200_000

    with pytest.raises(RosterUnpacksTooLargeError):
        read_roster(bomb)


def test_a_zip_bomb_with_a_forged_directory_is_refused_while_it_unpacks() -> None:
    honest = package({SHEET: SHEET_XML % (b" " * (40 * 1024 * 1024))})
    size = len(SHEET_XML % b"") + 40 * 1024 * 1024
    forged = honest.replace(struct.pack("<I", size), struct.pack("<I", 100))
    assert forged != honest

    tracemalloc.start()
    with pytest.raises(RosterUnpacksTooLargeError):
        read_roster(forged, Limits(unpacked_bytes_max=8 * 1024 * 1024))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 40 * 1024 * 1024


def test_a_package_of_very_many_members_is_refused() -> None:
    with pytest.raises(RosterUnpacksTooLargeError):
        read_roster(package({f"xl/media/{i}": b"" for i in range(600)}))


def test_two_cells_in_opposite_corners_do_not_reach_the_parser() -> None:
    corners = (
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="%s"><v>1</v></c></row>'
    )

    with pytest.raises(RosterTooLongError):
        read_roster(with_cells(corners % b"A1048576"))
    with pytest.raises(RosterTooWideError):
        read_roster(with_cells(b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'))


def test_blank_cells_far_below_do_no_harm() -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        content = archive.read(SHEET)
    far = content.replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    )

    assert len(read_roster(package({SHEET: far})).rows) == 2


@pytest.mark.parametrize(
    "cells",
    [
        b'<row r="1"><c r="A99999999999"><v>1</v></c></row>',
        b'<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>',
        b'<row r="0"><c r="A0"><v>1</v></c></row>',
        b'<row r="1"><c r="1A"><v>1</v></c></row>',
        b'<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        b'<row r="1"><c r="A1" t="s"><v>99999</v></c></row>',
        b'<row r="1"><c r="A1"><v>1</v></row>',
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>',
        b'<row r="1"><c r="A1"><v>1</v></c></row><row  r="1"><c r="A1"><v>2</v></c></row>',
        b'</sheetData><!DOCTYPE a [<!ENTITY b "c">]><sheetData>',
    ],
)
def test_a_sheet_with_impossible_references_is_damaged(cells: bytes) -> None:
    with pytest.raises(RosterDamagedError):
        read_roster(with_cells(cells))


def test_entities_that_multiply_are_refused() -> None:
    laughing = b'<!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;&b;">]>' + SHEET_XML % b"&d;"

    with pytest.raises(RosterDamagedError):
        read_roster(package({SHEET: laughing}))


def test_one_long_string_repeated_in_every_cell_is_refused() -> None:
    strings = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
        + b"x" * 1_000_000
        + b"</t></si></sst>"
    )
    cells = b"".join(
        b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (i, i) for i in range(1, 101)
    )

    with pytest.raises(RosterUnpacksTooLargeError):
        read_roster(package({SHEET: SHEET_XML % cells, "xl/sharedStrings.xml": strings}))


@pytest.mark.parametrize("stated", [b"4294967295", b"268435455", b"18446744073709551615", b"-1"])
def test_a_stated_number_of_strings_does_not_reserve_memory(stated: bytes) -> None:
    strings = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        b' uniqueCount="%s"><si><t>x</t></si></sst>' % stated
    )

    with pytest.raises(RosterDamagedError):
        read_roster(package({"xl/sharedStrings.xml": strings}))


def test_elements_nested_very_deep_are_refused() -> None:
    with pytest.raises(RosterUnpacksTooLargeError):
        read_roster(with_cells(b"<a>" * 1000 + b"</a>" * 1000))


def test_ten_thousand_rows_are_read_in_bounded_memory() -> None:
    rows = [["学员", "", resident_number(i), "2025-11-10", 45] for i in range(10_000)]
    file = xlsx([HEADER, *rows])

    tracemalloc.start()
    read = read_roster(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(read.rows) == 10_000
    assert peak < 64 * 1024 * 1024


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf"]),
)
def test_any_bytes_at_all_are_refused_in_words(content: bytes, start: bytes) -> None:
    with pytest.raises(CreditBankError) as caught:
        read_roster(start + content)

    assert catalogue.problem(caught.value, "zh").detail
    assert catalogue.problem(caught.value, "en").detail


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_a_workbook_with_any_bytes_changed_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    try:
        read_roster(bytes(content))
    except CreditBankError as refusal:
        told = catalogue.problem(refusal, "zh").title
        assert told


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_a_workbook_with_any_part_changed_is_read_or_refused(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        names = [name for name in archive.namelist() if name.startswith(("xl/", "[", "_rels"))]
        name = data.draw(st.sampled_from(names))
        part = bytearray(archive.read(name))
    place = data.draw(st.integers(0, len(part)))
    gone = data.draw(st.integers(0, 12))
    put = data.draw(
        st.one_of(
            st.binary(max_size=8), st.sampled_from([b"1e308", b"-7", b"NaN", b"&#0;", b"<v/>"])
        )
    )
    part[place : place + gone] = put

    try:
        read_roster(package({name: bytes(part)}))
    except CreditBankError as refusal:
        told = catalogue.problem(refusal, "zh").title
        assert told
