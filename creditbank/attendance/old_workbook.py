"""Workbooks of Excel 97–2003 (XLS) from strangers, parsed where they can hurt nobody.

The parser believes the sizes that such a file states, and a file that lies ends its process. So it
has a process of its own, with little memory and little time; what comes back is text. What it does
not tell, hidden rows and days counted from 1904, is read from the records here.
"""

import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from creditbank.attendance.workbook import (
    Cell,
    Limits,
    RosterEncryptedError,
    RosterOldFormatError,
    RosterTooLongError,
    RosterTooWideError,
    Table,
)

_SECONDS_MAX = 60
_CHILD = "creditbank.attendance.old_workbook_child"
_HEADER = struct.Struct("<30xHH10xII4xIIII")
_BOUND_SHEET, _DATE_MODE, _FILE_PASS, _ROW, _BEGIN = 0x85, 0x22, 0x2F, 0x208, 0x809
_HIDDEN_ROW = 0x20
_SECTORS_END = 0xFFFFFFFA
_ENTRY_BYTES, _STREAM = 128, 2
_NAMES = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))


def read_old_workbook(content: bytes, limits: Limits) -> tuple[Table, ...]:
    """Read the sheets of an XLS file, in workbook order; of hidden ones it is told.

    Raises:
        RosterOldFormatError: it cannot be parsed, or not within the bounds.
        RosterEncryptedError: it opens with a password only.
        RosterTooLongError, RosterTooWideError: beyond the limits.
    """
    try:
        notes = _notes(_stream(content))
    except (struct.error, IndexError) as fault:
        raise RosterOldFormatError(kind="XLS") from fault
    sheets = _parsed(content, limits)
    hidden = [*notes.hidden_rows.values(), *([set()] * len(sheets))]
    return tuple(
        Table(
            title,
            tuple((row_no, tuple(map(_cell, cells))) for row_no, cells in rows),
            frozenset(hidden[at]),
            is_hidden,
            notes.epoch_1904,
        )
        for at, title, is_hidden, rows in sheets
    )


def _parsed(content: bytes, limits: Limits) -> list[Any]:
    bounds = [str(limits.rows_max), str(limits.columns_max)]
    try:
        child = subprocess.run(  # noqa: S603 # ours
            [sys.executable, "-m", _CHILD, *bounds],
            input=content, capture_output=True, timeout=_SECONDS_MAX, check=False,
        )  # fmt: skip
        said = json.loads(child.stdout)
    except (subprocess.TimeoutExpired, ValueError) as fault:
        raise RosterOldFormatError(kind="XLS") from fault
    match said:
        case {"row_no": int(row_no)}:
            raise RosterTooLongError(limit=limits.rows_max, row_no=row_no)
        case {"columns": int()}:
            raise RosterTooWideError(limit=limits.columns_max)
        case {"password": True}:
            raise RosterEncryptedError(kind="XLS")
        case list(sheets):
            return sheets
    raise RosterOldFormatError(kind="XLS")


def _cell(said: Any) -> Cell:
    match said:
        case {"datetime": str(text)}:
            return datetime.fromisoformat(text)
        case {"date": str(text)}:
            return date.fromisoformat(text)
        case {"time": str(text)}:
            return time.fromisoformat(text)
        case {"microseconds": int(microseconds)}:
            return timedelta(microseconds=microseconds)
    assert isinstance(said, str | int | float), "the child writes nothing else"
    return said


@dataclass(slots=True)
class _Notes:
    """What the parser does not tell: hidden rows, by where their sheet begins."""

    hidden_rows: dict[int, set[int]] = field(default_factory=dict)
    epoch_1904: bool = False


def _notes(stream: bytes) -> _Notes:
    notes, begun = _Notes(), -1
    for place, kind, data in _records(stream):
        if kind == _BOUND_SHEET:
            notes.hidden_rows[struct.unpack_from("<I", data)[0]] = set()
        elif kind == _DATE_MODE:
            notes.epoch_1904 = data[:1] == b"\x01"
        elif kind == _FILE_PASS:
            raise RosterEncryptedError(kind="XLS")
        elif kind == _BEGIN:
            begun = place
        elif kind == _ROW and data[12] & _HIDDEN_ROW and begun in notes.hidden_rows:
            notes.hidden_rows[begun].add(struct.unpack_from("<H", data)[0] + 1)
    return notes


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    place = 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        yield place, kind, stream[place + 4 : place + 4 + length]
        place += 4 + length


def _stream(content: bytes) -> bytes:
    """Return the stream of the workbook out of the compound file."""
    shift, _mini, _fats, directory, cutoff, _minifat, _minis, difat = _HEADER.unpack_from(content)
    if shift not in {9, 12}:
        raise RosterOldFormatError(kind="XLS")
    size = 1 << shift
    fat: list[int] = []
    for sector in _fat_sectors(content, difat, size):
        fat += struct.unpack_from(f"<{size // 4}I", content, (sector + 1) * size)
    entries = _chain(content, fat, directory, size)
    for at in range(0, len(entries) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        entry = entries[at : at + _ENTRY_BYTES]
        name = entry[: max(struct.unpack_from("<H", entry, 64)[0] - 2, 0)]
        start, length = struct.unpack_from("<II", entry, 116)
        if name in _NAMES and entry[66] == _STREAM and length >= cutoff:
            return _chain(content, fat, start, size)[:length]
    raise RosterOldFormatError(kind="XLS")


def _fat_sectors(content: bytes, difat: int, size: int) -> list[int]:
    """Return where the table of sectors lies: the first in the header, further ones in a chain."""
    listed = list(struct.unpack_from("<109I", content, 76))
    while difat < _SECTORS_END:
        *more, difat = struct.unpack_from(f"<{size // 4}I", content, (difat + 1) * size)
        listed += more
        if len(listed) * size > len(content) + 128 * size:
            raise RosterOldFormatError(kind="XLS")
    return [sector for sector in listed if sector < _SECTORS_END]


def _chain(content: bytes, fat: list[int], sector: int, size: int) -> bytes:
    parts: list[bytes] = []
    while sector < _SECTORS_END:
        parts.append(content[(sector + 1) * size : (sector + 2) * size])
        if len(parts) > len(fat):
            raise RosterOldFormatError(kind="XLS")
        sector = fat[sector]
    return b"".join(parts)
