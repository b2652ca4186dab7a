"""Identity documents and names as people type them: read into one form, or refused with reason.

Nothing here shows a number or a name: not an error's facts, not a `repr`. A number leaves only
through `Document.number`, for the vault.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditbank.errors import CreditBankError

NAME_CHARACTERS_MAX = 60
#: GB 11643 numbers carry no birth before this; an older one is a typing error.
BIRTH_YEAR_MIN = 1900
#: No province has it, so invented people can have right numbers that are nobody's.
DEMO_PREFIX = "9999"
#: Of passports: nobody issues such, and whoever reads one sees it.
_DEMO_PASSPORT_PREFIX = "X9999"

_CHECK_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
#: GB/T 2260, first two digits; the county may have been founded or dissolved since, so it is free.
_PROVINCES = frozenset(
    f"{area}{place}"
    for area, places in zip(
        "12345678", ("12345", "123", "1234567", "123456", "01234", "12345", "1", "123"), strict=True
    )
    for place in places
)
_BODY = re.compile(r"[0-9]{17}", re.ASCII)
_TAIL_LENGTH = 4

_MIDDLE_DOTS = dict.fromkeys(map(ord, "・･•．‧∙⋅"), "·")
_FULL_WIDTH_LATIN = {
    ord(wide): unicodedata.normalize("NFKC", wide)
    for wide in map(chr, (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)))
}
#: Written as ranges, because characters newer than Python's own tables are found in names too.
_HAN_CLASS = "〇々\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_HAN = re.compile(f"[{_HAN_CLASS}]")
_SPACE_IN_HAN = re.compile(f"(?<=[{_HAN_CLASS}·]) (?=[{_HAN_CLASS}·])")
_STOP_IN_HAN = re.compile(rf"(?<=[{_HAN_CLASS}])\.(?=[{_HAN_CLASS}])")
_NAME_MARKS = frozenset("·'’-. ")


class DocumentKind(StrEnum):
    """Kinds of identity document. A new kind is a member here and its row in `_FORMS`."""

    RESIDENT_ID = "resident_id"
    PASSPORT = "passport"


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """A document of a kind with its number in normal form; equal when both are equal."""

    kind: DocumentKind
    number: str

    def __repr__(self) -> str:
        return f"Document({self.kind.value})"

    __str__ = __repr__


class DocumentInvalidError(CreditBankError):
    """A text is not a number that this kind of document can have."""

    code = "document-invalid"
    status = 422


class DocumentNumberMissingError(DocumentInvalidError):
    """Nothing was written."""

    code = "document-number-missing"


class DocumentLengthError(DocumentInvalidError):
    """The number is too short or too long for its kind."""

    code = "document-length-wrong"


class DocumentCharactersError(DocumentInvalidError):
    """The number holds a character that its kind never has, at `position` (from 1)."""

    code = "document-characters-wrong"


class DocumentProvinceError(DocumentInvalidError):
    """The first two digits are no province."""

    code = "document-province-unknown"


class DocumentBirthDateError(DocumentInvalidError):
    """Digits 7 to 14 are no day since 1900."""

    code = "document-birth-date-impossible"


class DocumentCheckError(DocumentInvalidError):
    """The last character does not follow from the others: at least one of them is wrong."""

    code = "document-check-character-wrong"


class NameInvalidError(CreditBankError):
    """A text is not a person's name."""

    code = "name-invalid"
    status = 422


class NameMissingError(NameInvalidError):
    """Nothing was written."""

    code = "name-missing"


class NameTooLongError(NameInvalidError):
    """More characters than any identity document prints."""

    code = "name-too-long"


class NameCharactersError(NameInvalidError):
    """A digit, a control character or a sign that no name has, at `position` (from 1)."""

    code = "name-characters-wrong"


def read_document(kind: DocumentKind, raw_text: str) -> Document:
    """Bring a number as typed into normal form: NFKC, no spaces or hyphens, upper case.

    A demo number (see `is_demo_number`) passes; whether it is welcome is for the bank to say.

    Raises:
        DocumentInvalidError: one of its subclasses, for the first thing that is wrong.
    """
    form = _FORMS[kind]
    number = _compact(raw_text)
    if not number:
        raise DocumentNumberMissingError(kind=kind.value)
    if not form.length_min <= len(number) <= form.length_max:
        raise DocumentLengthError(
            kind=kind.value, length=len(number), wanted_length=form.wanted_length
        )
    _require_characters(kind, form, number)
    for check in form.checks:
        check(number)
    return Document(kind, number)


def masked(document: Document) -> str:
    """Show the kind and the last four characters, and of a short number never more than half."""
    return f"{document.kind.value} ****{last_characters(document)}"


def last_characters(document: Document) -> str:
    """Return the last four characters, and of a short number never more than half."""
    return _tail(document.number)


def is_demo_number(document: Document) -> bool:
    """Tell whether the number stands in the range of its kind that is kept for invented people."""
    return document.number.startswith(_FORMS[document.kind].demo_prefix)


def resident_id_check_character(first17: str) -> str:
    """Return the 18th character of a resident number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    if _BODY.fullmatch(first17) is None:
        raise ValueError("the check character follows from exactly 17 digits")
    total = sum(int(digit) * weight for digit, weight in zip(first17, _CHECK_WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def read_name(raw: str) -> str:
    """Bring a name as typed into normal form: NFC, single spaces, one kind of middle dot.

    Chinese characters of every extension block, Latin letters, and ``· ' - .`` may stand in it.
    Spaces between Chinese characters go: they only line up columns, and 张　三 is 张三.

    Raises:
        NameInvalidError: empty, longer than 60 characters, or with other characters.
    """
    name = _normal_name(raw)
    if not name:
        raise NameMissingError()
    if len(name) > NAME_CHARACTERS_MAX:
        raise NameTooLongError(length=len(name), length_max=NAME_CHARACTERS_MAX)
    for position, character in enumerate(name, start=1):
        if not (_is_name_letter(character) or character in _NAME_MARKS):
            raise NameCharactersError(position=position)
    if not any(map(_is_name_letter, name)):
        raise NameCharactersError(position=1)
    return name


@dataclass(frozen=True, slots=True)
class _Form:
    """What the numbers of one kind look like: lengths, the characters but the last, the last.

    `demo_prefix` begins the numbers of invented people.
    """

    length_min: int
    length_max: int
    characters: str
    last_characters: str
    demo_prefix: str
    checks: tuple[Callable[[str], None], ...] = ()

    @property
    def wanted_length(self) -> str:
        if self.length_min == self.length_max:
            return str(self.length_min)
        return f"{self.length_min}–{self.length_max}"


def _require_province(number: str) -> None:
    if number[:2] not in _PROVINCES and not number.startswith(DEMO_PREFIX):
        raise DocumentProvinceError(kind=DocumentKind.RESIDENT_ID.value)


def _require_birth_date(number: str) -> None:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        born = None
    if born is None or born.year < BIRTH_YEAR_MIN:
        raise DocumentBirthDateError(kind=DocumentKind.RESIDENT_ID.value)


def _require_check_character(number: str) -> None:
    if resident_id_check_character(number[:17]) != number[17]:
        raise DocumentCheckError(
            kind=DocumentKind.RESIDENT_ID.value, length=len(number), tail=_tail(number)
        )


_DIGITS = "0123456789"
_LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + _DIGITS
_FORMS: Mapping[DocumentKind, _Form] = {
    DocumentKind.RESIDENT_ID: _Form(
        length_min=18,
        length_max=18,
        characters=_DIGITS,
        last_characters=_DIGITS + "X",
        demo_prefix=DEMO_PREFIX,
        checks=(_require_province, _require_birth_date, _require_check_character),
    ),
    DocumentKind.PASSPORT: _Form(
        length_min=5,
        length_max=20,
        characters=_LETTERS_AND_DIGITS,
        last_characters=_LETTERS_AND_DIGITS,
        demo_prefix=_DEMO_PASSPORT_PREFIX,
    ),
}


def _compact(raw: str) -> str:
    """NFKC, upper case, no spaces, no dashes, none of the invisible marks that copying brings."""
    kept = (
        character
        for character in unicodedata.normalize("NFKC", raw)
        if not character.isspace() and unicodedata.category(character) not in {"Pd", "Cf"}
    )
    # Only ASCII is raised: str.upper would turn a dotless i into a letter that nobody wrote.
    return "".join(
        character.upper() if character.isascii() else character
        for character in kept
        if character != "\u2212"
    )


def _require_characters(kind: DocumentKind, form: _Form, number: str) -> None:
    for position, character in enumerate(number, start=1):
        last = position == len(number)
        if character not in (form.last_characters if last else form.characters):
            raise DocumentCharactersError(kind=kind.value, length=len(number), position=position)


def _tail(number: str) -> str:
    shown = min(_TAIL_LENGTH, len(number) // 2)
    return number[len(number) - shown :]


def _normal_name(raw: str) -> str:
    folded = unicodedata.normalize("NFC", raw).translate(_MIDDLE_DOTS).translate(_FULL_WIDTH_LATIN)
    # Only true spaces collapse: str.split would also swallow control characters, which are refused.
    spaced = "".join(
        " " if unicodedata.category(character) == "Zs" else character for character in folded
    )
    single = " ".join(part for part in spaced.strip(" \t\r\n").split(" ") if part)
    return _SPACE_IN_HAN.sub("", _STOP_IN_HAN.sub("·", single))


def _is_name_letter(character: str) -> bool:
    if _HAN.match(character) is not None:
        return True
    if "\u0300" <= character <= "\u036f":
        return True
    return unicodedata.category(character).startswith("L") and unicodedata.name(
        character, ""
    ).startswith("LATIN ")
