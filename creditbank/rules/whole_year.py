"""Deeming a whole year done (视同完成): one item stands for all that its credited year asks for.

Each subject gets its minimum, hours of the subjects below it among them; what the total asks for
beyond that goes to the subject that the rule names. What the person earned that year besides
changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from creditbank.rules.conversion_rules import WholeYear
from creditbank.rules.kinds import subject_contains
from creditbank.rules.minima import Minimum, minima_of
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.trace import Fact, Step, Steps, rule_missing
from creditbank.rules.worth import year_of


@dataclass(frozen=True, slots=True)
class Deemed:
    """What a year asks for, as (subject, centihours) above zero, and how that came about."""

    hours: tuple[tuple[str, int], ...]
    credited_year: int
    #: the value by which the year is another than that of the day, or the same
    dated: Value | None
    steps: Steps


def deem(fact: Fact, amount: WholeYear, value: Value, chain: PackChain) -> Deemed:
    """Return what the year to which a fact belongs asks for, by the amounts of its last day.

    Raises:
        RuleMissingError: the chain knows no amount of that year, or nothing lets the fact make up
            the year that it names.
    """
    year, dated, made_up = year_of(fact, amount.rest, chain)
    minima = minima_of(year, chain)
    if not minima:
        raise rule_missing("yearly_minimum.total", fact, chain)
    steps = [Step("rules-step-whole-year", {"year": year}, value)]
    for each in minima:
        code = "rules-step-minimum" if each.subject else "rules-step-minimum-total"
        facts: dict[str, str | int] = {
            "subject": each.subject or amount.rest,
            "minimum_centihours": each.centihours,
        }
        steps.append(Step(code, facts, each.value))
    return Deemed(_hours(minima, amount.rest), year, dated, (*steps, *made_up))


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
