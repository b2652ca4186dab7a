"""What is short of each minimum, and the fewest hours that would close all of it."""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from creditbank.rules.kinds import subject_contains
from creditbank.rules.pack import Value


class RequirementLine(NamedTuple):
    """One minimum of one year or window; the empty subject is the total.

    `credited_centihours` were credited within the span, `migrated_centihours` of them before the
    bank; `carried_centihours` come from years before it. `capped_centihours` were earned within it
    and did not count. `months` are those of the year that are asked for.
    """

    first_year: int
    last_year: int
    subject: str
    required_centihours: int
    credited_centihours: int
    migrated_centihours: int
    value: Value
    capped_centihours: int = 0
    carried_centihours: int = 0
    months: int = 12

    @property
    def short_centihours(self) -> int:
        """Hours that are missing; zero if the minimum is met."""
        short = self.required_centihours - self.credited_centihours - self.carried_centihours
        return short if short > 0 else 0

    @property
    def met(self) -> bool:
        """Tell whether the minimum is met."""
        return self.credited_centihours + self.carried_centihours >= self.required_centihours


class Closing(NamedTuple):
    """Hours of one subject (empty: of any) that would close a shortfall of a year or window."""

    first_year: int
    last_year: int
    subject: str
    centihours: int


#: First year, last year, subject.
_Place = tuple[int, int, str]


def closing_of(lines: Iterable[RequirementLine]) -> tuple[Closing, ...]:
    """Return the fewest hours that close every shortfall, the deepest subjects first.

    Hours of a subject also count in every subject above it, and hours of a year in every window
    around it, so a line asks only for what those inside it do not bring. A year inside a window
    first takes over what the window already asks for below the same subject.
    """
    # A minimum that is met asks for nothing.
    lacking = sorted((line for line in lines if not line.met), key=attrgetter("first_year"))
    closing = [each for apart in _apart(lacking) for each in _closing_within(apart)]
    return tuple(sorted(closing, key=lambda item: (item.first_year, -subject_depth(item.subject))))


def _apart(lacking: Sequence[RequirementLine]) -> Iterator[list[RequirementLine]]:
    """Part lines, the earliest first, wherever no span reaches from one year into the next."""
    together: list[RequirementLine] = []
    reached = 0
    for line in lacking:
        if together and line.first_year > reached:
            yield together
            together = []
        together.append(line)
        reached = max(reached, line.last_year)
    if together:
        yield together


def _closing_within(lacking: Iterable[RequirementLine]) -> list[Closing]:
    """Do what `closing_of` does for lines whose spans meet."""
    wanted: dict[_Place, int] = {}
    for line in sorted(lacking, key=_innermost_first):
        short = line.short_centihours
        if wanted:
            short -= sum(held for place, held in wanted.items() if _inside(place, line))
            if short > 0:
                short -= _taken_over(line, short, wanted)
        if short > 0:
            own = (line.first_year, line.last_year, line.subject)
            wanted[own] = wanted.get(own, 0) + short
    return [Closing(*place, centihours) for place, centihours in wanted.items() if centihours]


def _innermost_first(line: RequirementLine) -> tuple[int, int, int]:
    return -subject_depth(line.subject), line.last_year - line.first_year, line.first_year


def _inside(place: _Place, line: RequirementLine) -> bool:
    first_year, last_year, subject = place
    within = line.first_year <= first_year and last_year <= line.last_year
    return within and subject_contains(line.subject, subject)


def _taken_over(line: RequirementLine, short: int, wanted: dict[_Place, int]) -> int:
    """Move hours wanted anywhere in a wider window into the line's own years; return how many."""
    taken = 0
    for place, centihours in list(wanted.items()):
        first_year, last_year, subject = place
        around = first_year <= line.first_year and line.last_year <= last_year
        counts = around and subject_contains(line.subject, subject)
        if counts and not _inside(place, line):
            moved = min(short - taken, centihours)
            own = (line.first_year, line.last_year, subject)
            wanted[place] -= moved
            wanted[own] = wanted.get(own, 0) + moved
            taken += moved
    return taken


def subject_depth(subject: str) -> int:
    """Return how deep a subject lies; the total (empty) is 0."""
    return len(subject.split(".")) if subject else 0
