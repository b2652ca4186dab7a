"""Make-up study: the days on which a year may be made up, and the years that a day reaches."""

from datetime import date, timedelta

import pytest

from creditbank.rules.conversion import ActivityFact, RuleMissingError, convert
from creditbank.rules.loader import load_pack
from creditbank.rules.make_up import windows_of, years_to_make_up
from creditbank.rules.pack import PackChain
from tests.lawtexts import law, rule

COURSE = (
    rule("recognise.course", "true"),
    rule("conversion.course", '{ kind = "per_day", hours_per_day = "8" }'),
)
NARROW = '{ years = 1, activities = ["course"], subjects = ["public"] }'
WIDE = "{ years = 3 }"


def chain(*packs: tuple[str, ...]) -> PackChain:
    """Return a chain of packs, each given by its rules of make-up; the last is the nearest."""
    loaded = [
        load_pack(law(*COURSE, *rules, id=f"cn-99{'01' * number}"), file=f"{number}")
        for number, rules in enumerate(packs)
    ]
    return PackChain(tuple(loaded[::-1]))


def windows(law_: PackChain, year: int, subject: str = "public") -> list[tuple[str, str, str]]:
    found = windows_of("course", subject, year, law_)
    return [(each.value.key, f"{each.first_day}", f"{each.last_day}") for each in found]


def test_each_rule_opens_its_days_from_its_first_or_the_end_of_the_year() -> None:
    both = chain(
        (
            rule("make_up.narrow", NARROW, "2026-03-01", until="2026-10-01"),
            rule("make_up.wide", WIDE, "2020-01-01"),
        )
    )

    assert windows(both, 2025) == [
        ("make_up.wide", "2026-01-01", "2028-12-31"),
        ("make_up.narrow", "2026-03-01", "2026-09-30"),
    ]
    assert windows(both, 2025, "professional") == [("make_up.wide", "2026-01-01", "2028-12-31")]
    assert windows(both, 2024) == [("make_up.wide", "2025-01-01", "2027-12-31")]
    assert windows(chain(()), 2025) == []
    assert [str(each) for each in windows_of("course", "professional", 2025, both)] == [
        "2026-01-01 – 2028-12-31"
    ]


def test_a_nearer_pack_speaks_in_the_place_of_the_farther_one() -> None:
    near = chain((rule("make_up.one", WIDE),), (rule("make_up.one", NARROW),))

    assert windows(near, 2025) == [("make_up.one", "2026-01-01", "2026-12-31")]


@pytest.mark.parametrize("year", range(2021, 2028))
def test_a_course_is_credited_to_a_year_on_the_days_of_a_window_and_on_no_other(year: int) -> None:
    both = chain(
        (
            rule("make_up.narrow", NARROW, "2026-03-01", until="2026-10-01"),
            rule("make_up.wide", "{ years = 2, activities = [\"course\"] }", "2025-07-01",
                 until="2026-02-01"),
        )
    )  # fmt: skip
    opened = windows_of("course", "public", year, both)

    day = date(2025, 6, 1)
    while day < date(2027, 3, 1):
        fact = ActivityFact("course", "", "", "public", day, 360, 2, 360, make_up_year=year)
        within = any(each.first_day <= day <= each.last_day for each in opened)
        if within:
            assert convert(fact, both).credited_year == year
            assert year in years_to_make_up("course", day, both)
        else:
            with pytest.raises(RuleMissingError):
                convert(fact, both)
        day += timedelta(days=9)


def test_an_activity_that_a_rule_does_not_name_makes_nothing_up() -> None:
    narrow = chain((rule("make_up.narrow", NARROW, "2026-03-01", until="2026-10-01"),))

    assert years_to_make_up("lecture", date(2026, 4, 1), narrow) == ()
    assert years_to_make_up("course", date(2026, 4, 1), narrow) == (2025,)
    assert years_to_make_up("course", date(2026, 10, 1), narrow) == ()
