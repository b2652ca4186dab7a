"""One pass over each part of an XLSX package: what the parser would allocate for it, and notes.

A part as programs write it is matched as a whole by one expression, at the speed of the expression
engine; anything else is walked element by element. Both are equally strict: what the expression
does not cover to the last byte is walked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from creditbank.attendance.workbook import (
    ERRED,
    HEADER_ROWS_MAX,
    UNCOMPUTED,
    Limits,
    RosterDamagedError,
    RosterTooLongError,
    RosterTooWideError,
    RosterUnpacksTooLargeError,
    Uncomputed,
)

_ELEMENTS_MAX = 4_000_000
_DEPTH_MAX = 64
#: Blank lines between the titles and the data, before a sheet counts as too long.
_BLANK_ROWS_SLACK = 100
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
_ROW_NUMBER = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)
_STRING_INDEX = re.compile(r"[0-9]{1,7}", re.ASCII)
_TRUE = frozenset({"1", "true", "on"})

#: Text of an element: no control character, nothing that begins another element.
_TEXT = rb"[^<\x00-\x08]*+"
_SHARED = re.compile(
    rb'<si>(?:<t(?: xml:space="preserve")?>('
    + _TEXT
    + rb")</t>|<t/>)(?:<phoneticPr[^<>]*+/>)?</si>"
)
#: A cell of the row that is open, in one of the first 64 columns; first as most of them are.
_CELL = (
    rb'<c r="(?:[A-Z]|A[A-Z]|B[A-L])\1"(?: t="s"><v>[0-9]{1,7}+</v></c>|'
    rb'(?: (?:s|t|cm|vm)="[\w.]*+")*+(?:/>|>'
    rb"(?:<f(?: [^<>]*+)?(?:/>|>" + _TEXT + rb"</f>))?"
    rb"(?:<v>" + _TEXT + rb'</v>|<v/>|<is><t(?: xml:space="preserve")?>' + _TEXT + rb"</t></is>)?"
    rb"</c>))"
)
_ROW = re.compile(
    rb'<row r="([1-9][0-9]{0,6})"(?: (?!r=)[\w:]++="[^"<&]*+")*+(?:/>|>(?:' + _CELL + rb")*+</row>)"
)
_QUICK_COLUMNS = 64
_ROW_START = re.compile(rb'<row r="([0-9]+)"')
_ROW_HIDDEN = re.compile(rb'<row r="([0-9]+)"(?=[^<>]* hidden="(?:1|true|on)")')
_STRING_CELL = re.compile(rb' t="s"[^<>]*+><v>([0-9]{1,7})</v>')
_STRING_CELL_ODD = re.compile(rb' t="s"[^<>]*+>(?!<v>[0-9]{1,7}</v>)')
_UNCOMPUTED = re.compile(
    rb'<c r="([A-Z]{1,2})([0-9]+)"[^<>]*+><f(?: [^<>]*+)?(?:/>|>[^<]*+</f>)(?:<v/>|<v></v>)?</c>'
)
_ERRED = re.compile(rb'<c r="([A-Z]{1,2})([0-9]+)"(?=[^<>]* t="e")')
_MARKS = ((b"<f", _UNCOMPUTED, UNCOMPUTED), (b' t="e"', _ERRED, ERRED))


@dataclass(slots=True)
class SheetNotes:
    """What the parser does not tell of a sheet; rows and columns from 1, as a spreadsheet has them.

    `uncomputed` are cells with a formula of which no value was kept, or an error alone.
    """

    hidden_rows: set[int] = field(default_factory=set)
    uncomputed: dict[tuple[int, int], Uncomputed] = field(default_factory=dict)


class PackageWalk:
    """Walks all parts of one package; what was found stands in its attributes.

    Args:
        limits: beyond which a part is refused.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        #: days are counted from 1904
        self.epoch_1904 = False
        self._notes: dict[str, SheetNotes] = {}
        self._relations: dict[str, str] = {}
        self._targets: dict[str, str] = {}
        self._elements = 0
        self._strings: list[int] = []
        self._strings_begun = False

    def over(self, parts: Mapping[str, bytes]) -> None:
        """Walk every part.

        Raises:
            RosterDamagedError: a part is no well-formed UTF-8 XML, or has a document type.
            RosterUnpacksTooLargeError, RosterTooLongError, RosterTooWideError: beyond the limits.
        """
        # Shared strings first: a cell costs what its string costs.
        for name in sorted(parts, key=lambda name: not name.lower().endswith("sharedstrings.xml")):
            notes = self._notes[name.lower()] = SheetNotes()
            content = self._without_strings(parts[name])
            _PartWalk(self, notes, len(parts[name])).over(self._without_rows(content, notes))

    def notes_of(self, title: str) -> SheetNotes:
        """Return the notes of a sheet by its title."""
        target = self._targets.get(self._relations.get(title, ""), "")
        name = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        return self._notes.get(name.lower(), SheetNotes())

    def too_large(self) -> RosterUnpacksTooLargeError:
        """Say that it unpacks to more than a roster can need."""
        return RosterUnpacksTooLargeError(limit_mib=self.limits.unpacked_bytes_max >> 20)

    def count_element(self, depth: int) -> None:
        """Count one more element, so deep."""
        self._elements += 1
        if self._elements > _ELEMENTS_MAX or depth > _DEPTH_MAX:
            raise self.too_large()

    def begin_strings(self) -> list[int]:
        """Begin the package's one table of strings; return the list of their lengths."""
        if self._strings_begun:
            raise RosterDamagedError(kind="XLSX")
        self._strings_begun = True
        return self._strings

    def string_length(self, index: str) -> int:
        """Return how long a shared string is."""
        if not _STRING_INDEX.fullmatch(index) or int(index) >= len(self._strings):
            raise RosterDamagedError(kind="XLSX")
        return self._strings[int(index)]

    def relate(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Note what the workbook says of its sheets, and where their parts are."""
        match tag:
            case "sheet":
                relation = next((v for k, v in attributes.items() if k.endswith(":id")), "")
                self._relations[attributes.get("name", "")] = relation
            case "Relationship":
                self._targets[attributes.get("Id", "")] = attributes.get("Target", "")
            case "workbookPr":
                self.epoch_1904 = attributes.get("date1904", "") in _TRUE

    def _without_strings(self, part: bytes) -> bytes:
        """Note the strings at once and leave them out, if they are as programs write them."""
        start, end = part.find(b"<si>"), part.rfind(b"</si>") + len(b"</si>")
        if start < 0 or end <= start or self._strings_begun:
            return part
        region = part[start:end]
        if not _is_utf8(region) or _SHARED.sub(b"", region):
            return part
        self._strings += map(len, _SHARED.findall(region))
        return part[:start] + part[end:]

    def _without_rows(self, part: bytes, notes: SheetNotes) -> bytes:
        """Weigh the rows at once and leave them out, if they are as programs write them."""
        start = part.find(b"<sheetData>") + len(b"<sheetData>")
        end = part.find(b"</sheetData>", start)
        if start < len(b"<sheetData>") or end < 0 or self.limits.columns_max < _QUICK_COLUMNS:
            return part
        region = part[start:end]
        numbers = list(map(int, _ROW_START.findall(region)))
        if (
            not numbers
            or len(set(numbers)) < len(numbers)
            or max(numbers) - min(numbers) >= self.rows_span_max
            or not (_is_utf8(region) and not _ROW.sub(b"", region) and self._strings_fit(region))
        ):
            return part
        if b' hidden="' in region:
            notes.hidden_rows.update(map(int, _ROW_HIDDEN.findall(region)))
        for sign, pattern, mark in _MARKS:
            if sign in region:
                notes.uncomputed.update(
                    ((int(row), column_number(letters.decode("ascii"))), mark)
                    for letters, row in pattern.findall(region)
                )
        return part[:start] + part[end:]

    @property
    def rows_span_max(self) -> int:
        """How far apart the first and the last filled row may be."""
        return self.limits.rows_max + HEADER_ROWS_MAX + _BLANK_ROWS_SLACK

    def _strings_fit(self, region: bytes) -> bool:
        """Tell whether the text in the cells is surely within the bound."""
        lengths, cells = self._strings, region.count(b' t="s"')
        is_small = max(lengths, default=0) * cells <= self.limits.unpacked_bytes_max
        if is_small and not _STRING_CELL_ODD.search(region):
            return True  # whichever they are; the parser refuses what is not there
        indexes = list(map(int, _STRING_CELL.findall(region)))
        if len(indexes) != cells or max(indexes, default=-1) >= len(lengths):
            return False  # let it be told which
        return sum(map(lengths.__getitem__, indexes)) <= self.limits.unpacked_bytes_max


def column_number(letters: str) -> int:
    """Return the place, from 1, of a column that a spreadsheet names by letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _PartWalk:
    """One pass over one part, element by element.

    Only positions and lengths are kept. A cell or row without a reference stands after the last
    one, as the parser has it.

    Args:
        package: what adds up over all parts.
        notes: what is told of the part.
        part_bytes: how large the whole part is.
    """

    def __init__(self, package: PackageWalk, notes: SheetNotes, part_bytes: int) -> None:
        self._package, self._notes, self._part_bytes = package, notes, part_bytes
        self._limits = package.limits
        self._depth = 0
        self._in_string = self._in_shared_cell = self._in_value = self._has_formula = False
        self._value: list[str] = []
        self._row_no = self._cell_row_no = self._column_no = 0
        self._filled: set[int] = set()
        self._rows: tuple[int, int] | None = None
        self._columns: tuple[int, int] | None = None
        self._text_length = 0
        self._strings: list[int] = []

    def over(self, content: bytes) -> None:
        """Walk the part.

        Raises:
            RosterDamagedError: not well-formed UTF-8 XML, or with a document type.
        """
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
        self._depth += 1
        self._package.count_element(self._depth)
        match name := tag.rpartition(":")[2]:
            case "row":
                self._start_row(attributes)
            case "c":
                self._start_cell(attributes)
            case "f":
                self._has_formula = True
            case "v":
                self._stretch_to_cell()
                self._in_value = True
                self._value.clear()
            case "is":
                self._stretch_to_cell()
                self._has_formula = False
            case "sst":
                self._start_strings(attributes)
            case "si":
                self._in_string = True
                self._strings.append(0)
            case _:
                self._package.relate(name, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        match tag.rpartition(":")[2]:
            case "v":
                self._end_value("".join(self._value).strip())
            case "c":
                if self._has_formula:
                    self._stretch_to_cell()
                    self._note(UNCOMPUTED)
            case "si":
                self._in_string = False

    def _text(self, text: str) -> None:
        if self._in_string:
            self._strings[-1] += len(text)
        elif self._in_value:
            self._value.append(text)

    def _end_value(self, value: str) -> None:
        self._in_value = False
        if not value:
            return
        self._has_formula = False
        if self._in_shared_cell:
            self._text_length += self._package.string_length(value)
            if self._text_length > self._limits.unpacked_bytes_max:
                raise self._package.too_large()

    def _start_strings(self, attributes: dict[str, str]) -> None:
        self._strings = self._package.begin_strings()
        # The parser makes room for as many strings as this says, before it has seen one.
        stated = attributes.get("uniqueCount", "0")
        if not _STRING_INDEX.fullmatch(stated) or int(stated) > self._part_bytes:
            raise RosterDamagedError(kind="XLSX")

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        number = attributes.get("r")
        if number is None:
            self._row_no += 1
        elif _ROW_NUMBER.fullmatch(number):
            self._row_no = int(number)
        else:
            raise RosterDamagedError(kind="XLSX")
        # The parser would keep one of two rows of one number, and say nothing of the other.
        if self._row_no in self._filled:
            raise RosterDamagedError(kind="XLSX")
        self._column_no = 0
        if attributes.get("hidden", "") in _TRUE:
            self._notes.hidden_rows.add(self._row_no)

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        self._in_shared_cell = attributes.get("t") == "s"
        self._has_formula = False
        self._cell_row_no = self._row_no
        reference = attributes.get("r")
        match = None if reference is None else _REFERENCE.fullmatch(reference)
        if match is not None:
            self._column_no, self._cell_row_no = column_number(match[1]), int(match[2])
        elif reference is None:
            self._column_no += 1
        else:
            raise RosterDamagedError(kind="XLSX")
        if attributes.get("t") == "e":
            self._note(ERRED)

    def _note(self, mark: Uncomputed) -> None:
        self._notes.uncomputed[(self._cell_row_no, self._column_no)] = mark

    def _stretch_to_cell(self) -> None:
        """Stretch the rectangle to the open cell; cells without a value do not count."""
        self._filled.add(self._cell_row_no)
        self._rows = _stretched(self._rows, self._cell_row_no)
        self._columns = _stretched(self._columns, self._column_no)
        first, last = self._rows
        if last - first >= self._package.rows_span_max:
            raise RosterTooLongError(limit=self._limits.rows_max, row_no=last)
        first, last = self._columns
        if last - first >= self._limits.columns_max:
            raise RosterTooWideError(limit=self._limits.columns_max)


def _stretched(span: tuple[int, int] | None, number: int) -> tuple[int, int]:
    return (number, number) if span is None else (min(span[0], number), max(span[1], number))
