"""What a question about a title may name, and the facts that whoever asks has to state for it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditbank.rules.kinds import ANY
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.pathways import pathway_of
from creditbank.rules.stated import START_FACTS, Question
from creditbank.rules.title_rules import (
    ByCase,
    Condition,
    CountFrom,
    EveryYear,
    Fact,
    Pathway,
    SumOfYearly,
    Waiver,
    rules_in,
)

#: Said of a fact for which the packs list no words and none of those in the rules fits.
NO_WORD = "none_of_these"


class Answer(StrEnum):
    """How a fact is stated: as a day, as yes or no, or in one of its words."""

    DAY = "day"
    YES_OR_NO = "yes_or_no"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class AskedFact:
    """A fact that a question may turn on; `words` are those that may be stated of it."""

    name: str
    answer: Answer
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """The ids that the rules of a scheme name on a day; a question may name others of its own."""

    series: tuple[str, ...]
    specialties: tuple[str, ...]
    pathways: tuple[str, ...]


def named_on(chain: PackChain, day: date) -> Named:
    """Return what the rules in force on a day tell apart."""
    series: set[str] = set()
    specialties: set[str] = set()
    pathways: set[str] = set()
    for value in _titles(chain, day):
        first, *more = value.key.split(".")[1:]
        series.add(first)
        specialties |= set(more[:-1])
    for value in chain.values_on("pathway", day):
        rule = pathway_of(value)
        series |= set(rule.series)
        specialties |= set(rule.specialties)
        pathways.add(value.key.partition(".")[2])
    return Named(*(tuple(sorted(each - {ANY})) for each in (series, specialties, pathways)))


def facts_asked(question: Question, chain: PackChain) -> tuple[AskedFact, ...]:
    """Return each fact that the answer to a question may turn on, whatever is stated already.

    Those of the requirement in all its cases come first, then of the waiver, then of the pathway
    that is asked for.
    """
    found: dict[str, AskedFact] = {}
    for fact in _facts(question, chain):
        found.setdefault(fact.name, fact)
    return tuple(found.values())


def _facts(question: Question, chain: PackChain) -> Iterator[AskedFact]:
    day = question.application_day
    requirement = chain.first_on(question.keys("requirement"), day)
    if requirement is not None:
        yield from (AskedFact(START_FACTS[start], Answer.DAY) for start in _starts(requirement))
        if isinstance(requirement.value, ByCase):
            when = [each for case in requirement.value.cases for each in case.when]
            yield from _conditions(when, chain, day)
    waiver = chain.first_on(question.keys("waiver"), day)
    if waiver is not None:
        assert isinstance(waiver.value, Waiver), "the loader types waiver.*"
        yield from (AskedFact(fact, Answer.YES_OR_NO) for fact in waiver.value.facts)
    pathway = chain.value_on(f"pathway.{question.pathway}", day)
    if pathway is not None:
        yield from _conditions(_of_pathway(pathway_of(pathway)), chain, day)


def _starts(requirement: Value) -> Iterator[CountFrom]:
    """Yield the days from which any case of a requirement counts."""
    for rule in rules_in(requirement.value):
        if isinstance(rule, EveryYear | SumOfYearly):
            starts = rule.count_from if isinstance(rule.count_from, tuple) else (rule.count_from,)
            yield from (start for start in starts if start is not CountFrom.ANY_TIME)


def _of_pathway(rule: Pathway) -> list[Condition]:
    by = [Condition(rule.quota.by, tuple(rule.quota.limits))] if rule.quota is not None else []
    return [*rule.when, *by]


def _conditions(
    conditions: Iterable[Condition], chain: PackChain, day: date
) -> Iterator[AskedFact]:
    words: dict[str, dict[str, None]] = {}
    for condition in conditions:
        words.setdefault(condition.fact, {}).update(dict.fromkeys(condition.words))
    for fact, fitting in words.items():
        listed = chain.value_on(f"fact.{fact}", day)
        if not fitting:
            yield AskedFact(fact, Answer.YES_OR_NO)
        elif listed is None:
            yield AskedFact(fact, Answer.WORD, (*fitting, NO_WORD))
        else:
            assert isinstance(listed.value, Fact), "the loader types fact.*"
            yield AskedFact(fact, Answer.WORD, listed.value.words)


def _titles(chain: PackChain, day: date) -> Iterator[Value]:
    yield from chain.values_on("requirement", day)
    yield from chain.values_on("waiver", day)
