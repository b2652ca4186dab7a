"""What the kinds of rules share: wildcards in keys, subjects, and how a kind is declared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from creditbank.rules.fields import WORD, Fields

Held_co = TypeVar("Held_co", covariant=True)

#: In a key: any series, any level, any form.
ANY = "*"

#: In `yearly_minimum.total`: hours of every subject together.
TOTAL = "total"

OR_ANY = rf"(?:{WORD}|\*)"


@dataclass(frozen=True, slots=True)
class Kind(Generic[Held_co]):
    """One kind of rule: the form of its key, an example of it, and how its value is read."""

    pattern: str
    example: str
    read: Callable[[Fields], Held_co]


def plain_key(key: str) -> str:
    """Write a rule key in its one form: any specialty is the same as none named."""
    kind, *words = key.split(".")
    series_specialty_level = 3
    if kind in {"requirement", "waiver"} and len(words) == series_specialty_level:
        words = [word for at, word in enumerate(words) if at != 1 or word != ANY]
    return ".".join([kind, *words])


def subject_contains(outer: str, inner: str) -> bool:
    """Tell whether `outer` is `inner` or lies above it; the empty path lies above all."""
    return not outer or inner == outer or inner.startswith(outer + ".")


def optional_words(table: Fields, key: str) -> tuple[str, ...]:
    """Read a list of ids that may be left out; empty then."""
    return table.words(key) if table.has(key) else ()
