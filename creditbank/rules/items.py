"""Converting a declared item (a work, an achievement, study, service) into hours, once, by the
rules of the day on which it was finished.

The promise is that of `conversion`: the same item and chain always give the same centihours, more
of a measure never gives fewer, and what a rule asks and nobody states is named, never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from creditbank.errors import CreditBankError
from creditbank.hours import CENTIHOURS_PER_HOUR
from creditbank.rules.amounts import Base, measured, part, per_unit
from creditbank.rules.conversion_rules import (
    Amount,
    AsApproved,
    Banded,
    ByRank,
    Fixed,
    PerDay,
    PerHalfDay,
    Period,
    PerItem,
    PerMinutes,
    PerUnit,
    Spread,
    SpreadHow,
    WholeYear,
)
from creditbank.rules.days import Days
from creditbank.rules.hour_rules import DeclareBy
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.trace import (
    RuleMissingError,
    Step,
    Steps,
    fact_missing,
    rule_missing,
    values_of,
)
from creditbank.rules.whole_year import Deemed, deem, deem_period
from creditbank.rules.worth import Worth, conversion_value, recognised, worth_of

#: Items have no release: they were not attended.
_NO_RELEASE = ""


class DeclaredLateError(CreditBankError):
    """An item was declared after the last day that the rules give; facts: that `last_day`."""

    code = "declared-late"
    status = 422


class SpreadRefusedError(CreditBankError):
    """An item is to be spread over more years than the rules allow; `wanted` is how many do."""

    code = "spread-refused"
    status = 422


@dataclass(frozen=True, slots=True)
class ItemFact:
    """What was declared: one person's work, achievement, study or service.

    `form` is "" if there is none. `day` is the one on which it was finished: published, granted,
    passed, ended. `measures` count what the rules ask for (days, characters, subjects, items …),
    `traits` are what else is stated (role = chief_editor), `rank` is the place among the authors, 1
    the first. `approved_centihours` are those with which it was approved, where the rules leave
    them to that; `spread_years` is over how many years it is to be credited. What lasted from a
    `first_day` through `day` is a period.
    """

    activity: str
    form: str
    subject: str
    day: date
    declared_on: date
    measures: Mapping[str, int] = field(default_factory=dict)
    traits: Mapping[str, str] = field(default_factory=dict)
    rank: int | None = None
    approved_centihours: int | None = None
    make_up_year: int | None = None
    spread_years: int = 1
    first_day: date | None = None

    def __post_init__(self) -> None:
        assert self.first_day is None or self.first_day <= self.day, "intake refuses less than none"
        assert self.declared_on >= self.day, "what is not finished is not declared"
        assert all(count >= 0 for count in self.measures.values()), "intake refuses less than none"
        assert self.rank is None or self.rank > 0, "the first author is 1"
        assert self.spread_years > 0, "hours belong to a year at least"


@dataclass(frozen=True, slots=True)
class ItemPart:
    """The hours of an item that one year is credited with in one subject.

    Those of a period stand for `days` of that year, which no other period's hours stand for too.
    """

    centihours: int
    credited_year: int
    subject: str
    days: Days | None = None

    def earned_on(self, day: date) -> date:
        """Return the civil day of these hours: that of the item, of a period its last that year."""
        return day if self.days is None else min(day, date(self.credited_year, 12, 31))


@dataclass(frozen=True, slots=True)
class ItemConversion:
    """The hours that an item is worth, part by part, and how they came about.

    There is always a first part; a later one may be of no hours where there is little to spread.
    Parts are of several subjects only where years are `deemed` done; then `subject` is that of the
    rest.
    """

    parts: tuple[ItemPart, ...]
    subject: str
    deemed: bool
    steps: tuple[Step, ...]
    values: tuple[Value, ...]

    @property
    def centihours(self) -> int:
        """Hours of all its parts."""
        return sum(part.centihours for part in self.parts)


def convert_item(fact: ItemFact, chain: PackChain) -> ItemConversion:
    """Convert one declared item.

    Raises:
        NotRecognisedError: it does not count, or not in this form, rank or trait.
        DeclaredLateError: it was declared after the last day.
        RuleMissingError: it counts, but the chain does not say how much.
        FactMissingError: a rule asks for something that the item does not state.
        SpreadRefusedError: it is to be spread over more years than the rule allows.
        PeriodYearError: it is a period, and is to make up another year.
    """
    counts = recognised(fact, _NO_RELEASE, chain)
    code = "rules-step-item-recognised-form" if fact.form else "rules-step-item-recognised"
    facts = {"activity": fact.activity, "form": fact.form, "day": fact.day.isoformat()}
    in_time = _in_time(fact, chain)
    value, rule = conversion_value(fact, _NO_RELEASE, chain)
    years, spread = _years(fact, rule.spread, value, chain)
    if isinstance(rule.amount, WholeYear):
        years_done = _years_done(fact, rule.amount, value, chain)
        subject, dated = rule.amount.rest, years_done[0].dated
        how = tuple(step for each in years_done for step in each.steps)
        parts = tuple(part for each in years_done for part in _deemed_parts(each, subject))
    else:
        worth = worth_of(_base(fact, rule.amount, value, chain), value, rule, fact, chain)
        subject, dated, how = worth.subject, worth.dated, (*worth.steps, *spread)
        parts = _parts(worth, years)
    steps = (Step(code, facts, counts), *in_time, *how, *_results(parts, dated))
    return ItemConversion(
        parts, subject, isinstance(rule.amount, WholeYear), steps, values_of(steps)
    )


def period_rule(fact: ItemFact, chain: PackChain) -> Period | None:
    """Return how the days of an item are counted; None where it is no period to the rules."""
    if fact.first_day is None:
        return None
    try:
        _, rule = conversion_value(fact, _NO_RELEASE, chain)
    except RuleMissingError:
        return None
    return rule.amount.period if isinstance(rule.amount, WholeYear) else None


def _years_done(
    fact: ItemFact, amount: WholeYear, value: Value, chain: PackChain
) -> tuple[Deemed, ...]:
    if amount.period is None:
        return (deem(fact, amount, value, chain),)
    if fact.first_day is None:
        raise fact_missing("first_day", value, fact, chain)
    return tuple(deem_period(fact, fact.first_day, amount, value, chain))


def _deemed_parts(deemed: Deemed, rest: str) -> tuple[ItemPart, ...]:
    """Return the hours of one year; a year that gets none has its part too, and its place."""
    year, days = deemed.credited_year, deemed.days
    parts = tuple(ItemPart(each, year, at, days) for at, each in deemed.hours)
    return parts or (ItemPart(0, year, rest),)


def _in_time(fact: ItemFact, chain: PackChain) -> Steps:
    """Tell by which day it had to be declared; nothing where the rules give no such day."""
    value = chain.first_on((f"declare_by.{fact.activity}", "declare_by"), fact.day)
    if value is None:
        return ()
    assert isinstance(value.value, DeclareBy), "the loader types declare_by"
    last_day = value.value.last_day(fact.day).isoformat()
    facts = {"declared_on": fact.declared_on.isoformat(), "last_day": last_day}
    if facts["declared_on"] > last_day:
        raise DeclaredLateError(
            **facts, activity=fact.activity, day=fact.day.isoformat(), key=value.key,
            scheme=chain.scheme,
        )  # fmt: skip
    return (Step("rules-step-declared", facts, value),)


def _base(fact: ItemFact, amount: Amount, value: Value, chain: PackChain) -> Base:
    if isinstance(amount, Fixed):
        facts = {"fixed_centihours": amount.centihours}
        return Base(amount.centihours, (Step("rules-step-fixed", facts, value),))
    if isinstance(amount, AsApproved):
        approved = fact.approved_centihours
        if approved is None:
            raise fact_missing("approved_centihours", value, fact, chain)
        step = Step("rules-step-as-approved", {"approved_centihours": approved}, value)
        return Base(approved, (step,))
    if isinstance(amount, PerMinutes):
        minutes = _count(fact, "minutes", value, chain)
        facts = {"count": minutes, "minutes_per_hour": amount.minutes_per_hour}
        exact = part(minutes * CENTIHOURS_PER_HOUR, 1, amount.minutes_per_hour)
        return Base(exact, (Step("rules-step-item-minutes", facts, value),))
    if isinstance(amount, ByRank):
        return _by_rank(fact, amount, value, chain)
    if isinstance(amount, PerUnit | Banded):
        return measured(amount, _count(fact, amount.measure, value, chain), value)
    assert not isinstance(amount, WholeYear), "a whole year has no base"
    unit = _each(amount)
    return per_unit(unit, _count(fact, unit.measure, value, chain), value)


def _each(amount: PerDay | PerHalfDay | PerItem) -> PerUnit:
    """Return the amount of one day, half-day or item as one of a measure."""
    if isinstance(amount, PerDay):
        return PerUnit("days", 1, amount.centihours_per_day, whole=False)
    if isinstance(amount, PerHalfDay):
        return PerUnit("half_days", 1, amount.centihours_per_half_day, whole=False)
    return PerUnit("items", 1, amount.centihours, whole=False)


def _by_rank(fact: ItemFact, amount: ByRank, value: Value, chain: PackChain) -> Base:
    if fact.rank is None:
        raise fact_missing("rank", value, fact, chain)
    if fact.rank > len(amount.centihours):
        raise rule_missing(value.key, fact, chain)
    centihours = amount.centihours[fact.rank - 1]
    facts: dict[str, str | int] = {"rank": fact.rank, "rank_centihours": centihours}
    if not amount.measure:
        return Base(centihours, (Step("rules-step-by-rank", facts, value),))
    count = _count(fact, amount.measure, value, chain)
    facts |= {"measure": amount.measure, "count": count}
    return Base(centihours * count, (Step("rules-step-by-rank-times", facts, value),))


def _count(fact: ItemFact, measure: str, value: Value, chain: PackChain) -> int:
    count = fact.measures.get(measure, 1 if measure == "items" else None)
    if count is None:
        raise fact_missing(f"measure.{measure}", value, fact, chain)
    return count


def _years(
    fact: ItemFact, spread: Spread | None, value: Value, chain: PackChain
) -> tuple[int, Steps]:
    """Return over how many years the hours are spread, and the step that says so."""
    if spread is not None and spread.how is SpreadHow.EVEN:
        years = spread.years
    else:
        most = 1 if spread is None else spread.years
        years = fact.spread_years
        if years > most:
            raise SpreadRefusedError(
                found=years, wanted=most, activity=fact.activity, key=value.key, scheme=chain.scheme
            )
    return years, () if years == 1 else (Step("rules-step-spread", {"years": years}, value),)


def _parts(worth: Worth, years: int) -> tuple[ItemPart, ...]:
    """Divide hours evenly; what does not divide goes to the first years."""
    each, over = divmod(worth.centihours, years)
    return tuple(
        ItemPart(each + (number < over), worth.credited_year + number, worth.subject)
        for number in range(years)
    )


def _results(parts: tuple[ItemPart, ...], dated: Value | None) -> Steps:
    return tuple(
        Step(
            "rules-step-result",
            {
                "centihours": part.centihours,
                "subject": part.subject,
                "credited_year": part.credited_year,
            },
            dated,
        )
        for part in parts
    )
