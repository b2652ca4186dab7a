"""Weighing credited hours against what a title asks for: met, not met, or what is missing to say.

The promise: an answer is `met` only if there was something to weigh and all of it was enough; a
silent pack gives `undetermined` and names the rule; adding hours never turns `met` into anything
else; and the hours in `closing`, once credited, close every shortfall.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from creditbank.rules.kinds import ANY, TOTAL, subject_contains
from creditbank.rules.pack import Basis, PackChain, Value
from creditbank.rules.shortfall import Closing, RequirementLine, closing_of
from creditbank.rules.stated import (
    START_FACTS,
    StatedAnswerInvalidError,
    StatedFactInvalidError,
    stated_answer,
    stated_day,
)
from creditbank.rules.title_rules import (
    CountFrom,
    EveryYear,
    NotRequired,
    RequirementRule,
    SinceYear,
    SumOfYearly,
    Through,
    Waiver,
    WindowTotal,
    YearlyMinimum,
)

__all__ = [
    "Assessment",
    "Closing",
    "Credited",
    "Decider",
    "Missing",
    "Outcome",
    "Question",
    "RequirementLine",
    "StatedAnswerInvalidError",
    "StatedFactInvalidError",
    "assess",
]

_MINIMUM = "yearly_minimum"
_MISSING_STARTS: Mapping[CountFrom, str] = {
    CountFrom.TITLE: "current-title-day-missing",
    CountFrom.HIRE: "hire-day-missing",
    CountFrom.MOVE_IN: "move-in-day-missing",
    CountFrom.QUALIFICATION: "qualification-day-missing",
    CountFrom.CERTIFICATE: "certificate-day-missing",
}


class Outcome(StrEnum):
    """What weighing can say; pathways that exempt are weighed elsewhere.

    `waived`: hours are no hard condition; those credited are shown all the same.
    """

    MET = "met"
    NOT_MET = "not_met"
    WAIVED = "waived"
    UNDETERMINED = "undetermined"


class Decider(StrEnum):
    """Who can supply what is missing: whoever asks, or the authority that keeps the pack."""

    ASKER = "asker"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class Credited:
    """Counted hours of one year and subject; `migrated_centihours` is the part of them that was
    carried over from records before the bank."""

    year: int
    subject: str
    counted_centihours: int
    migrated_centihours: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.migrated_centihours <= self.counted_centihours, "a part of what counts"


@dataclass(frozen=True, slots=True)
class Question:
    """Who applies for what and when; `stated` are facts that the bank does not own, as texts."""

    series: str
    level: str
    application_day: date
    stated: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Missing:
    """What keeps the question open: a code, the rule key or stated fact, the year if it is one
    year's, and who may decide."""

    code: str
    key: str
    year: int | None
    decided_by: Decider


@dataclass(frozen=True, slots=True)
class Assessment:
    """The outcome and all that it rests on; `caveats` are the assumptions among `values`."""

    outcome: Outcome
    lines: tuple[RequirementLine, ...]
    missing: tuple[Missing, ...]
    values: tuple[Value, ...]
    caveats: tuple[Value, ...]
    closing: tuple[Closing, ...]


def assess(question: Question, credited: Iterable[Credited], chain: PackChain) -> Assessment:
    """Weigh a person's counted hours against the requirement of a series and level.

    The requirement is the one in force on the application day; a year's amounts are those in force
    on its 31 December. The years weighed are full calendar years before the application's year,
    unless the requirement itself says that the application's year counts. A waiver is looked at
    only where the hours are not enough.

    Raises:
        StatedFactInvalidError: a stated fact that the requirement needs is not usable.
    """
    weighed = _weighed(question, tuple(credited), chain)
    if weighed.outcome in {Outcome.MET, Outcome.WAIVED}:
        return weighed
    waiver = _rule_on("waiver", question, chain)
    return weighed if waiver is None else _unless_waived(weighed, question, waiver)


def _weighed(question: Question, rows: tuple[Credited, ...], chain: PackChain) -> Assessment:
    value = _rule_on("requirement", question, chain)
    if value is None:
        key = f"requirement.{question.series}.{question.level}"
        return _open(Missing("requirement-missing", key, None, Decider.AUTHORITY), [])
    rule = value.value
    assert isinstance(rule, RequirementRule), "the loader types requirement.*"
    if isinstance(rule, NotRequired):
        return _assessment(Outcome.WAIVED, [], [], [value])
    if isinstance(rule, WindowTotal):
        end = question.application_day.year
        return _answer(_lines(rows, end - rule.years, end - 1, rule.minima, value), [], [value])
    if isinstance(rule, SinceYear):
        return _since(question, value, rule, rows)
    return _by_years(question, value, rule, rows, chain)


def _by_years(
    question: Question,
    value: Value,
    rule: EveryYear | SumOfYearly,
    rows: tuple[Credited, ...],
    chain: PackChain,
) -> Assessment:
    years = _years(question, value, rule)
    if not isinstance(years, range):
        return _assessment(Outcome.UNDETERMINED, [], years, [value])
    if not years:
        return _open(Missing("no-full-year", value.key, None, Decider.AUTHORITY), [value])
    if isinstance(rule, SumOfYearly):
        return _summed(years, value, rows, chain)
    lines, gaps = _yearly_lines(years, rows, chain)
    return _answer(lines, gaps, [value])


def _rule_on(kind: str, question: Question, chain: PackChain) -> Value | None:
    """Return the narrowest rule of a kind for the series and level on the application day."""
    pairs = (
        (question.series, question.level),
        (question.series, ANY),
        (ANY, question.level),
        (ANY, ANY),
    )
    keys = tuple(f"{kind}.{series}.{level}" for series, level in pairs)
    return chain.first_on(keys, question.application_day)


def _unless_waived(weighed: Assessment, question: Question, value: Value) -> Assessment:
    """Waive the hours if every fact that the waiver names is stated to be so."""
    assert isinstance(value.value, Waiver), "the loader types waiver.*"
    facts = value.value.facts
    stated = {
        fact: stated_answer(question.stated[fact], fact)
        for fact in facts
        if fact in question.stated
    }
    if not all(stated.values()):
        return weighed
    values = _distinct([*weighed.values, value])
    unstated = [fact for fact in facts if fact not in stated]
    missing = [Missing("waiver-fact-missing", fact, None, Decider.ASKER) for fact in unstated]
    if missing:
        gaps = (*weighed.missing, *missing)
        open_ = replace(weighed, outcome=Outcome.UNDETERMINED, missing=gaps)
        return replace(open_, values=values, caveats=_assumed(values))
    # What would close a shortfall, or settle a silence, is no longer asked of anybody.
    return _assessment(Outcome.WAIVED, weighed.lines, [], values)


def _years(
    question: Question, value: Value, rule: EveryYear | SumOfYearly
) -> range | list[Missing]:
    """Return the years to weigh: the last full ones, after the latest start that there is."""
    end = question.application_day.year
    first = end - rule.years
    starts = rule.count_from if isinstance(rule.count_from, tuple) else (rule.count_from,)
    if starts == (CountFrom.ANY_TIME,):
        return range(first, end)
    missing = [
        Missing(_MISSING_STARTS[start], START_FACTS[start], None, Decider.ASKER)
        for start in starts
        if START_FACTS[start] not in question.stated
    ]
    if missing:
        return missing
    days = [_start_day(question, START_FACTS[start]) for start in starts]
    latest = max((day for day in days if day is not None), default=None)
    if latest is None:
        return [Missing("no-start-day", value.key, None, Decider.AUTHORITY)]
    # The year of the start itself is not a full year since then, even from 1 January.
    return range(max(first, latest.year + 1), end)


def _start_day(question: Question, fact: str) -> date | None:
    return stated_day(question.stated[fact], fact, latest=question.application_day)


def _since(
    question: Question, value: Value, rule: SinceYear, rows: tuple[Credited, ...]
) -> Assessment:
    application_year = question.application_day.year
    last = application_year - 1
    if last < rule.since:
        return _open(Missing("no-full-year", value.key, None, Decider.AUTHORITY), [value])
    through = application_year if rule.through is Through.APPLICATION_YEAR else last
    lines = _lines(rows, rule.since, through, rule.minima, value)
    return _answer([*lines, *_lines(rows, last, last, rule.last_minima, value)], [], [value])


def _summed(years: range, value: Value, rows: tuple[Credited, ...], chain: PackChain) -> Assessment:
    """Weigh the window against the sum of its years' amounts; a year without any leaves it open."""
    missing = [_no_minimum(year) for year in years if not _minima_of(year, chain)]
    minima = [minimum for year in years for minimum in _minima_of(year, chain)]
    rules = [value, *(minimum.value for minimum in minima)]
    if missing:
        return _assessment(Outcome.UNDETERMINED, [], missing, rules)
    sums: dict[str, int] = {}
    for minimum in minima:
        sums[minimum.subject] = sums.get(minimum.subject, 0) + minimum.centihours
    return _answer(_lines(rows, years[0], years[-1], sums, value), [], rules)


def _yearly_lines(
    years: range, rows: tuple[Credited, ...], chain: PackChain
) -> tuple[list[RequirementLine], list[Missing]]:
    lines: list[RequirementLine] = []
    missing: list[Missing] = []
    for year in years:
        minima = _minima_of(year, chain)
        if not minima:
            missing.append(_no_minimum(year))
        for minimum in minima:
            required = {minimum.subject: minimum.centihours}
            lines += _lines(rows, year, year, required, minimum.value)
    return lines, missing


def _no_minimum(year: int) -> Missing:
    return Missing("yearly-minimum-missing", f"{_MINIMUM}.{TOTAL}", year, Decider.AUTHORITY)


@dataclass(frozen=True, slots=True)
class _Minimum:
    subject: str
    centihours: int
    value: Value


def _minima_of(year: int, chain: PackChain) -> list[_Minimum]:
    """Return each minimum in force on the year's last day, by subject."""
    minima = []
    for key in chain.keys(_MINIMUM):
        value = chain.value_on(key, date(year, 12, 31))
        if value is None:
            continue
        assert isinstance(value.value, YearlyMinimum), "the loader types yearly_minimum.*"
        subject = key.removeprefix(f"{_MINIMUM}.")
        subject = "" if subject == TOTAL else subject
        minima.append(_Minimum(subject, value.value.centihours, value))
    return sorted(minima, key=lambda minimum: minimum.subject)


def _lines(
    rows: tuple[Credited, ...], first: int, last: int, minima: Mapping[str, int], value: Value
) -> list[RequirementLine]:
    """Weigh the hours from a first through a last year against minima by subject."""
    lines = []
    for subject, required in sorted(minima.items()):
        under = [
            row
            for row in rows
            if first <= row.year <= last and subject_contains(subject, row.subject)
        ]
        line = RequirementLine(
            first_year=first,
            last_year=last,
            subject=subject,
            required_centihours=required,
            credited_centihours=sum(row.counted_centihours for row in under),
            migrated_centihours=sum(row.migrated_centihours for row in under),
            value=value,
        )
        lines.append(line)
    return lines


def _open(missing: Missing, rules: list[Value]) -> Assessment:
    return _assessment(Outcome.UNDETERMINED, [], [missing], rules)


def _answer(lines: list[RequirementLine], missing: list[Missing], rules: list[Value]) -> Assessment:
    # One minimum that is surely short decides, whatever else is still open.
    if not all(line.met for line in lines):
        outcome = Outcome.NOT_MET
    else:
        outcome = Outcome.UNDETERMINED if missing else Outcome.MET
    return _assessment(outcome, lines, missing, [*rules, *(line.value for line in lines)])


def _assessment(
    outcome: Outcome,
    lines: Iterable[RequirementLine],
    missing: Iterable[Missing],
    rules: Iterable[Value],
) -> Assessment:
    weighed, values = tuple(lines), _distinct(rules)
    return Assessment(
        outcome=outcome,
        lines=weighed,
        missing=tuple(missing),
        values=values,
        caveats=_assumed(values),
        closing=() if outcome is Outcome.WAIVED else closing_of(weighed),
    )


def _assumed(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(value for value in values if value.basis is Basis.ASSUMPTION)


def _distinct(values: Iterable[Value]) -> tuple[Value, ...]:
    return tuple({(value.scheme, value.key, value.from_): value for value in values}.values())
