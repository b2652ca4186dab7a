"""Earlier records as officials send them: hours of a person, year and subject, one row each.

All or nothing: what two officials approve is exact, so a file with one bad row is not proposed, and
every bad row of it is named. No problem carries a name or a whole number. A second sheet, or a
second file, may state the old system's totals: hours of a person and year, without a subject.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

from creditbank.attendance.cells import (
    CellFault,
    cell_text,
    cell_value,
    header_pieces,
    is_rounded_text,
    read_kind,
    read_number,
    read_person_name,
    rounded_like_others,
)
from creditbank.attendance.roster import (
    RosterEmptyError,
    RosterHeaderMissingError,
    RosterHeaderTwiceError,
    RosterSheetsAmbiguousError,
)
from creditbank.attendance.tables import read_tables
from creditbank.attendance.workbook import (
    DEFAULT_LIMITS,
    HEADER_ROWS_MAX,
    Cell,
    Limits,
    RosterTooLongError,
    Table,
)
from creditbank.errors import RowProblem
from creditbank.hours import HoursTextInvalidError, centihours_from_text
from creditbank.people.documents import Document, DocumentKind

YEAR_MIN = 1990
_YEAR = re.compile(r"([0-9]{4})年?(?:度)?", re.ASCII)
_NOTHING = "—"


class Column(StrEnum):
    """What a row of earlier records says."""

    NAME = "name"
    KIND = "document_kind"
    NUMBER = "document_number"
    YEAR = "year"
    SUBJECT = "subject"
    HOURS = "hours"


#: The headers that our template writes, and problems name.
HEADERS: Mapping[Column, str] = {
    Column.NAME: "姓名",
    Column.KIND: "证件类型",
    Column.NUMBER: "证件号码",
    Column.YEAR: "年度",
    Column.SUBJECT: "科目",
    Column.HOURS: "学时",
}
REQUIRED = tuple(column for column in Column if column is not Column.KIND)
#: Of the sheet of totals.
TOTALS_REQUIRED = tuple(column for column in REQUIRED if column is not Column.SUBJECT)
#: What our template writes over the totals.
TOTALS_HEADERS = tuple(HEADERS[column] for column in Column if column is not Column.SUBJECT)
#: Stands before the column wherever a row of the totals is named.
TOTALS = "合计表"
_ALIASES: Mapping[str, Column] = {
    alias: column
    for column, aliases in {
        Column.NAME: "姓名 人员姓名 name fullname",
        Column.KIND: "证件类型 证件种类 证件类别 documentkind documenttype idtype",
        Column.NUMBER: "证件号码 证件号 身份证 身份证号 身份证号码 居民身份证号码 公民身份号码 "
        "documentnumber documentno idnumber idno passportnumber",
        Column.YEAR: "年度 年份 计入年度 学习年度 year creditedyear",
        Column.SUBJECT: "科目 科目类别 学时类别 课程类别 subject",
        Column.HOURS: "学时 学时数 总学时 登记学时 hours credithours",
    }.items()
    for alias in aliases.split()
}


@dataclass(frozen=True, slots=True)
class EarlierRow:
    """Hours of one person in one year and subject; `row_no` is the line of the spreadsheet."""

    row_no: int
    document: Document
    name: str = field(repr=False)
    year: int
    subject: str
    centihours: int


@dataclass(frozen=True, slots=True)
class EarlierTotal:
    """Hours of one person in one year, as the old system sums them."""

    row_no: int
    document: Document
    name: str = field(repr=False)
    year: int
    centihours: int


@dataclass(frozen=True, slots=True)
class EarlierRecords:
    """The rows that were read, what is wrong with the others, and the totals that are stated."""

    rows: tuple[EarlierRow, ...]
    problems: tuple[RowProblem, ...]
    totals: tuple[EarlierTotal, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file may speak of: subjects by each way in which they may be written, and years."""

    subjects: Mapping[str, str]
    last_year: int


def read_earlier(
    content: bytes, expected: Expected, limits: Limits = DEFAULT_LIMITS, totals: bytes = b""
) -> EarlierRecords:
    """Read earlier records from the bytes of an XLSX or CSV file.

    Args:
        content: the file; another sheet of it may state the totals.
        expected: what it may speak of.
        limits: beyond which it is refused.
        totals: a file of its own that states them; empty for none.

    Raises:
        CreditBankError: the file as a whole is refused: what it is, how large it is, its header, or
            that it holds nothing.
    """
    tables = read_tables(content, limits)
    header_row_no, places, table = _with_header(tables)
    rows: list[EarlierRow] = []
    problems: list[RowProblem] = []
    first_rows: dict[tuple[Document, int, str], int] = {}
    has_rounded = False
    for row_no, cells in table.rows:
        if row_no <= header_row_no or not any(map(cell_text, cells)):
            continue
        if len(rows) + len(problems) >= limits.rows_max:
            raise RosterTooLongError(limit=limits.rows_max, row_no=row_no)
        named = _named(cells, places)
        row, faults = _read(row_no, named, expected)
        has_rounded |= is_rounded_text(named.get(Column.NUMBER), faults.get(Column.NUMBER))
        if row is not None:
            first = first_rows.setdefault((row.document, row.year, row.subject), row_no)
            if first == row_no:
                rows.append(row)
            else:
                faults = {Column.NUMBER: CellFault("import-cell-twice", {"first_row_no": first})}
        problems += [
            RowProblem(row_no, HEADERS[column], fault.code, fault.facts)
            for column, fault in faults.items()
        ]
    if not rows and not problems:
        raise RosterEmptyError
    if has_rounded:
        rows, problems = _without_rounded(rows, problems)
    stated, wrong = _totals(_tables_of_totals(tables, totals, limits), expected, limits)
    return EarlierRecords(tuple(rows), (*problems, *wrong), tuple(stated))


def _without_rounded(
    rows: Sequence[EarlierRow], problems: Sequence[RowProblem]
) -> tuple[list[EarlierRow], list[RowProblem]]:
    """Where numbers were rounded, refuse those too whose check character fits by chance."""
    left, refused = [], list(problems)
    for row in rows:
        fault = rounded_like_others(row.document)
        if fault is None:
            left.append(row)
        else:
            header = HEADERS[Column.NUMBER]
            refused.append(RowProblem(row.row_no, header, fault.code, fault.facts))
    return left, sorted(refused, key=attrgetter("row_no"))


def _tables_of_totals(
    tables: Sequence[Table], totals: bytes, limits: Limits
) -> list[tuple[int, Mapping[Column, int], Table]]:
    """Return where totals are stated; nowhere is an answer unless there is a file of them.

    Raises:
        RosterHeaderMissingError, RosterSheetsAmbiguousError: in none of its sheets, in several.
    """
    given = read_tables(totals, limits) if totals else ()
    found = [
        (*header, table)
        for table in (*tables, *given)
        for header in _headers(table, TOTALS_REQUIRED)
        if Column.SUBJECT not in header[1]
    ]
    if len(found) > 1:
        raise RosterSheetsAmbiguousError(count=len(found))
    if totals and not found:
        wanted = [HEADERS[column] for column in TOTALS_REQUIRED]
        raise RosterHeaderMissingError(found=[_NOTHING], missing=wanted)
    return found


def _totals(
    tables: Sequence[tuple[int, Mapping[Column, int], Table]], expected: Expected, limits: Limits
) -> tuple[list[EarlierTotal], list[RowProblem]]:
    stated: list[EarlierTotal] = []
    problems: list[RowProblem] = []
    first_rows: dict[tuple[Document, int], int] = {}
    for header_row_no, places, table in tables:
        for row_no, cells in table.rows:
            if row_no <= header_row_no or not any(map(cell_text, cells)):
                continue
            if len(stated) + len(problems) >= limits.rows_max:
                raise RosterTooLongError(limit=limits.rows_max, row_no=row_no)
            total, faults = _read_total(row_no, _named(cells, places), expected)
            if total is not None:
                first = first_rows.setdefault((total.document, total.year), row_no)
                if first == row_no:
                    stated.append(total)
                else:
                    twice = CellFault("import-cell-total-twice", {"first_row_no": first})
                    faults = {Column.NUMBER: twice}
            problems += [
                RowProblem(row_no, f"{TOTALS} {HEADERS[column]}", fault.code, fault.facts)
                for column, fault in faults.items()
            ]
    return stated, problems


def _read_total(
    row_no: int, cells: Mapping[Column, object], expected: Expected
) -> tuple[EarlierTotal | None, Mapping[Column, CellFault]]:
    # A total is read as a row of no subject in particular.
    anything = Expected({"*": "*"}, expected.last_year)
    row, faults = _read(row_no, {**cells, Column.SUBJECT: "*"}, anything)
    if row is None:
        return None, faults
    return EarlierTotal(row_no, row.document, row.name, row.year, row.centihours), {}


def _read(
    row_no: int, cells: Mapping[Column, object], expected: Expected
) -> tuple[EarlierRow | None, Mapping[Column, CellFault]]:
    kind = read_kind(cells.get(Column.KIND))
    number_kind = kind if isinstance(kind, DocumentKind) else None
    document = read_number(number_kind, cells.get(Column.NUMBER))
    name = read_person_name(cells.get(Column.NAME))
    year = _year(cells.get(Column.YEAR), expected.last_year)
    subject = _subject(cells.get(Column.SUBJECT), expected.subjects)
    hours = cell_value(cells.get(Column.HOURS), _hours_from_text, "import-cell-hours")
    if (
        isinstance(document, Document)
        and isinstance(name, str)
        and isinstance(year, int)
        and isinstance(subject, str)
        and isinstance(hours, int)
    ):
        return EarlierRow(row_no, document, name, year, subject, hours), {}
    read = dict(zip(Column, (name, kind, document, year, subject, hours), strict=True))
    faults = {column: fault for column, fault in read.items() if isinstance(fault, CellFault)}
    return None, faults


def _year(cell: object, last_year: int) -> int | CellFault:
    year = cell_value(cell, _year_from_text, "import-cell-year")
    if isinstance(year, int) and year > last_year:
        return CellFault("import-cell-year-ahead", {"found": year, "wanted": last_year})
    return year


def _year_from_text(text: str) -> int | None:
    match = _YEAR.fullmatch(text)
    year = int(match[1]) if match else 0
    return year if year >= YEAR_MIN else None


def _subject(cell: object, subjects: Mapping[str, str]) -> str | CellFault:
    text = cell_text(cell)
    if not text:
        return CellFault("roster-cell-empty")
    if text.casefold() in subjects:
        return subjects[text.casefold()]
    # What stands there may be a name that slipped a column, so it is not repeated.
    return CellFault("import-cell-subject", {"wanted": sorted(set(subjects))})


def _hours_from_text(text: str) -> int | None:
    try:
        return centihours_from_text(text.removesuffix("学时").strip()) or None
    except HoursTextInvalidError:
        return None


def _with_header(tables: Sequence[Table]) -> tuple[int, Mapping[Column, int], Table]:
    found = [(*header, table) for table in tables for header in _headers(table)]
    if len(found) > 1:
        raise RosterSheetsAmbiguousError(count=len(found))
    if found:
        return found[0]
    seen = {
        column for table in tables for _, cells in table.rows[:HEADER_ROWS_MAX]
        for column in map(_column, cells)
    }  # fmt: skip
    raise RosterHeaderMissingError(
        # A row that is hardly a header may be a person's, and is not repeated.
        found=[HEADERS[column] for column in Column if column in seen] or [_NOTHING],
        missing=[HEADERS[column] for column in REQUIRED if column not in seen],
    )


def _headers(
    table: Table, required: Sequence[Column] = REQUIRED
) -> Iterator[tuple[int, Mapping[Column, int]]]:
    """Yield the first row of a sheet that has every column; none if there is no such row.

    Raises:
        RosterHeaderTwiceError: it has one of them twice.
    """
    for row_no, cells in table.rows[:HEADER_ROWS_MAX]:
        columns = [_column(cell) for cell in cells]
        if not set(required) <= set(columns):
            continue
        twice = [HEADERS[column] for column in Column if columns.count(column) > 1]
        if twice:
            raise RosterHeaderTwiceError(row_no=row_no, columns=twice)
        yield row_no, {column: at for at, column in enumerate(columns) if column is not None}
        return


def _column(cell: object) -> Column | None:
    columns = {_ALIASES[piece] for piece in header_pieces(cell) if piece in _ALIASES}
    return columns.pop() if len(columns) == 1 else None


def _named(cells: Sequence[Cell], places: Mapping[Column, int]) -> Mapping[Column, object]:
    return {column: cells[at] if at < len(cells) else None for column, at in places.items()}
