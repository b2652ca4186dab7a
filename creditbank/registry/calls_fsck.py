"""What `ledger fsck` checks of calls: calls and bids stand as the acts on them say."""

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.registry.calls import (
    BID,
    DECIDED,
    OPENED,
    RECOMMENDED,
    WITHDRAWN,
    said_of_bid,
    said_of_call,
)
from creditbank.registry.fsck import said_by
from creditbank.registry.models import Call, CallBid, Organisation

_CODE = "fsck-call"
_Acts = dict[str, dict[str, Act]]


def check_calls(session: Session) -> Iterator[Disagreement]:
    """Check calls and bids against the acts on them.

    Args:
        session: a snapshot.

    Yields:
        Each disagreement, by table and number.
    """
    readable = True
    for unreadable in unreadable_rows(session, ("yearly_call", "call_bid")):
        readable = False
        yield unreadable
    if not readable:
        return
    acts: _Acts = defaultdict(dict)
    kinds = (OPENED, BID, WITHDRAWN, DECIDED, RECOMMENDED)
    for act in session.scalars(select(Act).where(Act.kind.in_(kinds))):
        acts[act.subject][act.kind] = act
    calls = {each.call_no: each for each in session.scalars(select(Call))}
    bids = {each.bid_no: each for each in session.scalars(select(CallBid))}
    query = select(Organisation.organisation_id, Organisation.uscc)
    codes = {row[0]: row[1] for row in session.execute(query)}
    for number, call in sorted(calls.items()):
        if not _call_agrees(call, acts[number]):
            yield Disagreement(_CODE, "yearly_call", number)
    for number, bid in sorted(bids.items()):
        uscc = codes.get(bid.organisation_id, "")
        if not _bid_agrees(bid, uscc, acts[number], acts[bid.call_no].get(DECIDED)):
            yield Disagreement(_CODE, "call_bid", number)
    for number in sorted(acts.keys() - calls.keys() - bids.keys()):
        yield Disagreement(_CODE, "journal_act", number)


def _call_agrees(call: Call, acts: dict[str, Act]) -> bool:
    opened = acts.get(OPENED)
    if opened is None:
        return False
    made = (opened.act_id, opened.actor, opened.recorded_at, opened.jurisdiction)
    return (
        made == (call.act_id, call.opened_by, call.opened_at, call.jurisdiction)
        and dict(said_by(opened.details)) == said_of_call(vars(call))
        and (call.state == "decided") == (DECIDED in acts)
    )


def _bid_agrees(bid: CallBid, uscc: str, acts: dict[str, Act], decided: Act | None) -> bool:
    made = acts.get(BID)
    if made is None or (made.act_id, made.actor, made.recorded_at) != (
        bid.act_id, bid.bid_by, bid.bid_at,
    ):  # fmt: skip
        return False
    state = "submitted"
    if WITHDRAWN in acts:
        state = "withdrawn"
    elif decided is not None:
        awarded = said_by(decided.details).get("awarded")
        won = isinstance(awarded, list) and bid.bid_no in awarded
        state = "awarded" if won else "refused"
    recommended = acts.get(RECOMMENDED)
    level = "" if recommended is None else str(said_by(recommended.details).get("level", ""))
    return (
        dict(said_by(made.details)) == said_of_bid(vars(bid), uscc)
        and (bid.state, bid.recommended_to) == (state, level)
    )  # fmt: skip
