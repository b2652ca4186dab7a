"""Converting one attendance into hours under the rules of its day, once, with every step shown.

The promise: the same fact and chain always give the same centihours; more presence never gives
fewer; more than was planned never gives more; and a rule that is missing is named, never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from types import MappingProxyType

from creditbank.hours import CENTIHOURS_PER_HOUR
from creditbank.rules.amounts import Base, Exact, measured, part
from creditbank.rules.conversion_rules import (
    AsApproved,
    Banded,
    ByRank,
    ConversionRule,
    Fixed,
    PerDay,
    PerHalfDay,
    PerItem,
    PerMinutes,
    PerUnit,
    WholeYear,
)
from creditbank.rules.hour_rules import FullFrom, PartDay
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.trace import (
    FactMissingError,
    NotRecognisedError,
    RuleMissingError,
    Step,
    Steps,
    fact_missing,
    rule_missing,
    values_of,
)
from creditbank.rules.worth import (
    conversion_value,
    part_day,
    recognised,
    worth_of,
)

__all__ = [
    "ActivityFact",
    "Conversion",
    "FactMissingError",
    "NotRecognisedError",
    "RuleMissingError",
    "Step",
    "convert",
]

HALF_DAYS_PER_DAY = 2
_PERCENT = 100
_IN_FULL_ONLY = "rules-step-in-full-only"
_NO_TRAITS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ActivityFact:
    """What happened: one person's presence at one day's session of one activity.

    `planned_half_days` is 1 or 2. `attended_minutes` may exceed `planned_minutes`; the surplus does
    not count. `subject` is the dotted path under which the filing put the activity.
    `approved_centihours` are those of this session, where the filing was approved with hours of its
    own; `make_up_year` is the earlier year that the activity is filed to make up.
    """

    activity: str
    form: str
    release: str
    subject: str
    day: date
    planned_minutes: int
    planned_half_days: int
    attended_minutes: int
    approved_centihours: int | None = None
    make_up_year: int | None = None

    def __post_init__(self) -> None:
        assert self.planned_minutes > 0, "a filing plans at least a minute"
        assert self.planned_half_days in {1, HALF_DAYS_PER_DAY}, "a session is a day or half of it"
        assert self.attended_minutes >= 0, "intake refuses negative minutes"

    @property
    def counted_minutes(self) -> int:
        """Minutes attended, at most those planned."""
        return min(self.attended_minutes, self.planned_minutes)

    @property
    def in_full(self) -> bool:
        """Tell whether the session was attended to its end."""
        return self.attended_minutes >= self.planned_minutes

    @property
    def is_full_day(self) -> bool:
        """Tell whether a whole day was planned and attended to its end."""
        return self.planned_half_days == HALF_DAYS_PER_DAY and self.in_full

    @property
    def rank(self) -> None:
        """Nobody attends in a rank."""

    @property
    def traits(self) -> Mapping[str, str]:
        """Nothing more is stated of an attendance."""
        return _NO_TRAITS


@dataclass(frozen=True, slots=True)
class Conversion:
    """The hours that a fact is worth, the account they belong to, and how they came about."""

    centihours: int
    subject: str
    credited_year: int
    steps: tuple[Step, ...]
    values: tuple[Value, ...]


def convert(fact: ActivityFact, chain: PackChain) -> Conversion:
    """Convert one attendance.

    Raises:
        NotRecognisedError: the activity does not count on that day.
        RuleMissingError: it counts, but the chain does not say how much.
        FactMissingError: a rule asks for something that an attendance does not state.
    """
    counts = recognised(fact, fact.release, chain)
    first = Step(
        "rules-step-recognised",
        {
            "activity": fact.activity,
            "form": fact.form,
            "release": fact.release,
            "day": fact.day.isoformat(),
        },
        counts,
    )
    value, rule = conversion_value(fact, fact.release, chain)
    worth = worth_of(_base(fact, value, rule, chain), value, rule, fact, chain)
    last = Step(
        "rules-step-result",
        {
            "centihours": worth.centihours,
            "subject": worth.subject,
            "credited_year": worth.credited_year,
        },
        worth.dated,
    )
    steps = (first, *worth.steps, last)
    return Conversion(
        centihours=worth.centihours,
        subject=worth.subject,
        credited_year=worth.credited_year,
        steps=steps,
        values=values_of(steps),
    )


def _base(fact: ActivityFact, value: Value, rule: ConversionRule, chain: PackChain) -> Base:
    amount = rule.amount
    if isinstance(amount, PerItem | ByRank | WholeYear):
        # A rule on items is silent on sessions.
        raise rule_missing(value.key, fact, chain)
    if isinstance(amount, PerMinutes):
        exact = part(fact.counted_minutes * CENTIHOURS_PER_HOUR, 1, amount.minutes_per_hour)
        facts = _presence(fact) | {"minutes_per_hour": amount.minutes_per_hour}
        return Base(exact, (Step("rules-step-per-minutes", facts, value),))
    if isinstance(amount, PerUnit | Banded):
        count, steps = _measure(fact, amount.measure, value, chain)
        base = measured(amount, count, value)
        return Base(base.centihours, (*steps, *base.steps))
    planned, step = _planned(fact, amount, value, chain)
    whole = fact.is_full_day if isinstance(amount, PerDay) else fact.in_full
    if whole:
        return Base(planned, (step,))
    nothing = "rules-step-full-only" if isinstance(amount, PerDay) else _IN_FULL_ONLY
    share, partly = _share(fact, nothing, chain)
    return Base(planned * share, (step, partly))


def _planned(
    fact: ActivityFact, amount: PerDay | PerHalfDay | Fixed | AsApproved, value: Value,
    chain: PackChain,
) -> tuple[Exact, Step]:  # fmt: skip
    """Return what the session gives to whoever attends all of it."""
    if isinstance(amount, PerDay):
        step = Step("rules-step-per-day", {"day_centihours": amount.centihours_per_day}, value)
        return part(amount.centihours_per_day, fact.planned_half_days, HALF_DAYS_PER_DAY), step
    if isinstance(amount, PerHalfDay):
        rate = amount.centihours_per_half_day
        step = Step("rules-step-per-half-day", {"half_day_centihours": rate}, value)
        return rate * fact.planned_half_days, step
    if isinstance(amount, Fixed):
        step = Step("rules-step-fixed", {"fixed_centihours": amount.centihours}, value)
        return amount.centihours, step
    approved = fact.approved_centihours
    if approved is None:
        raise fact_missing("approved_centihours", value, fact, chain)
    step = Step("rules-step-as-approved", {"approved_centihours": approved}, value)
    return approved, step


def _measure(
    fact: ActivityFact, measure: str, value: Value, chain: PackChain
) -> tuple[Exact, Steps]:
    """Return a session's minutes, half-days or days, as far as they were attended."""
    if measure == "minutes":
        return fact.counted_minutes, ()
    if measure not in {"half_days", "days"}:
        # A rule on characters, subjects or modules is silent on sessions.
        raise rule_missing(value.key, fact, chain)
    planned = part(fact.planned_half_days, 1, HALF_DAYS_PER_DAY if measure == "days" else 1)
    if fact.in_full:
        return planned, ()
    share, partly = _share(fact, _IN_FULL_ONLY, chain)
    return planned * share, (partly,)


def _share(fact: ActivityFact, nothing: str, chain: PackChain) -> tuple[Exact, Step]:
    """Return the part of a session that counts, `nothing` being the step where none does."""
    value, rule = part_day(fact, chain)
    if isinstance(rule, FullFrom):
        if fact.counted_minutes * _PERCENT >= rule.percent * fact.planned_minutes:
            facts = _presence(fact) | {"percent": rule.percent}
            return 1, Step("rules-step-full-enough", facts, value)
        rule = rule.below
    if rule is PartDay.PRO_RATA:
        share = Fraction(fact.counted_minutes, fact.planned_minutes)
        return share, Step("rules-step-pro-rata", _presence(fact), value)
    return 0, Step(nothing, _presence(fact), value)


def _presence(fact: ActivityFact) -> dict[str, str | int]:
    return {
        "attended_minutes": fact.attended_minutes,
        "planned_minutes": fact.planned_minutes,
        "counted_minutes": fact.counted_minutes,
        "half_days": fact.planned_half_days,
    }
