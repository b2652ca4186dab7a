"""Laws of caps by number: what a simple walk finds, whatever order the facts were posted in."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.caps import LiveFact, fold
from creditbank.rules.pack import PackChain

ChainFrom = Callable[..., PackChain]
PLACES, DAY_MOST, YEAR_MOST = 2, 800, 2000

facts_of_two_years = st.lists(
    st.builds(
        lambda group, part, offset, activity, centihours, day_known: LiveFact(
            occasion_key=f"{group}/{part}",
            day=(day := date(2023, 12, 28) + timedelta(days=offset)),
            credited_year=day.year,
            subject="professional",
            activity=activity,
            centihours=centihours,
            group=group,
            day_known=day_known,
        ),
        group=st.sampled_from(["", "D1", "D2", "D3", "D4"]),
        part=st.integers(1, 3),
        offset=st.integers(0, 7),
        activity=st.sampled_from(["paper", "course"]),
        centihours=st.integers(1, 1200),
        day_known=st.booleans(),
    ),
    max_size=10,
    unique_by=lambda fact: fact.occasion_key,
)


@pytest.fixture(scope="session")
def numbered(chain_from: ChainFrom) -> PackChain:
    return chain_from(
        cap__day='{ per = "day", hours = "8", order = 1 }',
        cap__papers='{ per = "year", items = 2, order = 2, activities = ["paper"] }',
        cap__year='{ per = "year", hours = "20", order = 3 }',
    )


def walked(facts: list[LiveFact]) -> dict[str, int]:
    """Count by hand: each fact in its turn gets what is left, if its item has a place."""
    counted: dict[str, int] = {}
    days: dict[date, int] = defaultdict(lambda: DAY_MOST)
    years: dict[int, int] = defaultdict(lambda: YEAR_MOST)
    places: dict[int, set[str]] = defaultdict(set)
    for fact in sorted(facts, key=lambda each: (each.day, not each.day_known, each.occasion_key)):
        year, numbered = fact.credited_year, fact.activity == "paper" and fact.group != ""
        left = min(fact.centihours, years[year], days[fact.day] if fact.day_known else YEAR_MOST)
        if numbered and fact.group not in places[year] and len(places[year]) == PLACES:
            left = 0
        if numbered and left:
            places[year].add(fact.group)
        years[year] -= left
        days[fact.day] -= left if fact.day_known else 0
        counted[fact.occasion_key] = left
    return counted


@given(facts=facts_of_two_years, data=st.data())
def test_so_many_items_count_as_a_simple_walk_finds_whoever_posted_first(
    numbered: PackChain, facts: list[LiveFact], data: st.DataObject
) -> None:
    papers = [fact for fact in facts if fact.activity == "paper" and fact.group]
    if not papers:
        return  # then the caps of hours are looked at together, and not in turn
    shuffled = data.draw(st.permutations(facts))

    occasions = fold(shuffled, numbered).occasions

    assert {key: each.counted_centihours for key, each in occasions.items()} == walked(facts)
    for fact in facts:
        each = occasions[fact.occasion_key]
        cut = sum(cut.centihours for cut in each.cuts)
        assert each.counted_centihours + cut == fact.centihours
