"""Attendance rosters: who was present on which day for how many minutes, read row by row.

A row that cannot be read is reported, cell by cell, and the others go on. Nothing is guessed: not a
day's order, not a lost digit. No problem carries a name or a whole number.
"""

import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from itertools import islice, repeat, zip_longest
from operator import attrgetter
from typing import NamedTuple, TypeVar

from creditbank.attendance.cells import (
    FOUND_CHARACTERS_MAX,
    HARMLESS_DIGITS_MAX,
    CellFault,
    cell_text,
    header_pieces,
    is_rounded_text,
    read_day,
    read_kind,
    read_minutes,
    read_number,
    read_person_name,
    read_year,
    rounded_like_others,
)
from creditbank.attendance.tables import read_sheets, read_tables
from creditbank.attendance.workbook import (
    DEFAULT_LIMITS,
    HEADER_ROWS_MAX,
    UNCOMPUTED,
    Limits,
    RosterTooLongError,
    Table,
    Uncomputed,
)
from creditbank.canonical import tagged_digest
from creditbank.collecting import uncollected
from creditbank.errors import CreditBankError, RowProblem
from creditbank.people.documents import Document, DocumentKind

_Key = TypeVar("_Key")
_Read = TypeVar("_Read")
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

#: Rows that are taken together where nothing is wrong with any of them.
_BLOCK_ROWS = 1_000
#: A row without number and day that begins so is no person's; it is passed over by name.
_TOTAL = re.compile(
    r"(?:[本总全][页班期])?(?:合计|总计|小计|共计|累计|总人数|subtotal|grandtotal|total)"
)
_SIGNATURE = re.compile(
    "签字|签名|签章|盖章|公章|负责人|制表|填表|审核|经办|班主任|联系人|联系电话|备注|说明|^注[:：]"
    "|signature|signedby|signed:|preparedby|approvedby|remarks?:|notes?:"
)
#: A total may count heads where a number would stand.
_REMARK_DIGITS_MAX = 5
#: The codes of what is passed over begin so; it is told, and nothing is refused.
_PASSED = "roster-passed-"
#: A row of a file that has everything but minutes, as a template with people in it comes back.
ABSENT = f"{_PASSED}absent"
_LACKS_MINUTES = {Column.MINUTES: CellFault("roster-cell-empty")}


class RosterRow(NamedTuple):
    """One person on one day; `row_no` is the line as the spreadsheet shows it.

    `make_up_year` is the earlier year that the study is meant to make up, if any.
    """

    row_no: int
    document: Document
    name: str
    day: date
    attended_minutes: int
    make_up_year: int | None = None

    def __repr__(self) -> str:
        """Leave out the name: a row may end up in a log by way of an error."""
        return f"RosterRow({self.row_no}, {self.document}, {self.day}, {self.attended_minutes})"


@dataclass(frozen=True, slots=True)
class Roster:
    """The rows that can be posted, what is wrong with the others, and what the content is.

    Among the problems stands what was passed over, too: totals, signatures, hidden sheets, and who
    stood in a file and was not there.

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


@uncollected()
def read_roster(content: bytes, limits: Limits = DEFAULT_LIMITS) -> Roster:
    """Read a roster from the bytes of an XLSX or CSV file.

    Raises:
        CreditBankError: the file as a whole is refused: what it is (`RosterUnreadableError` and
            below), how large it is (413), its header, or that it holds nothing.
    """
    sheets = read_sheets(content, limits)
    header, table = _with_header([sheet for sheet in sheets if not sheet.is_hidden])
    notes = [
        RowProblem(0, HEADERS[Column.NAME][0], "roster-passed-sheet", {"rows": len(sheet.rows)})
        for sheet in sheets
        if sheet.is_hidden and _is_roster(sheet)
    ]
    below = ((row_no, cells) for row_no, cells in table.rows if row_no > header.row_no)
    return _Reading(header, limits, table, knows_absent=True).over(below, notes)


def cells_of(
    content: bytes, row_nos: Container[int], limits: Limits
) -> Iterator[tuple[int, dict[Column, object], bool]]:
    """Yield some rows as they stand in a file that was read, and whether it counts from 1904."""
    header, table = _with_header(read_tables(content, limits))
    for row_no, cells in (each for each in table.rows if each[0] in row_nos):
        yield row_no, dict(_line(row_no, cells, header).cells), table.epoch_1904


def rows_from_json(
    items: Sequence[Mapping[str, object]], limits: Limits = DEFAULT_LIMITS
) -> Roster:
    """Read rows with the keys of `Column`; `row_no` is the position, from 1.

    Every cell passes the same checks as in a file. A missing key is an empty cell; nobody is taken
    to be absent for it, since a program that leaves minutes out may as well have lost them.

    Raises:
        RosterTooLongError, RosterEmptyError: too many rows, or none.
    """
    if len(items) > limits.rows_max:
        raise RosterTooLongError(limit=limits.rows_max, row_no=len(items))
    keys = [column.value for column in Column]
    rows = (
        (row_no, tuple([item.get(key) for key in keys])) for row_no, item in enumerate(items, 1)
    )
    places = {column: place for place, column in enumerate(Column)}
    header = _Header(0, places, {column: column.value for column in Column})
    return _Reading(header, limits, Table("", ())).over(rows, [])


def is_passed_over(problem: RowProblem) -> bool:
    """Tell what was passed over by name from what is wrong with a row."""
    return problem.code.startswith(_PASSED)


@dataclass(frozen=True, slots=True)
class _Header:
    """Where each column stands, and its header as the provider wrote it."""

    row_no: int
    places: Mapping[Column, int]
    names: Mapping[Column, str]


@dataclass(frozen=True, slots=True)
class _Line:
    """The wanted cells of one row, and the texts of all of them."""

    row_no: int
    cells: Mapping[Column, object]
    texts: Sequence[str]
    has_words_elsewhere: bool


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
    """Find the first row that has all required columns, or else the first two that have together.

    Raises:
        RosterHeaderTwiceError: it has one of them twice.
    """
    rows = table.rows[:HEADER_ROWS_MAX]
    for row_no, cells in [*rows, *map(_joined, rows, rows[1:])]:
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


def _joined(
    upper: tuple[int, Sequence[object]], lower: tuple[int, Sequence[object]]
) -> tuple[int, Sequence[object]]:
    """Read two rows as one header: 证件 over 类型 and 号码, 姓名 over nothing."""
    said, joined = "", list[object]()
    for above, below in zip_longest(upper[1], lower[1]):
        said = cell_text(above) or (said if cell_text(below) else "")
        spelled = (cell_text(below), said + cell_text(below), said)
        joined.append(next(filter(_column, spelled), below))
    return lower[0], joined


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


def _is_roster(table: Table) -> bool:
    try:
        return _header(table) is not None
    except RosterHeaderTwiceError:
        return True


class _Known(dict[_Key, _Read]):
    """What was read from a cell, for the next cell that says the same; only if nothing is wrong.

    Raises KeyError where something is: what it is, is told by whoever looks at the row.
    """

    def __init__(self, read: Callable[[_Key], _Read | CellFault | None]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: _Key) -> _Read:
        read = self._read(cell)
        if read is None or isinstance(read, CellFault):
            raise KeyError
        self[cell] = read
        return read


class _Reading:
    """Reads the rows below one header.

    Most rows have nothing wrong, and most of their cells stand in other rows too: such rows are
    taken by the block, column by column. Only of the others it is asked what they are.
    """

    def __init__(
        self, header: _Header, limits: Limits, table: Table, *, knows_absent: bool = False
    ) -> None:
        self._header, self._limits, self._hidden = header, limits, table.hidden_rows
        self._knows_absent = knows_absent
        self._read_day = partial(read_day, epoch_1904=table.epoch_1904)
        self._rows: list[RosterRow] = []
        self._problems: list[RowProblem] = []
        self._has_rounded = False
        #: each row's cells in normal form, as JSON
        self._content: list[str] = []
        self._first_rows: dict[tuple[str, date], int] = {}
        self._documents = _Known(_document_of_kind)
        self._names = _Known(read_person_name)
        self._days = _Known(self._read_day)
        self._minutes = _Known(_minutes_of_type)
        self._said = _Known(_json)
        self._ends = _Known(_ends_json)

    def over(
        self, rows: Iterable[tuple[int, Sequence[object]]], notes: Sequence[RowProblem]
    ) -> Roster:
        """Read every row.

        Raises:
            RosterTooLongError, RosterEmptyError: too many rows, or none.
        """
        following = iter(rows)
        while block := list(islice(following, _BLOCK_ROWS)):
            self._read(block)
        if not self._content:
            raise RosterEmptyError()
        if self._has_rounded:
            self._set_rounded_aside()
        # These are canonical bytes: every text is in normal form already.
        digest = tagged_digest(DIGEST_TAG, f"[{','.join(self._content)}]".encode())
        return Roster(tuple(self._rows), (*notes, *self._problems), digest)

    def _read(self, block: Sequence[tuple[int, Sequence[object]]]) -> None:
        """Take rows together; where something is wrong with one of them, each half by itself."""
        try:
            if self._takes(block):
                return
        except (KeyError, TypeError, IndexError):
            pass  # a fault, a list, no such cell in any of them
        if len(block) > 1:
            half = len(block) // 2
            self._read(block[:half])
            self._read(block[half:])
            return
        [(row_no, cells)] = block
        self._look_at(row_no, cells)
        if len(self._content) > self._limits.rows_max:
            raise RosterTooLongError(limit=self._limits.rows_max, row_no=row_no)

    def _takes(self, block: Sequence[tuple[int, Sequence[object]]]) -> bool:
        """Take rows in none of which anything is wrong; False, or a fault, if they are not."""
        row_nos = [row_no for row_no, _ in block]
        too_many = len(self._content) + len(block) > self._limits.rows_max
        if too_many or not self._hidden.isdisjoint(row_nos):
            return False
        columns = list(zip_longest(*(cells for _, cells in block)))
        names, kinds, numbers, days, figures, years = (
            columns[self._header.places[each]] if each in self._header.places else repeat(None)
            for each in Column
        )
        if Column.MAKE_UP in self._header.places and any(years):
            return False
        typed = zip(map(type, figures), figures, strict=False)
        documents, whose = zip(
            *map(self._documents.__getitem__, zip(kinds, numbers, strict=False)), strict=True
        )
        read_names = list(map(self._names.__getitem__, names))
        read_days = list(map(self._days.__getitem__, days))
        minutes = list(map(self._minutes.__getitem__, typed))
        keys = dict(zip(zip(whose, read_days, strict=True), row_nos, strict=True))
        if len(keys) < len(block) or not self._first_rows.keys().isdisjoint(keys):
            return False
        self._first_rows |= keys
        ends = map(self._ends.__getitem__, zip(read_days, minutes, strict=True))
        said = zip(whose, map(self._said.__getitem__, read_names), ends, strict=True)
        self._content += map("[%s,%s,%s]".__mod__, said)
        rows = zip(row_nos, documents, read_names, read_days, minutes, repeat(None), strict=False)
        self._rows += map(RosterRow._make, rows)
        return True

    def _look_at(self, row_no: int, cells: Sequence[object]) -> None:
        """Read a row of which it is to be told what it is, or what is wrong with it."""
        line = _line(row_no, cells, self._header)
        if _is_unused(line) or _repeats_header(line):
            return
        row, faults, parsed = _read_line(line, self._read_day)
        is_hidden = row_no in self._hidden
        # Shown, the same row is another one.
        self._content.append(_json(["", *parsed] if is_hidden else parsed))
        if is_hidden:
            faults = {Column.NUMBER: CellFault("roster-row-hidden")}
        elif row is not None:
            key = (_document_json(row.document), row.day)
            first = self._first_rows.setdefault(key, row_no)
            if first == row_no:
                self._rows.append(row)
                return
            faults = {Column.NUMBER: CellFault("roster-row-duplicate", {"first_row_no": first})}
        elif self._knows_absent and faults == _LACKS_MINUTES:
            faults = {Column.MINUTES: CellFault(ABSENT)}
        number = faults.get(Column.NUMBER)
        self._has_rounded |= is_rounded_text(line.cells.get(Column.NUMBER), number)
        self._problems += [self._problem(row_no, column, fault) for column, fault in faults.items()]

    def _problem(self, row_no: int, column: Column, fault: CellFault) -> RowProblem:
        name = self._header.names.get(column, HEADERS[column][0])
        return RowProblem(row_no, name, fault.code, fault.facts)

    def _set_rounded_aside(self) -> None:
        """Where numbers were rounded, refuse those too whose check character fits by chance."""
        rows, self._rows = self._rows, []
        for row in rows:
            fault = rounded_like_others(row.document)
            if fault is None:
                self._rows.append(row)
            else:
                self._problems.append(self._problem(row.row_no, Column.NUMBER, fault))
        self._problems.sort(key=attrgetter("row_no"))


#: Made once: `json.dumps` makes one for each call that asks for anything.
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _document_json(document: Document) -> str:
    return f'"{document.kind.value}",{_json(document.number)}'


def _document_of_kind(cells: tuple[object, object]) -> tuple[Document, str] | None:
    """Read a kind and a number; return the document, and the two as JSON."""
    kind = read_kind(cells[0])
    document = read_number(kind, cells[1]) if isinstance(kind, DocumentKind) else None
    return (document, _document_json(document)) if isinstance(document, Document) else None


def _ends_json(cells: tuple[date, int]) -> str:
    day, minutes = cells
    return f'"{day}","{minutes}"'


def _line(row_no: int, cells: Sequence[object], header: _Header) -> _Line:
    wanted = {
        column: cells[place] if place < len(cells) else None
        for column, place in header.places.items()
    }
    taken = set(header.places.values())
    texts = list(map(cell_text, cells))
    others = (text for place, text in enumerate(texts) if place not in taken)
    # Words, and not the running numbers that stand ready in unused rows.
    return _Line(row_no, wanted, texts, any(text and not text.isdigit() for text in others))


def _is_unused(line: _Line) -> bool:
    """A row made ready with a running number or a kind, and never filled in."""
    required = [line.cells.get(column) for column in REQUIRED]
    return (
        not line.has_words_elsewhere
        and isinstance(read_kind(line.cells.get(Column.KIND)), DocumentKind)
        and not any(cell is UNCOMPUTED or cell_text(cell) for cell in required)
    )


def _repeats_header(line: _Line) -> bool:
    """Long lists print the header again on each page; merged headers reach into a second row."""
    return all(_column(line.cells.get(column)) is column for column in REQUIRED)


def _read_line(
    line: _Line, read_day: Callable[[object], date | CellFault]
) -> tuple[RosterRow | None, Mapping[Column, CellFault], list[str]]:
    """Read the cells of one row: the row or its faults, and its canonical content."""
    cells = line.cells
    kind = read_kind(cells.get(Column.KIND))
    number_kind = kind if isinstance(kind, DocumentKind) else None
    document = read_number(number_kind, cells.get(Column.NUMBER))
    name = read_person_name(cells.get(Column.NAME))
    day = read_day(cells.get(Column.DAY))
    minutes = read_minutes(cells.get(Column.MINUTES))
    year = read_year(cells.get(Column.MAKE_UP))
    content = [
        kind.value if isinstance(kind, DocumentKind) else cell_text(cells.get(Column.KIND)),
        document.number if isinstance(document, Document) else cell_text(cells.get(Column.NUMBER)),
        name if isinstance(name, str) else cell_text(cells.get(Column.NAME)),
        day.isoformat() if isinstance(day, date) else cell_text(cells.get(Column.DAY)),
        str(minutes) if isinstance(minutes, int) else cell_text(cells.get(Column.MINUTES)),
    ]
    if year is not None:
        content.append(str(year) if isinstance(year, int) else cell_text(cells.get(Column.MAKE_UP)))
    remark = _remark(line, document, day)
    if remark:
        return None, {Column.NUMBER: CellFault(remark)}, content
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
    faults = {
        column: CellFault(cell.code) if isinstance(cell := line.cells.get(column), Uncomputed)
        else fault
        for column, fault in read.items() if isinstance(fault, CellFault)
    }  # fmt: skip
    return None, faults, content


def _remark(line: _Line, document: object, day: object) -> str:
    """Tell a total, a signature or a note under the table from the row of a person.

    What it is must be written where a name would stand, or nothing may stand there. A row of
    neither number nor day that does not say what it is, is one that somebody did not complete.
    """
    number = cell_text(line.cells.get(Column.NUMBER))
    if isinstance(document, Document) or isinstance(day, date):
        return ""
    name = cell_text(line.cells.get(Column.NAME))
    said = ["".join(text.split()).casefold() for text in ([name] if name else line.texts) if text]
    if sum(map(str.isdigit, number)) <= _REMARK_DIGITS_MAX:
        if any(map(_TOTAL.match, said)):
            return "roster-passed-total"
        if any(map(_SIGNATURE.search, said)):
            return "roster-passed-signature"
    cells = [line.cells.get(column) for column in (Column.NUMBER, Column.DAY)]
    is_empty = not any(cell is UNCOMPUTED or cell_text(cell) for cell in cells)
    return "roster-row-incomplete" if is_empty else ""


def _minutes_of_type(typed: tuple[type, object]) -> int | CellFault:
    # True is 1 to a dictionary.
    return read_minutes(typed[1])
