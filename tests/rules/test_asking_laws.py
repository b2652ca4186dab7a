"""Laws of what is asked for: whoever states all of it is never told that something of it lacks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.asking import NO_WORD, Answer, AskedFact, facts_asked, named_on
from creditbank.rules.pack import PackChain
from creditbank.rules.requirement import Decider, Outcome, Question, assess
from creditbank.rules.stated import NO_DAY

ChainFrom = Callable[..., PackChain]

DAY = date(2026, 6, 1)
LAW = {
    "requirement__*__*": (
        '{ mode = "every_year", years = 3, start = "any_time", cases = ['
        '{ when = { degree = ["master"] }, mode = "sum_of_yearly", years = 2, start = ["hire", '
        '"title"] }, { when = { degree = "doctor", abroad = true }, mode = "not_required" }] }'
    ),
    "requirement__crafts__lacquer__senior": '{ mode = "window_total", years = 2, minima = { '
    'total = "90" } }',
    "yearly_minimum__total": '"90"',
    "waiver__*__assistant": '{ when = ["local"] }',
    "fact__talent": '["gold_card", "other_card"]',
    "pathway__card": '{ effect = "exempt", when = { talent = ["gold_card"], local = true } }',
    "pathway__signed": (
        '{ effect = "waive", series = ["engineering"], specialties = ["composites"], when = '
        '{ signed = true }, quota = { per = "employer_year", by = "rank", limits = '
        "{ high = { total = 2 } } } }"
    ),
}

questions = st.builds(
    Question,
    series=st.sampled_from(["engineering", "crafts"]),
    level=st.sampled_from(["senior", "assistant"]),
    application_day=st.just(DAY),
    stated=st.just({}),
    specialty=st.sampled_from(["", "composites", "lacquer"]),
    pathway=st.sampled_from(["", "card", "signed", "unheard_of"]),
)
seeds = st.integers(0, 5)


@cache
def law(chain_from: ChainFrom) -> PackChain:
    return chain_from(**LAW)


def stated(fact: AskedFact, seed: int) -> str:
    """State a fact in one of the ways in which it may be stated."""
    ways = {
        Answer.DAY: (NO_DAY, "2020-03-01", "2024-07-01"),
        Answer.YES_OR_NO: ("yes", "no"),
        Answer.WORD: fact.words,
    }[fact.answer]
    return ways[seed % len(ways)]


@given(question=questions, seed=seeds)
def test_whoever_states_all_that_is_asked_is_told_of_no_fact_that_lacks(
    chain_from: ChainFrom, question: Question, seed: int
) -> None:
    chain = law(chain_from)
    answers = {fact.name: stated(fact, seed) for fact in facts_asked(question, chain)}

    found = assess(replace(question, stated=answers), [], chain)

    assert [each for each in found.missing if each.decided_by is Decider.ASKER] == []


@given(question=questions, seed=seeds)
def test_what_is_asked_does_not_depend_on_what_was_stated(
    chain_from: ChainFrom, question: Question, seed: int
) -> None:
    chain = law(chain_from)
    asked = facts_asked(question, chain)

    answers = {fact.name: stated(fact, seed) for fact in asked}

    assert facts_asked(replace(question, stated=answers), chain) == asked


def test_each_fact_is_asked_once_and_in_its_own_words(chain_from: ChainFrom) -> None:
    chain = law(chain_from)
    question = Question("engineering", "assistant", DAY, {}, "", "card")

    assert facts_asked(question, chain) == (
        AskedFact("hired_on", Answer.DAY),
        AskedFact("current_title_on", Answer.DAY),
        AskedFact("degree", Answer.WORD, ("master", "doctor", NO_WORD)),
        AskedFact("abroad", Answer.YES_OR_NO),
        AskedFact("local", Answer.YES_OR_NO),
        AskedFact("talent", Answer.WORD, ("gold_card", "other_card")),
    )


def test_where_the_rules_turn_on_no_fact_none_is_asked(chain_from: ChainFrom) -> None:
    chain = law(chain_from)
    lacquer = Question("crafts", "senior", DAY, {}, "lacquer")

    assert facts_asked(lacquer, chain) == ()
    assert facts_asked(replace(lacquer, application_day=date(2019, 6, 1)), chain) == ()
    assert assess(lacquer, [], chain).outcome is Outcome.NOT_MET


def test_the_rules_of_the_day_name_series_specialties_and_pathways(chain_from: ChainFrom) -> None:
    chain = law(chain_from)

    named = named_on(chain, DAY)

    assert named.series == ("crafts", "engineering")
    assert named.specialties == ("composites", "lacquer")
    assert named.pathways == ("card", "signed")
    assert named_on(chain, date(2019, 6, 1)).series == ()
