"""Cells of rows as people send them: whose number and name, and text that gives nobody away.

Nothing is guessed: not a lost digit. No fault carries a name or a whole number.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from creditbank.attendance.workbook import Uncomputed
from creditbank.errors import Fact
from creditbank.people.documents import (
    Document,
    DocumentCheckError,
    DocumentInvalidError,
    DocumentKind,
    NameInvalidError,
    read_document,
    read_name,
)
from creditbank.people.names import folded_name

_Value = TypeVar("_Value")
#: What a spreadsheet keeps in one cell; nothing is read beyond it.
CELL_CHARACTERS_MAX = 32_767
_DAY_TEXT = re.compile(
    r"(?P<y>[0-9]{4})(?:(?P<sep>[-/.])(?P<m>[0-9]{1,2})(?P=sep)(?P<d>[0-9]{1,2})"
    r"|年(?P<mz>[0-9]{1,2})月(?P<dz>[0-9]{1,2})[日号]|(?P<mc>[0-9]{2})(?P<dc>[0-9]{2}))"
    r"(?: ?\(?(?:星期|周)[一二三四五六日天]\)?)?"
    # The time of a scan is passed over; of an instant in UTC the civil day is not guessed.
    r"(?:[ T](?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?|T00:00:00(?:\.0+)?Z)?",
    re.ASCII,
)
#: A day as a spreadsheet counts it, from 1955 to 2119; of other figures it is not guessed.
_SERIAL_TEXT = re.compile(r"([2-7][0-9]{4})(?:\.0+)?", re.ASCII)
_EPOCH, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
#: What a cell of the kind column may say; an empty one is a resident ID.
KINDS: Mapping[str, DocumentKind] = {
    "": DocumentKind.RESIDENT_ID,
    **{
        alias: kind
        for kind, aliases in {
            DocumentKind.RESIDENT_ID: "居民身份证 身份证 二代身份证 第二代居民身份证 "
            "residentid idcard residentidcard residentidentitycard",
            DocumentKind.HMT_RESIDENCE: "港澳台居民居住证 港澳居民居住证 台湾居民居住证 "
            "hmtresidence hmtresidencepermit residencepermitforhongkongmacaoandtaiwanresidents",
            # Not 港澳通行证: residents of the mainland have one of that name.
            DocumentKind.HM_PERMIT: "港澳居民来往内地通行证 港澳居民往来内地通行证 回乡证 hmpermit "
            "homereturnpermit mainlandtravelpermitforhongkongandmacaoresidents",
            DocumentKind.TW_PERMIT: "台湾居民来往大陆通行证 台湾居民往来大陆通行证 台胞证 twpermit "
            "taiwancompatriotpermit mainlandtravelpermitfortaiwanresidents",
            DocumentKind.FOREIGN_RESIDENCE: "外国人永久居留身份证 外国人永久居留证 永居证 "
            "foreignresidence foreignpermanentresidentidcard permanentresidenceidcard",
            DocumentKind.TALENT_RESIDENCE: "海外高层次人才居住证 高层次人才居住证 "
            "talentresidence talentresidencepermit overseastalentresidencepermit",
            DocumentKind.PASSPORT: "护照 外国护照 中国护照 普通护照 passport",
        }.items()
        for alias in aliases.split()
    },
}

_HEADER_NOTE = re.compile(r"\(.*\)$")
_BRACKETS = re.compile(r"[()]")
_HEADER_NOISE = re.compile(r"[\s_*:.]+")
_HEADER_BREAK = re.compile(r"[\r\n/|]+")
_HEADER_CHARACTERS_MAX = 200
#: Excel keeps 15 digits of a number; a longer one has lost the rest.
_DIGITS_KEPT_LIMIT = 10**15
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+[0-9]{1,3}", re.ASCII)
_ROUNDED = re.compile(r"[0-9]{15}000", re.ASCII)
_LOST_DIGITS = "roster-number-lost-digits"
_YEAR_TEXT = re.compile(r"(19[0-9]{2}|2[0-9]{3})(?:年|年度)?", re.ASCII)
_MINUTES_TEXT = re.compile(r"([0-9]{1,5})(?:\.0+)?(?:分钟|分|min|mins|minute|minutes)?", re.ASCII)
#: Dates, figures, units, Excel's error marks: what may be repeated without giving a person away.
_HARMLESS = re.compile(r"[0-9年月日号时分秒钟小半天上下午全.:/+#!?%, \-]{1,20}", re.ASCII)
HARMLESS_DIGITS_MAX = 8
ATTENDED_MINUTES_MAX = 24 * 60
FOUND_CHARACTERS_MAX = 20
_INTEGER_BITS_SHOWN_MAX = 64

#: The words for a number or name in a spreadsheet differ from those for one typed into a form.
CELL_CODES: Mapping[str, str] = {
    "document-number-missing": "roster-number-missing",
    "document-length-wrong": "roster-number-length",
    "document-characters-wrong": "roster-number-characters",
    "document-prefix-wrong": "roster-number-prefix",
    "document-province-unknown": "roster-number-province",
    "document-birth-date-impossible": "roster-number-birth-date",
    "document-check-character-wrong": "roster-number-check",
    "name-missing": "roster-name-missing",
    "name-too-long": "roster-name-too-long",
    "name-characters-wrong": "roster-name-characters",
}


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with a cell, before it is known where it stands."""

    code: str
    facts: dict[str, Fact] = field(default_factory=dict)


def header_pieces(cell: object) -> Iterator[str]:
    """Spell a header in each plain form that it may be known by: 實到分鐘(分鐘), 姓名/Name."""
    if not isinstance(cell, str) or len(cell) > _HEADER_CHARACTERS_MAX:
        return
    text = folded_name(_visible(cell)).strip()
    pieces = [text, *_HEADER_BREAK.split(text)]
    # A note in brackets is passed over, or is part of the name: 出勤时长(分钟).
    spelled = [each for p in pieces for each in (_HEADER_NOTE.sub("", p), _BRACKETS.sub("", p))]
    yield from (_HEADER_NOISE.sub("", each) for each in spelled)


def read_kind(cell: object) -> DocumentKind | CellFault:
    """Read what kind of document a number is of."""
    said = cell_text(cell)
    if said in KINDS:
        return KINDS[said]
    text = _HEADER_NOISE.sub("", folded_name(said))
    kind = KINDS.get(text) or KINDS.get(_HEADER_NOTE.sub("", text) or text)
    return kind or CellFault("roster-kind-unknown", {"length": len(text)})


def read_number(kind: DocumentKind | None, cell: object) -> Document | CellFault | None:
    """Read a number; without a known kind there is nothing to check it against."""
    text = _number_text(cell)
    if not text:
        return CellFault("roster-number-missing")
    if kind is None:
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return CellFault("roster-number-characters", {"length": len(text), "position": 1})
    if _is_rounded(cell, text):
        return _lost_digits(text)
    try:
        return read_document(kind, text)
    except DocumentInvalidError as error:
        return _document_fault(error, text)


def _document_fault(error: DocumentInvalidError, text: str) -> CellFault:
    """A number saved as CSV after it was rounded ends in zeros, and fails its check mostly."""
    if isinstance(error, DocumentCheckError) and _ROUNDED.fullmatch(text):
        return _lost_digits(text)
    return CellFault(CELL_CODES[error.code], error.facts)


def _lost_digits(text: str) -> CellFault:
    return CellFault(_LOST_DIGITS, {"length": len(text)})


def is_rounded_text(cell: object, read: object) -> bool:
    """Tell whether a number that was read from a cell of text had been rounded before it was one.

    Others of the same file were rounded with it, though by chance their check character fits.
    """
    return isinstance(cell, str) and isinstance(read, CellFault) and read.code == _LOST_DIGITS


def rounded_like_others(document: Document) -> CellFault | None:
    """Say of a number in a file of rounded ones that it may be one of them, if it may be."""
    return _lost_digits(document.number) if _ROUNDED.fullmatch(document.number) else None


def _number_text(cell: object) -> str:
    """The text of a number cell without the marks that exports put there to keep it text."""
    text = cell_text(cell)
    if text.startswith('="') and text.endswith('"'):
        return text[2:-1].strip()
    return text.lstrip("'‘’`")


def _is_rounded(cell: object, text: str) -> bool:
    if isinstance(cell, int | float):
        return abs(cell) >= _DIGITS_KEPT_LIMIT
    return _SCIENTIFIC.fullmatch(text) is not None


def read_person_name(cell: object) -> str | CellFault:
    """Read a name in its one form."""
    if isinstance(cell, bool):
        return CellFault("roster-name-characters", {"position": 1})
    try:
        whole = _visible(cell[:CELL_CHARACTERS_MAX]) if isinstance(cell, str) else cell_text(cell)
        return read_name(whole)
    except NameInvalidError as error:
        return CellFault(CELL_CODES[error.code], error.facts)


def read_minutes(cell: object) -> int | CellFault:
    """Read how many minutes somebody was there."""
    if isinstance(cell, bool):
        return CellFault("roster-minutes-invalid", {"found": cell_text(cell)})
    return cell_value(cell, _minutes_from_text, "roster-minutes-invalid")


def _minutes_from_text(text: str) -> int | None:
    match = _MINUTES_TEXT.fullmatch(text.replace(" ", "").casefold())
    if match is None or int(match[1]) > ATTENDED_MINUTES_MAX:
        return None
    return int(match[1])


def read_year(cell: object) -> int | CellFault | None:
    """Read an earlier year that hours are made up for; None where nothing stands."""
    if not cell_text(cell):
        return None
    return cell_value(cell, _year_from_text, "roster-year-invalid")


def _year_from_text(text: str) -> int | None:
    match = _YEAR_TEXT.fullmatch(text)
    return None if match is None else int(match[1])


def read_day(cell: object, *, epoch_1904: bool = False) -> date | CellFault:
    """Read a day; the order of day and month is never guessed.

    A plain number is a day as a spreadsheet counts it, from 1900, or from 1904 as some do.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    epoch = _EPOCH_1904 if epoch_1904 else _EPOCH
    return cell_value(cell, lambda text: _day_from_text(text, epoch), "roster-date-invalid")


def _day_from_text(text: str, epoch: date) -> date | None:
    serial = _SERIAL_TEXT.fullmatch(text)
    if serial is not None:
        return epoch + timedelta(days=int(serial[1]))
    match = _DAY_TEXT.fullmatch(text)
    if match is None:
        return None
    month = match["m"] or match["mz"] or match["mc"]
    day = match["d"] or match["dz"] or match["dc"]
    try:
        return date(int(match["y"]), int(month), int(day))
    except ValueError:
        return None


def cell_value(cell: object, read: Callable[[str], _Value | None], code: str) -> _Value | CellFault:
    """Read a cell that must not be empty; `code` says what is wrong where `read` gives None."""
    text = cell_text(cell)
    if not text:
        return CellFault("roster-cell-empty")
    value = read(text)
    return CellFault(code, {"found": shown_cell(text)}) if value is None else value


def shown_cell(text: str) -> str:
    """Repeat a cell's text in an error, unless a name or number may have slipped a column."""
    if _HARMLESS.fullmatch(text) and sum(map(str.isdigit, text)) <= HARMLESS_DIGITS_MAX:
        return text
    return "*" * min(len(text), FOUND_CHARACTERS_MAX)


def cell_text(cell: object) -> str:
    """Write any cell as one line of text: the same for 480 typed as text, integer or float."""
    if cell is None or isinstance(cell, Uncomputed):
        return ""
    if isinstance(cell, str):
        if cell.isascii() and cell.isalnum() and len(cell) <= CELL_CHARACTERS_MAX:
            return cell
        whole = cell[:CELL_CHARACTERS_MAX].encode("utf-8", "replace").decode("utf-8")
        return " ".join(unicodedata.normalize("NFKC", _visible(whole)).split())
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return _figure_text(cell)
    return _moment_text(cell)


def _visible(text: str) -> str:
    """Leave out the marks that copying brings and nobody sees."""
    if text.isalnum():
        return text  # none of them is a letter or a digit
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


def _figure_text(figure: float) -> str:
    if isinstance(figure, float) and not figure.is_integer():
        return repr(figure)
    whole = int(figure)
    # Python refuses to write integers of thousands of digits.
    return str(whole) if whole.bit_length() <= _INTEGER_BITS_SHOWN_MAX else "1E+20"


def _moment_text(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    # JSON may hold lists and objects of any depth; that they are there is all there is to say.
    return str(cell) if isinstance(cell, timedelta) else f"<{type(cell).__name__}>"
