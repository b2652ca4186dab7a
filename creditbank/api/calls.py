"""Yearly calls (年度申报) for seminars and bases; what bases have to hold."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call as Request
from creditbank.api.endpoints import Door
from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.ids import JurisdictionInvalidError
from creditbank.registry.calls import (
    BaseTermWantedError,
    BidKnownError,
    BidLaneError,
    BidUnknownError,
    CallPlacesError,
    CallStateError,
    CallUnfitError,
    CallUnknownError,
    bid_decided_by,
    bid_on,
    bids_of,
    call_seen,
    calls_seen,
    decide_call,
    open_call,
    recommend,
    withdraw_bid,
)
from creditbank.registry.clients import RegionForeignError, Scope, organisation_seen
from creditbank.registry.duties import duties_of
from creditbank.registry.lookups import organisation_of
from creditbank.registry.organisations import OrganisationUnknownError
from creditbank.registry.stating import FactAheadError, FactsContradictError, FactTermError
from creditbank.schemas.calls import (
    AwardBody,
    BidAnswer,
    BidBody,
    BidWithdrawalBody,
    CallAnswer,
    CallBody,
    CallsAnswer,
    DutiesAnswer,
    DutiesQuery,
    RecommendationBody,
    shaped_bid,
    shaped_duty,
    shaped_line,
)
from creditbank.schemas.organisations import ground_of

_DOCUMENT = {"document_no": "示例〔2026〕6号", "document_day": "2026-01-05"}
_ONE = "/calls/<public:call_no>"

calls = Door("calls", __name__, description="Yearly calls for seminars and bases.")


@calls.post(
    "/calls",
    Scope.FILING_DECIDE,
    status=201,
    body=JsonBody(
        CallBody(),
        {
            "jurisdiction": "cn-3710", "year": 2099, "kind": "training_base",
            "level": "municipal", "title": "2099年市级继续教育基地申报",
            "places": {"general": 5, "specialised_innovative": 2}, "closes_on": "2099-03-31",
            **_DOCUMENT,
        },
    ),
    answer=CallAnswer(),
    refuses=(RegionForeignError, JurisdictionInvalidError, CallUnfitError),
)  # fmt: skip
def open_a_call(call: Request, session: Session) -> dict[str, Any]:
    """Open a call, with places by lane and a last day of bids."""
    call.client.require_region(call.body.jurisdiction)
    made = open_call(session, call.body, actor=call.client.client_id, now=call.now)
    return {**shaped_line(made), "bids": []}


@calls.get("/calls", Scope.FILING_READ, answer=CallsAnswer())
def list_calls(call: Request, session: Session) -> dict[str, Any]:
    """List the calls of the region and of the regions above it, the latest first."""
    found = calls_seen(session, call.client, current_house().settings.page_size_max)
    return {"calls": [shaped_line(each) for each in found]}


@calls.get(_ONE, Scope.FILING_READ, answer=CallAnswer(), refuses=(CallUnknownError,))
def read_call(call: Request, session: Session, call_no: str) -> dict[str, Any]:
    """Return a call with its bids; a provider sees its own alone."""
    return _shaped(call, session, call_no)


@calls.post(
    f"{_ONE}/bids",
    Scope.FILING_SUBMIT,
    status=201,
    body=JsonBody(
        BidBody(), {"lane": "general", "title": "复合材料成型工艺", "plan": "两期，每期40人"}
    ),
    answer=BidAnswer(),
    refuses=(
        CallUnknownError, RegionForeignError, OrganisationUnknownError, CallStateError,
        BidLaneError, BidKnownError,
    ),
)  # fmt: skip
def bid_on_a_call(call: Request, session: Session, call_no: str) -> dict[str, Any]:
    """Bid on a call, once, in one lane."""
    call_seen(session, call.client, call_no)
    bidder = organisation_of(session, organisation_seen(call.client))
    made = bid_on(session, call_no, bidder, call.body, actor=call.client.client_id, now=call.now)
    return shaped_bid(session, made)


@calls.post(
    "/bids/<public:bid_no>/withdrawal",
    Scope.FILING_SUBMIT,
    body=JsonBody(BidWithdrawalBody(), {"reason": "计划有变，将重新申报"}),
    answer=BidAnswer(),
    refuses=(BidUnknownError, CallStateError),
)
def withdraw_a_bid(call: Request, session: Session, bid_no: str) -> dict[str, Any]:
    """Take a bid back before the call closes; another may follow."""
    bidder_id, actor = organisation_seen(call.client), call.client.client_id
    reason = call.body["reason"]
    done = withdraw_bid(session, bid_no, bidder_id, reason, actor=actor, now=call.now)
    return shaped_bid(session, done)


@calls.post(
    f"{_ONE}/decision",
    Scope.FILING_DECIDE,
    body=JsonBody(
        AwardBody(), {"awarded": [], "valid_from": "2026-04-01", **_DOCUMENT, "reason": "评审"}
    ),
    answer=CallAnswer(),
    refuses=(
        CallUnknownError, RegionForeignError, CallStateError, BidUnknownError, BidLaneError,
        CallPlacesError, BaseTermWantedError, FactsContradictError, FactAheadError, FactTermError,
    ),
)  # fmt: skip
def decide_a_call(call: Request, session: Session, call_no: str) -> dict[str, Any]:
    """Award places to bids and refuse the others; who is awarded a base is one from then on."""
    call.client.require_region(call_seen(session, call.client, call_no).jurisdiction)
    decide_call(session, call_no, call.body, actor=call.client.client_id, now=call.now)
    return _shaped(call, session, call_no)


@calls.post(
    "/bids/<public:bid_no>/recommendation",
    Scope.FILING_DECIDE,
    body=JsonBody(RecommendationBody(), {"level": "provincial", **_DOCUMENT}),
    answer=BidAnswer(),
    refuses=(BidUnknownError, RegionForeignError, BidLaneError),
)
def recommend_a_bid(call: Request, session: Session, bid_no: str) -> dict[str, Any]:
    """Record that an awarded bid is recommended upward."""
    bid_decided_by(session, call.client, bid_no)
    level, ground, actor = call.body["level"], ground_of(call.body), call.client.client_id
    return shaped_bid(session, recommend(session, bid_no, level, ground, actor=actor, now=call.now))


@calls.get("/base-duties", Scope.FILING_DECIDE, query=DutiesQuery(), answer=DutiesAnswer())
def read_base_duties(call: Request, session: Session) -> dict[str, Any]:
    """Tell which bases of the region have held how many seminars in a year, of two."""
    today = civil_day(call.now)
    year = call.query["year"] or today.year
    found = duties_of(session, call.client.jurisdiction, year, today)
    return {"bases": [shaped_duty(each) for each in found]}


def _shaped(call: Request, session: Session, call_no: str) -> dict[str, Any]:
    found = call_seen(session, call.client, call_no)
    bids = bids_of(session, call_no, call.client)
    return {**shaped_line(found), "bids": [shaped_bid(session, each) for each in bids]}
