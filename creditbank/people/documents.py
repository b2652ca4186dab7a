"""Identity documents and names as people type them: read into one form, or refused with reason.

Nothing here shows a number or a name: not an error's facts, not a `repr`. A number leaves only
through `Document.number`, for the vault.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from operator import mul

from creditbank.errors import CreditBankError

NAME_CHARACTERS_MAX = 60
#: GB 11643 numbers carry no birth before this; an older one is a typing error.
BIRTH_YEAR_MIN = 1900
#: No province has it, so invented people can have right numbers that are nobody's.
DEMO_PREFIX = "9999"
#: Of passports and permits: nobody issues such, and whoever reads one sees it.
_DEMO_LETTER_PREFIX = "X9999"
#: The address codes of everybody from Hong Kong, Macao and Taiwan are 810000, 820000 and 830000.
_DEMO_HMT_PREFIXES = ("819999", "829999", "839999")
#: XXX is nobody's nationality.
_DEMO_FOREIGN_PREFIXES = (DEMO_PREFIX, "XXX9999")

_CHECK_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
#: What the weights make of seventeen zeros written as bytes.
_CHECK_OF_ZEROS = sum(_CHECK_WEIGHTS) * ord("0")
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
#: A name as nearly all are: it is in normal form as it stands.
_PLAIN_NAME = re.compile(f"[\u4e00-\u9fff]{{1,{NAME_CHARACTERS_MAX}}}")
_NAME_MARKS = frozenset("·'’-. ")


class DocumentKind(StrEnum):
    """Kinds of identity document. A new kind is a member here, its row in `_FORMS`, its words."""

    RESIDENT_ID = "resident_id"
    #: 港澳台居民居住证
    HMT_RESIDENCE = "hmt_residence"
    #: 港澳居民来往内地通行证
    HM_PERMIT = "hm_permit"
    #: 台湾居民来往大陆通行证
    TW_PERMIT = "tw_permit"
    #: 外国人永久居留身份证
    FOREIGN_RESIDENCE = "foreign_residence"
    #: 海外高层次人才居住证, of which each city makes its own numbers
    TALENT_RESIDENCE = "talent_residence"
    PASSPORT = "passport"


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """A document of a kind with its number in normal form; equal when both are equal."""

    kind: DocumentKind
    number: str

    def __hash__(self) -> int:
        return hash(self.number)

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


class DocumentPrefixError(DocumentInvalidError):
    """The number begins as none of its kind does: it may be of another kind."""

    code = "document-prefix-wrong"


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

    A resident number of Hong Kong, Macao or Taiwan is that of a residence permit. Of a permit to
    the mainland the first nine characters are kept: the last two count its renewals.

    A demo number (see `is_demo_number`) passes; whether it is welcome is for the bank to say.

    Raises:
        DocumentInvalidError: one of its subclasses, for the first thing that is wrong.
    """
    form, number = _FORMS[kind], _compact(raw_text)
    if not number:
        raise DocumentNumberMissingError(kind=kind.value)
    mask = form.masks.get(len(number))
    if mask is None:
        raise DocumentLengthError(
            kind=kind.value, length=len(number), wanted_length=form.wanted_length
        )
    if mask.pattern.fullmatch(number) is None:
        raise DocumentCharactersError(
            kind=kind.value, length=len(number), position=mask.wrong_position(number)
        )
    for check in form.checks:
        check(kind, number)
    if kind is DocumentKind.RESIDENT_ID and number.startswith(_HMT_PREFIXES):
        kind = DocumentKind.HMT_RESIDENCE
    return Document(kind, number[: form.kept_length])


def number_space(kind: DocumentKind) -> str:
    """Return among which numbers those of a kind are unique; equal numbers there are one person's.

    Before residence permits had a kind of their own they were taken for resident IDs.
    """
    return str(DocumentKind.RESIDENT_ID if kind is DocumentKind.HMT_RESIDENCE else kind)


def masked(document: Document) -> str:
    """Show the kind and the last four characters, and of a short number never more than half."""
    return f"{document.kind.value} ****{last_characters(document)}"


def last_characters(document: Document) -> str:
    """Return the last four characters, and of a short number never more than half."""
    return _tail(document.number)


def is_demo_number(document: Document) -> bool:
    """Tell whether the number stands in the range of its kind that is kept for invented people."""
    return document.number.startswith(_FORMS[document.kind].demo_prefixes)


def resident_id_check_character(first17: str) -> str:
    """Return the 18th character of a resident number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    if _BODY.fullmatch(first17) is None:
        raise ValueError("the check character follows from exactly 17 digits")
    total = sum(map(mul, _CHECK_WEIGHTS, first17.encode("ascii"))) - _CHECK_OF_ZEROS
    return _CHECK_CHARACTERS[total % 11]


def read_name(raw: str) -> str:
    """Bring a name as typed into normal form: NFC, single spaces, one kind of middle dot.

    Chinese characters of every extension block, Latin letters, and ``· ' - .`` may stand in it.
    Spaces between Chinese characters go: they only line up columns, and 张　三 is 张三.

    Raises:
        NameInvalidError: empty, longer than 60 characters, or with other characters.
    """
    if _PLAIN_NAME.fullmatch(raw):
        return raw
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


_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: What may stand where a mask has this sign.
_SIGNS: Mapping[str, str] = {
    "9": _DIGITS,
    "X": _DIGITS + "X",
    "A": _LETTERS + _DIGITS,
    "L": _LETTERS,
    #: Hong Kong, Macao, or invented
    "H": "HMX",
}


class _Mask:
    """What stands at each place of a number of one length."""

    def __init__(self, signs: str) -> None:
        self._signs = signs
        self.pattern = re.compile("".join(f"[{_SIGNS[sign]}]" for sign in signs))

    def wrong_position(self, number: str) -> int:
        """Return the first place, from 1, of a character that cannot stand there."""
        pairs = zip(self._signs, number, strict=True)
        return next(at for at, (sign, each) in enumerate(pairs, 1) if each not in _SIGNS[sign])


class _Form:
    """What the numbers of one kind look like: a mask for each length, and further checks.

    Args:
        masks: one for each length.
        demo_prefixes: begin the numbers of invented people.
        checks: each raises for what it finds wrong.
        kept_length: characters that name the person; those behind them count renewals.
    """

    def __init__(
        self,
        masks: Sequence[str],
        demo_prefixes: tuple[str, ...],
        checks: tuple[Callable[[DocumentKind, str], None], ...] = (),
        kept_length: int | None = None,
    ) -> None:
        self.masks = {len(mask): _Mask(mask) for mask in masks}
        self.demo_prefixes = demo_prefixes
        self.checks = checks
        self.kept_length = kept_length

    @property
    def wanted_length(self) -> str:
        lengths = sorted(self.masks)
        if len(lengths) > 1 and lengths[-1] - lengths[0] == len(lengths) - 1:
            return f"{lengths[0]}–{lengths[-1]}"
        return " / ".join(map(str, lengths))


def _require_province(kind: DocumentKind, number: str) -> None:
    if number[:2] not in _PROVINCES and not number.startswith(DEMO_PREFIX):
        raise DocumentProvinceError(kind=kind.value)


def _require_prefix(*prefixes: str) -> Callable[[DocumentKind, str], None]:
    def check(kind: DocumentKind, number: str) -> None:
        if not number.startswith(prefixes):
            raise DocumentPrefixError(kind=kind.value, prefixes=list(prefixes))

    return check


def _require_letter(kind: DocumentKind, number: str) -> None:
    """Only invented permits begin with X."""
    if number[0] == "X" and not number.startswith(_DEMO_LETTER_PREFIX):
        raise DocumentCharactersError(kind=kind.value, length=len(number), position=1)


def _require_foreign(kind: DocumentKind, number: str) -> None:
    """The form of 2023 begins with 9 and is checked as a resident number; the old has no check."""
    if len(number) == _RESIDENT_LENGTH:
        for check in (_require_prefix("9"), _require_birth_date, _require_check_character):
            check(kind, number)


@lru_cache(maxsize=65_536)
def _is_birth_date(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= BIRTH_YEAR_MIN
    except ValueError:
        return False


def _require_birth_date(kind: DocumentKind, number: str) -> None:
    if not _is_birth_date(number[6:14]):
        raise DocumentBirthDateError(kind=kind.value)


def _require_check_character(kind: DocumentKind, number: str) -> None:
    if resident_id_check_character(number[:17]) != number[17]:
        raise DocumentCheckError(kind=kind.value, length=len(number), tail=_tail(number))


_RESIDENT_LENGTH = 18
_RESIDENT_MASK = "9" * (_RESIDENT_LENGTH - 1) + "X"
_HMT_PREFIXES = ("81", "82", "83")
_BORN_AND_CHECKED = (_require_birth_date, _require_check_character)
_FORMS: Mapping[DocumentKind, _Form] = {
    DocumentKind.RESIDENT_ID: _Form(
        [_RESIDENT_MASK],
        (DEMO_PREFIX,),
        (_require_province, *_BORN_AND_CHECKED),
    ),
    DocumentKind.HMT_RESIDENCE: _Form(
        [_RESIDENT_MASK], _DEMO_HMT_PREFIXES, (_require_prefix(*_HMT_PREFIXES), *_BORN_AND_CHECKED)
    ),
    # Ministry of Public Security, 2010: H or M, eight digits for life, two that count renewals.
    DocumentKind.HM_PERMIT: _Form(
        ["H99999999", "H9999999999"], (_DEMO_LETTER_PREFIX,), (_require_letter,), kept_length=9
    ),
    # The card of 2015 has eight digits; what went before had ten and mostly a letter.
    DocumentKind.TW_PERMIT: _Form(
        ["X9999999", "X999999999", "X999999999L"], (_DEMO_LETTER_PREFIX,), (_require_letter,)
    ),
    # National Immigration Administration, 2023: three letters and twelve digits became eighteen.
    DocumentKind.FOREIGN_RESIDENCE: _Form(
        ["LLL999999999999", _RESIDENT_MASK], _DEMO_FOREIGN_PREFIXES, (_require_foreign,)
    ),
    DocumentKind.TALENT_RESIDENCE: _Form(
        ["A" * length for length in range(5, 21)], (_DEMO_LETTER_PREFIX,)
    ),
    DocumentKind.PASSPORT: _Form(["A" * length for length in range(5, 21)], (_DEMO_LETTER_PREFIX,)),
}


def _compact(raw: str) -> str:
    """NFKC, upper case, no spaces, no dashes, none of the invisible marks that copying brings."""
    if raw.isascii() and raw.isalnum():
        return raw.upper()
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
