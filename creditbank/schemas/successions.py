"""Shapes of what becomes of organisations: closed, merged, split, and who takes over what."""

from datetime import date
from typing import Any

from marshmallow import post_load
from sqlalchemy.orm import Session

from creditbank.registry.lookups import organisation_of
from creditbank.registry.succeeding import SuccessionDraft, SuccessorDraft
from creditbank.registry.successions import (
    How,
    Succession,
    predecessors_on,
    successions_of,
)
from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Truth,
    public_number,
)
from creditbank.schemas.organisations import DOCUMENT_CHARACTERS_MAX, GroundBody, ground_of
from creditbank.schemas.registry import REASON_CHARACTERS_MAX

SUCCESSORS_MAX, PARTS_MAX = 20, 500
_FILING_NO = r"[0-9A-Z]{2,20}"
_PART = {"description": "Filings that it takes over; left out: all that nobody else takes over."}


class SuccessorBody(Shape):
    """Who takes something over."""

    uscc = Text(18, required=True)
    filings = Several(
        Code(_FILING_NO, "F7K2M9QXAB"), high=PARTS_MAX, load_default=list, metadata=_PART
    )


class SuccessionBody(GroundBody):
    """What becomes of an organisation."""

    how = Choice(How, required=True)
    day = Day(required=True, metadata={"description": "The first day on which it is so."})
    successors = Inner(SuccessorBody, many=True, load_default=list)
    continues = Truth(
        load_default=bool, metadata={"description": "Of a split: it goes on beside its successors."}
    )

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> SuccessionDraft:
        """Make the draft."""
        heirs = tuple(
            SuccessorDraft(each["uscc"], tuple(each["filings"])) for each in loaded["successors"]
        )
        return SuccessionDraft(
            loaded["how"], loaded["day"], heirs, ground_of(loaded), loaded["continues"]
        )


class SuccessorAnswer(Shape):
    """Who takes something over."""

    uscc = Text(18)
    name = Text(120)
    filing_no = Text(20, low=0, metadata={"description": "Empty: all that no other takes over."})


class SuccessionAnswer(Shape):
    """What became of an organisation, by which document."""

    succession_no = public_number("N7K2M9QXAB")
    how = Choice(How)
    day = Day()
    continues = Truth()
    successors = Inner(SuccessorAnswer, many=True)
    document_no = Text(DOCUMENT_CHARACTERS_MAX, low=0)
    document_day = Day(allow_none=True)
    reason = Text(REASON_CHARACTERS_MAX, low=0)
    actor = Text(60)
    recorded_at = Instant()
    taken_back = Text(
        REASON_CHARACTERS_MAX, low=0,
        metadata={"description": "Why it was taken back; empty while it stands."},
    )  # fmt: skip


class PredecessorAnswer(Shape):
    """An organisation that had become part of this one."""

    uscc = Text(18)
    name = Text(120)


class BecomingAnswer(Shape):
    """What became of an organisation, and which others had become part of it by a day."""

    uscc = Text(18)
    on = Day()
    ended_on = Day(allow_none=True)
    successions = Inner(SuccessionAnswer, many=True)
    predecessors = Inner(PredecessorAnswer, many=True)


class BecomingQuery(Shape):
    """As of which day."""

    on = Day(load_default=lambda: None, metadata={"description": "Left out: today."})


def shaped_succession(session: Session, said: Succession) -> dict[str, Any]:
    """Shape what became of an organisation."""
    plain = ("succession_no", "how", "day", "continues", "actor", "recorded_at")
    heirs = [(organisation_of(session, each.successor_id), each.filing_no) for each in said.parts]
    return {
        **{name: getattr(said, name) for name in plain},
        "document_no": said.ground.document_no, "document_day": said.ground.document_day,
        "reason": said.ground.reason,
        "taken_back": said.taken_back.reason if said.taken_back else "",
        "successors": [
            {"uscc": heir.uscc, "name": heir.name, "filing_no": number} for heir, number in heirs
        ],
    }  # fmt: skip


def shaped_becoming(session: Session, organisation_id: int, day: date) -> dict[str, Any]:
    """Shape all that became of an organisation, and what had become part of it by a day."""
    organisation = organisation_of(session, organisation_id)
    said = successions_of(session, [organisation_id])[organisation_id]
    before = [
        organisation_of(session, each) for each in predecessors_on(session, organisation_id, day)
    ]
    return {
        "uscc": organisation.uscc, "on": day, "ended_on": organisation.ended_on,
        "successions": [shaped_succession(session, each) for each in said],
        "predecessors": [{"uscc": each.uscc, "name": each.name} for each in before],
    }  # fmt: skip
