"""Pathways that free from hours: the one asked for, with the bound that stops it; others that fit.

A pathway frees only whom it names, on the day of the application, and never more people than its
quota has places. It is looked at only where the hours themselves are not enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from creditbank.rules.pack import PackChain, Value
from creditbank.rules.register_rules import RightLost
from creditbank.rules.stated import Decider, Fit, Missing, Question, fit_of, stated_answer
from creditbank.rules.title_rules import Pathway, Waiver

_KIND = "pathway"
_QUOTA_USE = "quota-use-missing"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a pathway that was asked for does not free: a code, the pathway, and what stopped it.

    `found` is the series, specialty, level or fact that is outside; empty where the pathway itself
    is not there on the day, and then `value` is None.
    """

    code: str
    pathway: str
    found: str
    value: Value | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of the pathway asked for: it frees where nothing is refused and nothing missing.

    `value` is the rule in force on the day, None where there is none; `values` are all that were
    looked at.
    """

    value: Value | None
    refused: tuple[Refused, ...]
    missing: tuple[Missing, ...]
    values: tuple[Value, ...]


def try_pathway(question: Question, chain: PackChain) -> Trial:
    """Hold a question against the pathway that it asks for.

    Raises:
        StatedFactInvalidError: a stated fact that the pathway needs is not usable.
    """
    key, right = f"{_KIND}.{question.pathway}", _right_of(question, chain)
    value = chain.value_on(key, question.application_day)
    if value is None:
        code = "pathway-not-in-force" if key in chain.keys(_KIND) else "pathway-unknown"
        return Trial(None, (Refused(code, question.pathway, "", None),), (), ())
    rule = pathway_of(value)
    fit = fit_of(rule.conditions, question, chain)
    lost = [("pathway-right-lost", each) for each in question.findings if _loses(right, each)]
    refused = tuple(
        Refused(code, question.pathway, found, value)
        for code, found in [*lost, *_outside(rule, question), *_unfit(rule, question, fit)]
    )
    missing = () if refused else tuple(_missing(value, rule, question, fit))
    return Trial(
        value, refused, missing, (value, *fit.values, *((right,) if lost and right else ()))
    )


def try_waiver(question: Question, chain: PackChain) -> Trial:
    """Hold a question against the waiver of its title: every fact that it names must be so.

    Raises:
        StatedAnswerInvalidError: one of them is stated as neither yes nor no.
    """
    value = chain.first_on(question.keys("waiver"), question.application_day)
    if value is None:
        return Trial(None, (Refused("waiver-not-in-force", "", "", None),), (), ())
    assert isinstance(value.value, Waiver), "the loader types waiver.*"
    facts = value.value.facts
    stated = {
        fact: stated_answer(question.stated[fact], fact)
        for fact in facts
        if fact in question.stated
    }
    refused = tuple(
        Refused("waiver-fact", "", fact, value) for fact, so in stated.items() if not so
    )
    unstated = () if refused else tuple(fact for fact in facts if fact not in stated)
    missing = (Missing("waiver-fact-missing", fact, None, Decider.ASKER) for fact in unstated)
    return Trial(value, refused, tuple(missing), (value,))


def other_pathways(question: Question, chain: PackChain) -> tuple[str, ...]:
    """Name the pathways not asked for whose every condition is stated to fit.

    Whether their quotas have places left is not looked at.

    Raises:
        StatedFactInvalidError: a stated fact that one of them needs is not usable.
    """
    facts = chain.once("facts of pathways", lambda: _facts_of_pathways(chain))
    stated = tuple((fact, question.stated[fact]) for fact in facts if fact in question.stated)
    asked = (
        _KIND, question.series, question.specialty, question.level, question.application_day,
        question.pathway, question.findings, stated,
    )  # fmt: skip
    # Of thousands who apply for one title, most state the same.
    return chain.once(asked, lambda: _other_pathways(question, chain))


def _facts_of_pathways(chain: PackChain) -> tuple[str, ...]:
    """Return, sorted, every fact that any pathway ever goes by."""
    found = (
        condition.fact
        for key in chain.keys(_KIND)
        for pack in chain.packs
        for value in pack.values.get(key, ())
        for condition in pathway_of(value).conditions
    )
    return tuple(sorted(set(found)))


def _other_pathways(question: Question, chain: PackChain) -> tuple[str, ...]:
    names = (key.removeprefix(f"{_KIND}.") for key in chain.keys(_KIND))
    trials = {
        name: try_pathway(replace(question, pathway=name, used=None), chain)
        for name in names
        if name != question.pathway
    }
    return tuple(
        name
        for name, trial in trials.items()
        if not trial.refused and all(each.code == _QUOTA_USE for each in trial.missing)
    )


def pathway_of(value: Value) -> Pathway:
    """Return what a value of this kind holds."""
    assert isinstance(value.value, Pathway), "the loader types pathway.*"
    return value.value


def _right_of(question: Question, chain: PackChain) -> Value | None:
    return chain.value_on(f"right_lost.{question.pathway}", question.application_day)


def _loses(right: Value | None, finding: str) -> bool:
    return (
        right is not None
        and isinstance(right.value, RightLost)
        and (finding in right.value.findings)
    )


def _outside(rule: Pathway, question: Question) -> Iterator[tuple[str, str]]:
    """Yield each bound of series, specialty and level that the question lies outside of."""
    if rule.series and question.series not in rule.series:
        yield "pathway-series", question.series
    if rule.specialties and question.specialty not in rule.specialties:
        yield "pathway-specialty", question.specialty
    if rule.levels and question.level not in rule.levels:
        yield "pathway-level", question.level


def _unfit(rule: Pathway, question: Question, fit: Fit) -> Iterator[tuple[str, str]]:
    """Yield each fact that does not fit, and the level for which the quota has no place."""
    for fact in fit.unfit:
        yield "pathway-fact", fact
    if rule.quota is None or rule.quota.by in fit.unfit + fit.unstated:
        return
    places = rule.quota.limits[question.stated[rule.quota.by]]
    for_level = places.by_level.get(question.level, places.total)
    used = question.used or {}
    if sum(used.values()) >= places.total or used.get(question.level, 0) >= for_level:
        yield "pathway-quota", question.level


def _missing(value: Value, rule: Pathway, question: Question, fit: Fit) -> Iterator[Missing]:
    for fact in fit.unstated:
        yield Missing("pathway-fact-missing", fact, None, Decider.ASKER)
    if rule.quota is not None and question.used is None:
        yield Missing(_QUOTA_USE, value.key, None, Decider.AUTHORITY)
