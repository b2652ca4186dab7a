"""The typed parameters of the pack language: what a rule key may be called and what it may hold.

A new kind of rule is one dataclass, one reader and one row of `KINDS`; no place, series or notice
is ever named here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditbank.rules.fields import SUBJECT, WORD, Fields

#: In a key: any series, any level, any form.
ANY = "*"
#: In `yearly_minimum.total`: hours of every subject together.
TOTAL = "total"
_CAP_ORDER_MAX = 999
_YEARS_MAX = 50
_SINCE_MIN, _SINCE_MAX = 1990, 2200
_MINUTES_MAX = 24 * 60
#: A year with a 29 February would give a boundary that other years lack.
_COMMON_YEAR = 2001


@dataclass(frozen=True, slots=True)
class Recognition:
    """`recognise.<activity>`: whether it counts, in which forms and releases (empty: in any)."""

    recognised: bool
    forms: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()

    def covers(self, form: str, release: str) -> bool:
        """Tell whether an activity of this form and release counts."""
        return (
            self.recognised
            and (not self.forms or form in self.forms)
            and (not self.releases or release in self.releases)
        )


@dataclass(frozen=True, slots=True)
class PerDay:
    """`conversion.…`, kind per_day: so much for a full day; `part_day` says what less counts."""

    centihours_per_day: int


@dataclass(frozen=True, slots=True)
class PerMinutes:
    """`conversion.…`, kind per_minutes: so many minutes attended make one 学时."""

    minutes_per_hour: int


class PartDay(StrEnum):
    """`part_day.…`: what less than a full day attended in full counts."""

    PRO_RATA = "pro_rata"
    FULL_ONLY = "full_only"


@dataclass(frozen=True, slots=True)
class CreditedYear:
    """`credited_year.…`: the year of the day, or the year before up to and with a month and day."""

    previous_year_through: tuple[int, int] | None

    def year_of(self, day: date) -> int:
        """Return the year to which hours of this day are credited."""
        through = self.previous_year_through
        belongs_to_previous = through is not None and (day.month, day.day) <= through
        return day.year - 1 if belongs_to_previous else day.year


class CapPeriod(StrEnum):
    """Over what a cap adds up: one civil day, or one credited year."""

    DAY = "day"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Cap:
    """`cap.<name>`: the most that a day or a year counts; empty activities and subject mean all."""

    per: CapPeriod
    centihours: int
    order: int
    activities: tuple[str, ...]
    subject: str

    def covers(self, activity: str, subject: str) -> bool:
        """Tell whether hours of this activity and subject fall under the cap."""
        in_activities = not self.activities or activity in self.activities
        return in_activities and subject_contains(self.subject, subject)


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


ConversionRule = PerDay | PerMinutes
RequirementRule = EveryYear | SumOfYearly | WindowTotal | SinceYear | NotRequired
Parameter = (
    Recognition
    | ConversionRule
    | PartDay
    | CreditedYear
    | Cap
    | YearlyMinimum
    | RequirementRule
    | Waiver
)


def subject_contains(outer: str, inner: str) -> bool:
    """Tell whether `outer` is `inner` or lies above it; the empty path lies above all."""
    return not outer or inner == outer or inner.startswith(f"{outer}.")


def read_parameter(fields: Fields, key: str) -> Parameter:
    """Read the `value` of one rule as its key demands.

    Raises:
        PackInvalidError: the key names no kind of rule, or the value is not of that kind.
    """
    for kind in KINDS:
        if re.fullmatch(kind.pattern, key):
            return kind.read(fields)
    raise fields.refuse("key", expected=" | ".join(kind.example for kind in KINDS))


def _recognition(fields: Fields) -> Recognition:
    value = fields.raw("value", expected="true | false | { forms, releases }")
    if isinstance(value, bool):
        return Recognition(value)
    table = fields.inner("value")
    recognition = Recognition(
        True, forms=_words(table, "forms"), releases=_words(table, "releases")
    )
    table.finish()
    return recognition


class _ConversionKind(StrEnum):
    PER_DAY = "per_day"
    PER_MINUTES = "per_minutes"


def _per_day(table: Fields) -> ConversionRule:
    return PerDay(table.centihours("hours_per_day"))


def _per_minutes(table: Fields) -> ConversionRule:
    return PerMinutes(table.integer("minutes_per_hour", least=1, most=_MINUTES_MAX))


_CONVERSIONS: Mapping[_ConversionKind, Callable[[Fields], ConversionRule]] = {
    _ConversionKind.PER_DAY: _per_day,
    _ConversionKind.PER_MINUTES: _per_minutes,
}


def _conversion(fields: Fields) -> ConversionRule:
    table = fields.inner("value")
    rule = _CONVERSIONS[table.choice("kind", _ConversionKind)](table)
    table.finish()
    return rule


def _part_day(fields: Fields) -> PartDay:
    return fields.choice("value", PartDay)


def _credited_year(fields: Fields) -> CreditedYear:
    value = fields.raw("value", expected='"same_year" | { previous_year_through }')
    if value == "same_year":
        return CreditedYear(None)
    table = fields.inner("value")
    text = table.text("previous_year_through", pattern="[0-9]{2}-[0-9]{2}", example='"04-30"')
    month, day = int(text[:2]), int(text[3:])
    try:
        date(_COMMON_YEAR, month, day)
    except ValueError as error:
        raise table.refuse("previous_year_through", expected='"04-30"') from error
    table.finish()
    return CreditedYear((month, day))


def _cap(fields: Fields) -> Cap:
    table = fields.inner("value")
    cap = Cap(
        per=table.choice("per", CapPeriod),
        centihours=table.centihours("hours"),
        order=table.integer("order", least=1, most=_CAP_ORDER_MAX),
        activities=_words(table, "activities"),
        subject=table.text("subject", pattern=SUBJECT) if table.has("subject") else "",
    )
    table.finish()
    return cap


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


def _words(table: Fields, key: str) -> tuple[str, ...]:
    return table.words(key) if table.has(key) else ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rule: the form of its key, an example of it, and how its value is read."""

    pattern: str
    example: str
    read: Callable[[Fields], Parameter]


_OR_ANY = rf"(?:{WORD}|\*)"

KINDS: tuple[Kind, ...] = (
    Kind(rf"recognise\.{WORD}", "recognise.ACTIVITY", _recognition),
    Kind(
        rf"conversion\.{WORD}(?:\.{WORD}|\.{_OR_ANY}\.{WORD})?",
        "conversion.ACTIVITY[.FORM|*[.RELEASE]]",
        _conversion,
    ),
    Kind(rf"part_day(?:\.{WORD})?", "part_day[.ACTIVITY]", _part_day),
    Kind(rf"credited_year(?:\.{WORD})?", "credited_year[.ACTIVITY]", _credited_year),
    Kind(rf"cap\.{WORD}", "cap.NAME", _cap),
    Kind(rf"yearly_minimum\.{SUBJECT}", "yearly_minimum.total|SUBJECT", _yearly_minimum),
    Kind(rf"requirement\.{_OR_ANY}\.{_OR_ANY}", "requirement.SERIES|*.LEVEL|*", _requirement),
    Kind(rf"waiver\.{_OR_ANY}\.{_OR_ANY}", "waiver.SERIES|*.LEVEL|*", _waiver),
)
