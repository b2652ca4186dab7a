"""What may be declared under a scheme, and what the rules of its day ask of a declaration."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from creditbank.rules.asking import NO_WORD
from creditbank.rules.conditions import Condition
from creditbank.rules.conversion_rules import (
    Amount,
    AsApproved,
    Banded,
    ByRank,
    ConversionRule,
    PerDay,
    PerHalfDay,
    PerItem,
    PerMinutes,
    PerUnit,
    SpreadHow,
    WholeYear,
)
from creditbank.rules.hour_rules import DeclareBy, Recognition
from creditbank.rules.kinds import ANY, TOTAL
from creditbank.rules.make_up import years_to_make_up
from creditbank.rules.pack import PackChain

#: The measure of what counts by the piece; one if nothing is said.
PIECES = "items"
_MEASURES = {PerMinutes: "minutes", PerDay: "days", PerHalfDay: "half_days", PerItem: PIECES}


@dataclass(frozen=True, slots=True)
class AskedOfItem:
    """What a declaration of one activity, finished on one day, may have to state.

    `forms` are those that are told apart; where `needs_form` is false there may be none. `traits`
    holds the words of each. What is asked of some forms only is here too.
    """

    forms: tuple[str, ...]
    needs_form: bool
    measures: tuple[str, ...]
    traits: dict[str, tuple[str, ...]]
    needs_rank: bool
    #: the rules leave the hours to whoever approves
    asks_hours: bool
    #: some of it is counted as a period, from a first day on
    asks_first_day: bool
    #: over how many years it may be spread, as whoever declares asks
    spread_years_max: int
    #: earlier years that it may be meant to make up
    make_up_years: tuple[int, ...]
    #: the last day to declare it; None where the rules give none
    last_day: date | None


def declarable(chain: PackChain, day: date) -> tuple[str, ...]:
    """Return the activities that count on a day without having been filed beforehand."""
    return tuple(
        key.partition(".")[2]
        for key in chain.keys("recognise")
        if _recognition(key, chain, day) is not None
        and any(_conversions(key.partition(".")[2], chain, day))
    )


def asked_of_item(activity: str, chain: PackChain, day: date) -> AskedOfItem | None:
    """Return what a declaration has to state; None where the activity may not be declared."""
    recognition = _recognition(f"recognise.{activity}", chain, day)
    conversions = dict(_conversions(activity, chain, day))
    if recognition is None or not conversions:
        return None
    rules = tuple(conversions.values())
    conditions = [recognition.condition, *(each for rule in rules for each in _conditions(rule))]
    amounts = [rule.amount for rule in rules]
    return AskedOfItem(
        forms=recognition.forms or tuple(sorted(filter(None, conversions))),
        needs_form=bool(recognition.forms) or "" not in conversions,
        measures=tuple(dict.fromkeys(filter(None, map(_measure, amounts)))),
        traits=_traits(conditions),
        needs_rank=any(isinstance(each, ByRank) for each in amounts)
        or any(condition.ranks is not None for condition in conditions),
        asks_hours=any(isinstance(each, AsApproved) for each in amounts),
        asks_first_day=any(isinstance(each, WholeYear) and each.period for each in amounts),
        spread_years_max=max(map(_spread, rules)),
        make_up_years=years_to_make_up(activity, day, chain),
        last_day=_last_day(activity, chain, day),
    )


def subjects_named(chain: PackChain) -> tuple[str, ...]:
    """Return the subjects that the scheme's yearly amounts and its packs' names tell apart."""
    asked = {key.partition(".")[2] for key in chain.keys("yearly_minimum")} - {TOTAL}
    named = {i for pack in chain.packs for kind, i in pack.names if kind == "subject"}
    return tuple(sorted(asked | named))


def _recognition(key: str, chain: PackChain, day: date) -> Recognition | None:
    value = chain.value_on(key, day)
    if value is None:
        return None
    assert isinstance(value.value, Recognition), "the loader types recognise.*"
    # A release is a filing's; what asks for one cannot be declared.
    may_be = value.value.recognised and not value.value.releases
    return value.value if may_be else None


def _conversions(
    activity: str, chain: PackChain, day: date
) -> Iterator[tuple[str, ConversionRule]]:
    """Yield each form with its conversion, the empty form for what holds for any."""
    for key in chain.keys("conversion"):
        value = chain.value_on(key, day)
        _, named, *bounds = key.split(".")
        if named == activity and value is not None and len(bounds) <= 1 and ANY not in bounds:
            assert isinstance(value.value, ConversionRule), "the loader types conversion.*"
            yield "".join(bounds), value.value


def _conditions(rule: ConversionRule) -> Iterator[Condition]:
    yield from (share.condition for share in rule.shares)
    yield from (bonus.condition for bonus in rule.bonuses)


def _measure(amount: Amount) -> str:
    if isinstance(amount, PerUnit | Banded | ByRank):
        return amount.measure
    return _MEASURES.get(type(amount), "")


def _traits(conditions: Iterable[Condition]) -> dict[str, tuple[str, ...]]:
    words: dict[str, dict[str, None]] = {}
    for condition in conditions:
        for trait, fitting in condition.traits.items():
            words.setdefault(trait, {}).update(dict.fromkeys(fitting))
    return {trait: (*fitting, NO_WORD) for trait, fitting in words.items()}


def _spread(rule: ConversionRule) -> int:
    if rule.spread is None or rule.spread.how is not SpreadHow.DECLARED:
        return 1
    return rule.spread.years


def _last_day(activity: str, chain: PackChain, day: date) -> date | None:
    value = chain.first_on((f"declare_by.{activity}", "declare_by"), day)
    if value is None:
        return None
    assert isinstance(value.value, DeclareBy), "the loader types declare_by"
    return value.value.last_day(day)
