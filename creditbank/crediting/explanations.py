"""Why one credit is worth what it is: the fact, each step of its conversion, each later movement.

Told from what was stored when it happened: the trace in the credit's facts, and the pack versions
that each entry pins. Today's rules are never asked.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.fold import MIGRATED_KIND
from creditbank.crediting.traces import steps_of_trace
from creditbank.errors import CreditBankError
from creditbank.ledger.finding import is_credit_with
from creditbank.ledger.models import CreditFacts, Entry, Movement, PackPins, Source, SourceKind
from creditbank.ledger.posting import CreditState, credit_states, credits_of, pins_from_text
from creditbank.registry.lawbook import chain_pinned
from creditbank.rules.caps import DAYS_ONCE
from creditbank.rules.conversion import Step
from creditbank.rules.hour_rules import Cap, ItemsCap
from creditbank.rules.pack import PackChain, Value


class EntryUnknownError(CreditBankError):
    """No credit has this leaf, or it is not this person's."""

    code = "entry-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class ExplainedCredit:
    """One credit, how it stands, and why; `chain` has the names that its sentences use."""

    state: CreditState
    source: Source
    chain: PackChain
    steps: tuple[Step, ...]


def credit_with_leaf(session: Session, leaf: bytes) -> Entry:
    """Return the credit that has a leaf.

    Raises:
        EntryUnknownError: none has; later movements are told with their credit.
    """
    credit = session.scalar(select(Entry).where(is_credit_with([leaf])))
    if credit is None:
        raise EntryUnknownError(leaf=leaf.hex())
    return credit


def explain_credit(session: Session, leaf: bytes) -> ExplainedCredit:
    """Explain a credit by its leaf.

    Raises:
        EntryUnknownError: no credit has it.
    """
    credit = credit_with_leaf(session, leaf)
    key = (credit.person_id, credit.scheme, credit.occasion, credit.revision)
    facts: dict[str, Any] = json.loads(session.get_one(CreditFacts, key).facts)
    entries = [
        entry
        for entry in credits_of(
            session, [credit.person_id], credit.scheme, occasions=[credit.occasion]
        )
        if entry.revision == credit.revision
    ]
    [state] = credit_states(entries)
    chain = chain_of_entry(session, credit)
    later = sorted(
        (entry for entry in entries if entry.movement != Movement.CREDIT),
        key=lambda entry: (entry.recorded_at, entry.entry_id),
    )
    steps = steps_of_credit(facts, chain)
    for entry in later:
        steps += steps_of_move(entry, chain_of_entry(session, entry))
    steps.append(
        Step(
            "explain-counted",
            {
                "counted_centihours": state.live_centihours,
                "capped_centihours": state.capped_centihours,
            },
            None,
        )
    )
    source = session.get_one(Source, credit.source_id)
    return ExplainedCredit(state, source, chain, tuple(steps))


def steps_of_credit(facts: Mapping[str, Any], chain: PackChain) -> list[Step]:
    """Return what happened, and each step by which it became hours."""
    return [*_facts_said(facts), *steps_of_trace(facts.get("trace", []), chain)]


def chain_of_entry(session: Session, entry: Entry) -> PackChain:
    """Return the packs under which an entry was posted, in the versions of that time."""
    pins = pins_from_text(session.get_one(PackPins, entry.pins_id).pins)
    return chain_pinned(session, pins, entry.recorded_at)


def _facts_said(facts: Mapping[str, Any]) -> Iterator[Step]:
    """Tell what happened, before any rule."""
    if facts["kind"] == MIGRATED_KIND:
        yield Step("explain-import", _some(facts, "import", "row", "year", "origin"), None)
        return
    if facts["kind"] == SourceKind.FILING:
        names = ("filing", "session", "day", "planned_minutes", "attended_minutes")
        yield Step("explain-filing", _some(facts, *names), None)
        if "way" in facts:
            yield Step(f"explain-way-{facts['way']}", {}, None)
    elif facts["kind"] in {SourceKind.DECISION, SourceKind.DEEMED}:
        yield Step("explain-item", _some(facts, "item", "title", "day", "declared_on"), None)
        if "first_day" in facts:
            yield _lasted(facts)
    else:
        yield Step("explain-transfer", _origin(facts), None)
    for measure, amount in sorted(facts.get("measures", {}).items()):
        yield Step("explain-measure", {"measure": measure, "amount": amount}, None)
    for trait, word in sorted(facts.get("traits", {}).items()):
        yield Step("explain-trait", {"trait": trait, "word": word}, None)
    if "rank" in facts:
        yield Step("explain-rank", {"rank": facts["rank"]}, None)
    if facts.get("work"):
        yield Step("explain-work", {"work": facts["work"]}, None)
    if "approved_centihours" in facts:
        yield Step("explain-approved", {"centihours": facts["approved_centihours"]}, None)


def _lasted(facts: Mapping[str, Any]) -> Step:
    first_day, last_day = facts["first_day"], facts["day"]
    return Step("explain-period", {"first_day": first_day, "last_day": last_day}, None)


def _origin(facts: Mapping[str, Any]) -> dict[str, Any]:
    origin = _some(facts["origin"], "leaf", "centihours")
    return {**origin, "origin_scheme": facts["origin"]["scheme"], "day": facts["day"]}


def _some(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: facts[name] for name in names}


def steps_of_move(entry: Entry, chain: PackChain) -> Iterator[Step]:
    """Tell a later movement, and each cap that it names with its clause.

    Args:
        entry: a movement on a credit.
        chain: the packs under which it was posted.
    """
    recorded_on = civil_day(entry.recorded_at).isoformat()
    said: dict[str, str | int] = {"recorded_on": recorded_on, "centihours": entry.centihours}
    if entry.movement == Movement.REVERSE:
        yield Step(f"explain-reverse-{entry.reason}", said, None)
        return
    yield Step(f"explain-{entry.movement}", said, None)
    if entry.act_id is not None:
        return  # let go by an act, not by a cap
    for key in entry.reason.split():
        yield _cap_named(key, chain.value_on(key, entry.earned_on))


def _cap_named(key: str, value: Value | None) -> Step:
    if value is not None and isinstance(value.value, Cap):
        return Step(
            f"explain-cap-{value.value.per}", {"cap_centihours": value.value.centihours}, value
        )
    if value is not None and isinstance(value.value, ItemsCap):
        return Step("explain-cap-items", {"items": value.value.items}, value)
    if key == DAYS_ONCE:
        return Step("explain-days-once", {}, None)
    return Step("explain-once-per-work", {"key": key}, value)
