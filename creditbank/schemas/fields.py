"""Fields of the shapes: every text bounded and storable, every figure bounded, nothing guessed.

A wrong value is refused with the code of what was wanted (see `wanted`).
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing

from creditbank.clock import instant_text
from creditbank.hours import HoursTextInvalidError, centihours_from_text, hours_text
from creditbank.schemas.wanted import Wanted

#: Years that the ledger can hold.
DAY_MIN = date(1990, 1, 1)
DAY_MAX = date(2200, 12, 31)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_UNSTORABLE = frozenset({"Cc", "Cs", "Cn"})

#: Codes of what marshmallow itself refuses.
fields.Field.default_error_messages = {
    "required": "field-required",
    "null": "field-null",
    "validator_failed": "field-unknown",
}

Attributes = Mapping[str, Any] | None


class Text(fields.Field[str]):
    """A text in NFC without control characters; white space around it is dropped."""

    def __init__(self, high: int, *, low: int = 1, **options: Any) -> None:
        super().__init__(**_documented(options, type="string", minLength=low, maxLength=high))
        self._low, self._high = low, high

    def _deserialize(self, value: Any, attr: str | None, data: Attributes, **kwargs: Any) -> str:
        wanted = Wanted("field-text", low=self._low, high=self._high)
        if not isinstance(value, str) or len(value) > 4 * self._high:
            raise ValidationError([wanted])
        text = unicodedata.normalize("NFC", value).strip()
        if not self._low <= len(text) <= self._high:
            raise ValidationError([wanted])
        if any(unicodedata.category(character) in _UNSTORABLE for character in text):
            raise ValidationError([wanted])
        return text


class Code(fields.Field[str]):
    """A text of one fixed form: an id, a public number, a dotted path."""

    def __init__(self, pattern: str, example: str, **options: Any) -> None:
        shown = _documented(options, type="string", pattern=f"^{pattern}$")
        shown["metadata"].setdefault("example", example)
        super().__init__(**shown)
        self._pattern, self._example = re.compile(pattern, re.ASCII), example

    def _deserialize(self, value: Any, attr: str | None, data: Attributes, **kwargs: Any) -> str:
        if not isinstance(value, str) or self._pattern.fullmatch(value) is None:
            raise ValidationError([Wanted("field-pattern", example=self._example)])
        return value


class Whole(fields.Field[int]):
    """A whole number within bounds; as text only where the place knows nothing else (a query)."""

    def __init__(self, low: int, high: int, *, as_text: bool = False, **options: Any) -> None:
        super().__init__(**_documented(options, type="integer", minimum=low, maximum=high))
        self._low, self._high, self._as_text = low, high, as_text

    def _deserialize(self, value: Any, attr: str | None, data: Attributes, **kwargs: Any) -> int:
        number = value
        if self._as_text and isinstance(value, str) and _WHOLE.fullmatch(value):
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValidationError([self._wanted()])
        if not self._low <= number <= self._high:
            raise ValidationError([self._wanted()])
        return number

    def _wanted(self) -> Wanted:
        return Wanted("field-integer", low=self._low, high=self._high)


class Truth(fields.Field[bool]):
    """true or false, and nothing that merely looks like it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_documented(options, type="boolean"))

    def _deserialize(self, value: Any, attr: str | None, data: Attributes, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError([Wanted("field-boolean")])
        return value


class Choice(fields.Field[StrEnum]):
    """One of the words of an enumeration."""

    def __init__(self, words: type[StrEnum], **options: Any) -> None:
        super().__init__(**_documented(options, type="string", enum=[str(word) for word in words]))
        self._words = words

    def _deserialize(
        self, value: Any, attr: str | None, data: Attributes, **kwargs: Any
    ) -> StrEnum:
        if not isinstance(value, str) or value not in list(self._words):
            raise ValidationError([Wanted("field-choice", choices=[str(w) for w in self._words])])
        return self._words(value)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return str(value)


class Day(fields.Field[date]):
    """A civil day, 2026-11-10, in years that the ledger can hold."""

    def __init__(self, **options: Any) -> None:
        shown = _documented(options, type="string", format="date")
        shown["metadata"].setdefault("example", "2026-11-10")
        super().__init__(**shown)

    def _deserialize(self, value: Any, attr: str | None, data: Attributes, **kwargs: Any) -> date:
        wanted = Wanted("field-day", low=DAY_MIN.isoformat(), high=DAY_MAX.isoformat())
        if not isinstance(value, str) or _DAY.fullmatch(value) is None:
            raise ValidationError([wanted])
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError([wanted]) from error
        if not DAY_MIN <= day <= DAY_MAX:
            raise ValidationError([wanted])
        return day

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.isoformat()


class Instant(fields.Field[datetime]):
    """An instant with its zone; written as UTC with six places."""

    def __init__(self, **options: Any) -> None:
        shown = _documented(options, type="string", format="date-time")
        shown["metadata"].setdefault("example", "2026-11-21T03:32:42.000000Z")
        super().__init__(**shown)

    def _deserialize(
        self, value: Any, attr: str | None, data: Attributes, **kwargs: Any
    ) -> datetime:
        wanted = Wanted("field-instant")
        if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
            raise ValidationError([wanted])
        try:
            instant = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError([wanted]) from error
        if not DAY_MIN <= instant.date() <= DAY_MAX:
            raise ValidationError([wanted])
        return instant

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else instant_text(value)


class Hours(fields.Field[int]):
    """Hours as decimal text outside, centihours inside; above zero when they come in."""

    def __init__(self, **options: Any) -> None:
        shown = _documented(options, type="string", pattern=r"^-?(0|[1-9][0-9]{0,9})\.[0-9]{2}$")
        shown["metadata"].setdefault("example", "24.00")
        super().__init__(**shown)

    def _deserialize(self, value: Any, attr: str | None, data: Attributes, **kwargs: Any) -> int:
        try:
            centihours = centihours_from_text(value) if isinstance(value, str) else 0
        except HoursTextInvalidError as error:
            raise ValidationError([Wanted("field-hours")]) from error
        if centihours == 0:
            raise ValidationError([Wanted("field-hours")])
        return centihours

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else hours_text(value)


class Several(fields.List[Any]):
    """A list of a bounded length."""

    def __init__(
        self, inner: fields.Field[Any], *, low: int = 0, high: int = 10_000, **options: Any
    ) -> None:
        super().__init__(inner, **_documented(options, minItems=low, maxItems=high))
        self._low, self._high = low, high

    def _deserialize(
        self, value: Any, attr: str | None, data: Attributes, **kwargs: Any
    ) -> list[Any]:
        if not isinstance(value, list) or not self._low <= len(value) <= self._high:
            raise ValidationError([Wanted("field-list", low=self._low, high=self._high)])
        return self._read(value, **kwargs)

    def _read(self, items: list[Any], **kwargs: Any) -> list[Any]:
        """Read each item, and tell of all that are wrong."""
        return super()._deserialize(items, None, None, **kwargs)


class Shape(Schema):
    """A body or an answer: unknown members are refused, and refusals are codes."""

    error_messages = {  # noqa: RUF012 # marshmallow reads it from the class
        "unknown": "field-unknown",
        "type": "field-object",
    }


class Inner(fields.Nested):
    """A shape inside a shape."""

    default_error_messages = {"type": "field-object"}  # noqa: RUF012 # read from the class


def jurisdiction(**options: Any) -> Code:
    """Return the field of a jurisdiction."""
    return Code(r"cn(-([0-9]{2}){1,3}(\.[a-z]{2,12})?)?", "cn-3710", **options)


def scheme(**options: Any) -> Code:
    """Return the field of a scheme: the id of the pack that credits."""
    return Code(r"[a-z][a-z0-9.-]{1,39}", "cn-3710", **options)


def subject(**options: Any) -> Code:
    """Return the field of a subject: a dotted path."""
    return Code(r"[a-z][a-z_]{0,29}(\.[a-z][a-z_]{0,29}){0,4}", "professional", **options)


def word(example: str, **options: Any) -> Code:
    """Return the field of a word of the rules: an activity, a form, a series, a level."""
    return Code(r"[a-z][a-z0-9_]{0,39}", example, **options)


def public_number(example: str, **options: Any) -> Code:
    """Return the field of a number that the bank gave."""
    return Code(r"[A-Z][0-9A-Z]{9,19}", example, **options)


def _documented(options: dict[str, Any], **shown: Any) -> dict[str, Any]:
    """Add what the API document says of a field; what the caller says goes first."""
    options["metadata"] = {**shown, **options.get("metadata", {})}
    if options.get("load_default", missing) is None:
        options.setdefault("allow_none", False)
    return options
