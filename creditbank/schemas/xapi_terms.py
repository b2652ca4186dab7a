"""What the members of xAPI statements are made of (IEEE 9274.1.1 §4.2): checks that name the place.

A check takes a value and its JSON pointer, and yields what is wrong. No value is ever repeated.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from creditbank.attendance.statements import instant_of
from creditbank.errors import CreditBankError, Fact
from creditbank.schemas.wanted import ERRORS_SHOWN_MAX, FieldError

Check = Callable[[object, str], Iterator[FieldError]]
#: Sees an object as a whole, whatever its members hold.
Whole = Callable[[Mapping[str, Any], str], Iterator[FieldError]]

#: Of a member's name in an error's path: a stranger may have written anything there.
_NAME_SHOWN_MAX = 40

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20]+")
_MAILTO = re.compile(r"mailto:[^@\s]+@[^@\s]+")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}", re.ASCII)
_SHA2 = re.compile(
    r"(?:[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})", re.ASCII
)
_UUID = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", re.ASCII
)
_VERSION = re.compile(r"(?:1|2)\.0(?:\.[0-9]{1,3})?", re.ASCII)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:\s*;.*)?", re.ASCII)
#: RFC 5646 §2.1, with those of the grandfathered tags that are of no other form.
_LANGUAGE = re.compile(
    r"(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?|x(?:-[a-z0-9]{1,8})+|i(?:-[a-z0-9]{2,8})+"
    r"|en-GB-oed|sgn-(?:BE-FR|BE-NL|CH-DE))",
    re.ASCII | re.IGNORECASE,
)
#: ISO 8601 §4.4.3.2: the smallest part may have a fraction; weeks stand alone.
_FIGURE = r"[0-9]+(?:[.,][0-9]+(?=[A-Z]$))?"
_DURATION = re.compile(
    rf"P(?:{_FIGURE}W|(?=[0-9T])(?:{_FIGURE}Y)?(?:{_FIGURE}M)?(?:{_FIGURE}D)?"
    rf"(?:T(?=[0-9])(?:{_FIGURE}H)?(?:{_FIGURE}M)?(?:{_FIGURE}S)?)?)",
    re.ASCII,
)


class StatementInvalidError(CreditBankError):
    """What came is no xAPI statement, at the places that `errors` lists."""

    code = "xapi-statement-invalid"
    status = 400

    def __init__(self, errors: list[FieldError]) -> None:
        shown = errors[:ERRORS_SHOWN_MAX]
        super().__init__(count=len(errors), paths=[error.path or "/" for error in shown])
        self.errors = shown


def _wrong(path: str, code: str, **facts: Fact) -> Iterator[FieldError]:
    yield FieldError(path, code, facts)


def _text(pattern: re.Pattern[str] | None, code: str) -> Check:
    def check(value: object, path: str) -> Iterator[FieldError]:
        if not isinstance(value, str) or (pattern is not None and not pattern.fullmatch(value)):
            yield from _wrong(path, code)

    return check


text = _text(None, "xapi-text")
iri = _text(_IRI, "xapi-iri")
mailto = _text(_MAILTO, "xapi-mailto")
sha1 = _text(_SHA1, "xapi-sha1")
sha2 = _text(_SHA2, "xapi-sha2")
uuid = _text(_UUID, "xapi-uuid")
version = _text(_VERSION, "xapi-version-property")
media_type = _text(_MEDIA_TYPE, "xapi-media-type")
language = _text(_LANGUAGE, "xapi-language")
duration = _text(_DURATION, "xapi-duration")
filled = _text(re.compile(r".+", re.DOTALL), "xapi-text-filled")


def timestamp(value: object, path: str) -> Iterator[FieldError]:
    """Check an instant with its zone."""
    if not isinstance(value, str) or instant_of(value) is None:
        yield from _wrong(path, "xapi-timestamp")


def boolean(value: object, path: str) -> Iterator[FieldError]:
    """Check true or false."""
    if not isinstance(value, bool):
        yield from _wrong(path, "field-boolean")


def is_number(value: object) -> bool:
    """Tell a JSON number; true and false are none."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def number(value: object, path: str) -> Iterator[FieldError]:
    """Check a JSON number."""
    if not is_number(value):
        yield from _wrong(path, "xapi-number")


def length(value: object, path: str) -> Iterator[FieldError]:
    """Check a count of octets."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        yield from _wrong(path, "xapi-length")


def one_of(*choices: str) -> Check:
    """Check one of some words."""

    def check(value: object, path: str) -> Iterator[FieldError]:
        if value not in choices or not isinstance(value, str):
            yield from _wrong(path, "field-choice", choices=list(choices))

    return check


def list_of(each: Check, *, low: int = 0) -> Check:
    """Check an array, and every one of its items."""

    def check(value: object, path: str) -> Iterator[FieldError]:
        if not isinstance(value, list) or len(value) < low:
            yield from _wrong(path, "xapi-list", low=low)
            return
        for place, item in enumerate(value):
            yield from each(item, f"{path}/{place}")

    return check


def keyed(key: re.Pattern[str], code: str, each: Check | None, empty: str = "") -> Check:
    """Check an object whose keys are of one form; without `each` its values may be anything.

    With a code for `empty` it has at least one.
    """

    def check(value: object, path: str) -> Iterator[FieldError]:
        if not isinstance(value, dict):
            yield from _wrong(path, "field-object")
            return
        if empty and not value:
            yield from _wrong(path, empty)
        for name, inner in value.items():
            if not key.fullmatch(name):
                yield from _wrong(f"{path}/{token(name)}", code)
            elif each is not None:
                yield from each(inner, f"{path}/{token(name)}")

    return check


language_map = keyed(_LANGUAGE, "xapi-language", text, empty="xapi-language-none")
#: The one place where null may stand.
extensions = keyed(_IRI, "xapi-iri", None)


def shape(members: Mapping[str, Check], required: Iterable[str] = (), *also: Whole) -> Check:
    """Check an object that has these members and no others; `also` sees it as a whole."""
    wanted = tuple(required)

    def check(value: object, path: str) -> Iterator[FieldError]:
        if not isinstance(value, dict):
            yield from _wrong(path, "field-object")
            return
        for name, inner in value.items():
            place = f"{path}/{token(name)}"
            if name not in members:
                yield from _wrong(place, "field-unknown")
            elif inner is None:
                yield from _wrong(place, "field-null")
            else:
                yield from members[name](inner, place)
        for name in wanted:
            if name not in value:
                yield from _wrong(f"{path}/{name}", "field-required")
        for whole in also:
            yield from whole(value, path)

    return check


def unfit(path: str, names: Collection[str], value: Mapping[str, object]) -> Iterator[FieldError]:
    """Refuse those of these members that stand where they have no meaning."""
    for name in names:
        if name in value:
            yield from _wrong(f"{path}/{name}", "xapi-member-unfit")


def token(name: object) -> str:
    """Write a member's name into a JSON pointer; only its start is shown."""
    return str(name)[:_NAME_SHOWN_MAX].replace("~", "~0").replace("/", "~1")
