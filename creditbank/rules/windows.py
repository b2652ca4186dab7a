"""Which calendar years a requirement weighs year by year, counted from a start in the person's
life."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from creditbank.rules.stated import START_FACTS, Decider, Missing, Question, stated_day
from creditbank.rules.title_rules import CountFrom, EveryYear, StartYear, SumOfYearly

MONTHS = 12
_MISSING_STARTS: Mapping[CountFrom, str] = {
    CountFrom.TITLE: "current-title-day-missing",
    CountFrom.HIRE: "hire-day-missing",
    CountFrom.MOVE_IN: "move-in-day-missing",
    CountFrom.QUALIFICATION: "qualification-day-missing",
    CountFrom.CERTIFICATE: "certificate-day-missing",
}


@dataclass(frozen=True, slots=True)
class Window:
    """The years weighed, how many months of which year are asked for where it is not all of it, and
    the first year whose hours are the person's to bring (None: any)."""

    years: range
    months_of: Mapping[int, int]
    earliest: int | None


def window_of(
    question: Question, key: str, rule: EveryYear | SumOfYearly
) -> Window | list[Missing]:
    """Return the years to weigh: the last ones, after the latest start that there is.

    `key` is the requirement's, to be named where none of its starts exists.
    """
    end = rule.through.of(question.application_day.year) + 1
    first = end - rule.years
    starts = rule.count_from if isinstance(rule.count_from, tuple) else (rule.count_from,)
    if starts == (CountFrom.ANY_TIME,):
        return Window(range(first, end), {}, None)
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
        return [Missing("no-start-day", key, None, Decider.AUTHORITY)]
    return _since(latest, range(first, end), rule.start_year)


def _since(start: date, years: range, start_year: StartYear) -> Window:
    # Unless the rule says more, the year of the start is not a full year since then, even from
    # 1 January.
    earliest = start.year + 1 if start_year is StartYear.SKIP else start.year
    pro_rata = start_year is StartYear.PRO_RATA_MONTHS
    months_of = {start.year: MONTHS - start.month + 1} if pro_rata else {}
    return Window(range(max(years.start, earliest), years.stop), months_of, earliest)


def _start_day(question: Question, fact: str) -> date | None:
    return stated_day(question.stated[fact], fact, latest=question.application_day)
