"""Kinds of filings: which activities of the rules belong to each, and which facts it states.

A base course and an enterprise's own (威人社字〔2024〕2号, 第9项) may be any activity that no other
kind claims.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditbank.errors import CreditBankError

_TEXT_CHARACTERS_MAX = 120
_LEVELS = ("national", "provincial", "municipal")


class FilingKind(StrEnum):
    """What is filed."""

    ENTERPRISE_RUN = "enterprise_run"
    BASE_COURSE = "base_course"
    ADVANCED_SEMINAR = "advanced_seminar"
    DIGITAL_ENGINEER_PROGRAMME = "digital_engineer_programme"
    PRACTICAL_TRAINING = "practical_training"
    ONLINE_COURSE = "online_course"


@dataclass(frozen=True, slots=True)
class FactRule:
    """One fact of a kind: one of these words, or a text where there are none."""

    name: str
    words: tuple[str, ...] = ()
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class KindRule:
    """The activities that only this kind may be, and what it states."""

    activities: frozenset[str]
    facts: tuple[FactRule, ...]


KINDS: Mapping[FilingKind, KindRule] = {
    FilingKind.ENTERPRISE_RUN: KindRule(
        frozenset(),
        # 第9项: training centres of leading and large enterprises serve firms up and down the chain
        (FactRule("open_to_chain", ("yes", "no"), wanted=False),),
    ),
    FilingKind.BASE_COURSE: KindRule(frozenset(), (FactRule("base_level", _LEVELS),)),
    FilingKind.ADVANCED_SEMINAR: KindRule(
        frozenset({"advanced_seminar"}),
        (FactRule("seminar_level", _LEVELS), FactRule("project_document", wanted=False)),
    ),
    # 威人社字〔2022〕32号, 第六条
    FilingKind.DIGITAL_ENGINEER_PROGRAMME: KindRule(
        frozenset({"digital_engineer_programme"}),
        (
            FactRule("occupation"), FactRule("grade", ("junior", "intermediate", "senior")),
            FactRule("institution"),
        ),
    ),
    # 威人社字〔2022〕32号, 第八条
    FilingKind.PRACTICAL_TRAINING: KindRule(
        frozenset({"practical_training", "overseas_training"}),
        (
            FactRule("destination", ("other_province", "abroad", "global_500", "qilu_camp")),
            FactRule("organiser"), FactRule("host"), FactRule("training_role"),
            FactRule("travel_days", wanted=False),
        ),
    ),
    FilingKind.ONLINE_COURSE: KindRule(
        frozenset({"online_course", "construction_online_course"}),
        (FactRule("platform"), FactRule("places", ("limited", "open"), wanted=False)),
    ),
}  # fmt: skip
#: The fact that is a filing's level, of the kinds that have one.
LEVEL_FACTS: Mapping[FilingKind, str] = {
    FilingKind.ADVANCED_SEMINAR: "seminar_level", FilingKind.BASE_COURSE: "base_level",
}  # fmt: skip
_CLAIMED = {activity: kind for kind, rule in KINDS.items() for activity in sorted(rule.activities)}


class FilingKindUnfitError(CreditBankError):
    """The activity does not belong to the kind of filing that is stated."""

    code = "filing-kind-unfit"
    status = 422


class FilingFactWantedError(CreditBankError):
    """A fact of the kind is missing, or is not what it may be."""

    code = "filing-fact-wanted"
    status = 422


class FilingFactForeignError(CreditBankError):
    """A fact is stated that another kind of filing has."""

    code = "filing-fact-foreign"
    status = 422


def kind_of(stated: str, activity: str) -> FilingKind:
    """Return the kind of a filing: as stated, else as its activity says.

    Raises:
        FilingKindUnfitError: the activity belongs to another kind.
    """
    claimed = _CLAIMED.get(activity, FilingKind.ENTERPRISE_RUN)
    kind = FilingKind(stated) if stated else claimed
    if kind is not claimed and (KINDS[kind].activities or activity in _CLAIMED):
        raise FilingKindUnfitError(
            activity=activity, found_words=f"filing-kind-{_slug(kind)}",
            wanted_words=f"filing-kind-{_slug(claimed)}",
        )  # fmt: skip
    return kind


def checked_facts(
    kind: FilingKind, facts: Mapping[str, str], *, whole: bool = True
) -> dict[str, str]:
    """Return the facts that are stated of a filing, empty ones left out.

    Args:
        kind: of the filing.
        facts: by name.
        whole: whether none may be missing that is wanted.

    Raises:
        FilingFactWantedError: one is missing, or is none of its words.
        FilingFactForeignError: one belongs to another kind.
    """
    stated = {name: value.strip() for name, value in facts.items() if value.strip()}
    rules = {rule.name: rule for rule in KINDS[kind].facts}
    foreign = sorted(stated.keys() - rules.keys())
    if foreign:
        raise FilingFactForeignError(
            fact_words=f"filing-fact-{_slug(foreign[0])}", kind_words=f"filing-kind-{_slug(kind)}"
        )
    for name, rule in rules.items():
        found = stated.get(name, "")
        fits = found in rule.words if rule.words else 0 < len(found) <= _TEXT_CHARACTERS_MAX
        if not fits and (found or (whole and rule.wanted)):
            raise FilingFactWantedError(
                fact_words=f"filing-fact-{_slug(name)}", kind_words=f"filing-kind-{_slug(kind)}",
                wanted_words=[f"filing-word-{_slug(word)}" for word in rule.words or ("text",)],
            )  # fmt: skip
    return stated


def people_max_of(facts: Mapping[str, str], seats: int) -> int | None:
    """Return how many people may be credited; None where the places of a course are open."""
    return None if facts.get("places") == "open" else seats


def _slug(word: str) -> str:
    return word.replace("_", "-")
