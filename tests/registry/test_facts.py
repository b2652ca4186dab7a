"""Facts of organisations, folded purely: for any day, as known at any instant."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.registry.facts import (
    Attribute,
    Fact,
    Ground,
    Says,
    Statement,
    contradicted,
    facts_known,
    fits_class,
    true_on,
)

FIRST = date(2025, 1, 1)
BEGUN = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = st.integers(0, 60).map(lambda days: FIRST + timedelta(days=days))


def said(
    number: int,
    attribute: Attribute,
    value: str = "",
    level: str = "",
    term: tuple[date | None, date | None] = (None, None),
) -> Statement:
    return Statement(
        f"O{number}", 1, Says.SO, attribute, value, level, *term, Ground(), "official",
        BEGUN + timedelta(hours=number),
    )  # fmt: skip


REGISTERED = [
    said(0, Attribute.NAME, "旧名"), said(0, Attribute.KIND, "enterprise"),
    said(0, Attribute.DISTRICT, "cn-3710"),
]  # fmt: skip


def registered() -> list[Statement]:
    """Return what registration says, each under a number of its own."""
    return [
        Statement(f"R{place}", *[getattr(each, name) for name in Statement.__slots__[1:]])
        for place, each in enumerate(REGISTERED)
    ]


@given(st.lists(DAYS, unique=True, max_size=6), st.data())
def test_the_name_on_a_day_is_the_last_one_that_began_by_then(
    days: list[date], data: st.DataObject
) -> None:
    renamed = [
        said(number, Attribute.NAME, f"第{day}名", "", (day, None))
        for number, day in enumerate(days, start=1)
    ]
    asked = data.draw(DAYS)
    begun = [day for day in days if day <= asked]

    picture = true_on(facts_known(data.draw(st.permutations(registered() + renamed))), asked)

    assert picture is not None
    assert picture.name.said.value == (f"第{max(begun)}名" if begun else "旧名")


@given(DAYS, DAYS, DAYS, DAYS)
def test_two_facts_of_one_sort_contradict_exactly_where_a_day_has_both(
    one_from: date, one_to: date, other_from: date, other_to: date
) -> None:
    one, other = (
        Fact(said(number, Attribute.CLASS, "sme", "", (min(term), max(term))))
        for number, term in enumerate([(one_from, one_to), (other_from, other_to)])
    )
    days = [FIRST + timedelta(days=each) for each in range(61)]
    both = any(one.holds_on(day) and other.holds_on(day) for day in days)

    assert (contradicted([one], other) is one) == both
    assert (contradicted([other], one) is other) == both


@given(st.permutations(range(4)), st.integers(0, 4))
def test_what_was_known_at_an_instant_is_what_had_been_stated_by_then(
    order: list[int], known: int
) -> None:
    base = said(1, Attribute.BASE, "", "municipal", (FIRST, date(2025, 12, 31)))
    later = [
        Statement(
            "O1", sequence, says, base.attribute, "", "municipal", FIRST, last, Ground(), "x",
            BEGUN + timedelta(hours=sequence),
        )
        for sequence, says, last in [
            (2, Says.UNTIL, date(2025, 8, 31)), (3, Says.UNTIL, date(2025, 6, 30)),
            (4, Says.NOT_SO, None),
        ]
    ]  # fmt: skip
    statements = [base, *later]

    facts = facts_known([statements[place] for place in order], BEGUN + timedelta(hours=known))

    last_days = {1: date(2025, 12, 31), 2: date(2025, 8, 31), 3: date(2025, 6, 30)}
    assert [each.valid_through for each in facts if each.taken_back is None] == [
        last_days[known] for _ in range(1) if known in last_days
    ]
    assert [each.holds_on(FIRST) for each in facts] == ([] if known == 0 else [known < 4])


def test_without_a_name_there_is_no_picture() -> None:
    assert true_on(facts_known([]), FIRST) is None


@pytest.mark.parametrize(
    ("value", "levels"),
    [
        ("specialised_innovative", "national provincial municipal"), ("little_giant", "national"),
        ("single_product_champion", "national provincial"), ("leading", ""), ("large", ""),
        ("private", ""), ("above_scale", ""), ("high_tech", ""), ("sme", ""),
        ("key_industry", ""), ("chain_training_centre", ""),
    ],
)  # fmt: skip
def test_each_class_of_the_notices_has_its_levels(value: str, levels: str) -> None:
    known = ("", "national", "provincial", "municipal")
    fitting = [level for level in known if fits_class(value, level)]

    assert fitting == (levels.split() or [""])
