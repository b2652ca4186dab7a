"""Lists of people with facts stated about each: XLSX or CSV, read row by row as rosters are.

A row that cannot be read is reported, cell by cell, and the others go on. No problem carries a name
or a whole number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from creditbank.attendance.cells import (
    CellFault,
    cell_text,
    header_pieces,
    read_day,
    read_kind,
    read_number,
    read_person_name,
    shown_cell,
)
from creditbank.attendance.roster import (
    ALIASES,
    HEADERS,
    Column,
    RosterEmptyError,
    RosterHeaderMissingError,
    RosterHeaderTwiceError,
    RosterSheetsAmbiguousError,
    shown_headers,
)
from creditbank.attendance.tables import read_tables
from creditbank.attendance.workbook import HEADER_ROWS_MAX, Limits, RosterTooLongError, Table
from creditbank.errors import RowProblem
from creditbank.people.documents import Document, DocumentKind
from creditbank.people.register import Identity

REQUIRED = (Column.NAME, Column.NUMBER)
_PERSON = (Column.NAME, Column.KIND, Column.NUMBER)
_HEADERS_RECOGNISED_MIN = 2
_NOTHING = "—"
#: What a cell may say where there is no such day.
_NO_DAY = frozenset({"none", "无", "没有"})
NO_DAY = "none"


@dataclass(frozen=True, slots=True)
class FactColumn:
    """A column of facts: its id, what it is called, and, unless it is a day, its words.

    `words` leads from what a cell may say to what is stated then.
    """

    name: str
    zh: str
    en: str
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> tuple[str, str, str]:
        """What the column may be headed by."""
        return self.zh, self.en, self.name


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """One row: who, and what is stated about them; `row_no` is the line as the file shows it."""

    row_no: int
    identity: Identity
    stated: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PeopleList:
    """The rows that could be read, and what is wrong with the others."""

    rows: tuple[ListedPerson, ...]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class _Header:
    row_no: int
    #: column, or the name of a fact, to its place and its header
    places: Mapping[str, tuple[int, str]]


def read_people_list(content: bytes, facts: Sequence[FactColumn], limits: Limits) -> PeopleList:
    """Read a list from the bytes of an XLSX or CSV file.

    Raises:
        CreditBankError: the file as a whole is refused, as a roster's is.
    """
    tables = read_tables(content, limits)
    header, table = _with_header(tables, _aliases(facts))
    columns = {each.name: each for each in facts}
    rows: list[ListedPerson] = []
    problems: list[RowProblem] = []
    filled = 0
    for row_no, cells in table.rows:
        if row_no <= header.row_no or not _says_something(cells, header):
            continue
        filled += 1
        if filled > limits.rows_max:
            raise RosterTooLongError(limit=limits.rows_max, row_no=row_no)
        read = _read_row(row_no, cells, header, columns)
        if isinstance(read, ListedPerson):
            rows.append(read)
        else:
            problems += read
    if not filled:
        raise RosterEmptyError
    return PeopleList(tuple(rows), tuple(problems))


def plain_header(text: str) -> str:
    """Write a header, or a word of a cell, without what does not tell it from another."""
    return next(header_pieces(text), "")


def _column(cell: object, aliases: Mapping[str, str]) -> str | None:
    named = {aliases[piece] for piece in header_pieces(cell) if piece in aliases}
    return named.pop() if len(named) == 1 else None


def _aliases(facts: Sequence[FactColumn]) -> Mapping[str, str]:
    """Return what each header stands for; a person's columns go before facts called the same."""
    of_facts = {plain_header(spelled): each.name for each in facts for spelled in each.headers}
    of_person = {alias: str(column) for alias, column in ALIASES.items() if column in _PERSON}
    return of_facts | of_person


def _with_header(tables: Sequence[Table], aliases: Mapping[str, str]) -> tuple[_Header, Table]:
    found = [(header, table) for table in tables if (header := _header(table, aliases))]
    if len(found) > 1:
        raise RosterSheetsAmbiguousError(count=len(found))
    if found:
        return found[0]
    rows = [cells for table in tables for _row_no, cells in table.rows[:HEADER_ROWS_MAX]]
    best = max(rows, key=lambda cells: len(_known(cells, aliases)), default=())
    seen = _known(best, aliases)
    raise RosterHeaderMissingError(
        # A row that is hardly a header may be a person's, and is not repeated.
        found=shown_headers(best) if len(seen) >= _HEADERS_RECOGNISED_MIN else [_NOTHING],
        missing=["/".join(HEADERS[column]) for column in REQUIRED if column not in seen],
    )


def _known(cells: Sequence[object], aliases: Mapping[str, str]) -> set[str]:
    return {name for cell in cells if (name := _column(cell, aliases)) is not None}


def _header(table: Table, aliases: Mapping[str, str]) -> _Header | None:
    for row_no, cells in table.rows[:HEADER_ROWS_MAX]:
        names = [_column(cell, aliases) for cell in cells]
        if not set(REQUIRED) <= set(names):
            continue
        twice = sorted({name for name in names if name is not None and names.count(name) > 1})
        if twice:
            raise RosterHeaderTwiceError(row_no=row_no, columns=twice)
        places = {
            name: (place, cell_text(cells[place]))
            for place, name in enumerate(names)
            if name is not None
        }
        return _Header(row_no, places)
    return None


def _says_something(cells: Sequence[object], header: _Header) -> bool:
    """Pass over rows made ready with a kind, and headers that are printed again on each page."""
    said = {name: _cell(cells, header, name) for name in header.places}
    if all(cell_text(said[name]) == header.places[name][1] for name in REQUIRED):
        return False
    return any(cell_text(cell) for name, cell in said.items() if name != Column.KIND)


def _cell(cells: Sequence[object], header: _Header, name: str) -> object:
    place = header.places.get(name, (len(cells), ""))[0]
    return cells[place] if place < len(cells) else None


def _read_row(
    row_no: int, cells: Sequence[object], header: _Header, facts: Mapping[str, FactColumn]
) -> ListedPerson | list[RowProblem]:
    """Read the cells of one row: a person, or everything that is wrong."""
    kind = read_kind(_cell(cells, header, Column.KIND))
    document = read_number(
        kind if isinstance(kind, DocumentKind) else None, _cell(cells, header, Column.NUMBER)
    )
    name = read_person_name(_cell(cells, header, Column.NAME))
    stated = {each: _read_fact(_cell(cells, header, each), facts[each])
              for each in header.places if each in facts}  # fmt: skip
    read: dict[str, object] = {
        Column.KIND: kind, Column.NUMBER: document, Column.NAME: name, **stated,
    }  # fmt: skip
    faults = {each: fault for each, fault in read.items() if isinstance(fault, CellFault)}
    if not faults and isinstance(document, Document) and isinstance(name, str):
        said = {each: text for each, text in stated.items() if isinstance(text, str) and text}
        return ListedPerson(row_no, Identity(document, name), said)
    return [
        RowProblem(row_no, header.places.get(each, (0, each))[1], fault.code, fault.facts)
        for each, fault in faults.items()
    ]


def _read_fact(cell: object, column: FactColumn) -> str | CellFault:
    """Read what a cell states; an empty one states nothing."""
    text = cell_text(cell)
    if not text:
        return ""
    if column.words:
        word = column.words.get(plain_header(text))
        wanted = sorted(set(column.words.values()))
        fault = CellFault("list-word-unknown", {"found": shown_cell(text), "wanted": wanted})
        return fault if word is None else word
    if text.casefold() in _NO_DAY:
        return NO_DAY
    day = read_day(cell)
    return day.isoformat() if isinstance(day, date) else day
