"""Workbooks of Excel 97–2003 (XLS) from strangers, parsed where they can hurt nobody.

The parser believes the sizes that such a file states, and a file that lies ends its process. So it
has a process of its own, with little memory and little time; what comes back is text.
"""

import json
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

from creditbank.attendance.workbook import (
    ERRED,
    Cell,
    Limits,
    RosterEncryptedError,
    RosterMacrosError,
    RosterOldFormatError,
    RosterTooLongError,
    RosterTooWideError,
    Table,
)

_SECONDS_MAX = 60
_CHILD = "creditbank.attendance.old_workbook_child"


def read_old_workbook(content: bytes, limits: Limits) -> tuple[Table, ...]:
    """Read the sheets of an XLS file, in workbook order; of hidden ones it is told.

    Raises:
        RosterOldFormatError: it cannot be parsed, or not within the bounds.
        RosterEncryptedError: it opens with a password only.
        RosterMacrosError: it brings programs along.
        RosterTooLongError, RosterTooWideError: beyond the limits.
    """
    return tuple(
        Table(
            title,
            tuple((row_no, tuple(map(_cell, cells))) for row_no, cells in rows),
            frozenset(hidden_rows),
            is_hidden,
            epoch_1904,
        )
        for title, is_hidden, hidden_rows, epoch_1904, rows in _parsed(content, limits)
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
        case {"macros": True}:
            raise RosterMacrosError(kind="XLS")
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
        case {"error": True}:
            return ERRED
    assert isinstance(said, str | int | float), "the child writes nothing else"
    return said
