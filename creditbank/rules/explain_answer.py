"""Saying why an answer is what it is: requirement, gaps, assumptions, and what would close it."""

from dataclasses import dataclass

from creditbank.catalogue import Language, text
from creditbank.rules.explain import Sentence, Words, slug
from creditbank.rules.pack import PackChain
from creditbank.rules.requirement import Assessment, Missing
from creditbank.rules.shortfall import Closing, RequirementLine


@dataclass(frozen=True, slots=True)
class Explanation:
    """An assessment in words: the outcome, then each part of it in its order."""

    outcome: str
    lines: tuple[Sentence, ...]
    missing: tuple[Sentence, ...]
    caveats: tuple[Sentence, ...]
    closing: tuple[Sentence, ...]


def explain_assessment(assessment: Assessment, language: Language, chain: PackChain) -> Explanation:
    """Explain an answer: every minimum, every gap, every assumption, and what would close it."""
    words = Words(language, chain)
    return Explanation(
        outcome=text(f"rules-outcome-{slug(assessment.outcome)}", language),
        lines=tuple(_line(line, words) for line in assessment.lines),
        missing=tuple(_missing(missing, words) for missing in assessment.missing),
        caveats=tuple(
            words.sentence("rules-caveat", {"key": value.key}, value)
            for value in assessment.caveats
        ),
        closing=tuple(_closing(closing, words) for closing in assessment.closing),
    )


def _line(line: RequirementLine, words: Words) -> Sentence:
    facts: dict[str, str | int] = {
        "period": _period(line.first_year, line.last_year, words),
        "subject": line.subject,
        "required_centihours": line.required_centihours,
        "credited_centihours": line.credited_centihours,
        "short_centihours": line.short_centihours,
        "migrated_centihours": line.migrated_centihours,
    }
    code = "rules-line-met" if line.met else "rules-line-short"
    return words.sentence(
        f"{code}-migrated" if line.migrated_centihours else code, facts, line.value
    )


def _missing(missing: Missing, words: Words) -> Sentence:
    facts: dict[str, str | int] = {"key": missing.key, "decided_by": missing.decided_by}
    if missing.year is not None:
        facts["year"] = missing.year
    return words.sentence(f"rules-{missing.code}", facts, None)


def _closing(closing: Closing, words: Words) -> Sentence:
    facts: dict[str, str | int] = {
        "period": _period(closing.first_year, closing.last_year, words),
        "subject": closing.subject,
        "short_centihours": closing.centihours,
    }
    return words.sentence("rules-closing", facts, None)


def _period(first_year: int, last_year: int, words: Words) -> str:
    if first_year == last_year:
        return words.text("rules-period-year", year=first_year)
    return words.text("rules-period-window", first=first_year, last=last_year)
