"""What is told of caps without walking the facts is what the walk would tell."""

from collections.abc import Callable

from hypothesis import given

from creditbank.rules.caps import CapLaw, LiveFact, all_within, fold_under
from creditbank.rules.pack import PackChain
from tests.rules.test_cap_laws import DAY_CAP, PUBLIC_CAP, TALK_CAP, YEAR_CAP, live_facts

ChainFrom = Callable[..., PackChain]


@given(facts=live_facts())
def test_hours_are_within_every_cap_exactly_where_the_walk_cuts_nothing(
    chain_from: ChainFrom, facts: list[LiveFact]
) -> None:
    law = CapLaw(
        chain_from(
            cap__day=DAY_CAP, cap__year=YEAR_CAP, cap__talks=TALK_CAP, cap__public=PUBLIC_CAP
        )
    )

    within = all_within((law.bounds(fact), fact.centihours) for fact in facts)

    folded = fold_under(facts, law)
    assert within == (folded.counted_centihours == sum(fact.centihours for fact in facts))


def test_of_a_cap_that_goes_by_the_number_of_items_it_cannot_be_told() -> None:
    assert not all_within([(((("cap.a", "2025"), 800),), 100), (None, 100)])


def test_a_cap_that_was_lowered_meanwhile_holds_by_its_lowest_amount() -> None:
    bucket = ("cap.a", "2025")

    assert all_within([(((bucket, 800),), 100), (((bucket, 300),), 200)])
    assert not all_within([(((bucket, 300),), 100), (((bucket, 800),), 201)])
