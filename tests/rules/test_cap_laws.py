"""Laws of the cap fold: a function of the set of facts, within every cap, no more than earned."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.caps import Folded, LiveFact, fold
from creditbank.rules.pack import PackChain

ChainFrom = Callable[..., PackChain]

DAY_CAP = '{ per = "day", hours = "8", order = 3 }'
YEAR_CAP = '{ per = "year", hours = "30", order = 2 }'
TALK_CAP = '{ per = "year", hours = "10", order = 1, activities = ["talk"] }'
PUBLIC_CAP = '{ per = "year", hours = "12", order = 1, subject = "public" }'


def live_facts(max_size: int = 12) -> st.SearchStrategy[list[LiveFact]]:
    fact = st.builds(
        lambda key, offset, subject, activity, centihours, day_known: LiveFact(
            occasion_key=key,
            day=(day := date(2023, 12, 29) + timedelta(days=offset)),
            credited_year=day.year,
            subject=subject,
            activity=activity,
            centihours=centihours,
            day_known=day_known,
        ),
        key=st.text("abcdef", min_size=1, max_size=3),
        offset=st.integers(0, 5),
        subject=st.sampled_from(["professional", "public", "public.general"]),
        activity=st.sampled_from(["course", "talk"]),
        centihours=st.integers(1, 1600),
        day_known=st.booleans(),
    )
    return st.lists(fact, max_size=max_size, unique_by=lambda item: item.occasion_key)


@pytest.fixture(scope="session")
def crossing(chain_from: ChainFrom) -> PackChain:
    return chain_from(
        cap__day=DAY_CAP, cap__year=YEAR_CAP, cap__talks=TALK_CAP, cap__public=PUBLIC_CAP
    )


@pytest.fixture(scope="session")
def nested(chain_from: ChainFrom) -> PackChain:
    return chain_from(cap__day=DAY_CAP, cap__year=YEAR_CAP)


def totals(facts: list[LiveFact], folded: Folded, group: str) -> dict[object, int]:
    sums: dict[object, int] = defaultdict(int)
    for fact in facts:
        if group == "day" and fact.day_known:
            sums[fact.day] += folded.occasions[fact.occasion_key].counted_centihours
        if group == "year":
            sums[fact.credited_year] += folded.occasions[fact.occasion_key].counted_centihours
    return sums


@given(data=st.data(), facts=live_facts())
def test_any_order_of_the_same_facts_counts_the_same(
    crossing: PackChain, data: st.DataObject, facts: list[LiveFact]
) -> None:
    shuffled = data.draw(st.permutations(facts))

    folded = fold(facts, crossing)

    assert fold(shuffled, crossing) == folded
    assert list(fold(shuffled, crossing).occasions) == list(folded.occasions)


@given(facts=live_facts())
def test_what_counts_and_what_is_cut_make_up_what_was_earned(
    crossing: PackChain, facts: list[LiveFact]
) -> None:
    folded = fold(facts, crossing)

    for fact in facts:
        occasion = folded.occasions[fact.occasion_key]
        cut = sum(cut.centihours for cut in occasion.cuts)
        assert occasion.counted_centihours + cut == fact.centihours
        assert all(cut.centihours > 0 for cut in occasion.cuts)
    assert folded.counted_centihours == sum(totals(facts, folded, "year").values())


@given(facts=live_facts())
def test_no_cap_is_ever_exceeded(crossing: PackChain, facts: list[LiveFact]) -> None:
    folded = fold(facts, crossing)
    talks = [fact for fact in facts if fact.activity == "talk"]
    public = [fact for fact in facts if fact.subject.startswith("public")]

    assert all(sum_ <= 800 for sum_ in totals(facts, folded, "day").values())
    assert all(sum_ <= 3000 for sum_ in totals(facts, folded, "year").values())
    assert all(sum_ <= 1000 for sum_ in totals(talks, folded, "year").values())
    assert all(sum_ <= 1200 for sum_ in totals(public, folded, "year").values())


@given(facts=live_facts())
def test_where_days_lie_within_years_one_more_fact_never_lowers_the_total(
    nested: PackChain, facts: list[LiveFact]
) -> None:
    fewer = fold(facts[1:], nested).counted_centihours

    assert fewer <= fold(facts, nested).counted_centihours


@given(facts=live_facts())
def test_without_a_cap_everything_counts(chain_from: ChainFrom, facts: list[LiveFact]) -> None:
    folded = fold(facts, chain_from())

    assert folded.counted_centihours == sum(fact.centihours for fact in facts)
    assert not any(occasion.cuts for occasion in folded.occasions.values())


def test_caps_of_one_order_apply_by_name(chain_from: ChainFrom) -> None:
    cap = '{{ per = "year", hours = "{}", order = 1 }}'.format
    fact = LiveFact("a", date(2024, 1, 1), 2024, "public", "talk", 1000)

    (occasion,) = fold([fact], chain_from(cap__b=cap(5), cap__a=cap(7))).occasions.values()

    assert [(cut.key, cut.centihours) for cut in occasion.cuts] == [("cap.a", 300), ("cap.b", 200)]


def test_an_occasion_that_is_live_twice_is_a_programming_error(nested: PackChain) -> None:
    fact = LiveFact("a", date(2024, 1, 1), 2024, "public", "talk", 1000)

    with pytest.raises(AssertionError):
        fold([fact, fact], nested)
