"""Attendance rosters: who was present on which day for how many minutes, read row by row.

A row that cannot be read is reported, cell by cell, and the others go on. Nothing is guessed: not a
day's order, not a lost digit. No problem carries a name or a whole number.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from creditbank.attendance.cells import (
    FOUND_CHARACTERS_MAX,
    HARMLESS_DIGITS_MAX,
    CellFault,
    cell_text,
    cell_value,
    header_pieces,
    read_kind,
    read_number,
    read_person_name,
)
from creditbank.attendance.tables import read_tables
from creditbank.attendance.workbook import (
    DEFAULT_LIMITS,
    HEADER_ROWS_MAX,
    Limits,
    RosterTooLongError,
    Table,
)
from creditbank.canonical import canonical_bytes, tagged_digest
from creditbank.errors import CreditBankError, RowProblem
from creditbank.people.documents import (
    Document,
    DocumentKind,
)

ATTENDED_MINUTES_MAX = 24 * 60
DIGEST_TAG = "creditbank/roster/v1"


class Column(StrEnum):
    """What a roster says of a person on a day; the values are the keys of JSON rows."""

    NAME = "name"
    KIND = "document_kind"
    NUMBER = "document_number"
    DAY = "day"
    MINUTES = "attended_minutes"
    #: left out, or empty, where the hours belong to the year of the day
    MAKE_UP = "make_up_year"


#: The headers that our template writes, and errors name.
HEADERS: Mapping[Column, tuple[str, str]] = {
    Column.NAME: ("姓名", "name"),
    Column.KIND: ("证件类型", "document kind"),
    Column.NUMBER: ("证件号码", "document number"),
    Column.DAY: ("日期", "date"),
    Column.MINUTES: ("实到分钟", "attended minutes"),
    Column.MAKE_UP: ("补学年度", "make-up year"),
}
REQUIRED = (Column.NAME, Column.NUMBER, Column.DAY, Column.MINUTES)
ALIASES: Mapping[str, Column] = {
    alias: column
    for column, aliases in {
        Column.NAME: "姓名 学员姓名 人员姓名 参训人员姓名 学员 name fullname studentname "
        "attendeename learnername",
        Column.KIND: "证件类型 证件种类 证件类别 documentkind documenttype idtype",
        Column.NUMBER: "证件号码 证件号 证件编号 身份证 身份证号 身份证号码 身份证件号码 "
        "居民身份证号 居民身份证号码 公民身份号码 公民身份证号码 documentnumber documentno "
        "idnumber idno idcardnumber idcardno residentid passportnumber",
        Column.DAY: "日期 上课日期 培训日期 学习日期 参训日期 出勤日期 签到日期 活动日期 date day "
        "trainingdate sessiondate attendancedate attendedon",
        # "Duration" alone may be hours: it is only taken where its header says minutes.
        Column.MINUTES: "分钟 分钟数 实到分钟 实到分钟数 参加分钟 参加分钟数 出勤分钟 出勤分钟数 "
        "参训分钟 参训分钟数 学习分钟 学习分钟数 时长分钟 实到时长分钟 出勤时长分钟 参训时长分钟 "
        "学习时长分钟 培训时长分钟 minutes attendedminutes minutesattended durationminutes "
        "durationmin",
        Column.MAKE_UP: "补学年度 补修年度 补学年份 补修年份 makeupyear",
    }.items()
    for alias in aliases.split()
}
#: A header row that is not whole is named in an error only when this much of it is plain.
_HEADERS_RECOGNISED_MIN = 2
_HEADERS_SHOWN_MAX = 12
_NOTHING = "—"

_DAY_TEXT = re.compile(
    r"(?P<y>[0-9]{4})(?:(?P<sep>[-/.])(?P<m>[0-9]{1,2})(?P=sep)(?P<d>[0-9]{1,2})"
    r"|年(?P<mz>[0-9]{1,2})月(?P<dz>[0-9]{1,2})日|(?P<mc>[0-9]{2})(?P<dc>[0-9]{2}))"
    r"(?: 0?0:00(?::00)?)?",
    re.ASCII,
)
_YEAR_TEXT = re.compile(r"(19[0-9]{2}|2[0-9]{3})(?:年|年度)?", re.ASCII)
_MINUTES_TEXT = re.compile(r"([0-9]{1,5})(?:\.0+)?(?:分钟|分|min|mins|minute|minutes)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person on one day; `row_no` is the line as the spreadsheet shows it.

    `make_up_year` is the earlier year that the study is meant to make up, if any.
    """

    row_no: int
    document: Document
    name: str = field(repr=False)
    day: date
    attended_minutes: int
    make_up_year: int | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """The rows that can be posted, what is wrong with the others, and what the content is.

    `digest` is SHA-256 over the canonical bytes of the parsed cells, in order: kind, number, name,
    day and minutes in normal form, the year to make up where there is one, and of a cell that could
    not be read its text. Row numbers,
    headers, other columns and the file's format are not in it, so the same rows sent again, as
    XLSX, CSV or JSON, are recognised as a retry.
    """

    rows: tuple[RosterRow, ...]
    problems: tuple[RowProblem, ...]
    digest: bytes


class RosterHeaderMissingError(CreditBankError):
    """No row among the first twenty has all the columns that are wanted."""

    code = "roster-header-missing"
    status = 422


class RosterHeaderTwiceError(CreditBankError):
    """Two columns of the header row mean the same thing."""

    code = "roster-header-twice"
    status = 422


class RosterSheetsAmbiguousError(CreditBankError):
    """More than one visible sheet is a roster, and row numbers would not tell them apart."""

    code = "roster-sheets-ambiguous"
    status = 422


class RosterEmptyError(CreditBankError):
    """There is no row to read."""

    code = "roster-empty"
    status = 422


def read_roster(content: bytes, limits: Limits = DEFAULT_LIMITS) -> Roster:
    """Read a roster from the bytes of an XLSX or CSV file.

    Raises:
        CreditBankError: the file as a whole is refused: what it is (`RosterUnreadableError` and
            below), how large it is (413), its header, or that it holds nothing.
    """
    header, table = _with_header(read_tables(content, limits))
    lines: list[_Line] = []
    for row_no, cells in table.rows:
        if row_no <= header.row_no or not any(map(cell_text, cells)):
            continue
        if len(lines) == limits.rows_max:
            raise RosterTooLongError(limit=limits.rows_max, row_no=row_no)
        lines.append(_line(row_no, cells, header))
    return _roster(lines, header.names)


def rows_from_json(
    items: Sequence[Mapping[str, object]], limits: Limits = DEFAULT_LIMITS
) -> Roster:
    """Read rows with the keys of `Column`; `row_no` is the position, from 1.

    Every cell passes the same checks as in a file. A missing key is an empty cell.

    Raises:
        RosterTooLongError, RosterEmptyError: too many rows, or none.
    """
    if len(items) > limits.rows_max:
        raise RosterTooLongError(limit=limits.rows_max, row_no=len(items))
    lines = [
        _Line(row_no, {column: item.get(column.value) for column in Column})
        for row_no, item in enumerate(items, start=1)
    ]
    return _roster(lines, {column: column.value for column in Column})


@dataclass(frozen=True, slots=True)
class _Header:
    """Where each column stands, and its header as the provider wrote it."""

    row_no: int
    places: Mapping[Column, int]
    names: Mapping[Column, str]


@dataclass(frozen=True, slots=True)
class _Line:
    """The wanted cells of one row, and whether words stand in the others."""

    row_no: int
    cells: Mapping[Column, object]
    has_words_elsewhere: bool = False


def _with_header(tables: Sequence[Table]) -> tuple[_Header, Table]:
    found = [(header, table) for table in tables if (header := _header(table)) is not None]
    if len(found) > 1:
        raise RosterSheetsAmbiguousError(count=len(found))
    if found:
        return found[0]
    best = max(
        (cells for table in tables for _row_no, cells in table.rows[:HEADER_ROWS_MAX]),
        key=lambda cells: len(set(map(_column, cells)) - {None}),
        default=(),
    )
    seen = set(map(_column, best))
    recognised = len(seen - {None}) >= _HEADERS_RECOGNISED_MIN
    raise RosterHeaderMissingError(
        # A row that is hardly a header may be a person's, and is not repeated.
        found=shown_headers(best) if recognised else [_NOTHING],
        missing=["/".join(HEADERS[column]) for column in REQUIRED if column not in seen],
    )


def _header(table: Table) -> _Header | None:
    """Find the first row that has all required columns.

    Raises:
        RosterHeaderTwiceError: it has one of them twice.
    """
    for row_no, cells in table.rows[:HEADER_ROWS_MAX]:
        columns = [_column(cell) for cell in cells]
        if not set(REQUIRED) <= set(columns):
            continue
        twice = [HEADERS[column][0] for column in Column if columns.count(column) > 1]
        if twice:
            raise RosterHeaderTwiceError(row_no=row_no, columns=twice)
        places = {column: place for place, column in enumerate(columns) if column is not None}
        names = {column: cell_text(cells[place]) for column, place in places.items()}
        return _Header(row_no, places, names)
    return None


def _column(cell: object) -> Column | None:
    """Tell which column a header names, in Chinese, in English, or in both."""
    columns = {ALIASES[piece] for piece in header_pieces(cell) if piece in ALIASES}
    return columns.pop() if len(columns) == 1 else None


def shown_headers(cells: Sequence[object]) -> list[str]:
    """Repeat headers in an error, leaving out what may be a number."""
    shown = (cell_text(cell)[:FOUND_CHARACTERS_MAX] for cell in cells)
    return [
        text for text in shown if text and sum(map(str.isdigit, text)) <= HARMLESS_DIGITS_MAX // 2
    ][:_HEADERS_SHOWN_MAX]


def _line(row_no: int, cells: Sequence[object], header: _Header) -> _Line:
    wanted = {
        column: cells[place] if place < len(cells) else None
        for column, place in header.places.items()
    }
    taken = set(header.places.values())
    others = (cell for place, cell in enumerate(cells) if place not in taken)
    return _Line(row_no, wanted, any(_has_words(cell) for cell in others))


def _has_words(cell: object) -> bool:
    """Tell words from the running numbers that stand ready in unused rows."""
    text = cell_text(cell)
    return bool(text) and not text.isdigit()


def _roster(lines: Sequence[_Line], names: Mapping[Column, str]) -> Roster:
    rows: list[RosterRow] = []
    problems: list[RowProblem] = []
    content: list[list[str]] = []
    first_rows: dict[tuple[Document, date], int] = {}
    for line in lines:
        if _is_unused(line) or _repeats_header(line):
            continue
        row, faults, parsed = _read_line(line)
        content.append(parsed)
        if row is not None:
            first = first_rows.setdefault((row.document, row.day), row.row_no)
            if first == row.row_no:
                rows.append(row)
                continue
            faults = {Column.NUMBER: CellFault("roster-row-duplicate", {"first_row_no": first})}
        problems.extend(
            RowProblem(line.row_no, names.get(column, HEADERS[column][0]), fault.code, fault.facts)
            for column, fault in faults.items()
        )
    if not content:
        raise RosterEmptyError()
    return Roster(tuple(rows), tuple(problems), tagged_digest(DIGEST_TAG, canonical_bytes(content)))


def _is_unused(line: _Line) -> bool:
    """A row made ready with a running number or a kind, and never filled in."""
    return (
        not line.has_words_elsewhere
        and isinstance(read_kind(line.cells.get(Column.KIND)), DocumentKind)
        and not any(cell_text(line.cells.get(column)) for column in REQUIRED)
    )


def _repeats_header(line: _Line) -> bool:
    """Long lists print the header again on each page; merged headers reach into a second row."""
    return all(_column(line.cells.get(column)) is column for column in REQUIRED)


def _read_line(
    line: _Line,
) -> tuple[RosterRow | None, Mapping[Column, CellFault], list[str]]:
    """Read the cells of one row: the row or its faults, and its canonical content."""
    cells = line.cells
    kind = read_kind(cells.get(Column.KIND))
    number_kind = kind if isinstance(kind, DocumentKind) else None
    document = read_number(number_kind, cells.get(Column.NUMBER))
    name = read_person_name(cells.get(Column.NAME))
    day = read_day(cells.get(Column.DAY))
    minutes = _read_minutes(cells.get(Column.MINUTES))
    year = _read_year(cells.get(Column.MAKE_UP))
    content = [
        kind.value if isinstance(kind, DocumentKind) else cell_text(cells.get(Column.KIND)),
        document.number if isinstance(document, Document) else cell_text(cells.get(Column.NUMBER)),
        name if isinstance(name, str) else cell_text(cells.get(Column.NAME)),
        day.isoformat() if isinstance(day, date) else cell_text(cells.get(Column.DAY)),
        str(minutes) if isinstance(minutes, int) else cell_text(cells.get(Column.MINUTES)),
    ]
    if year is not None:
        content.append(str(year) if isinstance(year, int) else cell_text(cells.get(Column.MAKE_UP)))
    if _is_remark(line):
        return None, {Column.NUMBER: CellFault("roster-row-incomplete")}, content
    if (
        isinstance(document, Document)
        and isinstance(name, str)
        and isinstance(day, date)
        and isinstance(minutes, int)
        and not isinstance(year, CellFault)
    ):
        return RosterRow(line.row_no, document, name, day, minutes, year), {}, content
    read = {
        Column.KIND: kind,
        Column.NUMBER: document,
        Column.NAME: name,
        Column.DAY: day,
        Column.MINUTES: minutes,
        Column.MAKE_UP: year,
    }
    faults = {column: fault for column, fault in read.items() if isinstance(fault, CellFault)}
    return None, faults, content


def _is_remark(line: _Line) -> bool:
    """A total, a signature, a note under the table: neither a number nor a day."""
    return not (cell_text(line.cells.get(Column.NUMBER)) or cell_text(line.cells.get(Column.DAY)))


def read_day(cell: object) -> date | CellFault:
    """Read a day; the order of day and month is never guessed."""
    if isinstance(cell, datetime):
        if cell.time() == time.min:
            return cell.date()
    elif isinstance(cell, date):
        return cell
    return cell_value(cell, _day_from_text, "roster-date-invalid")


def _day_from_text(text: str) -> date | None:
    match = _DAY_TEXT.fullmatch(text)
    if match is None:
        return None
    month = match["m"] or match["mz"] or match["mc"]
    day = match["d"] or match["dz"] or match["dc"]
    try:
        return date(int(match["y"]), int(month), int(day))
    except ValueError:
        return None


def _read_minutes(cell: object) -> int | CellFault:
    if isinstance(cell, bool):
        return CellFault("roster-minutes-invalid", {"found": cell_text(cell)})
    return cell_value(cell, _minutes_from_text, "roster-minutes-invalid")


def _minutes_from_text(text: str) -> int | None:
    match = _MINUTES_TEXT.fullmatch(text.replace(" ", "").casefold())
    if match is None or int(match[1]) > ATTENDED_MINUTES_MAX:
        return None
    return int(match[1])


def _read_year(cell: object) -> int | CellFault | None:
    if not cell_text(cell):
        return None
    return cell_value(cell, _year_from_text, "roster-year-invalid")


def _year_from_text(text: str) -> int | None:
    match = _YEAR_TEXT.fullmatch(text)
    return None if match is None else int(match[1])
