"""Weighing credited hours against what a title asks for: met, not met, or what is missing to say.

The promise: an answer is `met` only if there was something to weigh and all of it was enough; a
silent pack gives `undetermined` and names the rule; adding hours never turns `met` into anything
else; and the hours in `closing`, once credited, close every shortfall.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditbank.errors import CreditBankError
from creditbank.rules.pack import Basis, PackChain, Value
from creditbank.rules.parameters import (
    ANY,
    TOTAL,
    CountFrom,
    EveryYear,
    RequirementRule,
    WindowTotal,
    YearlyMinimum,
    subject_contains,
)

CURRENT_TITLE_ON = "current_title_on"
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MINIMUM = "yearly_minimum"


class StatedFactInvalidError(CreditBankError):
    """A stated day is no day, or lies after the application."""

    code = "stated-fact-invalid"
    status = 422


class Outcome(StrEnum):
    """What weighing hours alone can say; pathways that exempt or waive are weighed elsewhere."""

    MET = "met"
    NOT_MET = "not_met"
    UNDETERMINED = "undetermined"


class Decider(StrEnum):
    """Who can supply what is missing: whoever asks, or the authority that keeps the pack."""

    ASKER = "asker"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class Credited:
    """Counted hours of one year and subject; `migrated_centihours` is the part of them that was
    carried over from records before the bank."""

    year: int
    subject: str
    counted_centihours: int
    migrated_centihours: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.migrated_centihours <= self.counted_centihours, "a part of what counts"


@dataclass(frozen=True, slots=True)
class Question:
    """Who applies for what and when; `stated` are facts that the bank does not own, as texts."""

    series: str
    level: str
    application_day: date
    stated: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One minimum of one year or window; the empty subject is the total."""

    first_year: int
    last_year: int
    subject: str
    required_centihours: int
    credited_centihours: int
    migrated_centihours: int
    value: Value

    @property
    def short_centihours(self) -> int:
        """Hours that are missing; zero if the minimum is met."""
        return max(0, self.required_centihours - self.credited_centihours)

    @property
    def met(self) -> bool:
        """Tell whether the minimum is met."""
        return self.short_centihours == 0


@dataclass(frozen=True, slots=True)
class Missing:
    """What keeps the question open: a code, the rule key or stated fact, the year if it is one
    year's, and who may decide."""

    code: str
    key: str
    year: int | None
    decided_by: Decider


@dataclass(frozen=True, slots=True)
class Closing:
    """Hours of one subject (empty: of any) that would close a shortfall of a year or window."""

    first_year: int
    last_year: int
    subject: str
    centihours: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """The outcome and all that it rests on; `caveats` are the assumptions among `values`."""

    outcome: Outcome
    lines: tuple[RequirementLine, ...]
    missing: tuple[Missing, ...]
    values: tuple[Value, ...]
    caveats: tuple[Value, ...]
    closing: tuple[Closing, ...]


def assess(question: Question, credited: Iterable[Credited], chain: PackChain) -> Assessment:
    """Weigh a person's counted hours against the requirement of a series and level.

    The requirement is the one in force on the application day; a year's amounts are those in force
    on its 31 December. The years weighed are full calendar years before the application's year.

    Raises:
        StatedFactInvalidError: a stated fact that the requirement needs is not usable.
    """
    value = _requirement_on(question, chain)
    if value is None:
        key = f"requirement.{question.series}.{question.level}"
        return _answer([], [Missing("requirement-missing", key, None, Decider.AUTHORITY)], [])
    assert isinstance(value.value, RequirementRule), "the loader types requirement.*"
    rows = tuple(credited)
    if isinstance(value.value, WindowTotal):
        lines = _window_lines(question, value, value.value, rows)
        return _answer(lines, [], [value])
    years = _years(question, value.value)
    if isinstance(years, Missing):
        return _answer([], [years], [value])
    if not years:
        missing = Missing("no-full-year", value.key, None, Decider.AUTHORITY)
        return _answer([], [missing], [value])
    lines, gaps = _yearly_lines(years, rows, chain)
    return _answer(lines, gaps, [value])


def _requirement_on(question: Question, chain: PackChain) -> Value | None:
    pairs = (
        (question.series, question.level),
        (question.series, ANY),
        (ANY, question.level),
        (ANY, ANY),
    )
    keys = tuple(f"requirement.{series}.{level}" for series, level in pairs)
    return chain.first_on(keys, question.application_day)


def _years(question: Question, rule: EveryYear) -> range | Missing:
    end = question.application_day.year
    first = end - rule.years
    if rule.count_from is CountFrom.TITLE:
        title_on = _stated_day(question, CURRENT_TITLE_ON)
        if title_on is None:
            return Missing("current-title-day-missing", CURRENT_TITLE_ON, None, Decider.ASKER)
        # The year of the title itself is not a full year since the title, even from 1 January.
        first = max(first, title_on.year + 1)
    return range(first, end)


def _stated_day(question: Question, key: str) -> date | None:
    text = question.stated.get(key)
    if text is None:
        return None
    latest = question.application_day
    refusal = StatedFactInvalidError(key=key, found=text[:20], latest=latest.isoformat())
    if _DAY.fullmatch(text) is None:
        raise refusal
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise refusal from error
    if day > latest:
        raise refusal
    return day


def _yearly_lines(
    years: range, rows: tuple[Credited, ...], chain: PackChain
) -> tuple[list[RequirementLine], list[Missing]]:
    lines: list[RequirementLine] = []
    missing: list[Missing] = []
    for year in years:
        minima = _minima_of(year, chain)
        if not minima:
            key = f"{_MINIMUM}.{TOTAL}"
            missing.append(Missing("yearly-minimum-missing", key, year, Decider.AUTHORITY))
        lines += [
            _line(rows, year, year, subject, required=centihours, value=value)
            for subject, centihours, value in minima
        ]
    return lines, missing


def _minima_of(year: int, chain: PackChain) -> list[tuple[str, int, Value]]:
    """Return subject, centihours and value of each minimum in force on the year's last day."""
    minima = []
    for key in chain.keys(_MINIMUM):
        value = chain.value_on(key, date(year, 12, 31))
        if value is None:
            continue
        assert isinstance(value.value, YearlyMinimum), "the loader types yearly_minimum.*"
        subject = key.removeprefix(f"{_MINIMUM}.")
        minima.append(("" if subject == TOTAL else subject, value.value.centihours, value))
    return sorted(minima, key=lambda minimum: minimum[0])


def _window_lines(
    question: Question, value: Value, rule: WindowTotal, rows: tuple[Credited, ...]
) -> list[RequirementLine]:
    end = question.application_day.year
    return [
        _line(rows, end - rule.years, end - 1, subject, required=centihours, value=value)
        for subject, centihours in sorted(rule.minima.items())
    ]


def _line(
    rows: tuple[Credited, ...], first: int, last: int, subject: str, *, required: int, value: Value
) -> RequirementLine:
    under = [
        row for row in rows if first <= row.year <= last and subject_contains(subject, row.subject)
    ]
    return RequirementLine(
        first_year=first,
        last_year=last,
        subject=subject,
        required_centihours=required,
        credited_centihours=sum(row.counted_centihours for row in under),
        migrated_centihours=sum(row.migrated_centihours for row in under),
        value=value,
    )


def _answer(lines: list[RequirementLine], missing: list[Missing], rules: list[Value]) -> Assessment:
    # One minimum that is surely short decides, whatever else is still open.
    if not all(line.met for line in lines):
        outcome = Outcome.NOT_MET
    else:
        outcome = Outcome.UNDETERMINED if missing else Outcome.MET
    values = _distinct([*rules, *(line.value for line in lines)])
    return Assessment(
        outcome=outcome,
        lines=tuple(lines),
        missing=tuple(missing),
        values=values,
        caveats=tuple(value for value in values if value.basis is Basis.ASSUMPTION),
        closing=tuple(_closing(lines)),
    )


def _distinct(values: list[Value]) -> tuple[Value, ...]:
    return tuple({(value.scheme, value.key, value.from_): value for value in values}.values())


def _closing(lines: list[RequirementLine]) -> list[Closing]:
    """Return the fewest hours that close every shortfall, the deepest subjects first.

    Hours of a subject also count in every subject above it, so a node asks only for what its
    descendants do not bring.
    """
    closing: list[Closing] = []
    for line in sorted(lines, key=lambda line: (line.first_year, -_depth(line.subject))):
        brought = sum(
            item.centihours
            for item in closing
            if item.first_year == line.first_year and subject_contains(line.subject, item.subject)
        )
        wanted = line.short_centihours - brought
        if wanted > 0:
            closing.append(Closing(line.first_year, line.last_year, line.subject, wanted))
    return closing


def _depth(subject: str) -> int:
    return len(subject.split(".")) if subject else 0
