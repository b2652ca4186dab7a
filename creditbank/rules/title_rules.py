"""The rules that say what a title asks for: minima, requirements, and what frees from them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditbank.rules.fields import SUBJECT, WORD, Fields
from creditbank.rules.kinds import OR_ANY, TOTAL, Kind, optional_words

YEARS_MAX = 50
_PLACES_MAX = 1_000
_FITTING = 'true | "word" | ["word", …]'

_SINCE_MIN, _SINCE_MAX = 1990, 2200


@dataclass(frozen=True, slots=True)
class YearlyMinimum:
    """`yearly_minimum.<total or subject>`: the least that a calendar year asks for."""

    centihours: int


class CountFrom(StrEnum):
    """From when years are weighed: from a day in the person's life, or whatever came before."""

    TITLE = "title"
    HIRE = "hire"
    MOVE_IN = "move_in"
    QUALIFICATION = "qualification"
    CERTIFICATE = "certificate"
    ANY_TIME = "any_time"


#: One start, or several: then the latest of them that the person has.
Start = CountFrom | tuple[CountFrom, ...]


class Through(StrEnum):
    """Which year is the last to count."""

    LAST_YEAR = "last_year"
    APPLICATION_YEAR = "application_year"

    def of(self, application_year: int) -> int:
        """Return that year for an application in a year."""
        return application_year if self is Through.APPLICATION_YEAR else application_year - 1


class StartYear(StrEnum):
    """What the calendar year of the start asks for: nothing, all, or by the months left of it."""

    SKIP = "skip"
    FULL = "full"
    PRO_RATA_MONTHS = "pro_rata_months"


@dataclass(frozen=True, slots=True)
class EveryYear:
    """`requirement.…`, mode every_year: each of the last calendar years meets its minima.

    `minima` are this requirement's own, where it does not go by `yearly_minimum`.
    """

    years: int
    count_from: Start
    through: Through = Through.LAST_YEAR
    start_year: StartYear = StartYear.SKIP
    minima: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class SumOfYearly:
    """`requirement.…`, mode sum_of_yearly: the last calendar years together bring what their yearly
    minima add up to, each year by its own amount.

    `minima` are this requirement's own, where it does not go by `yearly_minimum`.
    """

    years: int
    count_from: Start
    through: Through = Through.LAST_YEAR
    start_year: StartYear = StartYear.SKIP
    minima: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class WindowTotal:
    """`requirement.…`, mode window_total: the last calendar years together meet these minima.

    `minima` is subject path → centihours, the total under the empty path; `each_minima` are those
    that each of the years must bring besides.
    """

    years: int
    minima: Mapping[str, int]
    through: Through = Through.LAST_YEAR
    each_minima: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class SinceYear:
    """`requirement.…`, mode since_year_plus_last: all years since one, and the last full year.

    `minima` are those of the window, `last_minima` those of the year before the application's.
    """

    since: int
    through: Through
    minima: Mapping[str, int]
    last_minima: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NotRequired:
    """`requirement.…`, mode not_required: hours are no condition while this holds."""


RequirementRule = EveryYear | SumOfYearly | WindowTotal | SinceYear | NotRequired


@dataclass(frozen=True, slots=True)
class Condition:
    """One stated fact and the words that fit; no words: a plain yes fits."""

    fact: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A requirement of its own for whoever all conditions fit."""

    when: tuple[Condition, ...]
    rule: RequirementRule


@dataclass(frozen=True, slots=True)
class ByCase:
    """`requirement.…` with cases: the first that fits is weighed; `otherwise` where none does."""

    otherwise: RequirementRule
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Waiver:
    """`waiver.…`: hours are no hard condition for whoever all of these stated facts are true of."""

    facts: tuple[str, ...]


class Effect(StrEnum):
    """What a pathway does: it removes the condition of hours, or makes it no hard one."""

    EXEMPT = "exempt"
    WAIVE = "waive"


class QuotaPeriod(StrEnum):
    """Over what the places of a quota are counted."""

    EMPLOYER_YEAR = "employer_year"


@dataclass(frozen=True, slots=True)
class Places:
    """How many may go in all, and how many of them to a level that is named."""

    total: int
    by_level: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Quota:
    """Places of a pathway; the word stated of the fact `by` says which of the limits holds."""

    per: QuotaPeriod
    by: str
    limits: Mapping[str, Places]


@dataclass(frozen=True, slots=True)
class Pathway:
    """`pathway.<name>`: frees whoever asks for it and fits; empty tuples mean every one.

    `evidence` names the papers that whoever relies on it keeps.
    """

    effect: Effect
    series: tuple[str, ...]
    specialties: tuple[str, ...]
    levels: tuple[str, ...]
    when: tuple[Condition, ...]
    evidence: tuple[str, ...]
    quota: Quota | None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All that must be stated to fit: `when`, and a word that the quota has places for."""
        if self.quota is None:
            return self.when
        return (*self.when, Condition(self.quota.by, tuple(self.quota.limits)))


@dataclass(frozen=True, slots=True)
class Fact:
    """`fact.<name>`: the words that may be stated of a fact; any other is refused."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CarryOver:
    """`carry_over.<total or subject>`: for how many years hours beyond a year's minima may serve
    later ones, and how many of them one year may take (None: no bound)."""

    years: int
    centihours_max: int | None


def rules_in(held: object) -> tuple[RequirementRule, ...]:
    """Return every rule that a requirement may come to; none for what is no requirement."""
    if isinstance(held, ByCase):
        return (held.otherwise, *(case.rule for case in held.cases))
    return (held,) if isinstance(held, RequirementRule) else ()


def conditions_in(held: object) -> tuple[Condition, ...]:
    """Return every condition that a requirement or a pathway has; none for other rules."""
    if isinstance(held, Pathway):
        return held.conditions
    cases = held.cases if isinstance(held, ByCase) else ()
    return tuple(condition for case in cases for condition in case.when)


def _yearly_minimum(fields: Fields) -> YearlyMinimum:
    return YearlyMinimum(fields.centihours("value"))


class _RequirementMode(StrEnum):
    EVERY_YEAR = "every_year"
    SUM_OF_YEARLY = "sum_of_yearly"
    WINDOW_TOTAL = "window_total"
    SINCE_YEAR_PLUS_LAST = "since_year_plus_last"
    NOT_REQUIRED = "not_required"


def _every_year(table: Fields) -> RequirementRule:
    return EveryYear(
        _years(table),
        _start(table),
        _through(table),
        _start_year(table),
        _own_minima(table, "minima"),
    )


def _sum_of_yearly(table: Fields) -> RequirementRule:
    return SumOfYearly(
        _years(table),
        _start(table),
        _through(table),
        _start_year(table),
        _own_minima(table, "minima"),
    )


def _window_total(table: Fields) -> RequirementRule:
    return WindowTotal(
        _years(table),
        _minima(table.inner("minima")),
        _through(table),
        _own_minima(table, "each_year"),
    )


def _since_year_plus_last(table: Fields) -> RequirementRule:
    return SinceYear(
        since=table.integer("since", least=_SINCE_MIN, most=_SINCE_MAX),
        through=table.choice("through", Through),
        minima=_minima(table.inner("minima")),
        last_minima=_minima(table.inner("last_year")),
    )


def _not_required(_table: Fields) -> RequirementRule:
    return NotRequired()


_REQUIREMENTS: Mapping[_RequirementMode, Callable[[Fields], RequirementRule]] = {
    _RequirementMode.EVERY_YEAR: _every_year,
    _RequirementMode.SUM_OF_YEARLY: _sum_of_yearly,
    _RequirementMode.WINDOW_TOTAL: _window_total,
    _RequirementMode.SINCE_YEAR_PLUS_LAST: _since_year_plus_last,
    _RequirementMode.NOT_REQUIRED: _not_required,
}


def _requirement(fields: Fields) -> RequirementRule | ByCase:
    table = fields.inner("value")
    rule = _by_mode(table)
    cases: tuple[Case, ...] = ()
    if table.has("cases"):
        example = '{ when = { highest_degree = ["master"] }, mode = … }'
        cases = tuple(_case(each) for each in table.tables("cases", example=example))
    table.finish()
    return ByCase(rule, cases) if cases else rule


def _by_mode(table: Fields) -> RequirementRule:
    return _REQUIREMENTS[table.choice("mode", _RequirementMode)](table)


def _case(table: Fields) -> Case:
    case = Case(_conditions(table), _by_mode(table))
    table.finish()
    return case


def _conditions(table: Fields) -> tuple[Condition, ...]:
    """Read `when`: facts that are to be so (`true`), or the words that fit them; at least one."""
    when = table.inner("when")
    if not when.table:
        raise table.refuse("when", expected='{ first_review = true, highest_degree = ["master"] }')
    return tuple(Condition(fact, _fitting(when, fact)) for fact in _words_of(when))


def _fitting(when: Fields, fact: str) -> tuple[str, ...]:
    held = when.raw(fact, expected=_FITTING)
    if held is True:
        return ()
    if isinstance(held, list):
        return when.words(fact)
    return (when.text(fact, pattern=WORD, example=_FITTING),)


def _words_of(table: Fields) -> tuple[str, ...]:
    """Return the keys of a table that the pack itself chooses; each is a word."""
    for key in table.table:
        if re.fullmatch(WORD, key) is None:
            raise table.refuse(key, expected=WORD)
    return tuple(table.table)


def _through(table: Fields) -> Through:
    return table.choice("through", Through) if table.has("through") else Through.LAST_YEAR


def _start_year(table: Fields) -> StartYear:
    if not table.has("start_year"):
        return StartYear.SKIP
    if table.table["start"] == CountFrom.ANY_TIME:
        raise table.refuse("start_year", expected='start ≠ "any_time"')
    return table.choice("start_year", StartYear)


def _years(table: Fields) -> int:
    return table.integer("years", least=1, most=YEARS_MAX)


def _start(table: Fields) -> Start:
    if not isinstance(table.raw("start", expected=" | ".join(CountFrom)), list):
        return table.choice("start", CountFrom)
    words = table.words("start")
    days = {start.value: start for start in CountFrom if start is not CountFrom.ANY_TIME}
    if not set(words) <= set(days):
        raise table.refuse("start", expected=f"[{' | '.join(days)}]")
    return tuple(days[word] for word in words)


def _waiver(fields: Fields) -> Waiver:
    table = fields.inner("value")
    waiver = Waiver(table.words("when"))
    table.finish()
    return waiver


def _pathway(fields: Fields) -> Pathway:
    table = fields.inner("value")
    pathway = Pathway(
        effect=table.choice("effect", Effect),
        series=optional_words(table, "series"),
        specialties=optional_words(table, "specialties"),
        levels=optional_words(table, "levels"),
        when=_conditions(table),
        evidence=optional_words(table, "evidence"),
        quota=_quota(table.inner("quota")) if table.has("quota") else None,
    )
    table.finish()
    return pathway


def _quota(table: Fields) -> Quota:
    limits = table.inner("limits")
    if not limits.table:
        raise table.refuse("limits", expected="{ national = { total = 2, full_senior = 1 } }")
    quota = Quota(
        per=table.choice("per", QuotaPeriod),
        by=table.text("by", pattern=WORD, example='"enterprise_class_level"'),
        limits={word: _places(limits.inner(word)) for word in _words_of(limits)},
    )
    table.finish()
    return quota


def _places(table: Fields) -> Places:
    total = table.integer(TOTAL, least=0, most=_PLACES_MAX)
    levels = (level for level in _words_of(table) if level != TOTAL)
    return Places(total, {level: table.integer(level, least=0, most=total) for level in levels})


def _fact(fields: Fields) -> Fact:
    return Fact(fields.words("value"))


def _carry_over(fields: Fields) -> CarryOver:
    table = fields.inner("value")
    rule = CarryOver(
        years=_years(table),
        centihours_max=table.centihours("at_most") if table.has("at_most") else None,
    )
    table.finish()
    return rule


def _own_minima(table: Fields, key: str) -> Mapping[str, int] | None:
    return _minima(table.inner(key)) if table.has(key) else None


def _minima(table: Fields) -> Mapping[str, int]:
    for subject in table.table:
        if re.fullmatch(SUBJECT, subject) is None:
            raise table.refuse(subject, expected='total | public | "public.general"')
    if not table.table:
        raise table.refuse("", expected='{ total = "360" }')
    return {
        "" if subject == TOTAL else subject: table.centihours(subject) for subject in table.table
    }


TitleRule = YearlyMinimum | RequirementRule | ByCase | Waiver | Pathway | Fact | CarryOver

_TITLE = rf"{OR_ANY}(?:\.{OR_ANY})?\.{OR_ANY}"

TITLE_KINDS: tuple[Kind[TitleRule], ...] = (
    Kind(rf"yearly_minimum\.{SUBJECT}", "yearly_minimum.total|SUBJECT", _yearly_minimum),
    Kind(rf"requirement\.{_TITLE}", "requirement.SERIES|*[.SPECIALTY|*].LEVEL|*", _requirement),
    Kind(rf"waiver\.{_TITLE}", "waiver.SERIES|*[.SPECIALTY|*].LEVEL|*", _waiver),
    Kind(rf"pathway\.{WORD}", "pathway.NAME", _pathway),
    Kind(rf"fact\.{WORD}", "fact.NAME", _fact),
    Kind(rf"carry_over\.{SUBJECT}", "carry_over.total|SUBJECT", _carry_over),
)
