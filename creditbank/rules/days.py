"""Days that hours stand for: a person's day is counted once, however many periods it lies in."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple


class Days(NamedTuple):
    """Days of one calendar year, from a first through a last one."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """How many days these are; none if the last one comes before the first."""
        return max(0, (self.last - self.first).days + 1)


def own_days(periods: Iterable[tuple[str, str, Days]]) -> dict[str, int]:
    """Return how many of its days each period has for itself: a day is the longest period's.

    So a year that is done as a whole stays whole, to the last hundredth.

    Args:
        periods: each with a name of its own and the item that it belongs to, whose periods may
            share days: hours of several subjects stand for the same ones. Of equally long ones the
            first has the day.
    """
    owner: dict[int, str] = {}
    return {
        name: sum(owner.setdefault(each, item) == item for each in _each(days))
        for name, item, days in sorted(periods, key=lambda period: -period[2].length)
    }


def _each(days: Days) -> range:
    return range(days.first.toordinal(), days.last.toordinal() + 1)
