"""Whom a rule speaks of: ranks among the authors of a work, and traits that a fact states."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from creditbank.rules.fields import WORD, Fields

_RANK = "[1-9][0-9]{0,2}"
_RANKS = re.compile(rf"({_RANK})(-({_RANK})?)?", re.ASCII)
_RANKS_EXAMPLE = '"1" | "1-3" | "2-"'
_TRAITS_EXAMPLE = '{ role = "chief_editor", field = ["related", "own"] }'


@dataclass(frozen=True, slots=True)
class Ranks:
    """Ranks from a first to a last, 1 being the first author; without a last, all that follow."""

    first: int
    last: int | None

    def __contains__(self, rank: int) -> bool:
        return self.first <= rank and (self.last is None or rank <= self.last)

    def __str__(self) -> str:
        if self.first == self.last:
            return f"{self.first}"
        return f"{self.first}-" if self.last is None else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that a condition asks of a fact, by the name under which the fact states it.

    `found` is what the fact states, None if nothing; `wanted` is what would fit.
    """

    fact: str
    found: str | None
    wanted: tuple[str, ...]
    fits: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A rank among these (without them any), and of each trait one of these words."""

    ranks: Ranks | None = None
    traits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def bounds(self, rank: int | None, traits: Mapping[str, str]) -> Iterator[Bound]:
        """Hold what a fact states against each thing that is asked."""
        if self.ranks is not None:
            found = None if rank is None else str(rank)
            fits = rank is not None and rank in self.ranks
            yield Bound("rank", found, (str(self.ranks),), fits)
        for trait, words in self.traits.items():
            stated = traits.get(trait)
            yield Bound(f"trait.{trait}", stated, words, stated in words)

    def __str__(self) -> str:
        asked = ["ranks"] if self.ranks is not None else []
        return "-".join([*asked, "traits"] if self.traits else asked) or "all"


def read_condition(table: Fields, traits_key: str) -> Condition:
    """Read `ranks`, and traits under a key of their own; either may be left out."""
    ranks = _ranks(table) if table.has("ranks") else None
    return Condition(ranks, _traits(table, traits_key) if table.has(traits_key) else {})


def _ranks(table: Fields) -> Ranks:
    text = table.text("ranks", pattern=_RANKS.pattern, example=_RANKS_EXAMPLE)
    match = _RANKS.fullmatch(text)
    assert match is not None, "the text was read by this pattern"
    first, to, last = match.groups()
    ranks = Ranks(int(first), int(last) if last else None if to else int(first))
    if ranks.last is not None and ranks.last < ranks.first:
        raise table.refuse("ranks", expected=_RANKS_EXAMPLE)
    return ranks


def _traits(table: Fields, key: str) -> Mapping[str, tuple[str, ...]]:
    traits = table.inner(key)
    if not traits.table:
        raise table.refuse(key, expected=_TRAITS_EXAMPLE)
    read: dict[str, tuple[str, ...]] = {}
    for trait, words in traits.table.items():
        if re.fullmatch(WORD, trait) is None:
            raise traits.refuse(trait, expected=_TRAITS_EXAMPLE)
        if isinstance(words, list):
            read[trait] = traits.words(trait)
        else:
            read[trait] = (traits.text(trait, pattern=WORD, example=_TRAITS_EXAMPLE),)
    return read
