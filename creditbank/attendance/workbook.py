"""XLSX workbooks from strangers, opened so that nothing beyond the limits reaches the parser.

The parser (calamine) keeps a sheet as a dense rectangle: two cells in opposite corners, a file of
one kilobyte, ask for hundreds of gigabytes and end the process. So the package is unpacked here
under a bound, every part is walked once, and the parser gets a fresh package of the walked parts
only; what a forged zip directory hides, it never sees.
"""

import copy
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from xml.parsers import expat

import python_calamine

from creditbank.errors import CreditBankError

Cell = str | int | float | bool | date | datetime | time | timedelta

#: Title lines may stand above the header, as many as this.
HEADER_ROWS_MAX = 20

_SHEETS_MAX = 32
_ELEMENTS_MAX = 4_000_000
_DEPTH_MAX = 64
#: Blank lines between the titles and the data, before a sheet counts as too long.
_BLANK_ROWS_SLACK = 100
#: Parts that hold no cells; customXml may even be in another encoding.
_PARTS_LEFT_OUT = (
    "customxml/",
    "docprops/",
    "xl/activex/",
    "xl/charts/",
    "xl/comments",
    "xl/ctrlprops/",
    "xl/drawings/",
    "xl/externallinks/",
    "xl/persons/",
    "xl/pivot",
    "xl/theme/",
    "xl/threadedcomments/",
)
_CENTRAL_RECORD = b"PK\x01\x02"
_ENCRYPTED = 0x1
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
_ROW_ELEMENT = re.compile(rb"<(?:\w+:)?row[\s/>]")
_ROW_NUMBER = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)
_STRING_INDEX = re.compile(r"[0-9]{1,7}", re.ASCII)


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
    """One sheet: its filled rows with their numbers as the spreadsheet shows them, from 1."""

    title: str
    rows: tuple[tuple[int, tuple[Cell, ...]], ...] = field(repr=False)


class RosterUnreadableError(CreditBankError):
    """The content, whatever the name, is neither XLSX nor CSV; `kind` says what it looks like."""

    code = "roster-unreadable"
    status = 422


class RosterDamagedError(RosterUnreadableError):
    """An XLSX file that cannot be unpacked or parsed."""

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


def read_workbook(content: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Table, ...]:
    """Read the visible sheets of an XLSX package, in workbook order.

    A merged cell counts in every row that it covers, in its first column.

    Raises:
        RosterUnreadableError: it is another kind of package, or damaged.
        RosterUnpacksTooLargeError, RosterTooLongError, RosterTooWideError: beyond the limits.
    """
    parts = _unpacked(content, limits)
    _walk(parts, limits)
    return _parsed(_packed(parts), limits)


def row_elements(content: bytes, limits: Limits = DEFAULT_LIMITS) -> int:
    """Count the rows that an XLSX package speaks of, filled or not, without parsing it.

    Raises:
        RosterUnreadableError, RosterUnpacksTooLargeError: as `read_workbook`.
    """
    return sum(len(_ROW_ELEMENT.findall(part)) for part in _unpacked(content, limits).values())


def _unpacked(content: bytes, limits: Limits) -> Mapping[str, bytes]:
    # Counted before zipfile builds an object for each of them.
    if content.count(_CENTRAL_RECORD) > limits.members_max:
        raise RosterUnpacksTooLargeError(limit_mib=limits.unpacked_bytes_max >> 20)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _require_workbook({member.filename.lower() for member in members})
            if sum(member.file_size for member in members) > limits.unpacked_bytes_max:
                raise RosterUnpacksTooLargeError(limit_mib=limits.unpacked_bytes_max >> 20)
            return _read_parts(archive, limits)
    except _ZIP_FAULTS as fault:
        raise RosterDamagedError(kind="XLSX") from fault


#: What zipfile and zlib raise on packages that are cut, forged, encrypted or oddly compressed.
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


def _require_workbook(names: set[str]) -> None:
    if "xl/workbook.xml" in names:
        return
    for name, kind in (
        ("xl/workbook.bin", "XLSB"),
        ("word/document.xml", "DOCX"),
        ("ppt/presentation.xml", "PPTX"),
        ("content.xml", "ODS"),
    ):
        if name in names:
            raise RosterUnreadableError(kind=kind)
    raise RosterUnreadableError(kind="ZIP")


def _read_parts(archive: zipfile.ZipFile, limits: Limits) -> Mapping[str, bytes]:
    parts: dict[str, bytes] = {}
    names: set[str] = set()
    room = limits.unpacked_bytes_max
    for member in archive.infolist():
        name = member.filename.replace("\\", "/").lower()
        if not name.endswith((".xml", ".rels")) or name.startswith(_PARTS_LEFT_OUT):
            continue
        # Two parts of one name: the parser might take the other one.
        if name in names or member.flag_bits & _ENCRYPTED:
            raise RosterDamagedError(kind="XLSX")
        names.add(name)
        parts[member.filename] = _read_member(archive, member, room)
        room -= len(parts[member.filename])
        if room < 0:
            raise RosterUnpacksTooLargeError(limit_mib=limits.unpacked_bytes_max >> 20)
    return parts


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
    """Read what the member really holds, up to one byte more than there is room for."""
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise RosterDamagedError(kind="XLSX")
    # The directory may state a small size over a large stream, and zipfile would believe it.
    unbelieved = copy.copy(member)
    unbelieved.file_size = room + 2
    with archive.open(unbelieved) as stream:
        return stream.read(room + 1)


def _walk(parts: Mapping[str, bytes], limits: Limits) -> None:
    package = _Package(limits)
    # Shared strings first: a cell costs what its string costs.
    for name in sorted(parts, key=lambda name: not name.lower().endswith("sharedstrings.xml")):
        _PartWalk(package).over(parts[name])


@dataclass(slots=True)
class _Package:
    """What adds up over all parts of one package."""

    limits: Limits
    elements: int = 0
    has_strings: bool = False
    string_lengths: list[int] = field(default_factory=list)

    def too_large(self) -> RosterUnpacksTooLargeError:
        return RosterUnpacksTooLargeError(limit_mib=self.limits.unpacked_bytes_max >> 20)


class _PartWalk:
    """One pass over one part that adds up what the parser would allocate for it.

    Only positions and lengths are kept. A cell or row without a reference stands after the last
    one, as the parser has it.
    """

    def __init__(self, package: _Package) -> None:
        self._package = package
        self._limits = package.limits
        self._depth = 0
        self._in_string = self._in_shared_cell = self._in_value = False
        self._value: list[str] = []
        self._row_no = self._cell_row_no = self._column_no = 0
        self._rows: tuple[int, int] | None = None
        self._columns: tuple[int, int] | None = None
        self._text_length = self._part_bytes = 0

    def over(self, content: bytes) -> None:
        """Walk the part.

        Raises:
            RosterDamagedError: not well-formed UTF-8 XML, or with a document type.
        """
        self._part_bytes = len(content)
        # The encoding is fixed, as in the parser: a declared one would be read in two ways.
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(content, True)
        except expat.ExpatError as fault:
            raise RosterDamagedError(kind="XLSX") from fault

    def _refuse_document_type(self, *_declaration: object) -> None:
        raise RosterDamagedError(kind="XLSX")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._package.elements += 1
        self._depth += 1
        if self._package.elements > _ELEMENTS_MAX or self._depth > _DEPTH_MAX:
            raise self._package.too_large()
        match tag.rpartition(":")[2]:
            case "row":
                self._start_row(attributes.get("r"))
            case "c":
                self._start_cell(attributes)
            case "v":
                self._stretch_to_cell()
                self._in_value = self._in_shared_cell
                self._value.clear()
            case "is":
                self._stretch_to_cell()
            case "sst":
                self._start_strings(attributes)
            case "si":
                self._in_string = True
                self._package.string_lengths.append(0)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        match tag.rpartition(":")[2]:
            case "v":
                if self._in_value:
                    self._count_shared_string("".join(self._value).strip())
                self._in_value = False
            case "si":
                self._in_string = False

    def _text(self, text: str) -> None:
        if self._in_string:
            self._package.string_lengths[-1] += len(text)
        elif self._in_value:
            self._value.append(text)

    def _start_strings(self, attributes: dict[str, str]) -> None:
        if self._package.has_strings:
            raise RosterDamagedError(kind="XLSX")
        # The parser makes room for as many strings as this says, before it has seen one.
        stated = attributes.get("uniqueCount", "0")
        if not _STRING_INDEX.fullmatch(stated) or int(stated) > self._part_bytes:
            raise RosterDamagedError(kind="XLSX")
        self._package.has_strings = True

    def _start_row(self, number: str | None) -> None:
        if number is None:
            self._row_no += 1
        elif _ROW_NUMBER.fullmatch(number):
            self._row_no = int(number)
        else:
            raise RosterDamagedError(kind="XLSX")
        self._column_no = 0

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._in_shared_cell = attributes.get("t") == "s"
        self._cell_row_no = self._row_no
        reference = attributes.get("r")
        if reference is None:
            self._column_no += 1
            return
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise RosterDamagedError(kind="XLSX")
        self._column_no = _column_number(match[1])
        self._cell_row_no = int(match[2])

    def _stretch_to_cell(self) -> None:
        """Stretch the rectangle to the open cell; cells without a value do not count."""
        self._rows = _stretched(self._rows, self._cell_row_no)
        self._columns = _stretched(self._columns, self._column_no)
        first, last = self._rows
        if last - first >= self._limits.rows_max + HEADER_ROWS_MAX + _BLANK_ROWS_SLACK:
            raise RosterTooLongError(limit=self._limits.rows_max, row_no=last)
        first, last = self._columns
        if last - first >= self._limits.columns_max:
            raise RosterTooWideError(limit=self._limits.columns_max)

    def _count_shared_string(self, index: str) -> None:
        if not index:
            return
        lengths = self._package.string_lengths
        if not _STRING_INDEX.fullmatch(index) or int(index) >= len(lengths):
            raise RosterDamagedError(kind="XLSX")
        self._text_length += lengths[int(index)]
        if self._text_length > self._limits.unpacked_bytes_max:
            raise self._package.too_large()


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _stretched(span: tuple[int, int] | None, number: int) -> tuple[int, int]:
    return (number, number) if span is None else (min(span[0], number), max(span[1], number))


def _packed(parts: Mapping[str, bytes]) -> io.BytesIO:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    package.seek(0)
    return package


def _parsed(package: io.BytesIO, limits: Limits) -> tuple[Table, ...]:
    try:
        with python_calamine.load_workbook(package) as book:
            shown = [i for i, sheet in enumerate(book.sheets_metadata) if _is_shown(sheet)]
            if len(shown) > _SHEETS_MAX:
                raise RosterUnpacksTooLargeError(limit_mib=limits.unpacked_bytes_max >> 20)
            return tuple(_table(book.get_sheet_by_index(i), limits) for i in shown)
    except (python_calamine.CalamineError, ValueError, OverflowError) as fault:
        raise RosterDamagedError(kind="XLSX") from fault
    except BaseException as fault:
        # A panic in the parser is no Exception, and its class cannot be imported.
        if type(fault).__name__ != "PanicException":
            raise
        raise RosterDamagedError(kind="XLSX") from fault


def _is_shown(sheet: python_calamine.SheetMetadata) -> bool:
    return (
        sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        and sheet.visible == python_calamine.SheetVisibleEnum.Visible
    )


def _table(sheet: python_calamine.CalamineSheet, limits: Limits) -> Table:
    if sheet.start is None:
        return Table(sheet.name, ())
    first_row, first_column = sheet.start
    grid: list[list[Cell]] = list(sheet.to_python())
    room = limits.rows_max * limits.columns_max
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ():
        column, start = left - first_column, top - first_row
        stop = min(bottom - first_row + 1, len(grid))
        if not (0 <= start < stop and 0 <= column < len(grid[0])):
            continue
        room -= stop - start
        # Merged ranges do not overlap in a workbook that a spreadsheet wrote.
        if room < 0:
            raise RosterDamagedError(kind="XLSX")
        for row in grid[start:stop]:
            row[column] = grid[start][column]
    return Table(
        sheet.name,
        tuple(
            (first_row + 1 + offset, tuple(row))
            for offset, row in enumerate(grid)
            if any(cell not in ("", None) for cell in row)
        ),
    )
