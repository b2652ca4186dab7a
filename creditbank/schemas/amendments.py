"""Shapes of amendments: what a provider asks to change of an approved filing, and its decision."""

from typing import Any

from marshmallow import post_load

from creditbank.crediting.amendments import AmendedSession, AmendmentDraft, AmendmentState
from creditbank.registry.filing.filings import SESSIONS_MAX, SessionDraft
from creditbank.schemas.fields import Choice, Hours, Inner, Instant, Several, Shape, Text, Whole
from creditbank.schemas.registry import (
    REASON_CHARACTERS_MAX,
    SEATS_MAX,
    SessionAnswer,
    SessionBody,
)

VERSION_MAX = 2**15 - 1


class AmendedSessionBody(SessionBody):
    """A session as it is to be."""

    session_no = Whole(
        1, VERSION_MAX, load_default=int,
        metadata={"description": "Of the session that it goes on; left out of a new one."},
    )  # fmt: skip

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> Any:
        """Make the session."""
        return AmendedSession(loaded.pop("session_no"), SessionDraft(**loaded))


class AmendmentBody(Shape):
    """The next version of an approved filing; sessions that are left out are dropped."""

    seats = Whole(1, SEATS_MAX, required=True)
    sessions = Several(Inner(AmendedSessionBody), low=1, high=SESSIONS_MAX, required=True)
    approved_hours = Hours(
        load_default=lambda: None,
        metadata={"description": "Of all sessions, where the rules leave them to the official."},
    )
    reason = Text(REASON_CHARACTERS_MAX, required=True)

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> AmendmentDraft:
        """Make the draft."""
        hours = loaded["approved_hours"]
        return AmendmentDraft(loaded["seats"], tuple(loaded["sessions"]), hours, loaded["reason"])


class AmendmentVersionBody(Shape):
    """The amendment that was read."""

    version = Whole(2, VERSION_MAX, required=True)


class AmendmentApprovalBody(AmendmentVersionBody):
    """An approval; the reason is wanted for a day that had passed when it was asked for."""

    reason = Text(REASON_CHARACTERS_MAX, low=0, load_default=str)


class AmendmentRefusalBody(AmendmentVersionBody):
    """A refusal, with the reason that the provider will read."""

    reason = Text(REASON_CHARACTERS_MAX, required=True)


class PlanAnswer(Shape):
    """What of a filing may be amended, in one version."""

    seats = Whole(1, SEATS_MAX)
    approved_hours = Hours(allow_none=True)
    sessions = Inner(SessionAnswer, many=True)


class ChangeAnswer(Shape):
    """One difference; empty is nothing there."""

    name = Text(40)
    session_no = Whole(0, VERSION_MAX, metadata={"description": "0 for the filing itself."})
    before = Text(200, low=0)
    after = Text(200, low=0)


class AmendmentAnswer(Shape):
    """A version of a filing that was asked for, as it was before, and what differs."""

    version = Whole(2, VERSION_MAX)
    state = Choice(AmendmentState)
    reason = Text(REASON_CHARACTERS_MAX)
    asked_at = Instant()
    decided_at = Instant(allow_none=True)
    decision = Text(REASON_CHARACTERS_MAX, low=0)
    before = Inner(PlanAnswer)
    after = Inner(PlanAnswer)
    changes = Inner(ChangeAnswer, many=True)


class AmendmentsAnswer(Shape):
    """Every amendment of a filing, the first one first."""

    amendments = Inner(AmendmentAnswer, many=True)
