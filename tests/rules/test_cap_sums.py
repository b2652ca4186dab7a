"""What counts by year and subject is the same whether every cut is told or only the sums."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from creditbank.rules.caps import CapLaw, LiveFact, fold_under, totals_under
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import PackChain

FIRST = date(2023, 12, 30)
CAPS = {
    "cap.day": '{ per = "day", hours = "0.05", order = 1 }',
    "cap.talks": '{ per = "day", hours = "0.03", order = 2, activities = ["talk"] }',
    "cap.filing": '{ per = "activity", hours = "0.06", order = 3 }',
    "cap.public": '{ per = "year", hours = "0.07", order = 4, subject = "public" }',
    "cap.year": '{ per = "year", hours = "0.12", order = 5 }',
    "cap.items": '{ per = "year", items = 1, order = 6, activities = ["talk"] }',
}
LOWERED = '{ per = "year", hours = "0.06", order = 5 }'

facts = st.lists(
    st.builds(
        lambda key, offset, subject, activity, worth, work, day_known: LiveFact(
            f"{activity}-{key[0]}/{key[1:]}", FIRST + timedelta(days=offset),
            (FIRST + timedelta(days=offset)).year, subject, activity, worth, "",
            f"{activity}-{key[0]}", work, day_known,
        ),
        key=st.text("abc", min_size=2, max_size=3),
        offset=st.integers(0, 4),
        subject=st.sampled_from(["professional", "public.general"]),
        activity=st.sampled_from(["course", "talk"]),
        worth=st.integers(0, 6),
        work=st.sampled_from(["", "", "", "", "w"]),
        day_known=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda fact: fact.occasion_key,
)  # fmt: skip
laws = st.tuples(st.sets(st.sampled_from(sorted(CAPS)), max_size=3), st.booleans())


def chain_of_caps(
    pack_text: Callable[..., str], rule: Callable[..., dict[str, str]], drawn: tuple[set[str], bool]
) -> PackChain:
    caps, lowered = drawn
    rules = [rule(key, CAPS[key]) for key in sorted(caps)]
    if lowered and "cap.year" in caps:
        rules.append(rule("cap.year", LOWERED, "2024-01-02", replaces="2020-01-01"))
    return PackChain((load_pack(pack_text(*rules).encode(), file="test.toml"),))


@settings(max_examples=300)
@given(drawn=laws, facts=facts)
def test_the_sums_are_those_of_the_occasions(
    pack_text: Callable[..., str],
    rule: Callable[..., dict[str, str]],
    drawn: tuple[set[str], bool],
    facts: list[LiveFact],
) -> None:
    law = CapLaw(chain_of_caps(pack_text, rule, drawn))

    told = fold_under(facts, law).occasions

    sums: dict[tuple[int, str], int] = defaultdict(int)
    for fact in facts:
        sums[fact.credited_year, fact.subject] += told[fact.occasion_key].counted_centihours
    assert totals_under(facts, law) == sums
