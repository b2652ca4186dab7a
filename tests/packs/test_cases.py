"""Runs the cases that a lawyer can read: what is given, on which day, and what the packs say."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from creditbank.catalogue import LANGUAGES, Language, problem
from creditbank.errors import CreditBankError
from creditbank.hours import centihours_from_text, hours_text
from creditbank.rules.boundaries import WatchedChain
from creditbank.rules.caps import LiveFact, fold
from creditbank.rules.conversion import ActivityFact, Conversion, convert
from creditbank.rules.explain import explain_conversion, explain_cuts
from creditbank.rules.items import ItemConversion, ItemFact, convert_item
from creditbank.rules.loader import chain_of, load_pack
from creditbank.rules.pack import Basis, Pack
from creditbank.rules.requirement import Closing, Credited, Question, RequirementLine, assess
from creditbank.rules.transfer import TransferFact, Transferred, recognised_transfer

HERE = Path(__file__).parent
SEEDS = HERE.parents[1] / "seeds" / "packs"
CASES_MIN = 350
CASE_KEYS = {"name", "clause", "question", "on", "given", "expect"}
#: Facts that the bank does not own; a case gives those that somebody states.
STATED = {
    "current_title_on", "hired_on", "moved_in_on", "qualified_on", "certified_on",
    "first_review", "private_enterprise", "special_review",
}  # fmt: skip

Answer = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Case:
    question: str
    chain: WatchedChain
    on: date | None
    given: dict[str, Any]
    expect: dict[str, object]


@cache
def shipped_packs() -> tuple[Pack, ...]:
    return tuple(load_pack(path.read_bytes(), file=path.name) for path in SEEDS.glob("*.toml"))


def packs_with(texts: list[str], file: str) -> dict[str, Pack]:
    inline = [load_pack(text.encode(), file=file) for text in texts]
    return {pack.id: pack for pack in [*shipped_packs(), *inline]}


def cases() -> Iterator[Any]:
    for path in sorted(HERE.glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        packs = packs_with(table.get("packs", []), path.name)
        chain = chain_of(table["scheme"], packs, simulation=table.get("simulation", False))
        for case in table["case"]:
            assert set(case) <= CASE_KEYS, case["name"]
            assert case["clause"], (
                "a case names the clause that it rests on, or that none was found"
            )
            yield pytest.param(
                Case(
                    case.get("question") or table["question"],
                    WatchedChain(chain.packs, chain.simulation),
                    case.get("on"),
                    case["given"],
                    case["expect"],
                ),
                id=f"{path.stem}: {case['name']}",
            )


def converted(case: Case) -> Conversion:
    given = case.given
    assert case.on is not None
    return convert(
        ActivityFact(
            activity=given["activity"],
            form=given["form"],
            release=given["release"],
            subject=given.get("subject", "professional"),
            day=case.on,
            planned_minutes=given["planned"],
            planned_half_days=given["half_days"],
            attended_minutes=given["attended"],
            approved_centihours=approved(given),
            make_up_year=given.get("make_up"),
        ),
        case.chain,
    )


def answer_conversion(case: Case) -> Answer:
    conversion = converted(case)
    return {
        "hours": hours_text(conversion.centihours),
        "year": conversion.credited_year,
        "subject": conversion.subject,
        "rules": [value.key for value in conversion.values],
        "assumed": [v.key for v in conversion.values if v.basis is Basis.ASSUMPTION],
    }


def transferred(case: Case) -> Transferred:
    given = case.given
    assert case.on is not None
    return recognised_transfer(
        TransferFact(
            scheme=given["scheme"],
            activity=given["activity"],
            subject=given.get("subject", "professional"),
            day=case.on,
            credited_year=given.get("year", case.on.year),
            centihours=centihours_from_text(given["hours"]),
        ),
        case.chain,
    )


def answer_transfer(case: Case) -> Answer:
    done = transferred(case)
    return {
        "hours": hours_text(done.centihours),
        "year": done.credited_year,
        "subject": done.subject,
        "rules": [value.key for value in done.values],
    }


def approved(given: Mapping[str, Any]) -> int | None:
    return centihours_from_text(given["approved"]) if "approved" in given else None


def converted_item(case: Case) -> ItemConversion:
    given = case.given
    assert case.on is not None
    return convert_item(
        ItemFact(
            activity=given["activity"],
            form=given.get("form", ""),
            subject=given.get("subject", "professional"),
            day=case.on,
            declared_on=given.get("declared", case.on),
            measures=given.get("measures", {}),
            traits=given.get("traits", {}),
            rank=given.get("rank"),
            approved_centihours=approved(given),
            make_up_year=given.get("make_up"),
            spread_years=given.get("spread", 1),
        ),
        case.chain,
    )


def answer_item(case: Case) -> Answer:
    conversion = converted_item(case)
    return {
        "hours": hours_text(conversion.centihours),
        "parts": [
            f"{part.credited_year} {hours_text(part.centihours)}" for part in conversion.parts
        ],
        "subject": conversion.subject,
        "rules": [value.key for value in conversion.values],
        "assumed": [v.key for v in conversion.values if v.basis is Basis.ASSUMPTION],
    }


def live_fact(text: str) -> LiveFact:
    """Read "2024-03-01 F1/1 professional course 8.00", and what more is said: `form=video`,
    `work=W1`, `year=2023`, `item` (no day of presence), `migrated` (no activity of its own either).
    """
    day, key, subject, activity, hours, *more = text.split()
    on = date.fromisoformat(day)
    said = dict(word.partition("=")[::2] for word in more)
    return LiveFact(
        occasion_key=key,
        day=on,
        credited_year=int(said.get("year", on.year)),
        subject=subject,
        activity=activity,
        centihours=centihours_from_text(hours),
        form=said.get("form", ""),
        group="" if "migrated" in said else key.partition("/")[0],
        work=said.get("work", ""),
        day_known=not said.keys() & {"item", "migrated"},
    )


def answer_caps(case: Case) -> Answer:
    folded = fold([live_fact(text) for text in case.given["facts"]], case.chain)
    occasions = folded.occasions.values()
    return {
        "counted": [f"{o.occasion_key} {hours_text(o.counted_centihours)}" for o in occasions],
        "cuts": [
            f"{o.occasion_key} {cut.key} {cut.period} {hours_text(cut.centihours)}"
            for o in occasions
            for cut in o.cuts
        ],
    }


def credited_row(text: str) -> Credited:
    year, subject, hours, *more = text.split()
    figures = dict(zip(more[::2], map(centihours_from_text, more[1::2]), strict=True))
    return Credited(
        int(year),
        subject,
        centihours_from_text(hours),
        figures.pop("migrated", 0),
        figures.pop("capped", 0),
        **figures,
    )


def line_text(line: RequirementLine | Closing, centihours: int) -> str:
    one_year = line.first_year == line.last_year
    years = f"{line.first_year}" if one_year else f"{line.first_year}-{line.last_year}"
    return f"{years} {line.subject or 'total'} {hours_text(centihours)}"


def answer_requirement(case: Case) -> Answer:
    given = case.given
    assert case.on is not None
    stated = {key: given[key] for key in given.keys() & STATED} | given.get("stated", {})
    question = Question(
        given["series"],
        given["level"],
        case.on,
        stated,
        specialty=given.get("specialty", ""),
        pathway=given.get("pathway", ""),
        used=given.get("used"),
    )
    assessment = assess(question, map(credited_row, given["credited"]), case.chain)
    lines = assessment.lines
    return {
        "outcome": assessment.outcome.value,
        "years": sorted({line.first_year for line in lines}),
        "short": [line_text(line, line.short_centihours) for line in lines if not line.met],
        "migrated": [line_text(line, line.migrated_centihours) for line in lines],
        "required": [line_text(line, line.required_centihours) for line in lines],
        "carried": [line_text(i, i.carried_centihours) for i in lines if i.carried_centihours],
        "capped": [line_text(i, i.capped_centihours) for i in lines if i.capped_centihours],
        "case": dict(assessment.case),
        "pathway": assessment.pathway.key if assessment.pathway else "",
        "refused": [f"{each.code} {each.found}".strip() for each in assessment.refused],
        "make_up": [f"{each.year} {each.last_day} {each.value.key}" for each in assessment.make_up],
        "others": list(assessment.other_pathways),
        "cited": [each.id for value in assessment.values for each in value.references],
        "closing": [line_text(item, item.centihours) for item in assessment.closing],
        "missing": [
            " ".join(
                str(part) for part in (m.code, m.key, m.year, m.decided_by) if part is not None
            )
            for m in assessment.missing
        ],
        "caveats": [value.key for value in assessment.caveats],
    }


ANSWERS: Mapping[str, Callable[[Case], Answer]] = {
    "conversion": answer_conversion,
    "item": answer_item,
    "transfer": answer_transfer,
    "caps": answer_caps,
    "requirement": answer_requirement,
}


def answered(case: Case) -> Answer:
    try:
        return ANSWERS[case.question](case)
    except CreditBankError as error:
        return {"error": error.code, "missing": error.facts.get("key"), **error.facts}


@pytest.mark.parametrize("case", list(cases()))
def test_the_packs_answer_as_the_case_says(case: Case) -> None:
    answer = answered(case)

    assert {key: answer.get(key) for key in case.expect} == case.expect


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", list(cases()))
def test_every_step_of_a_case_or_its_refusal_is_a_sentence(case: Case, language: Language) -> None:
    try:
        if case.question == "conversion":
            sentences = explain_conversion(converted(case), language, case.chain)
        elif case.question == "item":
            sentences = explain_conversion(converted_item(case), language, case.chain)
        elif case.question == "transfer":
            sentences = explain_conversion(transferred(case), language, case.chain)
        elif case.question == "caps":
            folded = fold([live_fact(text) for text in case.given["facts"]], case.chain)
            cuts = [cut for each in folded.occasions.values() for cut in each.cuts]
            sentences = explain_cuts(cuts, language, case.chain)
        else:
            return
        texts = [sentence.text for sentence in sentences]
    except CreditBankError as error:
        texts = [problem(error, language).detail]

    assert all(text and "{" not in text for text in texts)


def test_there_are_enough_cases_and_each_is_told_apart_by_its_name() -> None:
    names = [parameter.id for parameter in cases()]

    assert len(names) >= CASES_MIN
    assert len(set(names)) == len(names)
