"""Strict reading of TOML tables: exact types, no unknown keys, and every refusal names its line.

TOML's own reader forgets where things stood, so `Lines` finds the line again from the table, its
place among the tables of that name, and the key. What was wanted is always shown by an example or
by the choices, which need no translation.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from creditbank.errors import CreditBankError
from creditbank.hours import HoursTextInvalidError, centihours_from_text

Choice = TypeVar("Choice", bound=StrEnum)

WORD = "[a-z][a-z0-9_]*"
#: A subject is a dotted path: public, public.general, professional.results.
SUBJECT = rf"{WORD}(?:\.{WORD})*"
#: A scheme: cn, cn-3710, cn-33.ziran-keyan.
SCHEME = r"cn(?:-[0-9]{2,6})?(?:\.[a-z]+(?:-[a-z]+)*)?"
#: What a refusal repeats of a pack is cut to this, however long a hostile pack made it.
_FOUND_MAX = 60
_EXPECTED_MAX = 1_000
_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


class PackInvalidError(CreditBankError):
    """A pack says something that the pack language does not allow; nothing of it is loaded.

    Facts: `file`, `line`, `key`, `found`, and `expected`, an example or the choices.
    """

    code = "pack-invalid"
    status = 422


class PackSyntaxError(PackInvalidError):
    """The file is not UTF-8 TOML."""

    code = "pack-syntax"


class PackKeyUnknownError(PackInvalidError):
    """A table holds a key that the pack language does not know; `expected` lists those it knows."""

    code = "pack-key-unknown"


class PackKeyMissingError(PackInvalidError):
    """A table lacks a key that it must have; `expected` shows what it could hold."""

    code = "pack-key-missing"


def clipped(text: str) -> str:
    """Cut a text of a pack to what a refusal may repeat of it."""
    return text[:_FOUND_MAX]


def choices_of(words: Iterable[str]) -> str:
    """List what would do, as far as anybody reads it."""
    return " | ".join(words)[:_EXPECTED_MAX]


class Lines:
    """Where each table and key of one file stands; the first line is 1."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, int, str], int] = {}
        table, number_of = "", {"": 0}
        for line_no, line in enumerate(text.splitlines(), start=1):
            if header := _HEADER.match(line):
                table = header[1]
                number_of[table] = number_of.get(table, -1) + 1
                self._lines[table, number_of[table], ""] = line_no
            elif key := _KEY.match(line):
                self._lines.setdefault((table, number_of[table], key[1]), line_no)

    def line_of(self, table: str, number: int, key: str) -> int:
        """Return the line of a key, else of its table, else the first line."""
        header = self._lines.get((table, number, ""), 1)
        return self._lines.get((table, number, key.partition(".")[0]), header)


@dataclass(frozen=True, slots=True)
class Place:
    """Which table of which file is being read; `prefix` is the way to an inline table inside it."""

    file: str
    lines: Lines
    table: str = ""
    number: int = 0
    prefix: str = ""

    def facts(self, key: str) -> dict[str, str | int]:
        """Return the facts that every refusal names: file, line and key."""
        path = self.prefix + key
        named = f"{self.table}.{path}" if self.table else path
        return {
            "file": self.file,
            "line": self.lines.line_of(self.table, self.number, path),
            "key": clipped(named),
        }


@dataclass(slots=True)
class Fields:
    """One TOML table being read: take every key that may stand there, then call `finish`."""

    table: Mapping[str, object]
    place: Place
    taken: list[str] = field(default_factory=list)

    def has(self, key: str) -> bool:
        """Tell whether the table holds the key, which thereby counts as known."""
        self.taken.append(key)
        return key in self.table

    def raw(self, key: str, *, expected: str) -> object:
        """Return what stands under a key that must be there, of any type."""
        if not self.has(key):
            raise PackKeyMissingError(**self.place.facts(key), found="", expected=expected)
        return self.table[key]

    def refuse(self, key: str, *, expected: str) -> PackInvalidError:
        """Build the refusal of what stands under a key."""
        try:
            found = clipped(str(self.table.get(key, "")))
        except ValueError:
            found = "…"  # a number of more digits than Python writes
        return PackInvalidError(**self.place.facts(key), found=found, expected=expected)

    def text(self, key: str, *, pattern: str = r"\S(?:.*\S)?", example: str = '"…"') -> str:
        """Read a text that matches the whole pattern; by default anything but blanks."""
        value = self.raw(key, expected=example)
        if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
            raise self.refuse(key, expected=example)
        return value

    def integer(self, key: str, *, least: int, most: int) -> int:
        """Read an integer within bounds; true and false are no integers here."""
        expected = f"{least} … {most}"
        value = self.raw(key, expected=expected)
        if type(value) is not int or not least <= value <= most:
            raise self.refuse(key, expected=expected)
        return value

    def flag(self, key: str) -> bool:
        """Read true or false."""
        value = self.raw(key, expected="true | false")
        if not isinstance(value, bool):
            raise self.refuse(key, expected="true | false")
        return value

    def day(self, key: str) -> date:
        """Read a day without a time of day."""
        value = self.raw(key, expected="2024-02-04")
        if type(value) is not date:
            raise self.refuse(key, expected="2024-02-04")
        return value

    def centihours(self, key: str) -> int:
        """Read hours written as decimal text, "12.50", as centihours above zero."""
        text = self.text(key, example='"12.50"')
        try:
            centihours = centihours_from_text(text)
        except HoursTextInvalidError as error:
            raise self.refuse(key, expected='"12.50"') from error
        if centihours == 0:
            raise self.refuse(key, expected="> 0")
        return centihours

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        """Read one of the texts of an enumeration."""
        expected = " | ".join(choices)
        value = self.raw(key, expected=expected)
        if not isinstance(value, str) or value not in set(choices):
            raise self.refuse(key, expected=expected)
        return choices(value)

    def words(self, key: str, *, pattern: str = WORD) -> tuple[str, ...]:
        """Read a list of distinct ids, at least one."""
        expected = '["…"]'
        value = self.raw(key, expected=expected)
        if not isinstance(value, list) or not value:
            raise self.refuse(key, expected=expected)
        words = tuple(
            item for item in value if isinstance(item, str) and re.fullmatch(pattern, item)
        )
        if len(set(words)) != len(value):
            raise self.refuse(key, expected=expected)
        return words

    def inner(self, key: str) -> "Fields":
        """Open an inline table."""
        value = self.raw(key, expected="{ … }")
        if not isinstance(value, dict):
            raise self.refuse(key, expected="{ … }")
        return Fields(value, self._below(f"{key}."))

    def tables(self, key: str, *, example: str) -> "list[Fields]":
        """Open a list of inline tables, at least one; the second is `key[1]` in a refusal."""
        value = self.raw(key, expected=f"[{example}]")
        if not isinstance(value, list) or not value:
            raise self.refuse(key, expected=f"[{example}]")
        if not all(isinstance(table, dict) for table in value):
            raise self.refuse(key, expected=f"[{example}]")
        return [
            Fields(table, self._below(f"{key}[{number}].")) for number, table in enumerate(value)
        ]

    def sections(self, key: str) -> "list[Fields]":
        """Open each `[[key]]` table of the file; there may be none."""
        tables = self.raw(key, expected=f"[[{key}]]") if self.has(key) else []
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self.refuse(key, expected=f"[[{key}]]")
        place = self.place
        return [
            Fields(table, Place(place.file, place.lines, key, number))
            for number, table in enumerate(tables)
        ]

    def _below(self, prefix: str) -> Place:
        return replace(self.place, prefix=self.place.prefix + prefix)

    def finish(self) -> None:
        """Refuse the first key that nobody took."""
        for key in self.table:
            if key not in self.taken:
                raise PackKeyUnknownError(
                    **self.place.facts(key),
                    found=clipped(key),
                    expected=choices_of(dict.fromkeys(self.taken)),
                )
