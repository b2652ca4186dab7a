"""The rules that say what a title asks for: yearly minima, requirements, and waivers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditbank.rules.fields import SUBJECT, Fields
from creditbank.rules.kinds import OR_ANY, TOTAL, Kind

_YEARS_MAX = 50

_SINCE_MIN, _SINCE_MAX = 1990, 2200


@dataclass(frozen=True, slots=True)
class YearlyMinimum:
    """`yearly_minimum.<total or subject>`: the least that a calendar year asks for."""

    centihours: int


class CountFrom(StrEnum):
    """From when years are weighed: from a day in the person's life, or whatever came before."""

    TITLE = "title"
    HIRE = "hire"
    MOVE_IN = "move_in"
    QUALIFICATION = "qualification"
    CERTIFICATE = "certificate"
    ANY_TIME = "any_time"


#: One start, or several: then the latest of them that the person has.
Start = CountFrom | tuple[CountFrom, ...]


@dataclass(frozen=True, slots=True)
class EveryYear:
    """`requirement.…`, mode every_year: each of the last full calendar years meets its minima."""

    years: int
    count_from: Start


@dataclass(frozen=True, slots=True)
class SumOfYearly:
    """`requirement.…`, mode sum_of_yearly: the last full calendar years together bring what their
    yearly minima add up to, each year by its own amount."""

    years: int
    count_from: Start


@dataclass(frozen=True, slots=True)
class WindowTotal:
    """`requirement.…`, mode window_total: the last full calendar years together meet these minima.

    `minima` is subject path → centihours, the total under the empty path.
    """

    years: int
    minima: Mapping[str, int]


class Through(StrEnum):
    """Where a window that began in a named year ends: which year is the last to count."""

    LAST_YEAR = "last_year"
    APPLICATION_YEAR = "application_year"


@dataclass(frozen=True, slots=True)
class SinceYear:
    """`requirement.…`, mode since_year_plus_last: all years since one, and the last full year.

    `minima` are those of the window, `last_minima` those of the year before the application's.
    """

    since: int
    through: Through
    minima: Mapping[str, int]
    last_minima: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NotRequired:
    """`requirement.…`, mode not_required: hours are no condition while this holds."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """`waiver.…`: hours are no hard condition for whoever all of these stated facts are true of."""

    facts: tuple[str, ...]


RequirementRule = EveryYear | SumOfYearly | WindowTotal | SinceYear | NotRequired


def _yearly_minimum(fields: Fields) -> YearlyMinimum:
    return YearlyMinimum(fields.centihours("value"))


class _RequirementMode(StrEnum):
    EVERY_YEAR = "every_year"
    SUM_OF_YEARLY = "sum_of_yearly"
    WINDOW_TOTAL = "window_total"
    SINCE_YEAR_PLUS_LAST = "since_year_plus_last"
    NOT_REQUIRED = "not_required"


def _every_year(table: Fields) -> RequirementRule:
    return EveryYear(_years(table), _start(table))


def _sum_of_yearly(table: Fields) -> RequirementRule:
    return SumOfYearly(_years(table), _start(table))


def _window_total(table: Fields) -> RequirementRule:
    return WindowTotal(_years(table), _minima(table.inner("minima")))


def _since_year_plus_last(table: Fields) -> RequirementRule:
    return SinceYear(
        since=table.integer("since", least=_SINCE_MIN, most=_SINCE_MAX),
        through=table.choice("through", Through),
        minima=_minima(table.inner("minima")),
        last_minima=_minima(table.inner("last_year")),
    )


def _not_required(_table: Fields) -> RequirementRule:
    return NotRequired()


_REQUIREMENTS: Mapping[_RequirementMode, Callable[[Fields], RequirementRule]] = {
    _RequirementMode.EVERY_YEAR: _every_year,
    _RequirementMode.SUM_OF_YEARLY: _sum_of_yearly,
    _RequirementMode.WINDOW_TOTAL: _window_total,
    _RequirementMode.SINCE_YEAR_PLUS_LAST: _since_year_plus_last,
    _RequirementMode.NOT_REQUIRED: _not_required,
}


def _requirement(fields: Fields) -> RequirementRule:
    table = fields.inner("value")
    rule = _REQUIREMENTS[table.choice("mode", _RequirementMode)](table)
    table.finish()
    return rule


def _years(table: Fields) -> int:
    return table.integer("years", least=1, most=_YEARS_MAX)


def _start(table: Fields) -> Start:
    if not isinstance(table.raw("start", expected=" | ".join(CountFrom)), list):
        return table.choice("start", CountFrom)
    words = table.words("start")
    days = {start.value: start for start in CountFrom if start is not CountFrom.ANY_TIME}
    if not set(words) <= set(days):
        raise table.refuse("start", expected=f"[{' | '.join(days)}]")
    return tuple(days[word] for word in words)


def _waiver(fields: Fields) -> Waiver:
    table = fields.inner("value")
    waiver = Waiver(table.words("when"))
    table.finish()
    return waiver


def _minima(table: Fields) -> Mapping[str, int]:
    for subject in table.table:
        if re.fullmatch(SUBJECT, subject) is None:
            raise table.refuse(subject, expected='total | public | "public.general"')
    if not table.table:
        raise table.refuse("", expected='{ total = "360" }')
    return {
        "" if subject == TOTAL else subject: table.centihours(subject) for subject in table.table
    }


TitleRule = YearlyMinimum | RequirementRule | Waiver

TITLE_KINDS: tuple[Kind[TitleRule], ...] = (
    Kind(rf"yearly_minimum\.{SUBJECT}", "yearly_minimum.total|SUBJECT", _yearly_minimum),
    Kind(rf"requirement\.{OR_ANY}\.{OR_ANY}", "requirement.SERIES|*.LEVEL|*", _requirement),
    Kind(rf"waiver\.{OR_ANY}\.{OR_ANY}", "waiver.SERIES|*.LEVEL|*", _waiver),
)
