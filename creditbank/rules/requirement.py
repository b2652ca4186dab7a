"""Weighing credited hours against what a title asks for: met, not met, or what is missing to say.

The promise: an answer is `met` only if there was something to weigh and all of it was enough; a
silent pack gives `undetermined` and names the rule; adding hours never turns `met` into anything
else; and the hours in `closing`, once credited, close every shortfall. What frees from hours is
looked at only where they are not enough, and never changes what was weighed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from creditbank.rules.carry_over import carried_into
from creditbank.rules.make_up import MakeUpChance, chances_of
from creditbank.rules.minima import Asks, Credited, by_year, lines_of, no_minimum, yearly_lines
from creditbank.rules.pack import Basis, PackChain, Value, distinct
from creditbank.rules.pathways import Refused, other_pathways, pathway_of, try_pathway, try_waiver
from creditbank.rules.shortfall import Closing, RequirementLine, closing_of
from creditbank.rules.stated import (
    Decider,
    Missing,
    Question,
    StatedAnswerInvalidError,
    StatedFactInvalidError,
    StatedWordUnknownError,
    fit_of,
)
from creditbank.rules.title_rules import (
    ByCase,
    Effect,
    NotRequired,
    RequirementRule,
    SinceYear,
    SumOfYearly,
    WindowTotal,
)
from creditbank.rules.windows import Window, window_of

__all__ = [
    "Assessment",
    "Closing",
    "Credited",
    "Decider",
    "MakeUpChance",
    "Missing",
    "Outcome",
    "Question",
    "Refused",
    "RequirementLine",
    "StatedAnswerInvalidError",
    "StatedFactInvalidError",
    "StatedWordUnknownError",
    "assess",
    "outcome_of",
]


class Outcome(StrEnum):
    """What weighing can say.

    `exempt`: a pathway removes the condition; `waived`: hours are no hard condition. Those credited
    are shown all the same.
    """

    MET = "met"
    NOT_MET = "not_met"
    EXEMPT = "exempt"
    WAIVED = "waived"
    UNDETERMINED = "undetermined"


_FREED = {Effect.EXEMPT: Outcome.EXEMPT, Effect.WAIVE: Outcome.WAIVED}


@dataclass(frozen=True, slots=True)
class Assessment:
    """The outcome and all that it rests on; `caveats` are the assumptions among `values`.

    `case` are the stated facts that chose one case of the requirement. `pathway` is the one asked
    for, where it frees, and `refused` why it does not; `other_pathways` are names of those that
    would fit. `make_up` says until when years that are short may be made up.
    """

    outcome: Outcome
    lines: tuple[RequirementLine, ...]
    missing: tuple[Missing, ...]
    values: tuple[Value, ...]
    caveats: tuple[Value, ...]
    case: Mapping[str, str] = field(default_factory=dict)
    pathway: Value | None = None
    refused: tuple[Refused, ...] = ()
    other_pathways: tuple[str, ...] = ()
    make_up: tuple[MakeUpChance, ...] = ()
    #: facts of the question that a register told
    registered: frozenset[str] = frozenset()

    @property
    def closing(self) -> tuple[Closing, ...]:
        """Hours that would close every shortfall; none are asked of whoever is freed."""
        return () if self.outcome in _FREED.values() else closing_of(self.lines)


def assess(question: Question, credited: Iterable[Credited], chain: PackChain) -> Assessment:
    """Weigh a person's counted hours against the requirement of a series, specialty and level.

    The requirement is the one in force on the application day; a year's amounts are those in force
    on its 31 December. The years weighed are full calendar years before the application's year,
    unless the requirement itself says more. A waiver, and then the pathway asked for, are looked at
    only where the hours are not enough.

    Raises:
        StatedFactInvalidError: a stated fact that a rule needs is not usable.
    """
    judged = _judged(question, credited, chain)
    settled = judged.outcome in {Outcome.MET, *_FREED.values()}
    return judged if settled else _with_chances(judged, question, chain)


def outcome_of(question: Question, credited: Iterable[Credited], chain: PackChain) -> Outcome:
    """Return the outcome of `assess` alone.

    Raises:
        StatedFactInvalidError: a stated fact that a rule needs is not usable.
    """
    return _judged(question, credited, chain).outcome


def _judged(question: Question, credited: Iterable[Credited], chain: PackChain) -> Assessment:
    weighed = _weighed(question, tuple(credited), chain)
    if weighed.outcome in {Outcome.MET, Outcome.WAIVED}:
        return weighed
    weighed = _unless_waived(weighed, question, chain)
    if weighed.outcome is not Outcome.WAIVED:
        weighed = _unless_on_pathway(weighed, question, chain)
    return weighed


def _weighed(question: Question, rows: tuple[Credited, ...], chain: PackChain) -> Assessment:
    value = chain.first_on(question.keys("requirement"), question.application_day)
    if value is None:
        key = question.keys("requirement")[0]
        return _open(Missing("requirement-missing", key, None, Decider.AUTHORITY), [])
    asked, held = _Asked(question, rows, chain, value), value.value
    if not isinstance(held, ByCase):
        assert isinstance(held, RequirementRule), "the loader types requirement.*"
        return _by_rule(asked, held)
    chosen = _case_of(held, question, chain)
    if chosen.missing:
        return _assessment(Outcome.UNDETERMINED, [], chosen.missing, [value, *chosen.values])
    weighed = _by_rule(asked, chosen.rule)
    return replace(_with_values(weighed, [value, *chosen.values]), case=chosen.facts)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question, the hours to weigh, and the requirement in force."""

    question: Question
    rows: tuple[Credited, ...]
    chain: PackChain
    value: Value


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The rule that stated facts choose, those facts, and what must be stated to choose at all."""

    rule: RequirementRule
    facts: Mapping[str, str]
    missing: tuple[Missing, ...]
    values: tuple[Value, ...]


def _case_of(held: ByCase, question: Question, chain: PackChain) -> _Chosen:
    """Choose the first case that fits; one that might fit keeps the choice open."""
    unstated: dict[str, None] = {}
    values: list[Value] = []
    rule, facts = held.otherwise, dict[str, str]()
    for case in held.cases:
        fit = fit_of(case.when, question, chain)
        values += fit.values
        if fit.unfit:
            continue
        unstated |= dict.fromkeys(fit.unstated)
        if not fit.unstated:
            rule = case.rule
            facts = {each.fact: question.stated[each.fact] for each in case.when}
            break
    missing = (Missing("case-fact-missing", fact, None, Decider.ASKER) for fact in unstated)
    return _Chosen(rule, facts, tuple(missing), tuple(values))


def _by_rule(asked: _Asked, rule: RequirementRule) -> Assessment:
    value = asked.value
    if isinstance(rule, NotRequired):
        return _assessment(Outcome.WAIVED, [], [], [value])
    if isinstance(rule, WindowTotal):
        last = rule.through.of(asked.question.application_day.year)
        years = range(last - rule.years + 1, last + 1)
        each = rule.each_minima or {}
        lines = [line for year in years for line in lines_of(asked.rows, (year, year), each, value)]
        span = years[0], last
        return _answer([*lines_of(asked.rows, span, rule.minima, value), *lines], [], [value])
    if isinstance(rule, SinceYear):
        return _since(asked, rule)
    window = window_of(asked.question, value.key, rule)
    if not isinstance(window, Window):
        return _assessment(Outcome.UNDETERMINED, [], window, [value])
    if not window.years:
        return _open(Missing("no-full-year", value.key, None, Decider.AUTHORITY), [value])
    weigh = _summed if isinstance(rule, SumOfYearly) else _yearly
    return weigh(asked, Asks(asked.chain, window, value, rule.minima))


def _since(asked: _Asked, rule: SinceYear) -> Assessment:
    value, application_year = asked.value, asked.question.application_day.year
    last = application_year - 1
    if last < rule.since:
        return _open(Missing("no-full-year", value.key, None, Decider.AUTHORITY), [value])
    lines = lines_of(
        asked.rows, (rule.since, rule.through.of(application_year)), rule.minima, value
    )
    return _answer(
        [*lines, *lines_of(asked.rows, (last, last), rule.last_minima, value)], [], [value]
    )


def _summed(asked: _Asked, asks: Asks) -> Assessment:
    """Weigh the window against the sum of its years' amounts; a year without any leaves it open."""
    asked_of = {year: asks.of(year) for year in asks.window.years}
    minima = [minimum for held in asked_of.values() for minimum in held]
    rules = [asked.value, *(minimum.value for minimum in minima)]
    missing = [no_minimum(year) for year, held in asked_of.items() if not held]
    if missing:
        return _assessment(Outcome.UNDETERMINED, [], missing, rules)
    sums: dict[str, int] = {}
    for minimum in minima:
        sums[minimum.subject] = sums.get(minimum.subject, 0) + minimum.centihours
    span = asks.window.years[0], asks.window.years[-1]
    return _answer(lines_of(asked.rows, span, sums, asked.value), [], rules)


def _yearly(asked: _Asked, asks: Asks) -> Assessment:
    lines: list[RequirementLine] = []
    missing: list[Missing] = []
    held = by_year(asked.rows)
    for year in asks.window.years:
        minima = asks.of(year)
        if not minima:
            missing.append(no_minimum(year))
        lines += yearly_lines(year, held.get(year, ()), minima)
    carried = carried_into(lines, asked.rows, asks)
    return _answer(carried.lines, missing, [asked.value, *carried.values])


def _unless_waived(weighed: Assessment, question: Question, chain: PackChain) -> Assessment:
    """Waive the hours if every fact that the waiver names is stated to be so."""
    trial = try_waiver(question, chain)
    if trial.refused:
        return weighed
    return _unless_freed_by(weighed, Outcome.WAIVED, trial.missing, trial.values)


def _unless_on_pathway(weighed: Assessment, question: Question, chain: PackChain) -> Assessment:
    """Free from hours whoever asks for a pathway that fits; name the others that would."""
    if others := other_pathways(question, chain):
        weighed = replace(weighed, other_pathways=others)
    if not question.pathway:
        return weighed
    trial = try_pathway(question, chain)
    if trial.value is None or trial.refused:
        refused = replace(weighed, refused=trial.refused)
        return _with_values(refused, trial.values)
    outcome = _FREED[pathway_of(trial.value).effect]
    freed = _unless_freed_by(weighed, outcome, trial.missing, trial.values)
    if trial.missing:
        return freed
    return replace(freed, pathway=trial.value, registered=question.registered)


def _unless_freed_by(
    weighed: Assessment, outcome: Outcome, missing: Iterable[Missing], values: Iterable[Value]
) -> Assessment:
    """Give what frees its outcome, or leave the answer open as long as something is missing."""
    based = _with_values(weighed, values)
    still = tuple(missing)
    if still:
        gaps = (*weighed.missing, *still)
        return replace(based, outcome=Outcome.UNDETERMINED, missing=gaps)
    return replace(based, outcome=outcome, missing=())  # a silence that no longer matters


def _with_chances(weighed: Assessment, question: Question, chain: PackChain) -> Assessment:
    chances = chances_of(weighed.lines, question.application_day, chain)
    if not chances:
        return weighed
    return _with_values(replace(weighed, make_up=chances), [each.value for each in chances])


def _open(missing: Missing, rules: list[Value]) -> Assessment:
    return _assessment(Outcome.UNDETERMINED, [], [missing], rules)


def _answer(
    lines: Iterable[RequirementLine], missing: list[Missing], rules: list[Value]
) -> Assessment:
    weighed = tuple(lines)
    # One minimum that is surely short decides, whatever else is still open.
    if not all(line.met for line in weighed):
        outcome = Outcome.NOT_MET
    else:
        outcome = Outcome.UNDETERMINED if missing else Outcome.MET
    return _assessment(outcome, weighed, missing, [*rules, *(line.value for line in weighed)])


def _assessment(
    outcome: Outcome,
    lines: Iterable[RequirementLine],
    missing: Iterable[Missing],
    rules: Iterable[Value],
) -> Assessment:
    weighed, values = tuple(lines), distinct(rules)
    return Assessment(
        outcome=outcome,
        lines=weighed,
        missing=tuple(missing),
        values=values,
        caveats=_assumed(values),
    )


def _with_values(assessment: Assessment, more: Iterable[Value]) -> Assessment:
    values = distinct([*assessment.values, *more])
    return replace(assessment, values=values, caveats=_assumed(values))


def _assumed(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(value for value in values if value.basis is Basis.ASSUMPTION)
