"""Which days of a pack its cases prove: the day before and the day of each beginning and end.

A case proves a key on a day if the law was asked for the key on that day to answer it. So cases are
run over a chain that remembers what it was asked.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from creditbank.rules.hour_rules import Recognition
from creditbank.rules.pack import Pack, PackChain, Value

_DAY = timedelta(days=1)
#: What a year asks for, and lets be carried over, is what is in force on its last day, so that is
#: the day on which it is asked for.
_BY_YEAR_END = ("yearly_minimum.", "carry_over.")
#: The words of a fact are asked for only where another rule reads the fact.
_OF_OTHERS = "fact."


@dataclass(frozen=True, slots=True)
class Asked:
    """One pack was asked for one key on one day, and nothing nearer had answered."""

    pack: str
    key: str
    day: date


@dataclass(frozen=True, slots=True)
class WatchedChain(PackChain):
    """A chain that answers as any other and remembers what it was asked."""

    asked: set[Asked] = field(default_factory=set, compare=False)

    def value_on(self, key: str, day: date) -> Value | None:
        """Return what the nearest pack says, having noted each pack on the way to it."""
        found = PackChain.value_on(self, key, day)
        for pack in self.packs:
            self.asked.add(Asked(pack.id, key, day))
            if found is not None and pack.id == found.scheme:
                break
        return found


def unproven(pack: Pack, asked: Collection[Asked]) -> list[Asked]:
    """Return the days of a pack's boundaries for which it was never asked.

    How much an activity counts is never asked on a day on which it does not count at all; then it
    is enough that the activity was refused.

    Args:
        pack: the pack whose values are looked at, each `from` and each `until` of every value.
        asked: what its cases asked for, as their chains remember it.
    """
    wanted = (
        Asked(pack.id, key, day)
        for key, values in pack.values.items()
        for value in values
        for day in _boundary_days(value)
    )
    return [
        each
        for each in dict.fromkeys(wanted)
        if each not in asked and not _refused(each, pack, asked)
    ]


def _refused(wanted: Asked, pack: Pack, asked: Collection[Asked]) -> bool:
    """Tell whether a key speaks of an activity that a case of the day saw refused."""
    _, _, words = wanted.key.partition(".")
    key = f"recognise.{words.partition('.')[0]}"
    holding = [value for value in pack.values.get(key, ()) if value.holds_on(wanted.day)]
    return Asked(pack.id, key, wanted.day) in asked and not any(map(_recognises, holding))


def _recognises(value: Value) -> bool:
    assert isinstance(value.value, Recognition), "the loader types recognise.*"
    return value.value.recognised


def _boundary_days(value: Value) -> Iterator[date]:
    if value.key.startswith(_OF_OTHERS):
        yield value.from_
        return
    for boundary in (value.from_, value.until):
        if boundary is None:
            continue
        if value.key.startswith(_BY_YEAR_END):
            # The first year that ends on the boundary or after it, and the year before that one.
            yield date(boundary.year - 1, 12, 31)
            yield date(boundary.year, 12, 31)
        else:
            yield boundary - _DAY
            yield boundary
