"""What the doors of signed answers have in common: decided and kept once, given whenever asked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from flask import Response
from sqlalchemy.orm import Session

from creditbank.answering import Inquiry, Kind
from creditbank.api.endpoints import (
    Afterwards,
    Call,
    Reply,
    answer_asked_of,
    claim_asked_of,
    first_answer_of,
)
from creditbank.db import lost_keys_are_busy, snapshot, writing
from creditbank.readymade import Asked, ahead, ended_with, together
from creditbank.registry.idempotency import FirstAnswer
from creditbank.verification.answers import Prepared, SignedAnswer
from creditbank.verification.claimed import kept_if_claimed
from creditbank.verification.predicates import PredicateAsk, PreparedPredicate
from creditbank.verification.questions import Ask

_Asked = TypeVar("_Asked", Ask, PredicateAsk)
_Decided = TypeVar("_Decided", Prepared, PreparedPredicate)


@dataclass(frozen=True, slots=True)
class Answering(Generic[_Asked, _Decided]):
    """How one kind of answer is given."""

    kind: Kind[_Asked, _Decided]
    #: of the answer's number, where the first answer is kept: the answer itself is kept once
    member: str
    #: a body that has a code in place of a person, and what makes the question that it stands for
    by_code: type[Any]
    opened: Callable[..., _Asked]
    #: shows an answer again by its number
    again: Callable[[Session, Call, str], Reply | Response]
    #: shows one that was given just now
    given: Callable[[Call, _Asked, SignedAnswer], Reply | Response]


def asked_once(
    answering: Answering[_Asked, _Decided], call: Call, session: Session
) -> Reply | Response | Afterwards:
    """Show the answer that the call's key has, or decide its question in the same snapshot."""
    if isinstance(call.body, answering.by_code):
        known = _known(answering, call, session)
        return Afterwards(partial(_by_code, answering, call)) if known is None else known
    inquiry: Inquiry[_Asked, _Decided] = Inquiry(answering.kind, call.body, call.client, call.now)
    ahead(session, [answer_asked_of(call), *inquiry.first_asked()])
    known = _known(answering, call, session)
    if known is not None:
        return known
    decided = inquiry.decided(session)
    if inquiry.stands(decided):
        return _kept_at_once(answering, call, inquiry, decided, session)
    return Afterwards(partial(_kept, answering, call, inquiry, decided))


def _known(
    answering: Answering[_Asked, _Decided], call: Call, session: Session
) -> Reply | Response | None:
    known = first_answer_of(session, call)
    return None if known is None else answering.again(session, call, str(known[answering.member]))


def _by_code(answering: Answering[_Asked, _Decided], call: Call) -> Reply | Response:
    asked = answering.opened(call.body, call.client, now=call.now)
    inquiry = Inquiry(answering.kind, asked, call.client, call.now)
    with snapshot() as session:
        decided = inquiry.decided(session)
    return _kept(answering, call, inquiry, decided)


def _kept_at_once(
    answering: Answering[_Asked, _Decided], call: Call, inquiry: Inquiry[_Asked, _Decided],
    decided: _Decided, session: Session,
) -> Afterwards:  # fmt: skip
    """Keep an answer by the trip that ends the snapshot in which it was decided."""
    signed = inquiry.signed(decided)
    row = inquiry.kind.row_asked(decided, signed, now=call.now)
    with lost_keys_are_busy():
        taken = ended_with(session, kept_if_claimed(_claim(answering, call, signed), row))
    if taken is None:
        return Afterwards(partial(_stored, answering, call, inquiry, decided, signed))
    if not taken:
        return Afterwards(partial(_others, answering, call))
    return Afterwards(partial(answering.given, call, inquiry.asked, signed))


def _kept(
    answering: Answering[_Asked, _Decided], call: Call, inquiry: Inquiry[_Asked, _Decided],
    decided: Any,
) -> Reply | Response:  # fmt: skip
    settled = inquiry.settled(decided)
    return _stored(answering, call, inquiry, settled, inquiry.signed(settled))


def _stored(
    answering: Answering[_Asked, _Decided], call: Call, inquiry: Inquiry[_Asked, _Decided],
    settled: _Decided, signed: SignedAnswer,
) -> Reply | Response:  # fmt: skip
    with writing() as session:
        row = inquiry.kind.row_asked(settled, signed, now=call.now)
        taken, _ = together(session, [_claim(answering, call, signed), row])
        if taken:
            inquiry.kind.use_code(session, settled, signed, now=call.now)
        else:
            session.rollback()
    return answering.given(call, inquiry.asked, signed) if taken else _others(answering, call)


def _claim(answering: Answering[_Asked, _Decided], call: Call, signed: SignedAnswer) -> Asked:
    return claim_asked_of(call, FirstAnswer(201, {answering.member: signed.verdict_no}))


def _others(answering: Answering[_Asked, _Decided], call: Call) -> Reply | Response:
    """Show the answer that stands where the same was asked twice at once."""
    with snapshot() as session:
        known = _known(answering, call, session)
    assert known is not None, "a key that could not be claimed has an answer"
    return known
