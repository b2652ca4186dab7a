"""Laws of weighing hours: no bare yes, more is never worse, what closes a shortfall does."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.catalogue import LANGUAGES, problem
from creditbank.rules.pack import Basis, PackChain
from creditbank.rules.requirement import (
    Credited,
    Outcome,
    Question,
    StatedFactInvalidError,
    assess,
    outcome_of,
)
from creditbank.rules.stated import START_FACTS

ChainFrom = Callable[..., PackChain]

YEARLY = {
    "requirement__*__*": '{ mode = "every_year", years = 3, start = "any_time" }',
    "yearly_minimum__total": '"90"',
    "yearly_minimum__professional": '"60"',
    "yearly_minimum__public": '"18"',
    "yearly_minimum__public__industry": '"6"',
}
WINDOW = {
    "requirement__*__*": (
        '{ mode = "window_total", years = 3, minima = '
        '{ total = "270", professional = "180", public = "54", "public.industry" = "18" } }'
    )
}

SUMMED = YEARLY | {"requirement__*__*": '{ mode = "sum_of_yearly", years = 3, start = "any_time" }'}
OWN = '{ total = "72", professional = "48", "public.industry" = "4" }'
OWN_YEARLY = YEARLY | {
    "requirement__*__*": f'{{ mode = "every_year", years = 3, start = "any_time", minima = {OWN} }}'
}
OWN_SUMMED = {
    "requirement__*__*": (
        f'{{ mode = "sum_of_yearly", years = 3, start = "any_time", minima = {OWN} }}'
    )
}
EACH = {
    "requirement__*__*": (
        '{ mode = "window_total", years = 3, minima = { total = "120", professional = "60" }, '
        'each_year = { total = "20", "public.industry" = "2" } }'
    )
}
SINCE = {
    f"requirement__*__{through}": (
        f'{{ mode = "since_year_plus_last", since = 2023, through = "{through}", minima = '
        '{ total = "270", professional = "180", "public.industry" = "18" }, last_year = '
        '{ total = "90", public = "18", "professional.results" = "5" } }'
    )
    for through in ("last_year", "application_year")
}

SUBJECTS = ["professional", "professional.results", "public", "public.industry", "other"]

credited_rows = st.lists(
    st.builds(
        Credited,
        year=st.integers(2022, 2026),
        subject=st.sampled_from(SUBJECTS),
        counted_centihours=st.integers(0, 9000),
    ),
    max_size=10,
)
modes = st.sampled_from(
    [
        YEARLY,
        WINDOW,
        SUMMED,
        OWN_YEARLY,
        OWN_SUMMED,
        EACH,
        {"requirement__*__*": SINCE["requirement__*__last_year"]},
        {"requirement__*__*": SINCE["requirement__*__application_year"]},
    ]
)

QUESTION = Question("engineering", "intermediate", date(2026, 6, 1), {})


@given(mode=modes, rows=credited_rows)
def test_the_closing_hours_once_credited_close_everything(
    chain_from: ChainFrom, mode: dict[str, str], rows: list[Credited]
) -> None:
    chain = chain_from(**mode)
    closing = assess(QUESTION, rows, chain).closing

    closed = [Credited(item.last_year, item.subject, item.centihours) for item in closing]

    assert assess(QUESTION, rows + closed, chain).outcome is Outcome.MET


@given(mode=modes, rows=credited_rows)
def test_no_closing_line_can_be_spared(
    chain_from: ChainFrom, mode: dict[str, str], rows: list[Credited]
) -> None:
    chain = chain_from(**mode)
    closing = assess(QUESTION, rows, chain).closing
    closed = [Credited(item.last_year, item.subject, item.centihours) for item in closing]

    outcomes = {
        assess(QUESTION, [*rows, *closed[:spared], *closed[spared + 1 :]], chain).outcome
        for spared in range(len(closed))
    }

    assert outcomes <= {Outcome.NOT_MET}


@given(mode=modes, rows=credited_rows, more=credited_rows)
def test_more_hours_never_make_an_answer_worse(
    chain_from: ChainFrom, mode: dict[str, str], rows: list[Credited], more: list[Credited]
) -> None:
    chain = chain_from(**mode)

    before, after = assess(QUESTION, rows, chain), assess(QUESTION, rows + more, chain)

    shorts = [
        (was.short_centihours, now.short_centihours)
        for was, now in zip(before.lines, after.lines, strict=True)
    ]
    assert all(now <= was for was, now in shorts)
    assert (before.outcome, after.outcome) != (Outcome.MET, Outcome.NOT_MET)


@given(mode=modes, rows=credited_rows, order=st.randoms(use_true_random=False))
def test_the_order_of_the_hours_does_not_matter(
    chain_from: ChainFrom, mode: dict[str, str], rows: list[Credited], order: random.Random
) -> None:
    chain = chain_from(**mode)
    shuffled = order.sample(rows, len(rows))

    assert assess(QUESTION, rows, chain) == assess(QUESTION, shuffled, chain)


@given(mode=modes, rows=credited_rows)
def test_no_closing_asks_for_more_than_all_lines_lack_together(
    chain_from: ChainFrom, mode: dict[str, str], rows: list[Credited]
) -> None:
    assessment = assess(QUESTION, rows, chain_from(**mode))

    short = sum(line.short_centihours for line in assessment.lines)
    assert sum(item.centihours for item in assessment.closing) <= short
    assert all(item.centihours > 0 for item in assessment.closing)


@given(rows=credited_rows, stated=st.dictionaries(st.sampled_from("ab"), st.just("yes")))
def test_what_is_waived_is_waived_whatever_the_hours(
    chain_from: ChainFrom, rows: list[Credited], stated: dict[str, str]
) -> None:
    off = chain_from(**{"requirement__*__*": '{ mode = "not_required" }'})
    waiver = chain_from(**YEARLY, **{"waiver__*__*": '{ when = ["a", "b"] }'})
    question = Question("engineering", "intermediate", date(2026, 6, 1), stated)

    assert assess(question, rows, off).outcome is Outcome.WAIVED
    outcome = assess(question, rows, waiver).outcome
    is_met = assess(QUESTION, rows, chain_from(**YEARLY)).outcome is Outcome.MET
    named = Outcome.WAIVED if len(stated) == 2 else Outcome.UNDETERMINED
    assert outcome is (Outcome.MET if is_met else named)


@given(
    days=st.lists(st.none() | st.dates(date(2010, 1, 1), date(2026, 6, 1)), min_size=5, max_size=5)
)
def test_the_latest_start_that_the_person_has_wins_and_never_beyond_the_look_back(
    chain_from: ChainFrom, days: list[date | None]
) -> None:
    chain = chain_from(
        **YEARLY
        | {
            "requirement__*__*": (
                '{ mode = "every_year", years = 3, start = '
                '["title", "hire", "move_in", "qualification", "certificate"] }'
            )
        }
    )
    stated = {
        fact: day.isoformat() if day else "none"
        for fact, day in zip(START_FACTS.values(), days, strict=True)
    }

    assessment = assess(Question("a", "b", date(2026, 6, 1), stated), [], chain)

    latest = max((day.year for day in days if day), default=2026)
    assert {line.first_year for line in assessment.lines} == set(range(max(2023, latest + 1), 2026))


def test_a_waiver_says_what_it_rests_on_and_still_shows_what_is_short(
    chain_from: ChainFrom,
) -> None:
    chain = chain_from(**YEARLY, **{"waiver__*__*": '{ when = ["a"] }'})
    question = Question("engineering", "intermediate", date(2026, 6, 1), {"a": "yes"})

    waived = assess(question, [], chain)

    assert waived.values[-1].key == waived.caveats[-1].key == "waiver.*.*"
    assert [line.met for line in waived.lines] == [False] * 12
    assert (waived.missing, waived.closing) == ((), ())


@given(mode=modes, rows=credited_rows, waived=st.sampled_from(["", "yes", "no"]))
def test_an_outcome_asked_for_alone_is_that_of_the_whole_answer(
    chain_from: ChainFrom, mode: dict[str, str], rows: list[Credited], waived: str
) -> None:
    chain = chain_from(**mode, **{"waiver__*__*": '{ when = ["a"] }'})
    question = replace(QUESTION, stated={"a": waived} if waived else {})

    assert outcome_of(question, rows, chain) is assess(question, rows, chain).outcome


@given(mode=modes, rows=credited_rows)
def test_the_answer_is_met_exactly_when_every_line_is(
    chain_from: ChainFrom, mode: dict[str, str], rows: list[Credited]
) -> None:
    assessment = assess(QUESTION, rows, chain_from(**mode))

    assert assessment.lines
    assert (assessment.outcome is Outcome.MET) == all(line.met for line in assessment.lines)
    assert (assessment.outcome is Outcome.MET) == (not assessment.closing)


@given(
    title_on=st.dates(date(2010, 1, 1), date(2026, 6, 1)),
    rows=credited_rows,
)
def test_nothing_is_ever_met_without_something_to_weigh(
    weihai: PackChain, title_on: date, rows: list[Credited]
) -> None:
    question = Question(
        "engineering",
        "associate_senior",
        date(2026, 6, 1),
        {"current_title_on": title_on.isoformat()},
    )

    assessment = assess(question, rows, weihai)

    years = {line.first_year for line in assessment.lines}
    assert years == set(range(max(2021, title_on.year + 1), 2026))
    assert bool(years) != (assessment.outcome is Outcome.UNDETERMINED)


def test_caveats_are_the_assumptions_among_the_values_used(weihai: PackChain) -> None:
    question = Question(
        "engineering", "intermediate", date(2026, 6, 1), {"current_title_on": "2023-01-01"}
    )

    assessment = assess(question, [], weihai)

    keys = [value.key for value in assessment.values]
    assert keys == [
        "requirement.engineering.intermediate",
        "yearly_minimum.total",
        "yearly_minimum.professional",
        "yearly_minimum.public",
    ]
    assert [value.key for value in assessment.caveats] == keys[:1]
    assert {value.basis for value in assessment.values} == set(Basis)


def test_an_unusable_day_is_explained_in_both_languages(weihai: PackChain) -> None:
    question = Question(
        "engineering", "intermediate", date(2026, 6, 1), {"current_title_on": "last summer"}
    )

    with pytest.raises(StatedFactInvalidError) as caught:
        assess(question, [], weihai)

    details = [problem(caught.value, language).detail for language in LANGUAGES]
    assert all("last summer" in detail and "2026-06-01" in detail for detail in details)


def test_migrated_hours_are_a_part_of_what_counts() -> None:
    with pytest.raises(AssertionError):
        Credited(2025, "public", 100, 101)
