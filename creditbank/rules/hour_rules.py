"""The rules that turn facts into hours: what counts, how much, in which year, and caps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditbank.rules.fields import SUBJECT, WORD, Fields
from creditbank.rules.kinds import OR_ANY, Kind, optional_words, subject_contains

_CAP_ORDER_MAX = 999

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


ConversionRule = PerDay | PerMinutes


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


def _recognition(fields: Fields) -> Recognition:
    value = fields.raw("value", expected="true | false | { forms, releases }")
    if isinstance(value, bool):
        return Recognition(value)
    table = fields.inner("value")
    recognition = Recognition(
        True, forms=optional_words(table, "forms"), releases=optional_words(table, "releases")
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
        activities=optional_words(table, "activities"),
        subject=table.text("subject", pattern=SUBJECT) if table.has("subject") else "",
    )
    table.finish()
    return cap


HourRule = Recognition | ConversionRule | PartDay | CreditedYear | Cap

HOUR_KINDS: tuple[Kind[HourRule], ...] = (
    Kind(rf"recognise\.{WORD}", "recognise.ACTIVITY", _recognition),
    Kind(
        rf"conversion\.{WORD}(?:\.{WORD}|\.{OR_ANY}\.{WORD})?",
        "conversion.ACTIVITY[.FORM|*[.RELEASE]]",
        _conversion,
    ),
    Kind(rf"part_day(?:\.{WORD})?", "part_day[.ACTIVITY]", _part_day),
    Kind(rf"credited_year(?:\.{WORD})?", "credited_year[.ACTIVITY]", _credited_year),
    Kind(rf"cap\.{WORD}", "cap.NAME", _cap),
)
