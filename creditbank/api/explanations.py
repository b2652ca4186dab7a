"""Why hours count: one entry from what was stored, or a made-up fact under the rules in force."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door, Public, Unit
from creditbank.crediting.explanations import EntryUnknownError, explain_credit
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.lawbook import law_of
from creditbank.rules.conversion import (
    ActivityFact,
    FactMissingError,
    NotRecognisedError,
    RuleMissingError,
    Step,
    convert,
)
from creditbank.rules.explain import explain_step
from creditbank.rules.items import DeclaredLateError, SpreadRefusedError, convert_item
from creditbank.rules.loader import PackMissingError
from creditbank.rules.pack import PackChain, PackDraftError
from creditbank.schemas.items import ConversionAnswer, EntryExplanationAnswer, MadeUpFactBody
from creditbank.verification.desk_looks import LookDraft, Shown

_EXAMPLE = {
    "session": {"activity": "enterprise_course", "day": "2026-11-10", "attended_minutes": 180}
}

explanations = Door("explanations", __name__, description="Why hours count.")


@explanations.get(
    "/entries/<leaf:leaf>/explanation",
    Scope.BALANCE_READ,
    answer=EntryExplanationAnswer(),
    refuses=(EntryUnknownError, RegionForeignError),
)
def explain_entry(call: Call, session: Session, leaf: str) -> dict[str, Any]:
    """Explain a credit, from its fact to what counts of it, by the rules that it was made under."""
    found = explain_credit(session, bytes.fromhex(leaf))
    call.client.require_region(found.source.jurisdiction)
    credit, state = found.state.credit, found.state
    looked([credit.person_id], LookDraft(Shown.ENTRIES, leaf), call.client, now=call.now)
    return {
        "leaf": leaf,
        "scheme": credit.scheme,
        "year": credit.credited_year,
        "subject": credit.subject,
        "earned_on": credit.earned_on,
        "occasion": credit.occasion,
        "hours": credit.centihours,
        "live_hours": state.live_centihours,
        "capped_hours": state.capped_centihours,
        "reversed": state.reversed,
        "packs": found.chain.pins(),
        "lines": _lines(found.steps, found.chain),
    }


@explanations.post(
    "/packs/<public:scheme>/explain",
    Public.ANYBODY,
    unit=Unit.READING,
    body=JsonBody(MadeUpFactBody(), _EXAMPLE),
    answer=ConversionAnswer(),
    refuses=(
        PackMissingError, PackDraftError, NotRecognisedError, RuleMissingError, FactMissingError,
        DeclaredLateError, SpreadRefusedError,
    ),
)  # fmt: skip
def explain_rules(call: Call, session: Session, scheme: str) -> dict[str, Any]:
    """Say what the rules in force would give for a session or an item; nothing is written."""
    law, fact = law_of(session, scheme), call.body
    if isinstance(fact, ActivityFact):
        conversion = convert(fact, law)
        parts = [(conversion.credited_year, conversion.subject, conversion.centihours)]
        subject, steps = conversion.subject, conversion.steps
    else:
        of_item = convert_item(fact, law)
        parts = [(part.credited_year, part.subject, part.centihours) for part in of_item.parts]
        subject, steps = of_item.subject, of_item.steps
    return {
        "scheme": scheme,
        "subject": subject,
        "hours": sum(centihours for *_, centihours in parts),
        "parts": [
            {"year": year, "subject": at, "hours": centihours} for year, at, centihours in parts
        ],
        "lines": _lines(steps, law),
    }


def _lines(steps: Iterable[Step], chain: PackChain) -> list[dict[str, str]]:
    lines = []
    for step in steps:
        zh, en = explain_step(step, "zh", chain), explain_step(step, "en", chain)
        value = step.value
        lines.append(
            {
                "code": step.code,
                "zh": zh.text,
                "en": en.text,
                "ground_zh": zh.ground,
                "ground_en": en.ground,
                "basis": zh.basis,
                "scheme": value.scheme if value else "",
                "key": value.key if value else "",
                "since": value.from_.isoformat() if value else "",
            }
        )
    return lines
