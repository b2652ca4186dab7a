"""Saying why: each step, cut, requirement and gap as a sentence, in Chinese or English.

Sentences come from the catalogue by code, names of ids from the chain's packs, then the catalogue;
the ground is the clause that a value cites, or, for a practice or an assumption, its reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from creditbank.catalogue import Language, entries, text
from creditbank.errors import Fact
from creditbank.hours import hours_text
from creditbank.rules.caps import DAYS_ONCE, ONCE_PER_WORK, Cut
from creditbank.rules.conversion import Conversion, Step
from creditbank.rules.hour_rules import Cap, CapPeriod, ItemsCap
from creditbank.rules.items import ItemConversion
from creditbank.rules.pack import PackChain, Reference, Value
from creditbank.rules.transfer import Transferred

_NAMED = {"activity", "form", "release", "subject", "measure", "half_days", "decided_by"}
_DAYS = {"day", "declared_on", "first_day", "last_day"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and what it rests on; `ground` and `basis` are empty where no value was used."""

    code: str
    text: str
    ground: str
    basis: str


def explain_conversion(
    conversion: Conversion | ItemConversion | Transferred, language: Language, chain: PackChain
) -> tuple[Sentence, ...]:
    """Explain how a fact became hours, step by step."""
    return tuple(explain_step(step, language, chain) for step in conversion.steps)


def explain_step(step: Step, language: Language, chain: PackChain) -> Sentence:
    """Explain one step of a conversion."""
    return Words(language, chain).sentence(step.code, step.facts, step.value)


def explain_cuts(cuts: Iterable[Cut], language: Language, chain: PackChain) -> tuple[Sentence, ...]:
    """Explain what the caps did not let count."""
    words = Words(language, chain)
    return tuple(_cut(cut, words) for cut in cuts)


def ground_text(value: Value, language: Language) -> str:
    """Write what a value rests on: the clause, and the reason where there is one."""
    reason = value.reason if language == "zh" else value.reason_en
    parts = ["rules-ground", value.basis.value]
    clause = ""
    if value.references:
        parts.append("clause")
        between = "；" if language == "zh" else "; "
        clause = between.join(clause_text(each, language) for each in value.references)
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


def name_of(kind: str, identifier: str, language: Language, chain: PackChain | None = None) -> str:
    """Return what an id of a kind (activity, form, subject, series, …) is called.

    The packs of the chain, where there is one, speak first, then the catalogue; an id that neither
    names is shown as it is.
    """
    named = chain.name_of(kind, identifier) if chain is not None else None
    if named is not None:
        return named.zh if language == "zh" else named.en
    code = f"rules-name-{slug(kind)}-{slug(identifier)}"
    return text(code, language) if code in entries() else identifier


def day_text(day: date, language: Language) -> str:
    """Write a civil day as it is read in the language."""
    return f"{day.year}年{day.month}月{day.day}日" if language == "zh" else day.isoformat()


def slug(identifier: str) -> str:
    """Write an id as it stands in codes of the catalogue."""
    return identifier.replace("_", "-").replace(".", "-")


@dataclass(frozen=True, slots=True)
class Words:
    """The language spoken, and the chain whose names come first."""

    language: Language
    chain: PackChain

    def name(self, kind: str, identifier: str) -> str:
        """Return what an id of a kind is called."""
        return name_of(kind, identifier, self.language, self.chain)

    def text(self, code: str, **facts: Fact) -> str:
        """Render a message of the catalogue with facts that are ready to be shown."""
        return text(code, self.language, **facts)

    def listed(self, names: Iterable[str]) -> str:
        """Join names as the language does."""
        return ("、" if self.language == "zh" else ", ").join(names)

    def sentence(self, code: str, facts: Mapping[str, str | int], value: Value | None) -> Sentence:
        """Render a sentence: hours and names as they are read, and the ground of its value."""
        shown = dict(self._shown(key, fact) for key, fact in facts.items())
        return Sentence(
            code=code,
            text=self.text(code, **shown),
            ground="" if value is None else ground_text(value, self.language),
            basis="" if value is None else value.basis.value,
        )

    def _shown(self, key: str, fact: str | int) -> tuple[str, str]:
        if isinstance(fact, int) and key.endswith("centihours"):
            return key.removesuffix("centihours") + "hours", hours_text(fact)
        if key in _NAMED:
            return key, self.name(key, str(fact))
        if key in _DAYS:
            return key, day_text(date.fromisoformat(str(fact)), self.language)
        if key == "traits":
            return key, self.listed(self._trait(each) for each in str(fact).split())
        return key, str(fact)

    def _trait(self, stated: str) -> str:
        trait, _, word = stated.partition("=")
        path = f"{trait}.{word}"
        called = self.name("trait", path)
        return self.text(
            "rules-trait", trait=self.name("trait", trait), word=word if called == path else called
        )


def _cut(cut: Cut, words: Words) -> Sentence:
    if cut.key == ONCE_PER_WORK:
        return words.sentence("rules-cut-work", {"cut_centihours": cut.centihours}, cut.value)
    if cut.key == DAYS_ONCE:
        facts: dict[str, str | int] = {"year": cut.period, "cut_centihours": cut.centihours}
        return words.sentence("rules-cut-days", facts, cut.value)
    assert cut.value is not None, "a cap is a value"
    cap = cut.value.value
    if isinstance(cap, ItemsCap):
        return words.sentence(
            "rules-cut-items",
            {
                "period": words.text("rules-period-year", year=cut.period),
                "items": cap.items,
                "cut_centihours": cut.centihours,
                "scope": _scope(cap, words),
            },
            cut.value,
        )
    assert isinstance(cap, Cap), "the loader types cap.*"
    period = cut.period
    if cap.per is CapPeriod.DAY:
        period = day_text(date.fromisoformat(cut.period), words.language)
    if cap.per is CapPeriod.YEAR:
        period = words.text("rules-period-year", year=cut.period)
    facts = {
        "period": period,
        "cap_centihours": cap.centihours,
        "cut_centihours": cut.centihours,
        "scope": _scope(cap, words),
    }
    return words.sentence(f"rules-cut-{cap.per}", facts, cut.value)


def _scope(cap: Cap | ItemsCap, words: Words) -> str:
    names = [words.name("activity", activity) for activity in cap.activities]
    names += [words.name("form", form) for form in cap.forms]
    subject = [words.name("subject", cap.subject)] if cap.subject else []
    return words.listed(names + subject) or words.text("rules-scope-all")
