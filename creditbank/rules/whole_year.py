"""Deeming a year done (视同完成): one item stands for all that a year asks for, or for its share.

Each subject gets its minimum, hours of the subjects below it among them; what the total asks for
beyond that goes to the subject that the rule names. What the person earned that year besides
changes nothing. A period is split at New Year, and each year weighed by itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from creditbank.errors import CreditBankError
from creditbank.hours import whole_centihours
from creditbank.rules.amounts import part
from creditbank.rules.conversion_rules import Gives, Period, WholeYear
from creditbank.rules.days import Days
from creditbank.rules.kinds import subject_contains
from creditbank.rules.minima import Minimum, minima_of
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.trace import Fact, Step, Steps, rule_missing
from creditbank.rules.windows import MONTHS
from creditbank.rules.worth import year_of

_DAY = timedelta(days=1)


class PeriodYearError(CreditBankError):
    """A period belongs to the years of its days, and was declared to make up another."""

    code = "period-makes-up-none"
    status = 422


@dataclass(frozen=True, slots=True)
class Deemed:
    """What a year asks for, as (subject, centihours) above zero, and how that came about.

    `days` are those that the hours stand for, None where it is the year as such.
    """

    hours: tuple[tuple[str, int], ...]
    credited_year: int
    #: the value by which the year is another than that of the day, or the same
    dated: Value | None
    steps: Steps
    days: Days | None = None


def deem(fact: Fact, amount: WholeYear, value: Value, chain: PackChain) -> Deemed:
    """Return what the year to which a fact belongs asks for, by the amounts of its last day.

    Raises:
        RuleMissingError: the chain knows no amount of that year, or nothing lets the fact make up
            the year that it names.
    """
    year, dated, made_up = year_of(fact, amount.rest, chain)
    hours, minima = _asked(year, fact, amount, value, chain)
    whole = Step("rules-step-whole-year", {"year": year}, value)
    return Deemed(hours, year, dated, (whole, *minima, *made_up))


def deem_period(
    fact: Fact, first_day: date, amount: WholeYear, value: Value, chain: PackChain
) -> Iterator[Deemed]:
    """Yield for each calendar year of a period, through the fact's day, what it stands for there.

    Raises:
        RuleMissingError: the chain knows no amount of one of these years.
        PeriodYearError: it is meant to make up a year.
    """
    period = amount.period
    assert period is not None, "only a rule of periods asks for one"
    if fact.make_up_year is not None:
        raise PeriodYearError(found=fact.make_up_year, activity=fact.activity, key=value.key)
    for year in range(first_day.year, fact.day.year + 1):
        within = Days(max(first_day, date(year, 1, 1)), min(fact.day, date(year, 12, 31)))
        lasted = Step("rules-step-period", _told(year, within), value)
        if within.length < period.days_min:
            facts: dict[str, str | int] = {"year": year, "days_min": period.days_min}
            short = Step("rules-step-period-short", facts, value)
            yield Deemed((), year, None, (lasted, short))
        else:
            asked, minima = _asked(year, fact, amount, value, chain)
            days, count, of, code = _share(within, period)
            shares = [(at, whole_centihours(part(hours, count, of))) for at, hours in asked]
            share = Step(code, {"year": year, "count": count, "of": of}, value)
            kept = tuple(each for each in shares if each[1])
            yield Deemed(kept, year, None, (lasted, *minima, share), days)


def _told(year: int, within: Days) -> dict[str, str | int]:
    first, last = within
    days = {"first_day": first.isoformat(), "last_day": last.isoformat()}
    return {"year": year, **days, "days": within.length}


def _share(within: Days, period: Period) -> tuple[Days, int, int, str]:
    """Return the days that count, the share of the year that they are, and the step for it."""
    year = within.first.year
    whole = Days(date(year, 1, 1), date(year, 12, 31))
    if period.gives is Gives.WHOLE_YEAR:
        return whole, 1, 1, "rules-step-whole-year"
    if period.gives is Gives.BY_DAYS:
        return within, within.length, whole.length, "rules-step-period-days"
    days = _whole_months(within)
    months = days.last.month - days.first.month + 1 if days.length else 0
    return days, months, MONTHS, "rules-step-period-months"


def _whole_months(within: Days) -> Days:
    """Leave out days of months that are not whole."""
    first, last = within
    if first.day > 1:
        first = (first.replace(day=28) + 4 * _DAY).replace(day=1)
    if (last + _DAY).day > 1:
        last = last.replace(day=1) - _DAY
    return Days(first, last)


def _asked(
    year: int, fact: Fact, amount: WholeYear, value: Value, chain: PackChain
) -> tuple[tuple[tuple[str, int], ...], Steps]:
    """Return what a whole year asks for by subject, and each minimum that says so."""
    minima = minima_of(year, chain)
    if not minima:
        raise rule_missing("yearly_minimum.total", fact, chain)
    steps = []
    for each in minima:
        code = "rules-step-minimum" if each.subject else "rules-step-minimum-total"
        facts: dict[str, str | int] = {
            "subject": each.subject or amount.rest,
            "minimum_centihours": each.centihours,
        }
        steps.append(Step(code, facts, each.value))
    return _hours(minima, amount.rest), tuple(steps)


def _hours(minima: Iterable[Minimum], rest: str) -> tuple[tuple[str, int], ...]:
    given: dict[str, int] = {}
    # The deepest first: what they are given counts above them; the total is above all.
    for minimum in sorted(minima, key=lambda each: -_depth(each.subject)):
        there = sum(
            hours for subject, hours in given.items() if subject_contains(minimum.subject, subject)
        )
        lacking, subject = minimum.centihours - there, minimum.subject or rest
        if lacking > 0:
            given[subject] = given.get(subject, 0) + lacking
    return tuple(sorted(given.items()))


def _depth(subject: str) -> int:
    return len(subject.split(".")) if subject else 0
