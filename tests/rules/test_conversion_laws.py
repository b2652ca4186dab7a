"""Laws that every conversion obeys, and how a fact that breaks its own terms is met."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.catalogue import LANGUAGES, problem
from creditbank.errors import CreditBankError
from creditbank.rules.conversion import (
    ActivityFact,
    FactMissingError,
    NotRecognisedError,
    RuleMissingError,
    convert,
)
from creditbank.rules.items import DeclaredLateError, SpreadRefusedError
from creditbank.rules.pack import PackChain
from creditbank.rules.transfer import TransferNotRecognisedError

ChainFrom = Callable[..., PackChain]

FULL_DAY = ActivityFact(
    activity="enterprise_course",
    form="seminar",
    release="full",
    subject="professional",
    day=date(2024, 6, 3),
    planned_minutes=420,
    planned_half_days=2,
    attended_minutes=420,
)

facts = st.builds(
    replace,
    st.just(FULL_DAY),
    planned_minutes=st.integers(1, 900),
    planned_half_days=st.sampled_from([1, 2]),
    attended_minutes=st.integers(0, 1500),
)


@given(fact=facts)
def test_a_day_is_worth_its_exact_share_rounded_down_once(
    weihai: PackChain, fact: ActivityFact
) -> None:
    share = Fraction(min(fact.attended_minutes, fact.planned_minutes), fact.planned_minutes)
    exact = 800 * share * fact.planned_half_days / 2

    centihours = convert(fact, weihai).centihours

    assert centihours <= exact < centihours + 1


@given(fact=facts, longer=st.integers(1, 200))
def test_more_presence_never_gives_fewer_hours(
    weihai: PackChain, fact: ActivityFact, longer: int
) -> None:
    stayed = replace(fact, attended_minutes=fact.attended_minutes + longer)

    assert convert(stayed, weihai).centihours >= convert(fact, weihai).centihours


@given(fact=facts)
def test_more_than_planned_counts_what_was_planned(weihai: PackChain, fact: ActivityFact) -> None:
    whole = replace(fact, attended_minutes=fact.planned_minutes)
    beyond = replace(fact, attended_minutes=fact.planned_minutes + 60)

    assert convert(beyond, weihai).centihours == convert(whole, weihai).centihours


@given(fact=facts)
def test_every_value_of_the_trace_held_on_the_day(weihai: PackChain, fact: ActivityFact) -> None:
    conversion = convert(fact, weihai)

    assert all(value.holds_on(fact.day) for value in conversion.values)
    assert [step.value for step in conversion.steps if step.value] == list(conversion.values)
    assert conversion.steps[-1].facts["centihours"] == conversion.centihours


@given(minutes=st.integers(0, 900), per_hour=st.integers(1, 120))
def test_minutes_make_hours_exactly_rounded_down_once(
    chain_from: ChainFrom, minutes: int, per_hour: int
) -> None:
    chain = chain_from(
        recognise__course="true",
        conversion__course=f'{{ kind = "per_minutes", minutes_per_hour = {per_hour} }}',
    )
    fact = replace(FULL_DAY, activity="course", planned_minutes=900, attended_minutes=minutes)

    assert convert(fact, chain).centihours == minutes * 100 // per_hour


@given(
    rate=st.sampled_from(
        ['{ kind = "per_day", hours_per_day = "7" }', '{ kind = "fixed", hours = "15" }']
    ),
    enough=st.tuples(st.integers(1, 100), st.sampled_from(["pro_rata", "full_only"])),
    half_days=st.integers(1, 2),
    minutes=st.tuples(st.integers(0, 400), st.integers(0, 400)),
)
def test_from_a_percentage_on_a_session_counts_as_planned_and_more_never_gives_fewer(
    chain_from: ChainFrom,
    rate: str,
    enough: tuple[int, str],
    half_days: int,
    minutes: tuple[int, int],
) -> None:
    percent, below = enough
    chain = chain_from(
        recognise__course="true",
        conversion__course=rate,
        part_day=f'{{ full_from_percent = {percent}, below = "{below}" }}',
    )
    less, more = (
        replace(
            FULL_DAY,
            activity="course",
            planned_minutes=360,
            planned_half_days=half_days,
            attended_minutes=each,
        )
        for each in sorted(minutes)
    )
    whole = convert(replace(more, attended_minutes=360), chain).centihours

    assert convert(less, chain).centihours <= convert(more, chain).centihours <= whole
    assert (convert(more, chain).centihours == whole) >= (
        min(more.attended_minutes, 360) * 100 >= 360 * percent
    )


@pytest.mark.parametrize(
    ("form", "release", "minutes_per_hour"),
    [("a", "x", 10), ("a", "y", 20), ("b", "x", 30), ("b", "y", 35), ("b", "z", 40)],
)
def test_the_narrowest_conversion_of_form_and_release_applies(
    pack_conversions: PackChain, form: str, release: str, minutes_per_hour: int
) -> None:
    fact = replace(FULL_DAY, activity="course", form=form, release=release)

    assert convert(fact, pack_conversions).steps[1].facts["minutes_per_hour"] == minutes_per_hour


@pytest.fixture
def pack_conversions(chain_from: ChainFrom) -> PackChain:
    def rate(minutes: int) -> str:
        return f'{{ kind = "per_minutes", minutes_per_hour = {minutes} }}'

    return chain_from(
        **{
            "recognise__course": "true",
            "conversion__course__a__x": rate(10),
            "conversion__course__a": rate(20),
            "conversion__course__*__x": rate(30),
            "conversion__course__*__y": rate(35),
            "conversion__course": rate(40),
        }
    )


def test_a_part_of_a_day_without_a_rule_for_it_is_not_guessed(chain_from: ChainFrom) -> None:
    chain = chain_from(
        recognise__course="true", conversion__course='{ kind = "per_day", hours_per_day = "8" }'
    )
    whole = replace(FULL_DAY, activity="course")

    with pytest.raises(RuleMissingError) as caught:
        convert(replace(whole, attended_minutes=419), chain)

    assert convert(whole, chain).centihours == 800
    assert caught.value.facts == {"key": "part_day.course", "scheme": "cn-99", "day": "2024-06-03"}


@pytest.mark.parametrize(
    "error",
    [
        NotRecognisedError(
            activity="a", day="2024-01-01", scheme="cn", bound="form", found="b", wanted=["x", "y"]
        ),
        FactMissingError(key="conversion.a", fact="rank", scheme="cn", day="2024-01-01"),
        DeclaredLateError(
            activity="a",
            day="2024-01-01",
            declared_on="2025-01-01",
            last_day="2024-03-31",
            scheme="cn",
            key="declare_by",
        ),
        TransferNotRecognisedError(
            origin="cn-33",
            scheme="cn-37",
            day="2024-01-01",
            bound="subject",
            found="a",
            wanted=["b"],
        ),
        SpreadRefusedError(activity="a", found=3, wanted=2, scheme="cn", key="conversion.a"),
        RuleMissingError(key="part_day", scheme="cn", day="2024-01-01"),
    ],
)
def test_a_refusal_says_in_both_languages_what_to_do_next(error: CreditBankError) -> None:
    problems = [problem(error, language) for language in LANGUAGES]

    assert all(found.title and found.found and found.wanted and found.next for found in problems)


@pytest.mark.parametrize(
    "broken", [{"planned_minutes": 0}, {"planned_half_days": 3}, {"attended_minutes": -1}]
)
def test_a_fact_that_intake_must_have_refused_is_a_programming_error(
    broken: dict[str, int],
) -> None:
    with pytest.raises(AssertionError):
        replace(FULL_DAY, **broken)  # type: ignore[arg-type]
