"""Saying why an answer is what it is: requirement, gaps, assumptions, and what would close it.

Stated words and facts are shown by name and by id, since it is the id that can be stated.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from creditbank.catalogue import Language
from creditbank.rules.explain import Sentence, Words, slug
from creditbank.rules.make_up import MakeUpChance
from creditbank.rules.pack import PackChain
from creditbank.rules.pathways import Refused, Trial, pathway_of
from creditbank.rules.requirement import Assessment, Missing
from creditbank.rules.shortfall import Closing, RequirementLine
from creditbank.rules.windows import MONTHS


@dataclass(frozen=True, slots=True)
class Explanation:
    """An assessment in words: the outcome, then each part of it in its order.

    `chosen` says which stated facts chose the requirement, and which pathway frees; `others` name
    the pathways that would fit as well.
    """

    outcome: str
    chosen: tuple[Sentence, ...]
    lines: tuple[Sentence, ...]
    missing: tuple[Sentence, ...]
    refused: tuple[Sentence, ...]
    others: tuple[Sentence, ...]
    caveats: tuple[Sentence, ...]
    closing: tuple[Sentence, ...]
    make_up: tuple[Sentence, ...]


def explain_assessment(assessment: Assessment, language: Language, chain: PackChain) -> Explanation:
    """Explain an answer: every minimum, every gap, every assumption, and what would close it."""
    words = Words(language, chain)
    return Explanation(
        outcome=words.text(f"rules-outcome-{slug(assessment.outcome)}"),
        chosen=tuple(_chosen(assessment, words)),
        lines=tuple(_line(line, words) for line in assessment.lines),
        missing=tuple(_missing(missing, words) for missing in assessment.missing),
        refused=tuple(_refused(refused, words) for refused in assessment.refused),
        others=tuple(
            words.sentence("rules-other-pathway", {"pathway": _named("pathway", name, words)}, None)
            for name in assessment.other_pathways
        ),
        caveats=tuple(
            words.sentence("rules-caveat", {"key": value.key}, value)
            for value in assessment.caveats
        ),
        closing=tuple(_closing(closing, assessment, words) for closing in assessment.closing),
        make_up=tuple(_make_up(chance, words) for chance in assessment.make_up),
    )


def explain_trial(trial: Trial, language: Language, chain: PackChain) -> tuple[Sentence, ...]:
    """Say what stands against a pathway or waiver that is applied for; nothing if it fits."""
    words = Words(language, chain)
    refused = tuple(_refused(each, words) for each in trial.refused)
    return refused or tuple(_missing(each, words) for each in trial.missing)


def _chosen(assessment: Assessment, words: Words) -> Iterable[Sentence]:
    if assessment.case:
        stated = words.listed(
            words.text(
                "rules-stated", fact=_named("fact", fact, words), word=_named("word", word, words)
            )
            for fact, word in assessment.case.items()
        )
        yield words.sentence("rules-case", {"facts": stated}, None)
    if assessment.pathway is not None:
        rule, name = pathway_of(assessment.pathway), assessment.pathway.key.partition(".")[2]
        facts = {"pathway": words.name("pathway", name)}
        told = {each.fact for each in rule.conditions} <= assessment.registered
        code = f"rules-pathway-{slug(rule.effect)}" + ("-registered" if told else "")
        yield words.sentence(code, facts, assessment.pathway)
        if rule.evidence:
            evidence = words.listed(words.name("evidence", each) for each in rule.evidence)
            yield words.sentence("rules-pathway-evidence", {"evidence": evidence}, None)


def _line(line: RequirementLine, words: Words) -> Sentence:
    notes = ("；" if words.language == "zh" else "; ").join(_notes(line, words))
    facts: dict[str, str | int] = {
        "period": _period(line.first_year, line.last_year, words),
        "subject": line.subject,
        "required_centihours": line.required_centihours,
        "credited_centihours": line.credited_centihours,
        "short_centihours": line.short_centihours,
        "notes": words.text("rules-notes", notes=notes) if notes else "",
    }
    return words.sentence("rules-line-met" if line.met else "rules-line-short", facts, line.value)


def _notes(line: RequirementLine, words: Words) -> Iterable[str]:
    """Say what lies behind the figures of a line, as far as there is something to say."""
    hours = {
        "migrated": line.migrated_centihours,
        "carried": line.carried_centihours,
        "capped": line.capped_centihours,
    }
    for kind, centihours in hours.items():
        if centihours:
            facts = {"note_centihours": centihours}
            yield words.sentence(f"rules-note-{kind}", facts, None).text
    if line.months < MONTHS:
        yield words.text("rules-note-months", months=line.months)


def _missing(missing: Missing, words: Words) -> Sentence:
    facts: dict[str, str | int] = {
        "key": missing.key,
        "fact": _named("fact", missing.key, words),
        "decided_by": missing.decided_by,
    }
    if missing.year is not None:
        facts["year"] = missing.year
    return words.sentence(f"rules-{missing.code}", facts, None)


def _refused(refused: Refused, words: Words) -> Sentence:
    kind = refused.code.removeprefix("pathway-").replace("quota", "level")
    facts = {
        "pathway": _named("pathway", refused.pathway, words),
        "found": _named(kind, refused.found, words) if refused.found else "–",
    }
    return words.sentence(f"rules-{refused.code}", facts, refused.value)


def _closing(closing: Closing, assessment: Assessment, words: Words) -> Sentence:
    """Say what would close a shortfall; who decides about years over, only where no rule does."""
    span = range(closing.first_year, closing.last_year + 1)
    settled = any(chance.year in span for chance in assessment.make_up)
    facts: dict[str, str | int] = {
        "period": _period(closing.first_year, closing.last_year, words),
        "subject": closing.subject,
        "short_centihours": closing.centihours,
    }
    return words.sentence("rules-closing" if settled else "rules-closing-open", facts, None)


def _make_up(chance: MakeUpChance, words: Words) -> Sentence:
    activities = words.listed(words.name("activity", each) for each in chance.activities)
    facts: dict[str, str | int] = {
        "year": chance.year,
        "last_day": chance.last_day.isoformat(),
        "scope": activities or words.text("rules-make-up-by-any"),
    }
    return words.sentence("rules-make-up", facts, chance.value)


def _period(first_year: int, last_year: int, words: Words) -> str:
    if first_year == last_year:
        return words.text("rules-period-year", year=first_year)
    return words.text("rules-period-window", first=first_year, last=last_year)


def _named(kind: str, identifier: str, words: Words) -> str:
    """Write an id behind its name, where it has one."""
    name = words.name(kind, identifier)
    if name == identifier:
        return identifier
    return words.text("rules-named", name=name, id=identifier)
