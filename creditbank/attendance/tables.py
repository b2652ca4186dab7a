"""Files of rows as people send them: XLSX, XLS or CSV, told apart by content, never by name.

What comes out is the same for all: tables of numbered rows, within the limits, or one refusal that
says what the file is.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from creditbank.attendance.old_workbook import read_old_workbook
from creditbank.attendance.workbook import (
    DEFAULT_LIMITS,
    HEADER_ROWS_MAX,
    Cell,
    Limits,
    RosterEncryptedError,
    RosterTooLargeError,
    RosterTooLongError,
    RosterTooWideError,
    RosterUnreadableError,
    Table,
)
from creditbank.attendance.xlsx import read_workbook, row_elements

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"RIFF", "WEBP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"%PDF-", "PDF"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7Z"),
    (b"\x1f\x8b", "GZIP"),
)
_ZIP = b"PK\x03\x04"
_ZIP_EMPTY = b"PK\x05\x06"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
#: Excel writes commas in most countries, semicolons in some, tabs as "Unicode text".
_DELIMITERS = ",\t;"
_UNMARKED_SAMPLE_BYTES = 512
_DELIMITER_SAMPLE_CHARACTERS = 8192


class FileKind(StrEnum):
    """What a file of rows is; the value is what its name ends with."""

    XLSX = "xlsx"
    XLS = "xls"
    CSV = "csv"


class RosterQuotesBrokenError(RosterUnreadableError):
    """A CSV whose quotation marks do not pair up, so that rows would run together."""

    code = "roster-quotes-broken"


def read_tables(content: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Table, ...]:
    """Read every visible sheet of a workbook, or the one table of a CSV.

    Raises:
        CreditBankError: as `read_sheets`.
    """
    return tuple(table for table in read_sheets(content, limits) if not table.is_hidden)


def read_sheets(content: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Table, ...]:
    """Read every sheet of a workbook, hidden ones too, or the one table of a CSV.

    CSV may be UTF-8, UTF-16 or GB18030, with commas, tabs or semicolons.

    Raises:
        RosterUnreadableError: neither of them, or broken.
        RosterTooLargeError, RosterTooLongError, RosterTooWideError, RosterUnpacksTooLargeError:
            beyond the limits.
    """
    if len(content) > limits.file_bytes_max:
        raise RosterTooLargeError(
            size_kib=len(content) >> 10, limit_mib=limits.file_bytes_max >> 20
        )
    if content.startswith((_ZIP, _ZIP_EMPTY)):
        return read_workbook(content, limits)
    if content.startswith(_OLE):
        if _OLE_ENCRYPTED in content:
            raise RosterEncryptedError(kind="XLSX")
        return read_old_workbook(content, limits)
    text = _decoded(content)
    return (Table("", tuple(_csv_rows(text, limits))),)


def kind_of(content: bytes) -> FileKind:
    """Tell what a file is that was read, by its first bytes."""
    if content.startswith((_ZIP, _ZIP_EMPTY)):
        return FileKind.XLSX
    return FileKind.XLS if content.startswith(_OLE) else FileKind.CSV


def rows_at_most(content: bytes, limits: Limits = DEFAULT_LIMITS) -> int:
    """Count how many rows a file may have, at a small part of what reading it costs.

    Raises:
        CreditBankError: what it is said to be shows at once that it cannot be read.
    """
    if content.startswith(_ZIP):
        return row_elements(content, limits)
    return max(content.count(b"\n"), content.count(b"\r"))


def _decoded(content: bytes) -> str:
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            raise RosterUnreadableError(kind=kind)
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Exports of old systems are often a web page named .xls.
        if text.lstrip().startswith("<"):
            raise RosterUnreadableError(kind="HTML")
        return text
    raise RosterUnreadableError(kind="BINARY")


def _encodings(content: bytes) -> tuple[str, ...]:
    if content.startswith(_UTF16_MARKS):
        return ("utf-16",)
    sample = content[:_UNMARKED_SAMPLE_BYTES]
    if b"\x00" not in sample:
        return ("utf-8-sig", "gb18030")
    # Commas and digits tell which byte of two is the empty one.
    utf16 = "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"
    return (utf16,) if b"\x00" in sample[:2] else ("utf-8-sig", utf16, "gb18030")


def _delimiter(sample: str) -> str:
    """Return what parts most lines alike: a title or a remark may be full of commas."""

    def fitness(delimiter: str) -> tuple[int, int, int]:
        lines = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        widths = Counter(width for cells in _unbroken(lines) if (width := len(cells)) > 1)
        alike = max(((count, width) for width, count in widths.items()), default=(0, 0))
        return *alike, sample.count(delimiter)

    return max(_DELIMITERS, key=fitness)


def _unbroken(lines: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from lines
    except csv.Error:  # which line it is, is told when the whole is read
        return


def _csv_rows(text: str, limits: Limits) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    delimiter = _delimiter(text[:_DELIMITER_SAMPLE_CHARACTERS])
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    row_no = filled = 0
    try:
        for cells in lines:
            row_no += 1
            if not any(cells):
                continue
            filled += 1
            if filled > limits.rows_max + HEADER_ROWS_MAX:
                raise RosterTooLongError(limit=limits.rows_max, row_no=row_no)
            yield row_no, _trimmed(cells, limits)
    except csv.Error as fault:
        raise RosterQuotesBrokenError(kind="CSV", row_no=row_no + 1) from fault


def _trimmed(cells: list[str], limits: Limits) -> tuple[str, ...]:
    while not cells[-1]:
        cells.pop()
    if len(cells) > limits.columns_max:
        raise RosterTooWideError(limit=limits.columns_max)
    return tuple(cells)
