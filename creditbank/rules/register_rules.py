"""The rules by which a register of exemptions is kept: what it knows, which places are used."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditbank.rules.fields import WORD, Fields
from creditbank.rules.hour_rules import month_day
from creditbank.rules.kinds import Kind

_FITTING = 'true | "word"'
_YES = "yes"


@dataclass(frozen=True, slots=True)
class Registered:
    """`registered.<what>`: the facts, as texts, that follow from something a register holds."""

    facts: Mapping[str, str]


class QuotaYear(StrEnum):
    """Whose calendar year a place is counted in: that of the application, or of the approval."""

    APPLICATION = "application"
    APPROVAL = "approval"


class Ending(StrEnum):
    """How an approved exemption ends before it is used."""

    GIVEN_BACK = "given_back"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """`quota_use.<pathway>`: in which year a place counts, and after which endings it is free."""

    year: QuotaYear
    free_again: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class RightLost:
    """`right_lost.<pathway>`: findings on an enterprise after which it may not use a pathway."""

    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewBy:
    """`review_by[.SERIES]`: by which month and day a unit with a review of its own ends it."""

    month: int
    day: int


def _registered(fields: Fields) -> Registered:
    table = fields.inner("value")
    if not table.table:
        raise table.refuse("", expected='{ enterprise_class = "specialised_sme" }')
    facts: dict[str, str] = {}
    for fact in table.table:
        held = table.raw(fact, expected=_FITTING)
        facts[fact] = _YES if held is True else table.text(fact, pattern=WORD, example=_FITTING)
    table.finish()
    return Registered(facts)


def _quota_use(fields: Fields) -> QuotaUse:
    table = fields.inner("value")
    words = table.words("free_again") if table.has("free_again") else ()
    if not set(words) <= set(Ending):
        raise table.refuse("free_again", expected=f"[{' | '.join(Ending)}]")
    rule = QuotaUse(table.choice("year", QuotaYear), tuple(map(Ending, words)))
    table.finish()
    return rule


def _right_lost(fields: Fields) -> RightLost:
    return RightLost(fields.words("value"))


def _review_by(fields: Fields) -> ReviewBy:
    table = fields.inner("value")
    rule = ReviewBy(*month_day(table, "yearly_by"))
    table.finish()
    return rule


RegisterRule = Registered | QuotaUse | RightLost | ReviewBy

REGISTER_KINDS: tuple[Kind[RegisterRule], ...] = (
    Kind(rf"registered\.{WORD}(?:\.{WORD}){{0,2}}", "registered.WHAT", _registered),
    Kind(rf"quota_use\.{WORD}", "quota_use.PATHWAY", _quota_use),
    Kind(rf"right_lost\.{WORD}", "right_lost.PATHWAY", _right_lost),
    Kind(rf"review_by(?:\.{WORD})?", "review_by[.SERIES]", _review_by),
)
