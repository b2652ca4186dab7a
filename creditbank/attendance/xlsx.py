"""XLSX workbooks from strangers, opened so that nothing beyond the limits reaches the parser.

The package is unpacked here under a bound, every part is walked once, and the parser gets a fresh
package of the walked parts only; what a forged zip directory hides, it never sees.
"""

import copy
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping

import python_calamine

from creditbank.attendance.package_walk import PackageWalk, SheetNotes
from creditbank.attendance.workbook import (
    DEFAULT_LIMITS,
    ERRED,
    SHEETS_MAX,
    Cell,
    Limits,
    RosterDamagedError,
    RosterMacrosError,
    RosterUnpacksTooLargeError,
    RosterUnreadableError,
    Table,
)

#: Parts that hold no cells; customXml may even be in another encoding.
_PARTS_LEFT_OUT = (
    "customxml/",
    "docprops/",
    "xl/activex/",
    "xl/charts/",
    "xl/comments",
    "xl/ctrlprops/",
    "xl/drawings/",
    "xl/externallinks/",
    "xl/persons/",
    "xl/pivot",
    "xl/theme/",
    "xl/threadedcomments/",
)
_KINDS = "[content_types].xml"
_MACRO_SIGNS = (b"vnd.ms-office.vbaproject", b"vnd.ms-excel.macrosheet", b"intlmacrosheet")
_MACRO_PARTS = ("xl/vbaproject.bin", "xl/macrosheets/")
_CENTRAL_RECORD = b"PK\x01\x02"
_ENCRYPTED = 0x1
_ROW_ELEMENT = re.compile(rb"<(?:\w+:)?row[\s/>]")


def read_workbook(content: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Table, ...]:
    """Read the sheets of an XLSX package, in workbook order; of hidden ones it is told.

    A merged cell counts in every row that it covers, in its first column.

    Raises:
        RosterUnreadableError: it is another kind of package, damaged, or has macros.
        RosterUnpacksTooLargeError, RosterTooLongError, RosterTooWideError: beyond the limits.
    """
    walk = PackageWalk(limits)
    return _parsed(_walked(content, walk), walk)


def row_elements(content: bytes, limits: Limits = DEFAULT_LIMITS) -> int:
    """Count the rows that an XLSX package speaks of, filled or not, without parsing it.

    Raises:
        RosterUnreadableError, RosterUnpacksTooLargeError: as `read_workbook`.
    """
    return sum(len(_ROW_ELEMENT.findall(part)) for part in _unpacked(content, limits).values())


def _unpacked(content: bytes, limits: Limits) -> Mapping[str, bytes]:
    # Counted before zipfile builds an object for each of them.
    if content.count(_CENTRAL_RECORD) > limits.members_max:
        raise RosterUnpacksTooLargeError(limit_mib=limits.unpacked_bytes_max >> 20)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _require_workbook({member.filename.lower() for member in members})
            if sum(member.file_size for member in members) > limits.unpacked_bytes_max:
                raise RosterUnpacksTooLargeError(limit_mib=limits.unpacked_bytes_max >> 20)
            return _without_macros(_read_parts(archive, limits))
    except _ZIP_FAULTS as fault:
        raise RosterDamagedError(kind="XLSX") from fault


#: What zipfile and zlib raise on packages that are cut, forged, encrypted or oddly compressed.
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


def _require_workbook(names: set[str]) -> None:
    if any(name.startswith(_MACRO_PARTS) for name in names):
        raise RosterMacrosError(kind="XLSX")
    if "xl/workbook.xml" in names:
        return
    for name, kind in (
        ("xl/workbook.bin", "XLSB"),
        ("word/document.xml", "DOCX"),
        ("ppt/presentation.xml", "PPTX"),
        ("content.xml", "ODS"),
    ):
        if name in names:
            raise RosterUnreadableError(kind=kind)
    raise RosterUnreadableError(kind="ZIP")


def _without_macros(parts: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Refuse a package that says that it brings programs along, whatever their part is called."""
    for name, content in parts.items():
        if name.lower() == _KINDS and any(sign in content.lower() for sign in _MACRO_SIGNS):
            raise RosterMacrosError(kind="XLSX")
    return parts


def _read_parts(archive: zipfile.ZipFile, limits: Limits) -> Mapping[str, bytes]:
    parts: dict[str, bytes] = {}
    names: set[str] = set()
    room = limits.unpacked_bytes_max
    for member in archive.infolist():
        name = member.filename.replace("\\", "/").lower()
        if not name.endswith((".xml", ".rels")) or name.startswith(_PARTS_LEFT_OUT):
            continue
        # Two parts of one name: the parser might take the other one.
        if name in names or member.flag_bits & _ENCRYPTED:
            raise RosterDamagedError(kind="XLSX")
        names.add(name)
        parts[member.filename] = _read_member(archive, member, room)
        room -= len(parts[member.filename])
        if room < 0:
            raise RosterUnpacksTooLargeError(limit_mib=limits.unpacked_bytes_max >> 20)
    return parts


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
    """Read what the member really holds, up to one byte more than there is room for."""
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise RosterDamagedError(kind="XLSX")
    # The directory may state a small size over a large stream, and zipfile would believe it.
    unbelieved = copy.copy(member)
    unbelieved.file_size = room + 2
    with archive.open(unbelieved) as stream:
        return stream.read(room + 1)


def _walked(content: bytes, walk: PackageWalk) -> io.BytesIO:
    """Unpack, walk and pack again: the parts are not kept while the parser has them."""
    parts = _unpacked(content, walk.limits)
    walk.over(parts)
    return _packed(parts)


def _packed(parts: Mapping[str, bytes]) -> io.BytesIO:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    package.seek(0)
    return package


def _parsed(package: io.BytesIO, walk: PackageWalk) -> tuple[Table, ...]:
    try:
        with python_calamine.load_workbook(package) as book:
            sheets = [
                (at, sheet)
                for at, sheet in enumerate(book.sheets_metadata)
                if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
            if len(sheets) > SHEETS_MAX:
                raise walk.too_large()
            return tuple(_table(book.get_sheet_by_index(at), sheet, walk) for at, sheet in sheets)
    except (python_calamine.CalamineError, ValueError, OverflowError) as fault:
        raise RosterDamagedError(kind="XLSX") from fault
    except BaseException as fault:
        # A panic in the parser is no Exception, and its class cannot be imported.
        if type(fault).__name__ != "PanicException":
            raise
        raise RosterDamagedError(kind="XLSX") from fault


def _table(
    sheet: python_calamine.CalamineSheet, said: python_calamine.SheetMetadata, walk: PackageWalk
) -> Table:
    notes = walk.notes_of(sheet.name)
    rows = _rows(sheet, walk.limits)
    return Table(
        sheet.name,
        tuple(_with_uncomputed(rows, sheet, notes) if notes.uncomputed else rows),
        frozenset(notes.hidden_rows),
        said.visible != python_calamine.SheetVisibleEnum.Visible,
        walk.epoch_1904,
    )


def _rows(
    sheet: python_calamine.CalamineSheet, limits: Limits
) -> list[tuple[int, tuple[Cell, ...]]]:
    if sheet.start is None:
        return []
    grid: list[list[Cell]] = sheet.to_python()  # type: ignore[assignment] # its cells are ours
    first_row, first_column = sheet.start
    room = limits.rows_max * limits.columns_max
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ():
        column, start = left - first_column, top - first_row
        stop = min(bottom - first_row + 1, len(grid))
        if not (0 <= start < stop and 0 <= column < len(grid[0])):
            continue
        room -= stop - start
        # Merged ranges do not overlap in a workbook that a spreadsheet wrote.
        if room < 0:
            raise RosterDamagedError(kind="XLSX")
        for row in grid[start:stop]:
            row[column] = grid[start][column]
    return [
        (row_no, tuple(row))
        for row_no, row in enumerate(grid, first_row + 1)
        if row.count("") < len(row)
    ]


def _with_uncomputed(
    rows: Iterable[tuple[int, tuple[Cell, ...]]],
    sheet: python_calamine.CalamineSheet,
    notes: SheetNotes,
) -> list[tuple[int, tuple[Cell, ...]]]:
    """Put a mark where a formula has no value; the parser leaves such cells out.

    A row of nothing but errors is one that was made ready and never filled in.
    """
    first = min(column for _, column in notes.uncomputed) - 1
    start = sheet.start[1] if sheet.start else first
    pad = ("",) * max(start - first, 0)
    marked = {row_no: [*pad, *cells] for row_no, cells in rows}
    for (row_no, column), mark in notes.uncomputed.items():
        if mark is ERRED and row_no not in marked:
            continue
        cells, place = marked.setdefault(row_no, []), column - 1 - min(start, first)
        cells += [""] * (place + 1 - len(cells))
        if cells[place] == "":
            cells[place] = mark
    return [(row_no, tuple(marked[row_no])) for row_no in sorted(marked)]
