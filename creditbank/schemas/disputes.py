"""Shapes of disputes: which there are, what was said, what is answered and decided."""

from typing import Any

from creditbank.integrity.disputes import (
    CASE_CHARACTERS_MAX,
    WORDS_CHARACTERS_MAX,
    Answer,
    Outcome,
)
from creditbank.integrity.lists import OPEN, ToldDispute
from creditbank.integrity.models import Dispute
from creditbank.integrity.remedies import Remedy
from creditbank.integrity.states import About, DisputeState, Step
from creditbank.schemas.fields import (
    Choice,
    Code,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Whole,
    jurisdiction,
    public_number,
)

_STATES = [OPEN, *map(str, DisputeState)]
_REMEDY = r"(R[0-9A-Z]{9}|[0-9a-f]{64})"


class DisputesQuery(Shape):
    """Which disputes, and where the page begins; `open` are those that wait, the oldest first."""

    state = Code("|".join(_STATES), OPEN, load_default=str)
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[A-Za-z0-9_-]{8,120}", "next_cursor", load_default=str)


class DisputeAnswerBody(Shape):
    """What the provider says: put right, by which posting; or not, and why."""

    answer = Choice(Answer, required=True)
    remedy = Code(
        _REMEDY, "R7K2M9QXAB", load_default=str,
        metadata={"description": "Where it was put right: one of the dispute's `remedies`."},
    )  # fmt: skip
    words = Text(WORDS_CHARACTERS_MAX, required=True)


class DisputeDecisionBody(Shape):
    """What the official finds, why, and by which file of the office."""

    outcome = Choice(Outcome, required=True)
    words = Text(WORDS_CHARACTERS_MAX, required=True)
    case_no = Text(CASE_CHARACTERS_MAX, required=True)


class DisputeLine(Shape):
    """A dispute, which names nobody."""

    dispute_no = public_number("J7K2M9QXAB")
    jurisdiction = jurisdiction()
    filing_no = Text(20, low=0, metadata={"description": "Empty where only a provider was named."})
    day = Text(10, low=0, metadata={"description": "Empty for all of the filing."})
    about = Choice(About)
    state = Choice(DisputeState)
    stated_at = Instant()
    due_on = Text(
        10, low=0, metadata={"description": "By when the provider answers; empty for no term."}
    )


class DisputeStepAnswer(Shape):
    """One step; `words` is empty where nothing was said, or the person was erased."""

    step = Choice(Step)
    actor = Text(60)
    recorded_at = Instant()
    words = Text(WORDS_CHARACTERS_MAX, low=0)
    remedy = Text(64, low=0)


class RemedyAnswer(Shape):
    """What put the person's hours right since: a roster, or the leaf of a withdrawal."""

    remedy = Code(_REMEDY, "R7K2M9QXAB")
    filing_no = public_number("F7K2M9QXAB")
    days = Several(Text(10))
    recorded_at = Instant()


class DisputeAnswer(DisputeLine):
    """A dispute with who stated it, every step, and what was done about their hours since."""

    title = Text(300, low=0, metadata={"description": "Of the filing; empty without one."})
    provider = Text(120, metadata={"description": "Who filed, or who was named."})
    answered_by = Text(120, low=0, metadata={"description": "Who answers now; empty for nobody."})
    name = Text(60)
    last_four = Text(4)
    steps = Inner(DisputeStepAnswer, many=True)
    remedies = Inner(RemedyAnswer, many=True)


class DisputesAnswer(Shape):
    """One page of disputes."""

    disputes = Inner(DisputeLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})


def shaped_line(dispute: Dispute) -> dict[str, Any]:
    """Return the members of a dispute that name nobody."""
    return {
        "dispute_no": dispute.dispute_no,
        "jurisdiction": dispute.jurisdiction,
        "filing_no": dispute.filing_no or "",
        "day": dispute.day.isoformat() if dispute.day else "",
        "about": dispute.about,
        "state": dispute.state,
        "stated_at": dispute.stated_at,
        "due_on": dispute.due_on.isoformat() if dispute.due_on else "",
    }


def shaped_dispute(
    told: ToldDispute, who: tuple[str, str], remedies: list[Remedy]
) -> dict[str, Any]:
    """Return all members of a dispute, to be dumped."""
    name, last_four = who
    return {
        **shaped_line(told.dispute),
        "title": told.title,
        "provider": told.provider,
        "answered_by": told.answers,
        "name": name,
        "last_four": last_four,
        "steps": [
            {
                "step": each.step,
                "actor": each.actor,
                "recorded_at": each.recorded_at,
                "words": each.words or "",
                "remedy": each.remedy,
            }
            for each in told.steps
        ],
        "remedies": [
            {
                "remedy": each.number,
                "filing_no": each.filing_no,
                "days": list(each.days),
                "recorded_at": each.recorded_at,
            }
            for each in remedies
        ],
    }
