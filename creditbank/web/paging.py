"""Pages of a long list, by their numbers in the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

_Line = TypeVar("_Line")
_DIGITS_MAX = 6


@dataclass(frozen=True, slots=True)
class Leaf(Generic[_Line]):
    """One page of a list, and of how many it is which."""

    lines: Sequence[_Line]
    number: int
    count: int


def asked_page() -> int:
    """Return which page is asked for, from 1."""
    asked = request.args.get("page", "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= _DIGITS_MAX
    return max(1, int(asked)) if is_number else 1


def leaf_of(lines: Sequence[_Line], size: int) -> Leaf[_Line]:
    """Return the page of a list that is asked for; the last one for any beyond it."""
    count = pages_for(len(lines), size)
    number = min(asked_page(), count)
    return Leaf(lines[(number - 1) * size : number * size], number, count)


def pages_for(total: int, size: int) -> int:
    """Return how many pages so many lines fill; an empty list has one."""
    return max(1, -(-total // size))
