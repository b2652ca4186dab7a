"""Hours set against minima: what a year asks for, and what was credited to a year or window."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from creditbank.hours import CENTIHOURS_PER_HOUR, centihours_floor
from creditbank.rules.kinds import TOTAL, subject_contains
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.shortfall import RequirementLine
from creditbank.rules.stated import Decider, Missing
from creditbank.rules.title_rules import YearlyMinimum
from creditbank.rules.windows import MONTHS, Window

_MINIMUM = "yearly_minimum"


@dataclass(frozen=True, slots=True)
class Credited:
    """Counted hours of one year and subject.

    `migrated_centihours` is the part of them that was carried over from records before the bank;
    `capped_centihours` are further hours that a cap did not let count.
    """

    year: int
    subject: str
    counted_centihours: int
    migrated_centihours: int = 0
    capped_centihours: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.migrated_centihours <= self.counted_centihours, "a part of what counts"


class Minimum(NamedTuple):
    """What one year asks for of one subject (empty: in total); `months` of it, where not all."""

    subject: str
    centihours: int
    value: Value
    months: int = MONTHS


@dataclass(frozen=True, slots=True)
class Asks:
    """What single years ask for: `own` minima of the requirement `value`, else those of the packs.

    A year of which only some months are weighed asks for their share, rounded down to a centihour.
    """

    chain: PackChain
    window: Window
    value: Value | None = None
    own: Mapping[str, int] | None = None

    def of(self, year: int) -> Sequence[Minimum]:
        """Return a year's minima, by subject; none where nothing asks for any."""
        months = self.window.months_of.get(year, MONTHS)
        if self.own is None:
            return minima_of(year, self.chain, months)
        assert self.value is not None, "own minima are a requirement's"
        return [
            Minimum(subject, _share(amount, months), self.value, months)
            for subject, amount in sorted(self.own.items())
        ]


def minima_of(year: int, chain: PackChain, months: int = MONTHS) -> tuple[Minimum, ...]:
    """Return each minimum in force on the year's last day, by subject.

    Of fewer than twelve months only their share is asked for, rounded down to a centihour.
    """
    return chain.once((_MINIMUM, year, months), lambda: _minima_of(year, chain, months))


def _minima_of(year: int, chain: PackChain, months: int) -> tuple[Minimum, ...]:
    minima = []
    for value in chain.values_on(_MINIMUM, date(year, 12, 31)):
        assert isinstance(value.value, YearlyMinimum), "the loader types yearly_minimum.*"
        subject = value.key.removeprefix(f"{_MINIMUM}.")
        centihours = _share(value.value.centihours, months)
        minima.append(Minimum("" if subject == TOTAL else subject, centihours, value, months))
    return tuple(sorted(minima, key=lambda minimum: minimum.subject))


def _share(centihours: int, months: int) -> int:
    if months == MONTHS:
        return centihours
    whole = Fraction(centihours, CENTIHOURS_PER_HOUR)
    return centihours_floor(whole * Fraction(months, MONTHS))


def no_minimum(year: int) -> Missing:
    """Name a year for which the packs ask for no amount."""
    return Missing("yearly-minimum-missing", f"{_MINIMUM}.{TOTAL}", year, Decider.AUTHORITY)


def lines_of(
    rows: Iterable[Credited], span: tuple[int, int], minima: Mapping[str, int], value: Value
) -> list[RequirementLine]:
    """Weigh the hours from a first through a last year against minima by subject."""
    within = _within(rows, span)
    return [
        _line(within, span, Minimum(subject, centihours, value))
        for subject, centihours in sorted(minima.items())
    ]


def yearly_lines(
    year: int, rows: Iterable[Credited], minima: Iterable[Minimum]
) -> list[RequirementLine]:
    """Weigh one year's hours against its minima."""
    span = year, year
    within = _within(rows, span)
    return [_line(within, span, minimum) for minimum in minima]


def counted_in(rows: Iterable[Credited], span: tuple[int, int], subject: str) -> int:
    """Return the centihours that count of a subject (empty: of all) from a first to a last year."""
    held = _of_subject(_within(rows, span), subject)
    return sum(row.counted_centihours for row in held)


def by_year(rows: Iterable[Credited]) -> Mapping[int, Sequence[Credited]]:
    """Lay hours out by year, for whoever weighs many years; a year without any has none."""
    found = defaultdict[int, list[Credited]](list)
    for row in rows:
        found[row.year].append(row)
    return found


def _within(rows: Iterable[Credited], span: tuple[int, int]) -> list[Credited]:
    first, last = span
    return [row for row in rows if first <= row.year <= last]


def _of_subject(rows: Iterable[Credited], subject: str) -> list[Credited]:
    return [row for row in rows if subject_contains(subject, row.subject)]


def _line(within: Iterable[Credited], span: tuple[int, int], minimum: Minimum) -> RequirementLine:
    subject, required, value, months = minimum
    counted = migrated = capped = 0
    for row in within:
        if subject_contains(subject, row.subject):
            counted += row.counted_centihours
            migrated += row.migrated_centihours
            capped += row.capped_centihours
    return RequirementLine(*span, subject, required, counted, migrated, value, capped, 0, months)
