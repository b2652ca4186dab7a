"""Roster files for the tests, with invented people."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime

from xlsxwriter import Workbook

from creditbank.people.documents import resident_id_check_character

HEADER = ["姓名", "证件类型", "证件号码", "日期", "实到分钟"]


def resident_number(sequence: int) -> str:
    """The number of an invented person, one for each sequence."""
    body = f"9999{sequence // 1000 % 100:02d}19850131{sequence % 1000:03d}"
    return body + resident_id_check_character(body)


#: Ends as a number of which a spreadsheet kept 15 digits, and is whole.
ROUND = next(each for each in map(resident_number, range(0, 10_000, 100)) if each[15:] == "000")
ZHANG = resident_number(1)
LI = resident_number(2)
ROWS: list[list[object]] = [
    ["张三", "居民身份证", ZHANG, "2025-11-10", "480"],
    ["李四", "护照", "E12345678", "2025-11-11", "240"],
]


def xlsx(
    rows: Sequence[Sequence[object]], *, row: int = 0, column: int = 0, sheet: str = "名单"
) -> bytes:
    """Write rows into one sheet, from the given corner."""
    return xlsx_sheets({sheet: rows}, row=row, column=column)


def xlsx_sheets(
    sheets: dict[str, Sequence[Sequence[object]]],
    *,
    row: int = 0,
    column: int = 0,
    hidden: Sequence[str] = (),
) -> bytes:
    """Write several sheets; those named in `hidden` are hidden."""
    written = io.BytesIO()
    book = Workbook(written, {"in_memory": True, "nan_inf_to_errors": True})
    day_format = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        if name in hidden:
            sheet.hide()
        for line, cells in enumerate(rows, start=row):
            for place, cell in enumerate(cells, start=column):
                if isinstance(cell, date | datetime):
                    sheet.write_datetime(line, place, cell, day_format)
                elif isinstance(cell, str):
                    sheet.write_string(line, place, cell)
                else:
                    sheet.write(line, place, cell)
    book.close()
    return written.getvalue()


def csv_bytes(
    rows: Sequence[Sequence[object]], encoding: str = "utf-8", delimiter: str = ","
) -> bytes:
    """Write rows as CSV."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(rows)
    return written.getvalue().encode(encoding)
