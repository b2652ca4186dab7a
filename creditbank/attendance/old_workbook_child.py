"""Parses one XLS file from its input, within little memory and time, and writes its cells as JSON.

Run by `old_workbook.read_old_workbook` and by nobody else; it imports nothing of the bank.
"""

import io
import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine

_MEMORY_BYTES_MAX = 1 << 30
_CPU_SECONDS_MAX = 30
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
    """Return each worksheet, with whether it is hidden and its filled rows, or what is too much."""
    sheets = []
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
                sheets.append([at, sheet.name, is_hidden, rows])
    except python_calamine.PasswordError:
        return {"password": True}
    return sheets


def filled(sheet: python_calamine.CalamineSheet) -> Any:
    """Yield the rows that hold anything, without the blank cells at their ends."""
    if sheet.start is None:
        return
    top, _left = sheet.start
    merged = {
        (row, left): (first, left)
        for (first, left), (last, _) in sheet.merged_cell_ranges or ()
        for row in range(first, last + 1)
    }
    kept: dict[tuple[int, int], object] = {}
    for row, cells in enumerate(sheet.iter_rows(), top):
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
