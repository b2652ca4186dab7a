"""A question, and the facts that the bank does not own, as whoever asks states them.

A fact that a rule needs and nobody stated is named, never guessed; one that was stated in a form
that cannot be used is refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditbank.errors import CreditBankError
from creditbank.rules.kinds import ANY
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.title_rules import Condition, CountFrom, Fact

#: Stated of a day that the person does not have: never moved in, no title yet.
NO_DAY = "none"
#: Where each start of counting is stated.
START_FACTS: Mapping[CountFrom, str] = {
    CountFrom.TITLE: "current_title_on",
    CountFrom.HIRE: "hired_on",
    CountFrom.MOVE_IN: "moved_in_on",
    CountFrom.QUALIFICATION: "qualified_on",
    CountFrom.CERTIFICATE: "certified_on",
}
_ANSWERS: Mapping[str, bool] = {"yes": True, "no": False}
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_FOUND_MAX = 20


class StatedFactInvalidError(CreditBankError):
    """A stated day is no day, or lies after the application."""

    code = "stated-fact-invalid"
    status = 422


class StatedAnswerInvalidError(StatedFactInvalidError):
    """A stated fact that is either so or not says neither."""

    code = "stated-answer-invalid"


class StatedWordUnknownError(StatedFactInvalidError):
    """A stated word is none of those that the pack knows for the fact."""

    code = "stated-word-unknown"


class Decider(StrEnum):
    """Who can supply what is missing: whoever asks, or the authority that keeps the pack."""

    ASKER = "asker"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class Question:
    """Who applies for what and when; `stated` are facts that the bank does not own, as texts.

    `specialty` is empty where none is named, `pathway` where none is asked for. `used` are the
    places of that pathway's quota already given in the application's year, by level; None where
    nobody knows. `registered` names the facts that a register tells, `findings` what was found of
    the enterprise and stands.
    """

    series: str
    level: str
    application_day: date
    stated: Mapping[str, str]
    specialty: str = ""
    pathway: str = ""
    used: Mapping[str, int] | None = None
    registered: frozenset[str] = frozenset()
    findings: tuple[str, ...] = ()

    def keys(self, kind: str) -> tuple[str, ...]:
        """Return the rule keys of a kind that speak of this title, the narrowest first."""
        specialties = ([f".{self.specialty}"] if self.specialty else []) + [""]
        return tuple(
            f"{kind}.{series}{specialty}.{level}"
            for series in (self.series, ANY)
            for specialty in specialties
            for level in (self.level, ANY)
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """What keeps the question open: a code, the rule key or stated fact, the year if it is one
    year's, and who may decide."""

    code: str
    key: str
    year: int | None
    decided_by: Decider


@dataclass(frozen=True, slots=True)
class Fit:
    """How stated facts stand to conditions: those that nobody stated, those that do not fit, and
    the rules that say which words there are."""

    unstated: tuple[str, ...]
    unfit: tuple[str, ...]
    values: tuple[Value, ...]


def fit_of(conditions: Iterable[Condition], question: Question, chain: PackChain) -> Fit:
    """Hold the stated facts against conditions.

    Raises:
        StatedAnswerInvalidError: a fact that is to be so or not was stated as neither.
        StatedWordUnknownError: the pack does not know the stated word.
    """
    unstated, unfit, values = [], [], []
    for condition in conditions:
        rule = chain.value_on(f"fact.{condition.fact}", question.application_day)
        if condition.fact not in question.stated:
            unstated.append(condition.fact)
        elif not _fits(condition, question.stated[condition.fact], rule):
            unfit.append(condition.fact)
        if rule is not None:
            values.append(rule)
    return Fit(tuple(unstated), tuple(unfit), tuple(values))


def stated_day(text: str, key: str, *, latest: date) -> date | None:
    """Read a stated day; None if it was stated that there is none.

    Raises:
        StatedFactInvalidError: it is no day, or lies after `latest`, the day of the application.
    """
    if text == NO_DAY:
        return None
    refusal = StatedFactInvalidError(key=key, found=text[:_FOUND_MAX], latest=latest.isoformat())
    if _DAY.fullmatch(text) is None:
        raise refusal
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise refusal from error
    if day > latest:
        raise refusal
    return day


def stated_answer(text: str, key: str) -> bool:
    """Read a stated yes or no.

    Raises:
        StatedAnswerInvalidError: it is neither.
    """
    if text not in _ANSWERS:
        raise StatedAnswerInvalidError(key=key, found=text[:_FOUND_MAX])
    return _ANSWERS[text]


def _fits(condition: Condition, text: str, rule: Value | None) -> bool:
    if not condition.words:
        return stated_answer(text, condition.fact)
    if rule is not None:
        assert isinstance(rule.value, Fact), "the loader types fact.*"
        if text not in rule.value.words:
            raise StatedWordUnknownError(
                key=condition.fact, found=text[:_FOUND_MAX], wanted=list(rule.value.words)
            )
    return text in condition.words
