"""Converting one attendance into hours under the rules of its day, once, with every step shown.

The promise: the same fact and chain always give the same centihours; more presence never gives
fewer; more than was planned never gives more; and a rule that is missing is named, never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from creditbank.errors import CreditBankError
from creditbank.hours import CENTIHOURS_PER_HOUR, centihours_floor
from creditbank.rules.hour_rules import CreditedYear, PartDay, PerDay, PerMinutes, Recognition
from creditbank.rules.kinds import ANY
from creditbank.rules.pack import PackChain, Value

HALF_DAYS_PER_DAY = 2


class NotRecognisedError(CreditBankError):
    """The scheme does not recognise the activity, or not in this form and release, on that day."""

    code = "not-recognised"
    status = 422


class RuleMissingError(CreditBankError):
    """The scheme is silent on something that the conversion needs; an official must decide it."""

    code = "rule-missing"
    status = 409


@dataclass(frozen=True, slots=True)
class ActivityFact:
    """What happened: one person's presence at one day's session of one activity.

    `planned_half_days` is 1 or 2. `attended_minutes` may exceed `planned_minutes`; the surplus does
    not count. `subject` is the dotted path under which the filing put the activity.
    """

    activity: str
    form: str
    release: str
    subject: str
    day: date
    planned_minutes: int
    planned_half_days: int
    attended_minutes: int

    def __post_init__(self) -> None:
        assert self.planned_minutes > 0, "a filing plans at least a minute"
        assert self.planned_half_days in {1, HALF_DAYS_PER_DAY}, "a session is a day or half of it"
        assert self.attended_minutes >= 0, "intake refuses negative minutes"

    @property
    def counted_minutes(self) -> int:
        """Minutes attended, at most those planned."""
        return min(self.attended_minutes, self.planned_minutes)

    @property
    def is_full_day(self) -> bool:
        """Tell whether a whole day was planned and attended to its end."""
        return (
            self.planned_half_days == HALF_DAYS_PER_DAY
            and self.counted_minutes == self.planned_minutes
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace: what was done, with which figures, under which value (None: by law 7).

    `code` names a sentence of the catalogue; figures ending in `centihours` are centihours.
    """

    code: str
    facts: Mapping[str, str | int]
    value: Value | None


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
    """
    recognised = _recognised(fact, chain)
    hours, converted = _converted(fact, chain)
    credited_year, dated = _credited_year(fact, chain)
    centihours = centihours_floor(hours)
    result = Step(
        "rules-step-result",
        {"centihours": centihours, "subject": fact.subject, "credited_year": credited_year},
        dated,
    )
    steps = (recognised, *converted, result)
    return Conversion(
        centihours=centihours,
        subject=fact.subject,
        credited_year=credited_year,
        steps=steps,
        values=tuple(step.value for step in steps if step.value is not None),
    )


def _recognised(fact: ActivityFact, chain: PackChain) -> Step:
    value = chain.value_on(f"recognise.{fact.activity}", fact.day)
    facts = {
        "activity": fact.activity,
        "form": fact.form,
        "release": fact.release,
        "day": fact.day.isoformat(),
    }
    if value is not None:
        assert isinstance(value.value, Recognition), "the loader types recognise.*"
        if value.value.covers(fact.form, fact.release):
            return Step("rules-step-recognised", facts, value)
    raise NotRecognisedError(**facts, scheme=chain.scheme)


def _converted(fact: ActivityFact, chain: PackChain) -> tuple[Fraction, tuple[Step, ...]]:
    rule = f"conversion.{fact.activity}"
    value = chain.first_on(
        (
            f"{rule}.{fact.form}.{fact.release}",
            f"{rule}.{fact.form}",
            f"{rule}.{ANY}.{fact.release}",
            rule,
        ),
        fact.day,
    )
    if value is None:
        raise RuleMissingError(key=rule, scheme=chain.scheme, day=fact.day.isoformat())
    if isinstance(value.value, PerMinutes):
        return _per_minutes(fact, value, value.value)
    assert isinstance(value.value, PerDay), "the loader types conversion.*"
    return _per_day(fact, value, value.value, chain)


def _per_minutes(
    fact: ActivityFact, value: Value, rule: PerMinutes
) -> tuple[Fraction, tuple[Step, ...]]:
    facts = _presence(fact) | {"minutes_per_hour": rule.minutes_per_hour}
    hours = Fraction(fact.counted_minutes, rule.minutes_per_hour)
    return hours, (Step("rules-step-per-minutes", facts, value),)


def _per_day(
    fact: ActivityFact, value: Value, rule: PerDay, chain: PackChain
) -> tuple[Fraction, tuple[Step, ...]]:
    day_hours = Fraction(rule.centihours_per_day, CENTIHOURS_PER_HOUR)
    step = Step("rules-step-per-day", {"day_centihours": rule.centihours_per_day}, value)
    if fact.is_full_day:
        return day_hours, (step,)
    part_day = chain.first_on((f"part_day.{fact.activity}", "part_day"), fact.day)
    if part_day is None:
        raise RuleMissingError(
            key=f"part_day.{fact.activity}", scheme=chain.scheme, day=fact.day.isoformat()
        )
    if part_day.value is PartDay.FULL_ONLY:
        return Fraction(0), (step, Step("rules-step-full-only", _presence(fact), part_day))
    share = Fraction(fact.planned_half_days, HALF_DAYS_PER_DAY) * Fraction(
        fact.counted_minutes, fact.planned_minutes
    )
    return day_hours * share, (step, Step("rules-step-pro-rata", _presence(fact), part_day))


def _presence(fact: ActivityFact) -> dict[str, str | int]:
    return {
        "attended_minutes": fact.attended_minutes,
        "planned_minutes": fact.planned_minutes,
        "counted_minutes": fact.counted_minutes,
        "half_days": fact.planned_half_days,
    }


def _credited_year(fact: ActivityFact, chain: PackChain) -> tuple[int, Value | None]:
    value = chain.first_on((f"credited_year.{fact.activity}", "credited_year"), fact.day)
    if value is None:
        return fact.day.year, None
    assert isinstance(value.value, CreditedYear), "the loader types credited_year"
    return value.value.year_of(fact.day), value
