"""Yearly calls (年度申报) for advanced seminars and training bases: opened, bid on, decided.

A call has places by lane, one of them kept for “专精特新” enterprises (指标单列:
威人社字〔2022〕32号, 第八条; they count champions of manufacturing among them). No source says what
becomes of a lane's unused places: they lapse. Who is awarded a base is one by that act, and what is
awarded may be recommended upward (推荐申报国家级、省级).
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_text
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction, jurisdiction_contains, random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.clients import Client, RegionForeignError, organisation_seen
from creditbank.registry.facts import Attribute, EnterpriseClass, Ground, Level
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import Call, CallBid, Organisation
from creditbank.registry.stating import FactDraft, picture_of, state_fact

OPENED, BID, WITHDRAWN, DECIDED, RECOMMENDED = (
    "call.opened", "call.bid", "call.bid-withdrawn", "call.decided", "call.recommended",
)  # fmt: skip
PLACES_MAX = 1_000
#: The state of a bid that its bidder took back: it is not decided, and another may follow.
_WITHDRAWN = "withdrawn"


class CallKind(StrEnum):
    """What is called for."""

    ADVANCED_SEMINAR = "advanced_seminar"
    TRAINING_BASE = "training_base"


class Lane(StrEnum):
    """For whom places are kept."""

    GENERAL = "general"
    #: 指标单列
    SPECIALISED_INNOVATIVE = "specialised_innovative"


#: “专精特新” as the notice means it.
_RESERVED_FOR = frozenset(
    {EnterpriseClass.SPECIALISED_INNOVATIVE, EnterpriseClass.LITTLE_GIANT,
     EnterpriseClass.SINGLE_PRODUCT_CHAMPION}
)  # fmt: skip
_ABOVE = {
    Level.MUNICIPAL: (Level.PROVINCIAL, Level.NATIONAL), Level.PROVINCIAL: (Level.NATIONAL,),
    Level.NATIONAL: (),
}  # fmt: skip


class CallUnknownError(CreditBankError):
    """There is no call of this number, or it does not reach the asker."""

    code = "call-unknown"
    status = 404


class CallUnfitError(CreditBankError):
    """A call without places, or that closes before it opens."""

    code = "call-unfit"
    status = 422


class CallStateError(CreditBankError):
    """A call takes bids until its closing day, is decided after it, and once."""

    code = "call-state"
    status = 409


class BidLaneError(CreditBankError):
    """The call has no such lane, or it is kept for others."""

    code = "bid-lane"
    status = 422


class BidKnownError(CreditBankError):
    """The organisation has a bid on this call."""

    code = "bid-known"
    status = 409


class BidUnknownError(CreditBankError):
    """The call has no such bid, or it does not stand so that this can be done."""

    code = "bid-unknown"
    status = 404


class CallPlacesError(CreditBankError):
    """More would be awarded in a lane than it has places."""

    code = "call-places"
    status = 422


class BaseTermWantedError(CreditBankError):
    """Bases are awarded without the day from which they are bases."""

    code = "base-term-wanted"
    status = 422


@dataclass(frozen=True, slots=True)
class CallDraft:
    """A call about to be opened; `places` by lane."""

    jurisdiction: str
    year: int
    kind: CallKind
    #: of what is awarded
    level: Level
    title: str
    places: Mapping[str, int]
    #: the last day of bids
    closes_on: date
    ground: Ground


@dataclass(frozen=True, slots=True)
class Award:
    """Which bids are awarded, by which document; of bases, for which term."""

    bids: tuple[str, ...]
    ground: Ground
    valid_from: date | None = None
    valid_through: date | None = None


@dataclass(frozen=True, slots=True)
class BidDraft:
    """What an organisation bids: a title, and the facts for which the notice asks."""

    lane: Lane
    title: str
    plan: str


def open_call(session: Session, draft: CallDraft, *, actor: str, now: datetime) -> Call:
    """Open a call.

    Raises:
        CallUnfitError: without places, or closed before it opens.
    """
    places = {lane: count for lane, count in draft.places.items() if count}
    if not places or draft.closes_on < civil_day(now):
        raise CallUnfitError(found=draft.closes_on.isoformat(), wanted=civil_day(now).isoformat())
    call_no = "G" + random_number(9)
    region = checked_jurisdiction(draft.jurisdiction)
    row = {
        "call_no": call_no, "jurisdiction": region, "year": draft.year, "kind": str(draft.kind),
        "level": str(draft.level), "title": draft.title, "lanes": canonical_text({**places}),
        "closes_on": draft.closes_on, "document_no": draft.ground.document_no,
        "document_day": draft.ground.document_day, "opened_by": actor, "opened_at": now,
        "state": "open",
    }  # fmt: skip
    act = record_act(session, ActDraft(OPENED, region, actor, call_no, said_of_call(row)), now=now)
    return session.scalars(insert(Call).returning(Call), [{**row, "act_id": act.act_id}]).one()


def bid_on(
    session: Session, call_no: str, bidder: Organisation, draft: BidDraft, *, actor: str,
    now: datetime,
) -> CallBid:  # fmt: skip
    """Bid on a call.

    Raises:
        CallUnknownError, RegionForeignError: it is not for the bidder.
        CallStateError: it is closed.
        BidLaneError: the lane is not there, or kept for others.
        BidKnownError: there is a bid of the organisation.
    """
    call = _locked(session, call_no)
    if not jurisdiction_contains(call.jurisdiction, bidder.jurisdiction):
        raise RegionForeignError(found=call.jurisdiction, wanted=bidder.jurisdiction)
    if call.state != "open" or civil_day(now) > call.closes_on:
        raise _closed(call)
    _require_lane(session, call, bidder, draft.lane, civil_day(now))
    same = select(CallBid.bid_no).where(
        CallBid.call_no == call_no, CallBid.organisation_id == bidder.organisation_id,
        CallBid.state != _WITHDRAWN,
    )  # fmt: skip
    known = session.scalar(same)
    if known is not None:
        raise BidKnownError(bid_no=known)
    bid_no = "B" + random_number(9)
    row = {
        "bid_no": bid_no, "call_no": call_no, "organisation_id": bidder.organisation_id,
        "lane": str(draft.lane), "title": draft.title, "plan": draft.plan, "bid_by": actor,
        "bid_at": now, "state": "submitted", "recommended_to": "",
    }  # fmt: skip
    said = said_of_bid(row, bidder.uscc)
    act = record_act(session, ActDraft(BID, call.jurisdiction, actor, bid_no, said), now=now)
    made = insert(CallBid).returning(CallBid)
    return session.scalars(made, [{**row, "act_id": act.act_id}]).one()


def withdraw_bid(
    session: Session, bid_no: str, bidder_id: int | None, reason: str, *, actor: str,
    now: datetime,
) -> CallBid:  # fmt: skip
    """Take a bid back while the call takes bids; the organisation may bid once more.

    Args:
        session: the caller's unit of work.
        bid_no: which.
        bidder_id: the organisation whose it has to be; None for an operator.
        reason: why, in words; it may be empty.
        actor: whoever takes it back.
        now: the instant.

    Raises:
        BidUnknownError: there is none, it is another's, or it was taken back.
        CallStateError: the call is closed.
    """
    found = session.get(CallBid, bid_no)
    if found is None or bidder_id not in {None, found.organisation_id}:
        raise BidUnknownError(bid_no=bid_no[:20])
    call = _locked(session, found.call_no)
    if call.state != "open" or civil_day(now) > call.closes_on:
        raise _closed(call)
    session.refresh(found)
    if found.state != "submitted":
        raise BidUnknownError(bid_no=bid_no[:20])
    draft = ActDraft(WITHDRAWN, call.jurisdiction, actor, bid_no, {"reason_text": reason})
    record_act(session, draft, now=now)
    found.state = _WITHDRAWN
    session.flush()
    return found


def decide_call(session: Session, call_no: str, award: Award, *, actor: str, now: datetime) -> Call:
    """Award places to bids, and refuse all others; who is awarded a base is one from then on.

    Raises:
        CallUnknownError, CallStateError: there is nothing to decide, or not yet.
        BidUnknownError, CallPlacesError, BidLaneError: not to these.
        BaseTermWantedError: of bases, without a first day.
        CreditBankError: said by `state_fact`.
    """
    call = _locked(session, call_no)
    if call.state != "open" or civil_day(now) <= call.closes_on:
        raise _closed(call)
    bids = {each.bid_no: each for each in bids_of(session, call_no) if each.state != _WITHDRAWN}
    unknown = sorted(set(award.bids) - bids.keys())
    if unknown:
        raise BidUnknownError(bid_no=unknown[0][:20])
    places: Mapping[str, int] = json.loads(call.lanes)
    for lane, count in Counter(bids[each].lane for each in set(award.bids)).items():
        if count > places[lane]:
            raise CallPlacesError(lane_words=_lane_words(lane), found=count, wanted=places[lane])
    is_base = call.kind == CallKind.TRAINING_BASE
    if is_base and award.bids and award.valid_from is None:
        raise BaseTermWantedError
    for each in bids.values():
        each.state = "awarded" if each.bid_no in award.bids else "refused"
        if each.state == "awarded":
            winner = organisation_of(session, each.organisation_id)
            _require_lane(session, call, winner, Lane(each.lane), civil_day(now))
            if is_base:
                fact = FactDraft(
                    Attribute.BASE, "", call.level, award.valid_from, award.valid_through,
                    award.ground,
                )  # fmt: skip
                state_fact(session, winner.uscc, fact, actor=actor, now=now)
    call.state = "decided"
    said: dict[str, Canonical] = {"awarded": sorted(set(award.bids)), **_of_ground(award.ground)}
    record_act(session, ActDraft(DECIDED, call.jurisdiction, actor, call_no, said), now=now)
    session.flush()
    return call


def recommend(
    session: Session, bid_no: str, level: Level, ground: Ground, *, actor: str, now: datetime
) -> CallBid:
    """Record that an awarded bid is recommended to a higher level.

    Raises:
        BidUnknownError: there is none that is awarded and not recommended.
        BidLaneError: the level is not above that of the call.
    """
    bid = session.get(CallBid, bid_no, with_for_update=True, populate_existing=True)
    if bid is None or bid.state != "awarded" or bid.recommended_to:
        raise BidUnknownError(bid_no=bid_no[:20])
    call = session.get_one(Call, bid.call_no)
    if level not in _ABOVE[Level(call.level)]:
        raise BidLaneError(
            lane_words=f"recognition-level-{level}", wanted_words=f"recognition-level-{call.level}"
        )
    said: dict[str, Canonical] = {"level": str(level), **_of_ground(ground)}
    record_act(session, ActDraft(RECOMMENDED, call.jurisdiction, actor, bid_no, said), now=now)
    bid.recommended_to = str(level)
    session.flush()
    return bid


def calls_seen(session: Session, client: Client, limit: int) -> Sequence[Call]:
    """Return the calls that reach a client's region, or lie in an official's, the latest first."""
    query = select(Call).order_by(Call.year.desc(), Call.opened_at.desc(), Call.call_no)
    return [each for each in session.scalars(query) if _reaches(client, each)][:limit]


def call_seen(session: Session, client: Client, call_no: str) -> Call:
    """Return a call that a client may see.

    Raises:
        CallUnknownError: there is none, or it reaches another region.
    """
    call = session.get(Call, call_no)
    if call is None or not _reaches(client, call):
        raise CallUnknownError(call_no=call_no[:20])
    return call


def bid_decided_by(session: Session, client: Client, bid_no: str) -> None:
    """Refuse an official of another region.

    Raises:
        BidUnknownError, RegionForeignError: there is no such bid, or not in that hand.
    """
    bid = session.get(CallBid, bid_no)
    if bid is None:
        raise BidUnknownError(bid_no=bid_no[:20])
    client.require_region(session.get_one(Call, bid.call_no).jurisdiction)


def bids_of(session: Session, call_no: str, client: Client | None = None) -> Sequence[CallBid]:
    """Return the bids on a call in their order; to a provider its own alone."""
    query = select(CallBid).where(CallBid.call_no == call_no)
    own = None if client is None else organisation_seen(client)
    if own is not None:
        query = query.where(CallBid.organisation_id == own)
    return session.scalars(query.order_by(CallBid.bid_at, CallBid.bid_no)).all()


def said_of_call(row: Mapping[str, object]) -> dict[str, Canonical]:
    """Return what the act that opens a call says of it."""
    names = ("kind", "level", "title", "lanes", "closes_on", "document_no", "document_day", "year")
    return {name: str(row[name]) for name in names}


def said_of_bid(row: Mapping[str, object], uscc: str) -> dict[str, Canonical]:
    """Return what the act of a bid says of it."""
    names = ("call_no", "lane", "title", "plan")
    return {"organisation": uscc, **{name: str(row[name]) for name in names}}


def _require_lane(
    session: Session, call: Call, bidder: Organisation, lane: Lane, day: date
) -> None:
    places: Mapping[str, int] = json.loads(call.lanes)
    classes = {each.said.value for each in picture_of(session, bidder, day).classes}
    fits = lane is Lane.GENERAL or bool(classes & _RESERVED_FOR)
    if lane not in places or not fits:
        wanted = [_lane_words(each) for each in places]
        raise BidLaneError(lane_words=_lane_words(lane), wanted_words=wanted)


def _lane_words(lane: str) -> str:
    return f"call-lane-{lane.replace('_', '-')}"


def _closed(call: Call) -> CallStateError:
    return CallStateError(
        call_no=call.call_no, state_words=f"call-state-{call.state}",
        closes_on=call.closes_on.isoformat(),
    )  # fmt: skip


def _locked(session: Session, call_no: str) -> Call:
    call = session.get(Call, call_no, with_for_update=True, populate_existing=True)
    if call is None:
        raise CallUnknownError(call_no=call_no[:20])
    return call


def _reaches(client: Client, call: Call) -> bool:
    if organisation_seen(client) is not None:
        return jurisdiction_contains(call.jurisdiction, client.jurisdiction)
    return client.reaches(call.jurisdiction)


def _of_ground(ground: Ground) -> dict[str, Canonical]:
    return {
        "document_no": ground.document_no, "document_day": str(ground.document_day or ""),
        "reason_text": ground.reason,
    }  # fmt: skip
