"""Make-up study (补学): until when years that are over may still be filled."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from creditbank.rules.hour_rules import MakeUp
from creditbank.rules.kinds import subject_contains
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.shortfall import RequirementLine

_KIND = "make_up"


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


def chances_of(
    lines: Iterable[RequirementLine], day: date, chain: PackChain
) -> tuple[MakeUpChance, ...]:
    """Return each short year that a rule in force on a day lets be made up, with each such rule."""
    short = [line for line in lines if not line.met]
    found: dict[tuple[int, str], MakeUpChance] = {}
    for value in chain.values_on(_KIND, day):
        rule = _rule(value)
        for line in short:
            for year in range(line.first_year, line.last_year + 1):
                if rule.reaches(day, year) and _helps(rule, line.subject):
                    found[year, value.key] = MakeUpChance(year, _last_day(year, rule, value), value)
    return tuple(found[place] for place in sorted(found))


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
