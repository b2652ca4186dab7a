"""The rules that turn facts into hours: what counts, how much, in which year, and caps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from creditbank.rules.conditions import Condition, read_condition
from creditbank.rules.conversion_rules import ConversionRule, read_conversion
from creditbank.rules.fields import SCHEME, SUBJECT, WORD, Fields
from creditbank.rules.kinds import OR_ANY, Kind, optional_words, subject_contains

_CAP_ORDER_MAX = 999
_CAP_ITEMS_MAX = 999
_DAYS_MAX = 3_660
_YEARS_MAX = 50
_MONTHS = 12
_PERCENT_MAX = 100

#: A year with a 29 February would give a boundary that other years lack.
_COMMON_YEAR = 2001


@dataclass(frozen=True, slots=True)
class Recognition:
    """`recognise.<activity>`: whether it counts, in which forms and releases (empty: in any), and
    for which ranks and traits."""

    recognised: bool
    forms: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    condition: Condition = field(default_factory=Condition)


class PartDay(StrEnum):
    """`part_day.…`: what less than a full day, or less than all of a session, counts."""

    PRO_RATA = "pro_rata"
    FULL_ONLY = "full_only"


@dataclass(frozen=True, slots=True)
class FullFrom:
    """`part_day.…`: from so many percent of the planned minutes on, a session counts as planned;
    `below` says what less counts."""

    percent: int
    below: PartDay


@dataclass(frozen=True, slots=True)
class CreditedYear:
    """`credited_year.…`: the year of the day, or the year before up to and with a month and day."""

    previous_year_through: tuple[int, int] | None

    def year_of(self, day: date) -> int:
        """Return the year to which hours of this day are credited."""
        through = self.previous_year_through
        belongs_to_previous = through is not None and (day.month, day.day) <= through
        return day.year - 1 if belongs_to_previous else day.year


@dataclass(frozen=True, slots=True)
class MakeUp:
    """`make_up.<name>`: so many years before its own day's year to which a fact may be credited;
    empty activities and subjects mean all."""

    years: int
    activities: tuple[str, ...]
    subjects: tuple[str, ...]

    def reaches(self, day: date, year: int) -> bool:
        """Tell whether a fact of this day may make up that year."""
        return day.year - self.years <= year < day.year

    def covers(self, activity: str, subject: str) -> bool:
        """Tell whether hours of this activity and subject may make up a year."""
        in_subjects = any(subject_contains(outer, subject) for outer in self.subjects)
        return (not self.activities or activity in self.activities) and (
            not self.subjects or in_subjects
        )


@dataclass(frozen=True, slots=True)
class DeclareException:
    """For an item that ended in this month: a month and day of the next year to declare it by."""

    ended_in: int
    until: tuple[int, int]


@dataclass(frozen=True, slots=True)
class DeclareBy:
    """`declare_by.…`: how many days after its day an item may still be declared."""

    days: int
    exceptions: tuple[DeclareException, ...]

    def last_day(self, day: date) -> date:
        """Return the last day on which an item of this day is declared in time."""
        for exception in self.exceptions:
            if exception.ended_in == day.month:
                return date(day.year + 1, *exception.until)
        return day + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class PostBy:
    """`post_by.…`: how many days after its session attendance may still be posted, or until which
    month and day of the next year; one of the two."""

    days: int | None
    next_year_until: tuple[int, int] | None

    def last_day(self, day: date) -> date:
        """Return the last day on which attendance of a session is posted in time."""
        if self.next_year_until is not None:
            return date(day.year + 1, *self.next_year_until)
        return day + timedelta(days=self.days or 0)


class CapPeriod(StrEnum):
    """Over what a cap adds up: one civil day, one filing or declared item, or one credited year."""

    DAY = "day"
    ACTIVITY = "activity"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Cap:
    """`cap.<name>`: the most that a day, an activity or a year counts; empty activities, forms and
    subject mean all."""

    per: CapPeriod
    centihours: int
    order: int
    activities: tuple[str, ...]
    subject: str
    forms: tuple[str, ...] = ()

    def covers(self, activity: str, form: str, subject: str) -> bool:
        """Tell whether hours of this activity, form and subject fall under the cap."""
        return _covers(self, activity, form, subject)


@dataclass(frozen=True, slots=True)
class ItemsCap:
    """`cap.<name>` by number: how many filings and declared items count in a credited year; empty
    activities, forms and subject mean all."""

    items: int
    order: int
    activities: tuple[str, ...]
    subject: str
    forms: tuple[str, ...] = ()

    def covers(self, activity: str, form: str, subject: str) -> bool:
        """Tell whether hours of this activity, form and subject fall under the cap."""
        return _covers(self, activity, form, subject)


def _covers(cap: Cap | ItemsCap, activity: str, form: str, subject: str) -> bool:
    return (
        (not cap.activities or activity in cap.activities)
        and (not cap.forms or form in cap.forms)
        and subject_contains(cap.subject, subject)
    )


@dataclass(frozen=True, slots=True)
class OncePerWork:
    """`once_per_work`: the clause by which one work counts once, at its highest value."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """`transfer.<scheme>`: in which subjects, for which activities (empty: all) and to what part
    hours of another scheme are recognised.

    `subjects` is the other scheme's subject path → the own one; empty: the same.
    """

    subjects: Mapping[str, str]
    percent: int
    activities: tuple[str, ...]

    def subject_of(self, subject: str) -> str | None:
        """Return the own subject for one of the other scheme, None if there is none.

        The narrowest that is named at or above it decides; what lies below the own one stays.
        """
        if not self.subjects:
            return subject
        above = [named for named in self.subjects if subject_contains(named, subject)]
        if not above:
            return None
        own = self.subjects[max(above, key=len)]
        return subject if subject_contains(own, subject) else own


def _recognition(fields: Fields) -> Recognition:
    expected = "true | false | { forms, releases, ranks, traits }"
    value = fields.raw("value", expected=expected)
    if isinstance(value, bool):
        return Recognition(value)
    table = fields.inner("value")
    recognition = Recognition(
        True,
        forms=optional_words(table, "forms"),
        releases=optional_words(table, "releases"),
        condition=read_condition(table, "traits"),
    )
    table.finish()
    return recognition


def _part_day(fields: Fields) -> PartDay | FullFrom:
    expected = " | ".join([*PartDay, "{ full_from_percent = 80, below = … }"])
    if not isinstance(fields.raw("value", expected=expected), dict):
        return fields.choice("value", PartDay)
    table = fields.inner("value")
    rule = FullFrom(
        table.integer("full_from_percent", least=1, most=_PERCENT_MAX),
        table.choice("below", PartDay),
    )
    table.finish()
    return rule


def _credited_year(fields: Fields) -> CreditedYear:
    value = fields.raw("value", expected='"same_year" | { previous_year_through }')
    if value == "same_year":
        return CreditedYear(None)
    table = fields.inner("value")
    through = month_day(table, "previous_year_through")
    table.finish()
    return CreditedYear(through)


def _make_up(fields: Fields) -> MakeUp:
    table = fields.inner("value")
    make_up = MakeUp(
        years=table.integer("years", least=1, most=_YEARS_MAX),
        activities=optional_words(table, "activities"),
        subjects=table.words("subjects", pattern=SUBJECT) if table.has("subjects") else (),
    )
    table.finish()
    return make_up


def _declare_by(fields: Fields) -> DeclareBy:
    table = fields.inner("value")
    days = table.integer("days", least=0, most=_DAYS_MAX)
    exceptions: dict[int, DeclareException] = {}
    if table.has("exceptions"):
        example = '{ ended_in = 12, until = "03-31" }'
        for row in table.tables("exceptions", example=example):
            month = row.integer("ended_in", least=1, most=_MONTHS)
            if month in exceptions:
                raise row.refuse("ended_in", expected=f"≠ {month}")
            exceptions[month] = DeclareException(month, month_day(row, "until"))
            row.finish()
    table.finish()
    return DeclareBy(days, tuple(exceptions.values()))


def _post_by(fields: Fields) -> PostBy:
    table = fields.inner("value")
    post_by = (
        PostBy(None, month_day(table, "next_year_until"))
        if table.has("next_year_until")
        else PostBy(table.integer("days", least=0, most=_DAYS_MAX), None)
    )
    table.finish()
    return post_by


def month_day(table: Fields, key: str) -> tuple[int, int]:
    """Read a month and a day that every year has, such as `"04-30"`."""
    text = table.text(key, pattern="[0-9]{2}-[0-9]{2}", example='"04-30"')
    month, day = int(text[:2]), int(text[3:])
    try:
        date(_COMMON_YEAR, month, day)
    except ValueError as error:
        raise table.refuse(key, expected='"04-30"') from error
    return month, day


def _cap(fields: Fields) -> Cap | ItemsCap:
    table = fields.inner("value")
    per = table.choice("per", CapPeriod)
    order = table.integer("order", least=1, most=_CAP_ORDER_MAX)
    activities = optional_words(table, "activities")
    subject = table.text("subject", pattern=SUBJECT) if table.has("subject") else ""
    forms = optional_words(table, "forms")
    cap: Cap | ItemsCap
    if table.has("items"):
        if per is not CapPeriod.YEAR:
            raise table.refuse("per", expected=CapPeriod.YEAR)
        items = table.integer("items", least=1, most=_CAP_ITEMS_MAX)
        cap = ItemsCap(items, order, activities, subject, forms)
    else:
        cap = Cap(per, table.centihours("hours"), order, activities, subject, forms)
    table.finish()
    return cap


def _once_per_work(fields: Fields) -> OncePerWork:
    fields.text("value", pattern="highest", example='"highest"')
    return OncePerWork()


def _transfer(fields: Fields) -> Transfer:
    table = fields.inner("value")
    transfer = Transfer(
        subjects=_subject_pairs(table),
        percent=table.integer("percent", least=1, most=_PERCENT_MAX),
        activities=optional_words(table, "activities"),
    )
    table.finish()
    return transfer


def _subject_pairs(table: Fields) -> Mapping[str, str]:
    example = '"same" | { "public.general" = "public" }'
    if table.raw("subjects", expected=example) == "same":
        return {}
    pairs = table.inner("subjects")
    if not pairs.table:
        raise table.refuse("subjects", expected=example)
    for subject in pairs.table:
        if re.fullmatch(SUBJECT, subject) is None:
            raise pairs.refuse(subject, expected=example)
    return {
        subject: pairs.text(subject, pattern=SUBJECT, example=example) for subject in pairs.table
    }


HourRule = (
    Recognition
    | ConversionRule
    | PartDay
    | FullFrom
    | CreditedYear
    | MakeUp
    | DeclareBy
    | PostBy
    | Cap
    | ItemsCap
    | OncePerWork
    | Transfer
)

HOUR_KINDS: tuple[Kind[HourRule], ...] = (
    Kind(rf"recognise\.{WORD}", "recognise.ACTIVITY", _recognition),
    Kind(
        rf"conversion\.{WORD}(?:\.{WORD}|\.{OR_ANY}\.{WORD})?",
        "conversion.ACTIVITY[.FORM|*[.RELEASE]]",
        read_conversion,
    ),
    Kind(rf"part_day(?:\.{WORD})?", "part_day[.ACTIVITY]", _part_day),
    Kind(rf"credited_year(?:\.{WORD})?", "credited_year[.ACTIVITY]", _credited_year),
    Kind(rf"make_up\.{WORD}", "make_up.NAME", _make_up),
    Kind(rf"declare_by(?:\.{WORD})?", "declare_by[.ACTIVITY]", _declare_by),
    Kind(rf"post_by(?:\.{WORD})?", "post_by[.ACTIVITY]", _post_by),
    Kind(rf"cap\.{WORD}", "cap.NAME", _cap),
    Kind("once_per_work", "once_per_work", _once_per_work),
    Kind(rf"transfer\.(?:{SCHEME}|\*)", "transfer.SCHEME|*", _transfer),
)
