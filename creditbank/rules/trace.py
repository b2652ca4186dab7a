"""What a conversion leaves behind: its steps, or the refusal that names what is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from creditbank.errors import CreditBankError
from creditbank.rules.pack import PackChain, Value, distinct


class NotRecognisedError(CreditBankError):
    """The scheme does not recognise the activity, or not within this bound, on that day.

    Facts: `bound` is `activity`, `form`, `release`, `rank` or `trait.NAME`; what was `found`, and
    what is `wanted` there.
    """

    code = "not-recognised"
    status = 422


class RuleMissingError(CreditBankError):
    """The scheme is silent on something that the conversion needs; an official must decide it."""

    code = "rule-missing"
    status = 409


class FactMissingError(CreditBankError):
    """A rule asks for a fact that was not given.

    Facts: the rule's `key`, and the `fact`: `rank`, `measure.NAME`, `trait.NAME`, `subject`,
    `first_day` or `approved_centihours`.
    """

    code = "fact-missing"
    status = 422


class Fact(Protocol):
    """What the rules ask of an attendance and of a declared item alike."""

    @property
    def activity(self) -> str:
        """What was done."""

    @property
    def form(self) -> str:
        """In which form; "" if none was given."""

    @property
    def subject(self) -> str:
        """The dotted path under which it was filed or declared."""

    @property
    def day(self) -> date:
        """The day by whose rules it counts."""

    @property
    def rank(self) -> int | None:
        """The person's place among the authors; 1 is the first."""

    @property
    def traits(self) -> Mapping[str, str]:
        """What else is stated of it, word by word."""

    @property
    def approved_centihours(self) -> int | None:
        """The hours with which it was approved, where the rules leave them to that."""

    @property
    def make_up_year(self) -> int | None:
        """The earlier year that it is meant to make up."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace: what was done, with which figures, under which value (None: by law 7).

    `code` names a sentence of the catalogue; figures ending in `centihours` are centihours.
    """

    code: str
    facts: Mapping[str, str | int]
    value: Value | None


Steps = tuple[Step, ...]


def values_of(steps: Iterable[Step]) -> tuple[Value, ...]:
    """Return each value that the steps rest on, once."""
    return distinct(step.value for step in steps if step.value is not None)


def rule_missing(key: str, fact: Fact, chain: PackChain) -> RuleMissingError:
    """Build the refusal of a fact that the rules of its day say nothing of."""
    return RuleMissingError(key=key, scheme=chain.scheme, day=fact.day.isoformat())


def fact_missing(name: str, value: Value, fact: Fact, chain: PackChain) -> FactMissingError:
    """Build the refusal of a fact that does not state what a rule asks."""
    return FactMissingError(key=value.key, fact=name, scheme=chain.scheme, day=fact.day.isoformat())
