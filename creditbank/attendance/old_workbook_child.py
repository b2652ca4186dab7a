"""Parses one XLS file from its input, within little memory and time, and writes its cells as JSON.

Run by `old_workbook.read_old_workbook` and by nobody else; it imports nothing of the bank.
"""

import io
import json
import resource
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import olefile
import python_calamine

_MEMORY_BYTES_MAX = 1 << 30
_CPU_SECONDS_MAX = 30
_BOUND_SHEET, _DATE_MODE, _FILE_PASS, _ROW, _BEGIN = 0x85, 0x22, 0x2F, 0x208, 0x809
_FORMULA, _TRUTH_OR_ERROR = 0x06, 0x205
#: The storage of a workbook's programs, and the sheets of Excel 4 that are programs.
_MACROS, _MACRO_SHEET = "_VBA_PROJECT_CUR", 1
_HIDDEN_ROW = 0x20
#: Of Excel 97 and later; the parser finds no cells in what is older.
_VERSION = 0x600
#: Lines above the header and blank ones count for nothing.
_ROWS_SLACK = 120


def main() -> None:
    """Read, parse, write."""
    for bound, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES_MAX), (resource.RLIMIT_CPU, _CPU_SECONDS_MAX),
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0),
    ):  # fmt: skip
        resource.setrlimit(bound, (most, most))
    rows_max, columns_max = map(int, sys.argv[1:3])
    json.dump(said(sys.stdin.buffer.read(), rows_max, columns_max), sys.stdout)


def said(content: bytes, rows_max: int, columns_max: int) -> Any:
    """Return each worksheet, with what is hidden of it and its filled rows, or what is too much."""
    sheets = []
    notes = noted(content)
    if notes.has_password:
        return {"password": True}
    if notes.has_macros:
        return {"macros": True}
    hidden_rows, errors = [*notes.hidden_rows.values()], [*notes.errors.values()]
    try:
        with python_calamine.load_workbook(io.BytesIO(content)) as book:
            for at, sheet in enumerate(book.sheets_metadata):
                if sheet.typ != python_calamine.SheetTypeEnum.WorkSheet:
                    continue
                rows = list(filled(book.get_sheet_by_index(at), errors[at]))
                if len(rows) > rows_max + _ROWS_SLACK:
                    return {"row_no": rows[-1][0]}
                if any(len(cells) > columns_max for _, cells in rows):
                    return {"columns": columns_max}
                is_hidden = sheet.visible != python_calamine.SheetVisibleEnum.Visible
                hidden = sorted(hidden_rows[at])
                sheets.append([sheet.name, is_hidden, hidden, notes.epoch_1904, rows])
    except python_calamine.PasswordError:
        return {"password": True}
    return sheets


@dataclass(slots=True)
class Notes:
    """What the parser does not tell: hidden rows, and cells of errors, by where a sheet begins."""

    hidden_rows: dict[int, set[int]] = field(default_factory=dict)
    #: rows and columns, from 0
    errors: dict[int, set[tuple[int, int]]] = field(default_factory=dict)
    epoch_1904: bool = False
    has_password: bool = False
    has_macros: bool = False


def noted(content: bytes) -> Notes:
    """Read the records that the parser passes over."""
    notes, begun = Notes(has_macros=brings_macros(content)), -1
    for place, kind, data in records(stream(content)):
        if kind == _BOUND_SHEET:
            sheet = struct.unpack_from("<I", data)[0]
            notes.hidden_rows[sheet], notes.errors[sheet] = set(), set()
            notes.has_macros |= data[5] == _MACRO_SHEET
        elif kind == _DATE_MODE:
            notes.epoch_1904 = data[:1] == b"\x01"
        elif kind == _FILE_PASS:
            notes.has_password = True
        elif kind == _BEGIN:
            begun = place
            if struct.unpack_from("<H", data)[0] != _VERSION:
                raise ValueError("a workbook of Excel 95 or older")
        elif kind == _ROW and data[12] & _HIDDEN_ROW and begun in notes.hidden_rows:
            notes.hidden_rows[begun].add(struct.unpack_from("<H", data)[0] + 1)
        elif begun in notes.errors and is_error(kind, data):
            notes.errors[begun].add(struct.unpack_from("<HH", data))
    return notes


def is_error(kind: int, data: bytes) -> bool:
    """Tell a cell that holds an error, or a formula that came to one."""
    if kind == _TRUTH_OR_ERROR:
        return data[7:8] == b"\x01"
    return kind == _FORMULA and data[6:7] == b"\x02" and data[12:14] == b"\xff\xff"


def records(book: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield where each record begins, its kind, and its data."""
    place = 0
    while place + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, place)
        yield place, kind, book[place + 4 : place + 4 + length]
        place += 4 + length


def stream(content: bytes) -> bytes:
    """Return the stream of the workbook out of the compound file; a small one lies among others."""
    with olefile.OleFileIO(io.BytesIO(content)) as package:
        read: bytes = package.openstream("Workbook").read()
        return read


def brings_macros(content: bytes) -> bool:
    """Tell a compound file with programs in it."""
    with olefile.OleFileIO(io.BytesIO(content)) as package:
        return bool(package.exists(_MACROS))


def filled(sheet: python_calamine.CalamineSheet, errors: Iterable[tuple[int, int]]) -> Any:
    """Yield the rows that hold anything but errors, without the blank cells at their ends."""
    if sheet.start is None:
        return
    _, _left = sheet.start
    erred: dict[int, list[int]] = {}
    for row, column in errors:
        erred.setdefault(row, []).append(column - _left)
    merged = {
        (row, left): (first, left)
        for (first, left), (last, _) in sheet.merged_cell_ranges or ()
        for row in range(first, last + 1)
    }
    kept: dict[tuple[int, int], object] = {}
    for row, cells in enumerate(sheet.iter_rows()):  # from the first line, whatever is above
        for place, cell in enumerate(cells):
            origin = merged.get((row, place + _left))
            if origin == (row, place + _left):
                kept[origin] = cell
            elif origin is not None:
                cells[place] = kept.get(origin, "")  # type: ignore[call-overload]
        if all(cell == "" for cell in cells):
            continue
        for place in erred.get(row, ()):
            if cells[place : place + 1] == [""] and place >= 0:
                cells[place] = {"error": True}  # type: ignore[call-overload]
        while cells[-1] == "":
            cells.pop()
        yield row + 1, [written(cell) for cell in cells]


def written(cell: object) -> object:
    """Return a cell as JSON can say it."""
    if isinstance(cell, datetime):
        return {"datetime": cell.isoformat()}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    if isinstance(cell, time):
        return {"time": cell.isoformat()}
    if isinstance(cell, timedelta):
        return {"microseconds": cell // timedelta(microseconds=1)}
    return cell


if __name__ == "__main__":
    main()
