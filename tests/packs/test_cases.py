"""Runs the cases that a lawyer can read: what is given, on which day, and what the packs say."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from creditbank.catalogue import LANGUAGES, Language, problem
from creditbank.errors import CreditBankError
from creditbank.rules.boundaries import Asked, unproven
from creditbank.rules.caps import fold
from creditbank.rules.case_answers import converted, converted_item, live_facts, transferred
from creditbank.rules.cases import Case, load_cases, run_case
from creditbank.rules.explain import Sentence, explain_conversion, explain_cuts
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import Pack

HERE = Path(__file__).parent
SEEDS = HERE.parents[1] / "seeds" / "packs"
CASES_MIN = 600
CONVERSIONS = {"conversion": converted, "item": converted_item, "transfer": transferred}


@cache
def shipped_packs() -> dict[str, Pack]:
    packs = [load_pack(path.read_bytes(), file=path.name) for path in SEEDS.glob("*.toml")]
    return {pack.id: pack for pack in packs}


@cache
def cases() -> dict[str, Case]:
    return {
        f"{path.stem}: {case.name}": case
        for path in sorted(HERE.glob("*.toml"))
        for case in load_cases(path.read_bytes(), shipped_packs(), file=path.name)
    }


@cache
def all_asked() -> frozenset[Asked]:
    return frozenset(asked for case in cases().values() for asked in run_case(case).asked)


def sentences_of(case: Case, language: Language) -> Iterator[Sentence]:
    if case.question == "caps":
        folded = fold(live_facts(case.given), case.chain)
        cuts = [cut for each in folded.occasions.values() for cut in each.cuts]
        yield from explain_cuts(cuts, language, case.chain)
    elif case.question in CONVERSIONS:
        assert case.on is not None
        conversion = CONVERSIONS[case.question](case.given, case.on, case.chain)
        yield from explain_conversion(conversion, language, case.chain)


@pytest.mark.parametrize("name", cases())
def test_the_packs_answer_as_the_case_says(name: str) -> None:
    assert run_case(cases()[name]).differing == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", cases())
def test_every_step_of_a_case_or_its_refusal_is_a_sentence(name: str, language: Language) -> None:
    try:
        texts = [sentence.text for sentence in sentences_of(cases()[name], language)]
    except CreditBankError as error:
        texts = [problem(error, language).detail]

    assert all(text and "{" not in text for text in texts)


@pytest.mark.parametrize("pack_id", sorted(shipped_packs()))
def test_every_beginning_and_end_has_a_case_on_the_day_before_and_on_the_day(pack_id: str) -> None:
    pack = shipped_packs()[pack_id]

    lacking = [f"{each.pack} {each.key} {each.day}" for each in unproven(pack, all_asked())]

    assert lacking == []


def test_there_are_many_cases() -> None:
    assert len(cases()) >= CASES_MIN
