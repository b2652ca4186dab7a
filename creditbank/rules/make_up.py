"""Make-up study (补学): until when years that are over may still be filled."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from creditbank.rules.hour_rules import MakeUp
from creditbank.rules.kinds import subject_contains
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.shortfall import RequirementLine

MAKE_UP_KEY = "make_up"


@dataclass(frozen=True, slots=True)
class MakeUpChance:
    """A year that is short and may be made up through a last day, by the rule that lets it."""

    year: int
    last_day: date
    value: Value

    @property
    def activities(self) -> tuple[str, ...]:
        """The activities by which alone it may be; empty: by any."""
        return _rule(self.value).activities


@dataclass(frozen=True, slots=True)
class MakeUpWindow:
    """The first and the last day on which study may make up a year, by the rule that lets it."""

    first_day: date
    last_day: date
    value: Value

    def __str__(self) -> str:
        return f"{self.first_day} – {self.last_day}"


def windows_of(
    activity: str, subject: str, year: int, chain: PackChain
) -> tuple[MakeUpWindow, ...]:
    """Return when study of an activity may make up a year, by each rule that ever lets it."""
    found = []
    for value in _values(chain):
        rule = _rule(value)
        first, last = max(value.from_, date(year + 1, 1, 1)), _last_day(year, rule, value)
        fits = rule.covers(activity, subject) and first <= last
        if fits and chain.value_on(value.key, first) == value:
            found.append(MakeUpWindow(first, last, value))
    return tuple(sorted(found, key=lambda each: (each.first_day, each.value.key)))


def years_to_make_up(activity: str, day: date, chain: PackChain) -> tuple[int, ...]:
    """Return the earlier years that study of an activity on a day may be meant to make up."""
    years: set[int] = set()
    for key in chain.keys(MAKE_UP_KEY):
        value = chain.value_on(key, day)
        if value is not None:
            rule = _rule(value)
            if not rule.activities or activity in rule.activities:
                years |= set(range(day.year - rule.years, day.year))
    return tuple(sorted(years))


def chances_of(
    lines: Iterable[RequirementLine], day: date, chain: PackChain
) -> tuple[MakeUpChance, ...]:
    """Return each short year that a rule in force on a day lets be made up, with each such rule."""
    short = [line for line in lines if not line.met]
    found: dict[tuple[int, str], MakeUpChance] = {}
    for value in chain.values_on(MAKE_UP_KEY, day):
        rule = _rule(value)
        for line in short:
            for year in range(line.first_year, line.last_year + 1):
                if rule.reaches(day, year) and _helps(rule, line.subject):
                    found[year, value.key] = MakeUpChance(year, _last_day(year, rule, value), value)
    return tuple(found[place] for place in sorted(found))


def _values(chain: PackChain) -> Iterable[Value]:
    keys = chain.keys(MAKE_UP_KEY)
    return (v for key in keys for pack in chain.packs for v in pack.values.get(key, ()))


def _rule(value: Value) -> MakeUp:
    assert isinstance(value.value, MakeUp), "the loader types make_up.*"
    return value.value


def _helps(rule: MakeUp, subject: str) -> bool:
    """Tell whether hours that the rule lets be made up can count in a subject."""
    return not rule.subjects or any(
        subject_contains(subject, each) or subject_contains(each, subject) for each in rule.subjects
    )


def _last_day(year: int, rule: MakeUp, value: Value) -> date:
    """Return the last day that is not too late, whether the rule or its reach ends first."""
    reach = date(year + rule.years, 12, 31)
    return reach if value.until is None else min(reach, value.until - timedelta(days=1))
