"""Laws of periods: each year by itself, no day twice, and a year that is done is whole."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.caps import CapLaw, LiveFact, fold, totals_under
from creditbank.rules.conversion_rules import Gives, Overlap, Period
from creditbank.rules.days import Days
from creditbank.rules.items import ItemFact, convert_item, period_rule
from creditbank.rules.pack import PackChain

ChainFrom = Callable[..., PackChain]
FIRST, YEAR_DAYS, ASKED = date(2023, 1, 1), 365, 9000
DAY = date(2025, 6, 3)


@pytest.fixture(scope="session")
def leave(chain_from: ChainFrom) -> Callable[[str], PackChain]:
    def rules(period: str) -> PackChain:
        rule = f'{{ kind = "whole_year", rest = "professional", period = {{ {period} }} }}'
        return chain_from(
            recognise__leave="true", conversion__leave=rule,
            yearly_minimum__total='"90"', yearly_minimum__public='"30"',
        )  # fmt: skip

    return rules


def item(first: date, last: date) -> ItemFact:
    return ItemFact("leave", "", "professional", last, DAY, first_day=first)


@given(
    start=st.integers(0, 800),
    length=st.integers(1, 800),
    gives=st.sampled_from(["by_days", "by_months", "whole_year"]),
    days_min=st.integers(1, 366),
)
def test_each_year_of_a_period_counts_as_if_it_were_all_of_it(
    leave: Callable[[str], PackChain], start: int, length: int, gives: str, days_min: int
) -> None:
    chain = leave(f'gives = "{gives}", overlap = "once", days_min = {days_min}')
    first = date(2021, 1, 1) + timedelta(days=start)
    last = first + timedelta(days=length - 1)

    whole = convert_item(item(first, last), chain)

    pieces = [
        convert_item(item(max(first, date(year, 1, 1)), min(last, date(year, 12, 31))), chain).parts
        for year in range(first.year, last.year + 1)
    ]
    assert whole.parts == tuple(part for parts in pieces for part in parts)
    for part in whole.parts:
        assert part.days is None or part.days.first.year == part.days.last.year
        assert first <= part.earned_on(last) <= last


periods = st.lists(
    st.tuples(st.integers(0, YEAR_DAYS - 1), st.integers(1, YEAR_DAYS)), min_size=1, max_size=5
)


def facts_of(drawn: list[tuple[int, int]]) -> list[LiveFact]:
    facts = []
    for number, (start, length) in enumerate(drawn):
        first = FIRST + timedelta(days=start)
        days = Days(first, min(first + timedelta(days=length - 1), date(2023, 12, 31)))
        worth = ASKED * days.length // YEAR_DAYS
        facts.append(
            LiveFact(
                f"D{number}/1", days.last, 2023, "professional", "leave", worth,
                group=f"D{number}", day_known=False, days=days,
            )
        )  # fmt: skip
    return facts


@given(drawn=periods)
def test_no_day_counts_twice_and_every_hour_is_told(
    leave: Callable[[str], PackChain], drawn: list[tuple[int, int]]
) -> None:
    chain, facts = leave('gives = "by_days", overlap = "once"'), facts_of(drawn)

    folded = fold(facts, chain)

    covered = {FIRST + timedelta(days=at) for at in range(YEAR_DAYS)}
    covered = {
        day for day in covered if any(f.days and f.days.first <= day <= f.days.last for f in facts)
    }
    most = ASKED * len(covered) // YEAR_DAYS
    assert most - 2 * len(facts) <= folded.counted_centihours <= most
    for fact in facts:
        told = folded.occasions[fact.occasion_key]
        assert told.counted_centihours + sum(c.centihours for c in told.cuts) == fact.centihours
        assert {(c.key, c.period, c.value and c.value.key) for c in told.cuts} <= {
            ("days_once", "2023", "conversion.leave")
        }
    assert fold(list(reversed(facts)), chain) == folded
    assert sum(totals_under(facts, CapLaw(chain)).values()) == folded.counted_centihours


@given(drawn=periods)
def test_a_year_that_is_done_is_whole_whatever_else_was_declared(
    leave: Callable[[str], PackChain], drawn: list[tuple[int, int]]
) -> None:
    chain = leave('gives = "by_days", overlap = "once"')

    folded = fold(facts_of([*drawn, (0, YEAR_DAYS)]), chain)

    assert folded.counted_centihours == ASKED


def test_only_what_has_a_first_day_and_such_a_rule_is_a_period(
    leave: Callable[[str], PackChain], chain_from: ChainFrom
) -> None:
    day = date(2024, 5, 1)
    chain = leave('gives = "by_days", overlap = "refused"')
    per_day = chain_from(conversion__leave='{ kind = "per_day", hours_per_day = "8" }')

    assert period_rule(item(day, day), chain) == Period(Gives.BY_DAYS, Overlap.REFUSED, 1)
    assert period_rule(ItemFact("leave", "", "professional", day, DAY), chain) is None
    assert period_rule(item(day, day), per_day) is None
    assert period_rule(item(day, day), chain_from()) is None
