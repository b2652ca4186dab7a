"""Yearly calls by pages: opened and decided by officials, bid on by providers; duties of bases."""

import json

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.registry.calls import (
    PLACES_MAX,
    Award,
    BidDraft,
    CallDraft,
    CallKind,
    Lane,
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
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.registry.duties import duties_of
from creditbank.registry.facts import Level
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import CallBid
from creditbank.schemas.calls import PLAN_CHARACTERS_MAX, TITLE_CHARACTERS_MAX, shaped_bid
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.organisations_desk import ground_typed
from creditbank.web.pages import page

_CALLS_SHOWN = 100
_YEARS = (2000, 2200)
_TYPED = (
    "title", "year", "kind", "level", "closes_on", "document_no", "document_day", "reason",
    *(f"places_{lane}" for lane in Lane),
)  # fmt: skip
_ONE = "/calls/<public:call_no>"

calls = Pages("calls", __name__)


@calls.shown("/calls", able(Scope.FILING_READ), menu="calls")
def overview(visit: Visit, session: Session) -> Response:
    """List the calls that reach the region; for officials a form for another."""
    return page(
        "calls.html", lines=calls_seen(session, visit.client, _CALLS_SHOWN),
        opens=Scope.FILING_DECIDE in visit.client.scopes, kinds=list(map(str, CallKind)),
        levels=list(map(str, Level)), lanes=list(map(str, Lane)),
        typed=forms.all_typed(_TYPED),
    )  # fmt: skip


@calls.sent("/calls", able(Scope.FILING_DECIDE), shows=overview)
def open_one(visit: Visit, session: Session) -> Response:
    """Open a call of the own region."""
    closes_on = forms.day("closes_on")
    if closes_on is None:
        raise fields.empty("call-closes")
    places = {
        str(lane): fields.whole(f"places_{lane}", "call-places-label", (0, PLACES_MAX)) or 0
        for lane in Lane
    }
    draft = CallDraft(
        jurisdiction=visit.client.jurisdiction,
        year=fields.whole("year", "call-year", _YEARS) or closes_on.year,
        kind=forms.chosen("kind", CallKind),
        level=forms.chosen("level", Level),
        title=fields.text("title", "call-title", TITLE_CHARACTERS_MAX),
        places=places,
        closes_on=closes_on,
        ground=ground_typed(wanted=True),
    )
    made = open_call(session, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.calls.one", "call-opened", call_no=made.call_no)


@calls.shown(_ONE, able(Scope.FILING_READ))
def one(visit: Visit, session: Session, call_no: str) -> Response:
    """Show a call with its bids, and what may be done with it now."""
    call, client, today = call_seen(session, visit.client, call_no), visit.client, visit.now
    over = civil_day(today) > call.closes_on
    bids = bids_of(session, call_no, client)
    open_now = call.state == "open"
    decides = Scope.FILING_DECIDE in client.scopes
    bidder = Scope.FILING_SUBMIT in client.scopes and open_now and not over
    stands = any(each.state != "withdrawn" for each in bids)
    return page(
        "call.html", call=call, places=json.loads(call.lanes), over=over,
        bids=[shaped_bid(session, each) for each in bids],
        bidding=bidder and not stands, withdraws=bidder,
        deciding=open_now and over and decides, decides=decides,
        levels=_above(Level(call.level)), is_base=call.kind == CallKind.TRAINING_BASE,
        typed={
            name: forms.typed(name)
            for name in ("title", "plan", "valid_from", "valid_through", "document_no",
                         "document_day", "reason")
        },
    )  # fmt: skip


@calls.sent(f"{_ONE}/bids", able(Scope.FILING_SUBMIT), shows=one)
def bid(visit: Visit, session: Session, call_no: str) -> Response:
    """Bid on a call."""
    call_seen(session, visit.client, call_no)
    bidder = organisation_of(session, organisation_seen(visit.client))
    draft = BidDraft(
        forms.chosen("lane", Lane), fields.text("title", "call-bid-title", TITLE_CHARACTERS_MAX),
        fields.text("plan", "call-bid-plan", PLAN_CHARACTERS_MAX),
    )  # fmt: skip
    bid_on(session, call_no, bidder, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.calls.one", "call-bid", call_no=call_no)


@calls.sent("/bids/<public:bid_no>/withdrawal", able(Scope.FILING_SUBMIT))
def withdraw(visit: Visit, session: Session, bid_no: str) -> Response:
    """Take the own bid back."""
    bidder_id, actor = organisation_seen(visit.client), visit.client.client_id
    reason = fields.text("reason", "call-bid-why", 500, wanted=False)
    done = withdraw_bid(session, bid_no, bidder_id, reason, actor=actor, now=visit.now)
    return see("web.calls.one", "call-bid-withdrawn", call_no=done.call_no)


@calls.sent(f"{_ONE}/decision", able(Scope.FILING_DECIDE), shows=one)
def decide(visit: Visit, session: Session, call_no: str) -> Response:
    """Award what was ticked, refuse the rest."""
    visit.client.require_region(call_seen(session, visit.client, call_no).jurisdiction)
    award = Award(
        tuple(request.form.getlist("awarded")), ground_typed(wanted=True),
        forms.day("valid_from"), forms.day("valid_through"),
    )  # fmt: skip
    decide_call(session, call_no, award, actor=visit.client.client_id, now=visit.now)
    return see("web.calls.one", "call-decided", call_no=call_no)


@calls.sent("/bids/<public:bid_no>/recommendation", able(Scope.FILING_DECIDE))
def recommend_bid(visit: Visit, session: Session, bid_no: str) -> Response:
    """Recommend an awarded bid upward."""
    bid_decided_by(session, visit.client, bid_no)
    level, ground = forms.chosen("level", Level), ground_typed(wanted=True)
    recommend(session, bid_no, level, ground, actor=visit.client.client_id, now=visit.now)
    call_no = session.get_one(CallBid, bid_no).call_no
    return see("web.calls.one", "call-recommended", call_no=call_no)


@calls.shown("/desk/base-duties", able(Scope.FILING_DECIDE), menu="base-duties")
def duties(visit: Visit, session: Session) -> Response:
    """Show which bases have held how many seminars this year."""
    today = civil_day(visit.now)
    found = duties_of(session, visit.client.jurisdiction, today.year, today)
    return page("base_duties.html", duties=found, year=today.year)


def _above(level: Level) -> list[str]:
    order = [Level.MUNICIPAL, Level.PROVINCIAL, Level.NATIONAL]
    return [str(each) for each in order[order.index(level) + 1 :]]
