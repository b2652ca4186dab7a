"""Saying why: each step, cut, requirement and gap as a sentence, in Chinese or English.

Sentences come from the catalogue by code; the ground is the clause that a value cites, or, for a
practice or an assumption, its reason in words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from creditbank.catalogue import Language, entries, text
from creditbank.hours import hours_text
from creditbank.rules.caps import Cut
from creditbank.rules.conversion import Conversion, Step
from creditbank.rules.hour_rules import Cap, CapPeriod
from creditbank.rules.pack import Reference, Value
from creditbank.rules.requirement import Assessment, Missing
from creditbank.rules.shortfall import Closing, RequirementLine

_NAMED = {"activity", "form", "release", "subject", "half_days", "decided_by"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and what it rests on; `ground` and `basis` are empty where no value was used."""

    code: str
    text: str
    ground: str
    basis: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """An assessment in words: the outcome, then each part of it in its order."""

    outcome: str
    lines: tuple[Sentence, ...]
    missing: tuple[Sentence, ...]
    caveats: tuple[Sentence, ...]
    closing: tuple[Sentence, ...]


def explain_conversion(conversion: Conversion, language: Language) -> tuple[Sentence, ...]:
    """Explain how a fact became hours, step by step."""
    return tuple(explain_step(step, language) for step in conversion.steps)


def explain_step(step: Step, language: Language) -> Sentence:
    """Explain one step of a conversion."""
    return _sentence(step.code, step.facts, step.value, language)


def explain_cuts(cuts: Iterable[Cut], language: Language) -> tuple[Sentence, ...]:
    """Explain what the caps did not let count."""
    return tuple(_cut(cut, language) for cut in cuts)


def explain_assessment(assessment: Assessment, language: Language) -> Explanation:
    """Explain an answer: every minimum, every gap, every assumption, and what would close it."""
    return Explanation(
        outcome=text(f"rules-outcome-{_slug(assessment.outcome)}", language),
        lines=tuple(_line(line, language) for line in assessment.lines),
        missing=tuple(_missing(missing, language) for missing in assessment.missing),
        caveats=tuple(
            _sentence("rules-caveat", {"key": value.key}, value, language)
            for value in assessment.caveats
        ),
        closing=tuple(_closing(closing, language) for closing in assessment.closing),
    )


def ground_text(value: Value, language: Language) -> str:
    """Write what a value rests on: the clause, and the reason where there is one."""
    reason = value.reason if language == "zh" else value.reason_en
    parts = ["rules-ground", value.basis.value]
    clause = ""
    if value.reference is not None:
        parts.append("clause")
        clause = clause_text(value.reference, language)
    if reason:
        parts.append("reason")
    return text("-".join(parts), language, clause=clause, reason=reason)


def clause_text(reference: Reference, language: Language) -> str:
    """Write a citation: title, document number and clause."""
    return text(
        "rules-clause",
        language,
        title=reference.title,
        document=reference.document,
        clause=reference.clause,
    )


def name_of(kind: str, identifier: str, language: Language) -> str:
    """Return the catalogue's name of an id (kind: activity, form, release, subject, series, level).

    An id that the catalogue does not know is shown as it is: a pack may be newer than the words.
    """
    code = f"rules-name-{_slug(kind)}-{_slug(identifier)}"
    return text(code, language) if code in entries() else identifier


def day_text(day: date, language: Language) -> str:
    """Write a civil day as it is read in the language."""
    return f"{day.year}年{day.month}月{day.day}日" if language == "zh" else day.isoformat()


def _cut(cut: Cut, language: Language) -> Sentence:
    cap = cut.value.value
    assert isinstance(cap, Cap), "the loader types cap.*"
    if cap.per is CapPeriod.DAY:
        period = day_text(date.fromisoformat(cut.period), language)
    else:
        period = text("rules-period-year", language, year=cut.period)
    facts: dict[str, str | int] = {
        "period": period,
        "cap_centihours": cap.centihours,
        "cut_centihours": cut.centihours,
        "scope": _scope(cap, language),
    }
    return _sentence(f"rules-cut-{cap.per}", facts, cut.value, language)


def _scope(cap: Cap, language: Language) -> str:
    names = [name_of("activity", activity, language) for activity in cap.activities]
    subject = [name_of("subject", cap.subject, language)] if cap.subject else []
    separator = "、" if language == "zh" else ", "
    return separator.join(names + subject) or text("rules-scope-all", language)


def _line(line: RequirementLine, language: Language) -> Sentence:
    facts: dict[str, str | int] = {
        "period": _period(line.first_year, line.last_year, language),
        "subject": line.subject,
        "required_centihours": line.required_centihours,
        "credited_centihours": line.credited_centihours,
        "short_centihours": line.short_centihours,
        "migrated_centihours": line.migrated_centihours,
    }
    code = "rules-line-met" if line.met else "rules-line-short"
    return _sentence(
        f"{code}-migrated" if line.migrated_centihours else code, facts, line.value, language
    )


def _missing(missing: Missing, language: Language) -> Sentence:
    facts: dict[str, str | int] = {"key": missing.key, "decided_by": missing.decided_by}
    if missing.year is not None:
        facts["year"] = missing.year
    return _sentence(f"rules-{missing.code}", facts, None, language)


def _closing(closing: Closing, language: Language) -> Sentence:
    facts: dict[str, str | int] = {
        "period": _period(closing.first_year, closing.last_year, language),
        "subject": closing.subject,
        "short_centihours": closing.centihours,
    }
    return _sentence("rules-closing", facts, None, language)


def _period(first_year: int, last_year: int, language: Language) -> str:
    if first_year == last_year:
        return text("rules-period-year", language, year=first_year)
    return text("rules-period-window", language, first=first_year, last=last_year)


def _sentence(
    code: str, facts: Mapping[str, str | int], value: Value | None, language: Language
) -> Sentence:
    shown = dict(_shown(key, fact, language) for key, fact in facts.items())
    return Sentence(
        code=code,
        text=text(code, language, **shown),
        ground="" if value is None else ground_text(value, language),
        basis="" if value is None else value.basis.value,
    )


def _shown(key: str, fact: str | int, language: Language) -> tuple[str, str]:
    if isinstance(fact, int) and key.endswith("centihours"):
        return key.removesuffix("centihours") + "hours", hours_text(fact)
    if key in _NAMED:
        return key, name_of(key, str(fact), language)
    if key == "day":
        return key, day_text(date.fromisoformat(str(fact)), language)
    return key, str(fact)


def _slug(identifier: str) -> str:
    return identifier.replace("_", "-").replace(".", "-")
