"""Holding an application for an exemption against its pathway, or its waiver.

What a register knows of the enterprise becomes facts by the rules `registered.*`; nobody may state
those instead. Where an enterprise stands in several lists, the one that fits best counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from creditbank.rules.pack import PackChain, Value
from creditbank.rules.pathways import Trial, pathway_of, try_pathway, try_waiver
from creditbank.rules.register_rules import Ending, QuotaUse, QuotaYear, Registered
from creditbank.rules.stated import Question
from creditbank.rules.title_rules import Pathway, Places


@dataclass(frozen=True, slots=True)
class Tried:
    """An application as it was weighed: with the register's facts, and what came of it.

    `places` bounds the pathway's quota for the enterprise; None where there is no quota. `values`
    are the rules behind the register's facts, and those that were looked at.
    """

    question: Question
    trial: Trial
    places: Places | None
    values: tuple[Value, ...]

    @property
    def fits(self) -> bool:
        """Tell whether nothing stands against it."""
        return not self.trial.refused and not self.trial.missing


def try_application(question: Question, known: Iterable[str], chain: PackChain) -> Tried:
    """Weigh an application; without a pathway it is for the waiver of the title.

    Args:
        question: with the facts that somebody states, and the places used if anybody counted.
        known: what the register holds of the enterprise on the day: `class.little_giant.national`.
        chain: the law.

    Raises:
        StatedFactInvalidError: a stated fact is not usable.
    """
    readings = _readings(known, chain, question.application_day)
    tried = [_tried(question, facts, values, chain) for facts, values in readings]
    return min(tried, key=_ill_fit)


def facts_of_register(chain: PackChain, day: date) -> frozenset[str]:
    """Name the facts that the register alone can tell on a day."""
    rules = (value.value for value in chain.values_on("registered", day))
    return frozenset(fact for rule in rules if isinstance(rule, Registered) for fact in rule.facts)


def quota_use_of(pathway: str, day: date, chain: PackChain) -> QuotaUse | None:
    """Return how the places of a pathway are counted; None where the packs do not say."""
    value = chain.value_on(f"quota_use.{pathway}", day)
    return value.value if value is not None and isinstance(value.value, QuotaUse) else None


def quota_year(rule: QuotaUse, application_day: date, approved_on: date) -> int:
    """Return the year in which a place counts."""
    return (application_day if rule.year is QuotaYear.APPLICATION else approved_on).year


def frees_place(pathway: str, ending: Ending, day: date, chain: PackChain) -> bool:
    """Tell whether a place is free again after an exemption ended so on a day."""
    rule = quota_use_of(pathway, day, chain)
    return rule is not None and ending in rule.free_again


_Reading = tuple[Mapping[str, str], tuple[Value, ...]]


def _readings(known: Iterable[str], chain: PackChain, day: date) -> list[_Reading]:
    """Return every set of facts that can be so together: lists that say otherwise are told apart.

    Each comes with the rules that it follows from.
    """
    readings: list[_Reading] = [({}, ())]
    for word in known:
        value = chain.value_on(f"registered.{word}", day)
        if value is None:
            continue
        assert isinstance(value.value, Registered), "the loader types registered.*"
        facts, more = value.value.facts, list[_Reading]()
        for said, values in readings:
            agrees = all(said.get(fact, text) == text for fact, text in facts.items())
            more += [] if agrees else [(said, values)]
            more.append(({**said, **facts}, (*values, value)))
        readings = more
    return readings


def _tried(
    question: Question, facts: Mapping[str, str], values: tuple[Value, ...], chain: PackChain
) -> Tried:
    asked = replace(question, stated={**question.stated, **facts}, registered=frozenset(facts))
    trial = try_pathway(asked, chain) if asked.pathway else try_waiver(asked, chain)
    places = None
    if trial.value is not None and asked.pathway:
        places = _places(pathway_of(trial.value), asked.stated)
    return Tried(asked, trial, places, (*values, *trial.values))


def _places(rule: Pathway, stated: Mapping[str, str]) -> Places | None:
    return None if rule.quota is None else rule.quota.limits.get(stated.get(rule.quota.by, ""))


def _ill_fit(tried: Tried) -> tuple[int, int]:
    """Order applications: the fewest bounds broken first, then the most places."""
    broken = len(tried.trial.refused) + len(tried.trial.missing)
    return broken, -(tried.places.total if tried.places else 0)
