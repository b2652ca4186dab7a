"""What a workbook from strangers may ask of the bank, and what is told where it asks for more.

The parser (calamine) keeps a sheet as a dense rectangle: two cells in opposite corners, a file of
one kilobyte, ask for hundreds of gigabytes and end the process. So every kind of workbook is looked
through before it is parsed: XLSX in xlsx.py, the old XLS in old_workbook.py.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from creditbank.errors import CreditBankError


class Uncomputed:
    """Stands in a cell that has no value to read; `code` says why."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __repr__(self) -> str:
        return f"Uncomputed({self.code})"


#: A formula whose value nobody has kept.
UNCOMPUTED = Uncomputed("roster-formula-uncomputed")
#: What a spreadsheet shows as #N/A or #REF!.
ERRED = Uncomputed("roster-formula-error")
Cell = str | int | float | bool | date | datetime | time | timedelta | Uncomputed

#: Title lines may stand above the header, as many as this.
HEADER_ROWS_MAX = 20
#: No workbook of people has more sheets.
SHEETS_MAX = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one roster file may ask of the bank."""

    file_bytes_max: int = 8 * 1024 * 1024
    #: Filled rows below the header.
    rows_max: int = 10_000
    columns_max: int = 64
    #: Everything in the zip package together, unpacked; also all text in the cells of one sheet.
    unpacked_bytes_max: int = 64 * 1024 * 1024
    members_max: int = 512


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet: its filled rows with their numbers as the spreadsheet shows them, from 1.

    `hidden_rows` are those of the rows that nobody sees who looks at the sheet; `is_hidden` tells
    that of the sheet. `epoch_1904` is for days that are written as plain numbers.
    """

    title: str
    rows: tuple[tuple[int, tuple[Cell, ...]], ...] = field(repr=False)
    hidden_rows: frozenset[int] = frozenset()
    is_hidden: bool = False
    epoch_1904: bool = False


class RosterUnreadableError(CreditBankError):
    """The content, whatever the name, is no roster; `kind` says what it looks like."""

    code = "roster-unreadable"
    status = 422


class RosterDamagedError(RosterUnreadableError):
    """A workbook that cannot be unpacked or parsed."""

    code = "roster-damaged"


class RosterTooLargeError(CreditBankError):
    """The file has more bytes than allowed."""

    code = "roster-too-large"
    status = 413


class RosterUnpacksTooLargeError(CreditBankError):
    """The XLSX package unpacks to more than a roster can need, as a zip bomb does."""

    code = "roster-unpacks-too-large"
    status = 413


class RosterTooLongError(CreditBankError):
    """There are filled rows beyond the limit, `row_no` among them; nothing was taken."""

    code = "roster-too-long"
    status = 413


class RosterTooWideError(CreditBankError):
    """There are filled columns beyond the limit; nothing was taken."""

    code = "roster-too-wide"
    status = 413


class RosterOldFormatError(RosterUnreadableError):
    """An old workbook (.xls, .et) that cannot be read, or not within its bounds."""

    code = "roster-old-format"


class RosterMacrosError(RosterUnreadableError):
    """A workbook that brings programs along."""

    code = "roster-macros"


class RosterEncryptedError(RosterUnreadableError):
    """A workbook that opens with a password only."""

    code = "roster-encrypted"
