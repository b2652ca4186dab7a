"""Laws of carrying over: all that can be filled is, no hour serves twice, more is never worse."""

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from creditbank.rules.carry_over import carrying_years
from creditbank.rules.kinds import subject_contains
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import PackChain
from creditbank.rules.requirement import Assessment, Credited, Outcome, Question, assess

ChainFrom = Callable[..., PackChain]
Hours = dict[tuple[int, str], int]

QUESTION = Question("engineering", "intermediate", date(2026, 6, 1), {})
YEARS = range(2023, 2026)
SUBJECTS = ("a", "b.x", "b.y", "c")
#: hundredths of an hour, so few that every way of carrying them can be tried
MINIMA = {"": 4, "a": 1, "b": 2, "b.x": 1}

hours = st.dictionaries(
    st.tuples(st.sampled_from(YEARS), st.sampled_from(SUBJECTS)), st.integers(0, 3)
)
bounds = st.none() | st.integers(1, 3)
reaches = st.integers(1, 2)


def rule(years: int, most: int | None) -> str:
    bound = "" if most is None else f', at_most = "0.0{most}"'
    return f"{{ years = {years}{bound} }}"


@cache
def law(chain_from: ChainFrom, total: str, narrow: str = "") -> PackChain:
    rules = {
        "requirement__*__*": '{ mode = "every_year", years = 3, start = "any_time" }',
        "yearly_minimum__total": '"0.04"',
        "yearly_minimum__a": '"0.01"',
        "yearly_minimum__b": '"0.02"',
        "yearly_minimum__b__x": '"0.01"',
    }
    carrying = {"carry_over__total": total} | ({"carry_over__b": narrow} if narrow else {})
    return chain_from(**rules, **carrying)


def rows_of(held: Hours) -> list[Credited]:
    return [Credited(year, subject, hours) for (year, subject), hours in held.items()]


def under(subject: str, held: Hours, year: int) -> int:
    return sum(
        amount
        for (when, each), amount in held.items()
        if when == year and (not subject or each == subject or each.startswith(f"{subject}."))
    )


Move = tuple[int, int, str]


def ways(held: Hours, years_of: Callable[[str], int]) -> Iterator[Hours]:
    """Yield what each way of moving beyond-minimum hours onwards brings into each year."""
    moves = [
        (giving, taking, subject)
        for (giving, subject), amount in held.items()
        for taking in range(giving + 1, giving + years_of(subject) + 1)
        if amount and taking in YEARS and short_somewhere(held, taking)
    ]
    for amounts in itertools.product(*(range(held[g, s] + 1) for g, _t, s in moves)):
        out, into = dict[tuple[int, str], int](), dict[tuple[int, str], int]()
        for (giving, taking, subject), amount in zip(moves, amounts, strict=True):
            out[giving, subject] = out.get((giving, subject), 0) + amount
            into[taking, subject] = into.get((taking, subject), 0) + amount
        if all(
            under(each, out, year) <= max(0, under(each, held, year) - MINIMA.get(each, 0))
            for year in YEARS
            for each in ("", "b", *SUBJECTS)
        ):
            yield into


def short_somewhere(held: Hours, year: int) -> bool:
    return any(under(each, held, year) < least for each, least in MINIMA.items())


def can_be_met(
    held: Hours, total: tuple[int, int | None], narrow: tuple[int, int | None] | None
) -> bool:
    """Try every way, by the words of the rule alone."""

    def years_of(subject: str) -> int:
        return narrow[0] if narrow and subject.startswith("b") else total[0]

    def fits(into: Hours) -> bool:
        bounded = [("", total[1])] + ([("b", narrow[1])] if narrow else [])
        return all(
            under(each, into, year) <= most
            for each, most in bounded
            if most is not None
            for year in YEARS
        )

    return any(
        fits(into)
        and all(
            under(each, held, year) + under(each, into, year) >= least
            for year in YEARS
            for each, least in MINIMA.items()
        )
        for into in ways(held, years_of)
    )


@settings(max_examples=60)
@given(held=hours, total=st.tuples(reaches, bounds), narrow=st.none() | st.tuples(reaches, bounds))
@example(
    # 2023 can spare one hour, of a or of b; 2024 can spare a, so 2023 must keep its b for 2025.
    held={
        (2023, "a"): 2,
        (2023, "b.x"): 3,
        (2024, "a"): 3,
        (2024, "b.x"): 2,
        (2025, "b.x"): 1,
        (2025, "c"): 1,
    },
    total=(2, None),
    narrow=None,
)
def test_the_years_are_met_exactly_when_some_way_of_carrying_meets_them(
    chain_from: ChainFrom,
    held: Hours,
    total: tuple[int, int | None],
    narrow: tuple[int, int | None] | None,
) -> None:
    chain = law(chain_from, rule(*total), rule(*narrow) if narrow else "")

    outcome = assess(QUESTION, rows_of(held), chain).outcome

    assert (outcome is Outcome.MET) == can_be_met(held, total, narrow)


many = st.lists(
    st.builds(
        Credited,
        year=st.integers(2020, 2026),
        subject=st.sampled_from([*SUBJECTS, "b"]),
        counted_centihours=st.integers(0, 12),
    ),
    max_size=12,
)
laws = st.tuples(st.integers(1, 3), bounds, st.booleans())


def chain_of_law(chain_from: ChainFrom, drawn: tuple[int, int | None, bool]) -> PackChain:
    years, most, narrow = drawn
    return law(chain_from, rule(years, most), rule(2, 1) if narrow else "")


@given(rows=many, more=many, drawn=laws)
def test_more_hours_never_turn_met_into_anything_else(
    chain_from: ChainFrom,
    rows: list[Credited],
    more: list[Credited],
    drawn: tuple[int, int | None, bool],
) -> None:
    chain = chain_of_law(chain_from, drawn)
    closing = assess(QUESTION, rows, chain).closing
    met = [*rows, *(Credited(c.last_year, c.subject, c.centihours) for c in closing)]

    outcomes = {assess(QUESTION, each, chain).outcome for each in (met, met + more)}

    assert outcomes == {Outcome.MET}


@given(rows=many, drawn=laws)
def test_no_hour_serves_twice_and_no_year_takes_more_than_it_lacks_or_may(
    chain_from: ChainFrom, rows: list[Credited], drawn: tuple[int, int | None, bool]
) -> None:
    assessment = assess(QUESTION, rows, chain_of_law(chain_from, drawn))

    plain = assess(QUESTION, rows, law(chain_from, rule(1, 1)))
    total = [line for line in assessment.lines if not line.subject]
    beyond = sum(max(0, sum_of(rows, year) - MINIMA[""]) for year in range(2020, 2026))
    assert sum(line.carried_centihours for line in total) <= beyond
    for line in total:
        lacked = sum(
            c.centihours
            for c in assess(QUESTION, rows, no_carrying(chain_from)).closing
            if c.first_year == line.first_year
        )
        assert line.carried_centihours <= min(lacked, 99 if drawn[1] is None else drawn[1])
    assert [line.credited_centihours for line in assessment.lines] == [
        line.credited_centihours for line in plain.lines
    ]


def sum_of(rows: list[Credited], year: int) -> int:
    return sum(row.counted_centihours for row in rows if row.year == year)


@cache
def no_carrying(chain_from: ChainFrom) -> PackChain:
    return chain_from(
        requirement__x__y='{ mode = "not_required" }',
        **{
            "requirement__*__*": '{ mode = "every_year", years = 3, start = "any_time" }',
            "yearly_minimum__total": '"0.04"',
            "yearly_minimum__a": '"0.01"',
            "yearly_minimum__b": '"0.02"',
            "yearly_minimum__b__x": '"0.01"',
        },
    )


@given(rows=many, drawn=laws)
def test_with_carrying_nobody_is_worse_off_than_without(
    chain_from: ChainFrom, rows: list[Credited], drawn: tuple[int, int | None, bool]
) -> None:
    without = assess(QUESTION, rows, no_carrying(chain_from))
    carrying = assess(QUESTION, rows, chain_of_law(chain_from, drawn))

    assert shorts(carrying) <= shorts(without)
    assert sum(c.centihours for c in carrying.closing) <= sum(c.centihours for c in without.closing)


def shorts(assessment: Assessment) -> int:
    return sum(line.short_centihours for line in assessment.lines)


@given(rows=many, drawn=laws, order=st.randoms(use_true_random=False))
def test_the_order_of_the_hours_changes_nothing(
    chain_from: ChainFrom,
    rows: list[Credited],
    drawn: tuple[int, int | None, bool],
    order: random.Random,
) -> None:
    chain = chain_of_law(chain_from, drawn)

    assert assess(QUESTION, order.sample(rows, len(rows)), chain) == assess(QUESTION, rows, chain)


@given(rows=many, drawn=laws, this_year=st.integers(2022, 2028))
def test_what_a_year_had_beyond_its_minima_went_on_may_still_go_or_lapsed(
    chain_from: ChainFrom,
    rows: list[Credited],
    drawn: tuple[int, int | None, bool],
    this_year: int,
) -> None:
    told = carrying_years(rows, chain_of_law(chain_from, drawn), this_year)

    by_year = {each.year: each for each in told}
    for each in told:
        gone = sum(hours.centihours for hours in each.went)
        assert each.surplus_centihours == gone + each.open_centihours + each.lapsed_centihours
        assert min(each.open_centihours, each.lapsed_centihours) >= 0
        assert each.surplus_centihours == beyond(rows, each.year)
        assert not (each.open_centihours and each.last_year < this_year)
        for hours in each.went:
            assert hours in by_year[hours.taking_year].came
            assert set(hours.rules) <= set(by_year[hours.taking_year].behind)


@given(rows=many, most=bounds)
def test_of_a_rule_of_one_year_what_is_not_carried_into_the_next_has_lapsed_after_it(
    chain_from: ChainFrom, rows: list[Credited], most: int | None
) -> None:
    by_year = {
        each.year: each for each in carrying_years(rows, law(chain_from, rule(1, most)), 2028)
    }

    for year in range(2020, 2027):
        surplus = by_year[year].surplus_centihours if year in by_year else 0
        lapsed = by_year[year].lapsed_centihours if year in by_year else 0
        came = by_year[year + 1].came if year + 1 in by_year else ()
        assert sum(each.centihours for each in came) + lapsed == surplus == beyond(rows, year)


def beyond(rows: list[Credited], year: int) -> int:
    """Count what can be taken from a year so that each of its minima that is met stays met."""
    held = {(year, subject): 0 for subject in (*SUBJECTS, "b")}
    for row in rows:
        if row.year == year:
            held[year, row.subject] += row.counted_centihours
    spare = {each: max(0, under(each, held, year) - MINIMA.get(each, 0)) for each in MINIMA}
    of_b = min(spare["b.x"], held[year, "b.x"]) + held[year, "b.y"] + held[year, "b"]
    return min(
        spare[""], min(spare["a"], held[year, "a"]) + min(spare["b"], of_b) + held[year, "c"]
    )


@given(rows=many, drawn=laws)
def test_it_is_the_trace_of_a_requirement_that_asks_for_the_general_amounts_of_these_years(
    chain_from: ChainFrom, rows: list[Credited], drawn: tuple[int, int | None, bool]
) -> None:
    chain = chain_of_law(chain_from, drawn)
    through = {
        "requirement__*__*": '{ mode = "every_year", years = 7, start = "any_time", '
        'through = "application_year" }'
    }
    asked = PackChain((*chain_from(**through).packs, *chain.packs))
    first = [Credited(2020, "c", 0)]  # so that both begin with the same year

    told = carrying_years([*first, *rows], chain, 2026)
    lines = assess(QUESTION, rows, asked).lines

    for line in lines:
        came = [each for year in told if year.year == line.first_year for each in year.came]
        assert line.carried_centihours == sum(
            each.centihours for each in came if subject_contains(line.subject, each.subject)
        )


def test_without_a_rule_of_carrying_or_without_hours_there_is_nothing_to_tell(
    chain_from: ChainFrom,
) -> None:
    rows = [Credited(2024, "a", 90)]

    assert carrying_years(rows, no_carrying(chain_from), 2026) == ()
    assert carrying_years([], law(chain_from, rule(1, None)), 2026) == ()


def test_a_year_whose_amount_nobody_knows_gives_nothing(
    rule: Callable[..., dict[str, str]], load: Callable[..., PackChain]
) -> None:
    chain = load(
        rule("requirement.*.*", '{ mode = "every_year", years = 1, start = "any_time" }'),
        rule("yearly_minimum.total", '"90"', "2025-01-01"),
        rule("carry_over.total", "{ years = 1 }"),
    )

    (line,) = assess(QUESTION, [Credited(2024, "a", 99_000)], chain).lines

    assert (line.carried_centihours, line.short_centihours) == (0, 9000)


def test_of_two_rules_over_time_the_later_year_that_gives_sets_the_bound(
    rule: Callable[..., dict[str, str]], load: Callable[..., PackChain]
) -> None:
    chain = load(
        rule("requirement.*.*", '{ mode = "every_year", years = 1, start = "any_time" }'),
        rule("yearly_minimum.total", '"90"'),
        rule("carry_over.total", '{ years = 2, at_most = "20" }'),
        rule(
            "carry_over.total", '{ years = 1, at_most = "5" }', "2024-01-01", replaces="2020-01-01"
        ),
    )
    rows = [Credited(2023, "a", 10_000), Credited(2024, "a", 10_000)]

    (line,) = assess(QUESTION, rows, chain).lines

    assert line.carried_centihours == 500


@pytest.fixture
def load(pack_text: Callable[..., str]) -> Callable[..., PackChain]:
    def build(*rules: dict[str, str]) -> PackChain:
        return PackChain((load_pack(pack_text(*rules).encode(), file="test.toml"),))

    return build
