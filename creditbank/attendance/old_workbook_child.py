"""Parses one XLS file from its input, within little memory and time, and writes its cells as JSON.

Run by `old_workbook.read_old_workbook` and by nobody else; it imports nothing of the bank.
"""

import io
import json
import resource
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import olefile
import python_calamine

_MEMORY_BYTES_MAX = 1 << 30
_CPU_SECONDS_MAX = 30
_BOUND_SHEET, _DATE_MODE, _FILE_PASS, _ROW, _BEGIN = 0x85, 0x22, 0x2F, 0x208, 0x809
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
    hidden_rows = [*notes.hidden_rows.values()]
    try:
        with python_calamine.load_workbook(io.BytesIO(content)) as book:
            for at, sheet in enumerate(book.sheets_metadata):
                if sheet.typ != python_calamine.SheetTypeEnum.WorkSheet:
                    continue
                rows = list(filled(book.get_sheet_by_index(at)))
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
    """What the parser does not tell: hidden rows, by where their sheet begins."""

    hidden_rows: dict[int, set[int]] = field(default_factory=dict)
    epoch_1904: bool = False
    has_password: bool = False


def noted(content: bytes) -> Notes:
    """Read the records that the parser passes over."""
    notes, begun = Notes(), -1
    for place, kind, data in records(stream(content)):
        if kind == _BOUND_SHEET:
            notes.hidden_rows[struct.unpack_from("<I", data)[0]] = set()
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
    return notes


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


def filled(sheet: python_calamine.CalamineSheet) -> Any:
    """Yield the rows that hold anything, without the blank cells at their ends."""
    if sheet.start is None:
        return
    _, _left = sheet.start
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
        while cells and cells[-1] == "":
            cells.pop()
        if any(cell != "" for cell in cells):
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
