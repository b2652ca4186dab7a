"""Laws of what counts in all: the most that the caps let through, whoever does more, and no work
twice."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditbank.rules.caps import ONCE_PER_WORK, Folded, LiveFact, fold
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import PackChain

ChainFrom = Callable[..., PackChain]
FIRST = date(2024, 3, 1)


def facts_of_one_year(
    max_size: int = 7, subjects: tuple[str, ...] = ("professional",), works: tuple[str, ...] = ("",)
) -> st.SearchStrategy[list[LiveFact]]:
    """Draw facts of one credited year; a filing is of one activity, form and subject."""
    fact = st.builds(
        lambda number, key, offset, subject, activity, worth, work, day_known: LiveFact(
            occasion_key=f"{activity}-{subject}-{number}/{key}",
            day=FIRST + timedelta(days=offset),
            credited_year=2024,
            subject=subject,
            activity=activity,
            centihours=worth,
            form="video" if activity == "online" else "hall",
            group=f"{activity}-{subject}-{number}",
            work=work,
            day_known=day_known,
        ),
        number=st.integers(1, 2),
        key=st.integers(1, 4),
        offset=st.integers(0, 2),
        subject=st.sampled_from(subjects),
        activity=st.sampled_from(["course", "talk", "online"]),
        worth=st.integers(1, 4),
        work=st.sampled_from(works),
        day_known=st.booleans(),
    )
    return st.lists(fact, max_size=max_size, unique_by=lambda item: item.occasion_key)


@pytest.fixture(scope="session")
def nesting(chain_from: ChainFrom) -> PackChain:
    """Make caps of a day, of a filing, of a route, and of a year, each year's within the next."""
    return chain_from(
        cap__day='{ per = "day", hours = "0.04", order = 1 }',
        cap__filing='{ per = "activity", hours = "0.05", order = 2 }',
        cap__talks='{ per = "year", hours = "0.06", order = 3, activities = ["talk"] }',
        cap__lively='{ per = "year", hours = "0.09", order = 4, activities = ["talk", "course"] }',
        cap__video='{ per = "year", hours = "0.05", order = 5, forms = ["video"], '
        'activities = ["online"] }',
    )


def cells(facts: list[LiveFact], folded: Folded) -> dict[tuple[object, ...], int]:
    sums: dict[tuple[object, ...], int] = defaultdict(int)
    for fact in facts:
        cell = fact.day, fact.subject, fact.credited_year, fact.day_known
        sums[cell] += folded.occasions[fact.occasion_key].counted_centihours
    return sums


def within(facts: list[LiveFact], counted: tuple[int, ...]) -> bool:
    """Tell whether these hours exceed none of the caps of `nesting`."""
    sums: dict[object, int] = defaultdict(int)
    for fact, hours in zip(facts, counted, strict=True):
        sums[fact.day] += hours if fact.day_known else 0
        sums[fact.group] += hours
        sums["talks"] += hours if fact.activity == "talk" else 0
        sums["lively"] += hours if fact.activity in {"talk", "course"} else 0
        sums["video"] += hours if fact.activity == "online" else 0
    most = {"talks": 6, "lively": 9, "video": 5}
    return all(
        hours <= most.get(str(name), 4 if isinstance(name, date) else 5)
        for name, hours in sums.items()
    )


@settings(deadline=None)  # every way of counting is tried
@given(facts=facts_of_one_year(max_size=5))
def test_what_counts_in_all_is_the_most_that_the_caps_let_through(
    nesting: PackChain, facts: list[LiveFact]
) -> None:
    folded = fold(facts, nesting)

    ways = product(*(range(fact.centihours + 1) for fact in facts))
    most = max(sum(counted) for counted in ways if within(facts, counted))
    counted = tuple(folded.occasions[fact.occasion_key].counted_centihours for fact in facts)
    assert within(facts, counted)
    assert folded.counted_centihours == most


@given(facts=facts_of_one_year(max_size=10), more=st.integers(1, 3), data=st.data())
def test_more_study_in_one_subject_and_year_never_gives_fewer_hours_in_all(
    nesting: PackChain, facts: list[LiveFact], more: int, data: st.DataObject
) -> None:
    if not facts:
        return
    one = data.draw(st.sampled_from(facts))
    others = [fact for fact in facts if fact is not one]
    longer = [*others, one._replace(centihours=one.centihours + more)]

    without, with_it, with_more = (
        fold(each, nesting).counted_centihours for each in (others, facts, longer)
    )

    assert without <= with_it <= with_more


@given(facts=facts_of_one_year(max_size=10, subjects=("professional", "public")))
def test_later_study_never_changes_how_much_of_a_day_subject_and_year_counts(
    nesting: PackChain, facts: list[LiveFact]
) -> None:
    last = max((fact.day for fact in facts), default=FIRST)
    before = [fact for fact in facts if fact.day < last]

    earlier = cells(before, fold(before, nesting))

    assert earlier.items() <= cells(facts, fold(facts, nesting)).items()


@given(facts=facts_of_one_year(max_size=10, subjects=("professional", "public")), data=st.data())
def test_where_order_matters_it_is_that_of_the_days_and_names_and_not_that_of_posting(
    nesting: PackChain, facts: list[LiveFact], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(facts))

    assert fold(shuffled, nesting) == fold(facts, nesting)


@given(facts=facts_of_one_year(max_size=10, subjects=("professional", "public")))
def test_every_cut_is_told_and_names_a_cap_that_is_full(
    nesting: PackChain, facts: list[LiveFact]
) -> None:
    folded = fold(facts, nesting)

    for fact in facts:
        occasion = folded.occasions[fact.occasion_key]
        assert occasion.counted_centihours + sum(c.centihours for c in occasion.cuts) == (
            fact.centihours
        )
        assert all(cut.centihours > 0 for cut in occasion.cuts)
        assert len({cut.key for cut in occasion.cuts}) == len(occasion.cuts)


@given(facts=facts_of_one_year(max_size=8, works=("", "w", "x")))
def test_a_work_counts_at_one_item_and_never_more_than_that_is_worth(
    nesting: PackChain, facts: list[LiveFact]
) -> None:
    folded = fold(facts, nesting)

    for work in ("w", "x"):
        of_work = [fact for fact in facts if fact.work == work]
        worth: dict[str, int] = defaultdict(int)
        for fact in of_work:
            worth[fact.group] += fact.centihours
        counting = {
            fact.group for fact in of_work if folded.occasions[fact.occasion_key].counted_centihours
        }
        counted = sum(folded.occasions[fact.occasion_key].counted_centihours for fact in of_work)
        assert len(counting) <= 1
        assert counted <= max(worth.values(), default=0)


@given(facts=facts_of_one_year(max_size=8, works=("", "w", "x")))
def test_one_more_declaration_of_a_work_never_gives_fewer_hours_in_all(
    nesting: PackChain, facts: list[LiveFact]
) -> None:
    fewer = fold(facts[1:], nesting).counted_centihours

    assert fewer <= fold(facts, nesting).counted_centihours


@given(facts=facts_of_one_year(max_size=8, works=("w", "x")))
def test_without_caps_a_work_counts_at_the_item_worth_most(
    chain_from: ChainFrom, facts: list[LiveFact]
) -> None:
    folded = fold(facts, chain_from())

    worth: dict[tuple[str, str], int] = defaultdict(int)
    for fact in facts:
        worth[fact.work, fact.group] += fact.centihours
    highest = {
        work: max(hours for (each, _), hours in worth.items() if each == work) for work, _ in worth
    }
    assert folded.counted_centihours == sum(highest.values())


def item(key: str, worth: int, day: int = 1, **more: object) -> LiveFact:
    fact = LiveFact(
        occasion_key=key,
        day=date(2024, 3, day),
        credited_year=2024,
        subject="professional",
        activity="paper",
        centihours=worth,
        group=key.partition("/")[0],
        work="w",
        day_known=False,
    )
    return fact._replace(**more)  # type: ignore[arg-type]


def test_of_items_worth_the_same_the_earlier_counts_and_then_the_name(
    chain_from: ChainFrom,
) -> None:
    facts = [item("b", 900), item("a", 900), item("c", 900, day=2)]

    counted = fold(facts, chain_from()).occasions

    assert [key for key, each in counted.items() if each.counted_centihours] == ["a"]
    assert [(cut.key, cut.value, cut.period) for cut in counted["c"].cuts] == [
        (ONCE_PER_WORK, None, "2024")
    ]


def test_an_item_is_worth_all_its_years_together(chain_from: ChainFrom) -> None:
    facts = [item("a/1", 500), item("a/2", 500, credited_year=2025), item("b", 900)]

    counted = fold(facts, chain_from()).occasions

    assert [each.counted_centihours for each in counted.values()] == [500, 500, 0]


def test_the_clause_by_which_a_work_counts_once_is_cited_where_a_pack_states_it(
    chain_from: ChainFrom,
) -> None:
    chain = chain_from(once_per_work='"highest"')

    (cut,) = fold([item("a", 900), item("b", 800)], chain).occasions["b"].cuts

    assert cut.value is not None
    assert cut.value.key == ONCE_PER_WORK


def test_where_the_highest_item_meets_a_full_cap_the_one_that_counts_more_does(
    chain_from: ChainFrom,
) -> None:
    chain = chain_from(
        cap__patents='{ per = "year", hours = "10", order = 1, activities = ["patent"] }'
    )
    facts = [
        item("p1", 1000, work="", activity="patent"),
        item("p2", 3000, day=2, activity="patent"),
        item("paper", 2000, day=3),
    ]

    counted = fold(facts, chain).occasions

    assert [each.counted_centihours for each in counted.values()] == [1000, 0, 2000]


def test_a_great_many_works_are_folded_all_the_same(chain_from: ChainFrom) -> None:
    chain = chain_from(cap__all='{ per = "year", hours = "10", order = 1 }')
    facts = [
        item(f"{name}{number}", 100 + number, work=f"w{number}")
        for name in "ab"
        for number in range(20)
    ]

    folded = fold(facts, chain)

    assert folded.counted_centihours == 1000


def test_caps_of_a_year_that_cross_are_taken_in_turn(chain_from: ChainFrom) -> None:
    chain = chain_from(
        cap__day='{ per = "day", hours = "8", order = 1 }',
        cap__a='{ per = "year", hours = "8", order = 2, activities = ["paper", "talk"] }',
        cap__b='{ per = "year", hours = "8", order = 3, activities = ["talk", "course"] }',
    )
    facts = [
        item("a", 800, work="", activity="paper", day_known=True),
        item("b", 800, work="", activity="course", day_known=True),
        item("c", 800, work="", activity="paper", day=2, day_known=True),
        item("d", 800, work="", activity="talk", day=3, day_known=True),
    ]

    counted = fold(facts, chain).occasions

    assert [each.counted_centihours for each in counted.values()] == [800, 0, 0, 0]
    # Without the talk nothing crosses, and the paper of the first day makes room for the course.
    assert fold(facts[:3], chain).counted_centihours == 1600


def test_a_filing_over_two_years_crosses_their_caps_and_is_taken_in_turn(
    chain_from: ChainFrom,
) -> None:
    chain = chain_from(
        cap__day='{ per = "day", hours = "8", order = 1 }',
        cap__year='{ per = "year", hours = "12", order = 2 }',
        cap__filing='{ per = "activity", hours = "10", order = 3 }',
    )
    facts = [
        item("f/1", 800, work="", day_known=True),
        item("g/1", 800, work="", day_known=True),
        item("f/2", 800, work="", day=2, credited_year=2025, day_known=True),
        item("g/2", 800, work="", day=3, day_known=True),
        item("h/1", 800, work="", day=4, credited_year=2025, day_known=True),
    ]

    counted = fold(facts, chain).occasions

    assert [each.counted_centihours for each in counted.values()] == [800, 0, 200, 400, 800]


def test_a_cap_lowered_within_its_year_is_taken_in_turn_too(
    pack_text: Callable[..., str], rule: Callable[..., dict[str, str]]
) -> None:
    talks = '{{ per = "year", hours = "{}", order = 2, activities = ["talk"] }}'.format
    text = pack_text(
        rule("cap.day", '{ per = "day", hours = "8", order = 1 }'),
        rule("cap.talks", talks(8)),
        rule("cap.talks", talks(4), "2024-03-02", replaces="2020-01-01"),
    )
    chain = PackChain((load_pack(text.encode(), file="test.toml"),))
    facts = [
        item("a", 600, work="", activity="talk", day_known=True),
        item("b", 800, work="", day_known=True),
        item("c", 800, work="", activity="talk", day=2, day_known=True),
    ]

    counted = fold(facts, chain).occasions

    assert [each.counted_centihours for each in counted.values()] == [600, 200, 0]


def test_what_is_left_to_another_fact_is_told_by_the_first_cap_that_is_full(
    chain_from: ChainFrom,
) -> None:
    chain = chain_from(
        cap__day='{ per = "day", hours = "8", order = 1 }',
        cap__talks='{ per = "year", hours = "8", order = 2, activities = ["talk"] }',
    )
    facts = [
        item("a", 800, work="", activity="talk", day_known=True),
        item("b", 500, work="", day_known=True),
        item("c", 800, work="", activity="talk", day=2, day_known=True),
    ]

    counted = fold(facts, chain).occasions

    assert [
        (key, each.counted_centihours, [(c.key, c.centihours) for c in each.cuts])
        for key, each in counted.items()
    ] == [
        ("a", 300, [("cap.day", 500)]),
        ("b", 500, []),
        ("c", 500, [("cap.talks", 300)]),
    ]
