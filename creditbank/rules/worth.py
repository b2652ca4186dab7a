"""What a fact is worth, from its base on: whether it counts at all, whose share, and where to.

Sessions and items differ only in their base; all that follows is here, in the one order that every
rule states: share, bonus, at most, whole steps, and one rounding, down.
"""

from dataclasses import dataclass

from creditbank.hours import whole_centihours
from creditbank.rules.amounts import Base, Exact, part
from creditbank.rules.conditions import Bound, Condition
from creditbank.rules.conversion_rules import ConversionRule
from creditbank.rules.hour_rules import CreditedYear, FullFrom, MakeUp, PartDay, Recognition
from creditbank.rules.kinds import ANY, subject_contains
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.trace import (
    Fact,
    NotRecognisedError,
    Step,
    Steps,
    fact_missing,
    rule_missing,
)

_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Worth:
    """What a fact is worth in all, to which account it belongs, and how that came about."""

    centihours: int
    subject: str
    credited_year: int
    #: the value by which the year is another than that of the day, or the same
    dated: Value | None
    steps: Steps


def recognised(fact: Fact, release: str, chain: PackChain) -> Value:
    """Return the value that lets a fact count.

    Raises:
        NotRecognisedError: none does, or not within one of its bounds.
        FactMissingError: a bound asks for something that is not stated.
    """
    key = f"recognise.{fact.activity}"
    value = chain.value_on(key, fact.day)
    if value is None:
        raise _refused(fact, release, chain, Bound("activity", fact.activity, (key,)))
    rule = value.value
    assert isinstance(rule, Recognition), "the loader types recognise.*"
    if not rule.recognised:
        raise _refused(fact, release, chain, Bound("activity", fact.activity, (key,)))
    if rule.forms and fact.form not in rule.forms:
        raise _refused(fact, release, chain, Bound("form", fact.form, rule.forms))
    if rule.releases and release not in rule.releases:
        raise _refused(fact, release, chain, Bound("release", release, rule.releases))
    for bound in rule.condition.bounds(fact.rank, fact.traits):
        if bound.found is None:
            raise fact_missing(bound.fact, value, fact, chain)
        if not bound.fits:
            raise _refused(fact, release, chain, bound)
    return value


def _refused(fact: Fact, release: str, chain: PackChain, bound: Bound) -> NotRecognisedError:
    return NotRecognisedError(
        activity=fact.activity,
        form=fact.form,
        release=release,
        day=fact.day.isoformat(),
        scheme=chain.scheme,
        bound=bound.fact,
        found=bound.found,
        wanted=[*bound.wanted],
    )


def conversion_value(fact: Fact, release: str, chain: PackChain) -> tuple[Value, ConversionRule]:
    """Return the narrowest value that says how much a fact counts, and its rule.

    Raises:
        RuleMissingError: none does.
    """
    rule = f"conversion.{fact.activity}"
    keys = (
        f"{rule}.{fact.form}.{release}",
        f"{rule}.{fact.form}",
        f"{rule}.{ANY}.{release}",
        rule,
    )
    value = chain.first_on(keys, fact.day)
    if value is None:
        raise rule_missing(rule, fact, chain)
    assert isinstance(value.value, ConversionRule), "the loader types conversion.*"
    return value, value.value


def part_day(fact: Fact, chain: PackChain) -> tuple[Value, PartDay | FullFrom]:
    """Return what says how much an attendance in part counts.

    Raises:
        RuleMissingError: none does.
    """
    value = chain.first_on((f"part_day.{fact.activity}", "part_day"), fact.day)
    if value is None:
        raise rule_missing(f"part_day.{fact.activity}", fact, chain)
    assert isinstance(value.value, PartDay | FullFrom), "the loader types part_day"
    return value, value.value


def worth_of(base: Base, value: Value, rule: ConversionRule, fact: Fact, chain: PackChain) -> Worth:
    """Make of a base what the rule says, and find the account that the hours belong to.

    Raises:
        RuleMissingError: no share fits, or nothing lets the fact make up the year that it names.
        FactMissingError: a share or bonus asks for something that is not stated.
    """
    exact, steps = base.centihours, base.steps
    if rule.shares:
        exact, step = _shared(exact, value, rule, fact, chain)
        steps += (step,)
    for bonus in rule.bonuses:
        if _fits(bonus.condition, value, fact, chain):
            exact += bonus.centihours
            facts = _met(bonus.condition, fact) | {"bonus_centihours": bonus.centihours}
            steps += (Step(f"rules-step-bonus-{bonus.condition}", facts, value),)
    exact, bounded = _bounded(exact, value, rule)
    subject, placed = _subject(value, rule, fact, chain)
    year, dated, made_up = year_of(fact, subject, chain)
    return Worth(
        centihours=whole_centihours(exact),
        subject=subject,
        credited_year=year,
        dated=dated,
        steps=(*steps, *bounded, *placed, *made_up),
    )


def _shared(
    exact: Exact, value: Value, rule: ConversionRule, fact: Fact, chain: PackChain
) -> tuple[Exact, Step]:
    for share in rule.shares:
        if _fits(share.condition, value, fact, chain):
            facts = _met(share.condition, fact) | {"percent": share.percent}
            step = Step(f"rules-step-share-{share.condition}", facts, value)
            return part(exact, share.percent, _PERCENT), step
    raise rule_missing(value.key, fact, chain)


def _fits(condition: Condition, value: Value, fact: Fact, chain: PackChain) -> bool:
    for bound in condition.bounds(fact.rank, fact.traits):
        if bound.found is None:
            raise fact_missing(bound.fact, value, fact, chain)
        if not bound.fits:
            return False
    return True


def _met(condition: Condition, fact: Fact) -> dict[str, str | int]:
    """Return what the fact states of all that the condition asks."""
    traits = " ".join(f"{trait}={fact.traits[trait]}" for trait in condition.traits)
    met: dict[str, str | int] = {"traits": traits} if traits else {}
    if condition.ranks is not None and fact.rank is not None:
        met["rank"] = fact.rank
    return met


def _bounded(exact: Exact, value: Value, rule: ConversionRule) -> tuple[Exact, Steps]:
    """Apply the most that one occasion counts, then whole steps; tell of each that takes away."""
    steps: Steps = ()
    most, step = rule.at_most_centihours, rule.step_centihours
    if most is not None and most < exact:
        exact, steps = most, (Step("rules-step-at-most", {"most_centihours": most}, value),)
    if step is not None and exact % step:
        exact = exact // step * step
        steps += (Step("rules-step-whole-steps", {"step_centihours": step}, value),)
    return exact, steps


def _subject(value: Value, rule: ConversionRule, fact: Fact, chain: PackChain) -> tuple[str, Steps]:
    if not rule.subject or (fact.subject and subject_contains(rule.subject, fact.subject)):
        if not fact.subject:
            raise fact_missing("subject", value, fact, chain)
        return fact.subject, ()
    return rule.subject, (Step("rules-step-subject", {"subject": rule.subject}, value),)


def year_of(fact: Fact, subject: str, chain: PackChain) -> tuple[int, Value | None, Steps]:
    """Return the credited year, the value that it follows from, and what else is to be told.

    Raises:
        RuleMissingError: nothing lets the fact make up the year that it names.
    """
    if fact.make_up_year is not None:
        made_up = _made_up(fact, fact.make_up_year, subject, chain)
        return fact.make_up_year, None, (made_up,)
    value = chain.first_on((f"credited_year.{fact.activity}", "credited_year"), fact.day)
    if value is None:
        return fact.day.year, None, ()
    assert isinstance(value.value, CreditedYear), "the loader types credited_year"
    return value.value.year_of(fact.day), value, ()


def _made_up(fact: Fact, year: int, subject: str, chain: PackChain) -> Step:
    for value in chain.values_on("make_up", fact.day):
        assert isinstance(value.value, MakeUp), "the loader types make_up.*"
        if value.value.reaches(fact.day, year) and value.value.covers(fact.activity, subject):
            return Step("rules-step-made-up", {"make_up_year": year}, value)
    raise rule_missing("make_up", fact, chain)
