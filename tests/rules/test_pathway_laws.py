"""Laws of what frees from hours: it never touches them, and enough hours never use it."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.pack import PackChain
from creditbank.rules.requirement import Assessment, Credited, Outcome, Question, assess

ChainFrom = Callable[..., PackChain]

HOURS = {
    "requirement__*__*": (
        '{ mode = "every_year", years = 3, start = "any_time", cases = [{ when = { degree = '
        '["master"] }, mode = "every_year", years = 2, start = "hire", start_year = '
        '"pro_rata_months", through = "application_year" }] }'
    ),
    "yearly_minimum__total": '"90"',
    "yearly_minimum__public": '"18"',
    "carry_over__total": '{ years = 1, at_most = "30" }',
    "make_up__any": "{ years = 2 }",
}
PATHWAYS = {
    "pathway__medal": '{ effect = "exempt", when = { medal = "gold" } }',
    "pathway__soft": '{ effect = "waive", levels = ["senior"], when = { local = true } }',
    "pathway__signed": (
        '{ effect = "exempt", series = ["engineering"], specialties = ["composites"], when = '
        '{ local = true }, quota = { per = "employer_year", by = "rank", limits = '
        "{ high = { total = 2, full_senior = 1 }, low = { total = 1, full_senior = 0 } } } }"
    ),
    "waiver__*__assistant": '{ when = ["local"] }',
}
FREED = {Outcome.EXEMPT, Outcome.WAIVED}

rows = st.lists(
    st.builds(
        Credited,
        year=st.integers(2021, 2026),
        subject=st.sampled_from(["professional", "public", "public.industry"]),
        counted_centihours=st.integers(0, 12_000),
    ),
    max_size=8,
)
facts = st.fixed_dictionaries(
    {},
    optional={
        "degree": st.sampled_from(["master", "bachelor"]),
        "hired_on": st.sampled_from(["2022-01-01", "2025-07-31", "2026-03-01"]),
        "medal": st.sampled_from(["gold", "tin"]),
        "local": st.sampled_from(["yes", "no"]),
        "rank": st.sampled_from(["high", "low", "none"]),
    },
)
questions = st.builds(
    Question,
    series=st.sampled_from(["engineering", "crafts"]),
    level=st.sampled_from(["senior", "full_senior", "assistant"]),
    application_day=st.just(date(2026, 6, 1)),
    stated=facts,
    specialty=st.sampled_from(["", "composites", "lacquer"]),
    pathway=st.sampled_from(["", "medal", "soft", "signed", "green_channel"]),
    used=st.none() | st.dictionaries(st.sampled_from(["senior", "full_senior"]), st.integers(0, 2)),
)


@cache
def by_hours(chain_from: ChainFrom) -> PackChain:
    return chain_from(**HOURS)


@cache
def with_pathways(chain_from: ChainFrom) -> PackChain:
    return chain_from(**HOURS, **PATHWAYS)


def both(
    chain_from: ChainFrom, question: Question, held: list[Credited]
) -> tuple[Assessment, Assessment]:
    """Weigh by a law without anything that frees, and by the same law with it."""
    return (
        assess(question, held, by_hours(chain_from)),
        assess(question, held, with_pathways(chain_from)),
    )


@given(question=questions, held=rows)
def test_what_frees_never_changes_what_was_weighed(
    chain_from: ChainFrom, question: Question, held: list[Credited]
) -> None:
    plain, freed = both(chain_from, question, held)

    assert (freed.lines, freed.case) == (plain.lines, plain.case)


@given(question=questions, held=rows)
def test_enough_hours_are_met_and_use_no_pathway(
    chain_from: ChainFrom, question: Question, held: list[Credited]
) -> None:
    plain, freed = both(chain_from, question, held)

    assert (plain.outcome is Outcome.MET) == (freed.outcome is Outcome.MET)
    if plain.outcome is Outcome.MET:
        assert (freed.pathway, freed.refused, freed.other_pathways) == (None, (), ())
        assert freed.values == plain.values


@given(question=questions, held=rows, more=rows)
def test_more_hours_never_take_a_good_answer_away(
    chain_from: ChainFrom, question: Question, held: list[Credited], more: list[Credited]
) -> None:
    chain = with_pathways(chain_from)

    before = assess(question, held, chain).outcome
    after = assess(question, held + more, chain).outcome

    assert before is not Outcome.MET or after is Outcome.MET
    assert before not in FREED or after in {Outcome.MET, before}
    assert before is not Outcome.UNDETERMINED or after is not Outcome.NOT_MET


@given(question=questions, held=rows)
def test_nobody_is_freed_without_a_pathway_asked_for_or_a_waiver(
    chain_from: ChainFrom, question: Question, held: list[Credited]
) -> None:
    _, freed = both(chain_from, question, held)

    by_waiver = question.level == "assistant" and question.stated.get("local") == "yes"
    assert freed.outcome not in FREED or by_waiver or freed.pathway is not None
    if freed.pathway is not None:
        assert freed.pathway.key == f"pathway.{question.pathway}"
        assert freed.outcome in FREED
        assert (freed.refused, freed.missing, freed.closing) == ((), (), ())


@given(question=questions, held=rows)
def test_a_refused_pathway_leaves_the_answer_as_the_hours_make_it(
    chain_from: ChainFrom, question: Question, held: list[Credited]
) -> None:
    plain, freed = both(chain_from, question, held)

    if freed.refused and question.level != "assistant":
        assert (freed.outcome, freed.missing, freed.closing) == (
            plain.outcome,
            plain.missing,
            plain.closing,
        )


@given(question=questions, held=rows)
def test_a_pathway_with_a_quota_frees_only_while_a_place_is_known_to_be_left(
    chain_from: ChainFrom, question: Question, held: list[Credited]
) -> None:
    _, freed = both(chain_from, question, held)

    if freed.pathway is not None and freed.pathway.key == "pathway.signed":
        assert question.used is not None
        assert places_left(question.stated["rank"], question.level, question.used) > 0


def places_left(rank: str, level: str, used: Mapping[str, int]) -> int:
    total, full_senior = {"high": (2, 1), "low": (1, 0)}[rank]
    left = total - sum(used.values())
    return min(left, full_senior - used.get(level, 0)) if level == "full_senior" else left


@given(question=questions, held=rows)
def test_make_up_is_told_only_of_short_years_that_still_matter(
    chain_from: ChainFrom, question: Question, held: list[Credited]
) -> None:
    _, freed = both(chain_from, question, held)

    short = {line.first_year for line in freed.lines if not line.met}
    free = freed.outcome in {Outcome.MET, *FREED}
    assert {chance.year for chance in freed.make_up} == (set() if free else short & {2024, 2025})


@given(question=questions, held=rows)
def test_the_same_question_gets_the_same_answer(
    chain_from: ChainFrom, question: Question, held: list[Credited]
) -> None:
    chain = with_pathways(chain_from)

    assert assess(question, held, chain) == assess(question, list(reversed(held)), chain)


@given(question=questions, held=rows)
def test_the_closing_hours_once_credited_close_every_shortfall(
    chain_from: ChainFrom, question: Question, held: list[Credited]
) -> None:
    chain = by_hours(chain_from)
    closing = assess(question, held, chain).closing
    closed = [Credited(item.last_year, item.subject, item.centihours) for item in closing]

    assert all(line.met for line in assess(question, held + closed, chain).lines)
