"""Shapes of yearly calls, the bids on them, and what bases have to hold."""

import json
from typing import Any

from marshmallow import post_load
from sqlalchemy.orm import Session

from creditbank.registry.calls import (
    PLACES_MAX,
    Award,
    BidDraft,
    CallDraft,
    CallKind,
    Lane,
)
from creditbank.registry.duties import Duty
from creditbank.registry.facts import Level
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import Call, CallBid
from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Whole,
    jurisdiction,
    public_number,
)
from creditbank.schemas.organisations import DOCUMENT_CHARACTERS_MAX, GroundBody, ground_of

TITLE_CHARACTERS_MAX, PLAN_CHARACTERS_MAX = 120, 500
_BID_NO, _BIDS_MAX = r"B[0-9A-Z]{9}", 1_000


def _nothing() -> None:
    """Stand for what was left out; a function, so that the document shows no default."""


class PlacesShape(Shape):
    """Places by lane."""

    general = Whole(0, PLACES_MAX, load_default=int)
    specialised_innovative = Whole(
        0, PLACES_MAX, load_default=int, metadata={"description": "Kept for 专精特新 enterprises."}
    )


class CallBody(GroundBody):
    """A call about to be opened."""

    jurisdiction = jurisdiction(required=True)
    year = Whole(2000, 2200, required=True)
    kind = Choice(CallKind, required=True)
    level = Choice(Level, required=True, metadata={"description": "Of what is awarded."})
    title = Text(TITLE_CHARACTERS_MAX, required=True)
    places = Inner(PlacesShape, required=True)
    closes_on = Day(required=True, metadata={"description": "The last day of bids."})

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> CallDraft:
        """Make the draft."""
        names = ("jurisdiction", "year", "kind", "level", "title", "places", "closes_on")
        return CallDraft(**{name: loaded[name] for name in names}, ground=ground_of(loaded))


class BidBody(Shape):
    """A bid about to be made."""

    lane = Choice(Lane, required=True)
    title = Text(TITLE_CHARACTERS_MAX, required=True)
    plan = Text(PLAN_CHARACTERS_MAX, required=True)

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> BidDraft:
        """Make the draft."""
        return BidDraft(loaded["lane"], loaded["title"], loaded["plan"])


class AwardBody(GroundBody):
    """Which bids are awarded; all others are refused."""

    awarded = Several(Code(_BID_NO, "B7K2M9QXAB"), high=_BIDS_MAX, required=True)
    valid_from = Day(load_default=_nothing, metadata={"description": "Of bases: the first day."})
    valid_through = Day(load_default=_nothing, metadata={"description": "Left out: open."})

    @post_load
    def as_award(self, loaded: dict[str, Any], **_kwargs: Any) -> Award:
        """Make the award."""
        return Award(
            tuple(loaded["awarded"]), ground_of(loaded), loaded["valid_from"],
            loaded["valid_through"],
        )  # fmt: skip


class BidWithdrawalBody(Shape):
    """Why a bid is taken back, if anything is said."""

    reason = Text(500, low=0, load_default=str)


class RecommendationBody(GroundBody):
    """To which level an awarded bid is recommended."""

    level = Choice(Level, required=True)


class BidAnswer(Shape):
    """A bid as it stands."""

    bid_no = public_number("B7K2M9QXAB")
    uscc = Text(18)
    name = Text(120)
    lane = Choice(Lane)
    title = Text(TITLE_CHARACTERS_MAX)
    plan = Text(PLAN_CHARACTERS_MAX)
    bid_at = Instant()
    state = Text(20)
    recommended_to = Text(20, low=0, metadata={"description": "A level; empty for none."})


class CallLine(Shape):
    """A call without its bids."""

    call_no = public_number("G7K2M9QXAB")
    jurisdiction = jurisdiction()
    year = Whole(2000, 2200)
    kind = Choice(CallKind)
    level = Choice(Level)
    title = Text(TITLE_CHARACTERS_MAX)
    places = Inner(PlacesShape)
    closes_on = Day()
    document_no = Text(DOCUMENT_CHARACTERS_MAX)
    document_day = Day()
    state = Text(20)


class CallAnswer(CallLine):
    """A call with its bids; a provider sees its own alone."""

    bids = Inner(BidAnswer, many=True)


class CallsAnswer(Shape):
    """Calls, the latest first."""

    calls = Inner(CallLine, many=True)


class DutiesQuery(Shape):
    """Of which year."""

    year = Whole(2000, 2200, as_text=True, load_default=_nothing)


class DutyAnswer(Shape):
    """What a base has held of what it has to hold."""

    uscc = Text(18)
    name = Text(120)
    levels = Several(Text(20))
    held = Whole(0, PLACES_MAX * PLACES_MAX)
    wanted = Whole(0, PLACES_MAX)
    missing = Whole(0, PLACES_MAX)
    by = Day()


class DutiesAnswer(Shape):
    """The bases of a region, whoever has held least first."""

    bases = Inner(DutyAnswer, many=True)


def shaped_line(call: Call) -> dict[str, Any]:
    """Shape a call without its bids."""
    names = [name for name in CallLine().fields if name != "places"]
    places = {str(lane): 0 for lane in Lane} | json.loads(call.lanes)
    return {**{name: getattr(call, name) for name in names}, "places": places}


def shaped_bid(session: Session, bid: CallBid) -> dict[str, Any]:
    """Shape a bid."""
    names = ("bid_no", "lane", "title", "plan", "bid_at", "state", "recommended_to")
    bidder = organisation_of(session, bid.organisation_id)
    plain = {name: getattr(bid, name) for name in names}
    return {**plain, "uscc": bidder.uscc, "name": bidder.name}


def shaped_duty(duty: Duty) -> dict[str, Any]:
    """Shape what a base has to hold."""
    return {
        "uscc": duty.organisation.uscc, "name": duty.name, "levels": list(duty.levels),
        "held": duty.held, "wanted": duty.wanted, "missing": duty.missing, "by": duty.by,
    }  # fmt: skip
