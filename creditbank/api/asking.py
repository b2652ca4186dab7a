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
from creditbank.db import snapshot, writing
from creditbank.readymade import ahead, together
from creditbank.registry.idempotency import FirstAnswer
from creditbank.verification.answers import Prepared, SignedAnswer
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
    return Afterwards(partial(_kept, answering, call, inquiry, inquiry.decided(session)))


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


def _kept(
    answering: Answering[_Asked, _Decided], call: Call, inquiry: Inquiry[_Asked, _Decided],
    decided: Any,
) -> Reply | Response:  # fmt: skip
    settled = inquiry.settled(decided)
    signed = inquiry.signed(settled)
    with writing() as session:
        claim = claim_asked_of(call, FirstAnswer(201, {answering.member: signed.verdict_no}))
        row = inquiry.kind.row_asked(settled, signed, now=call.now)
        taken, _ = together(session, [claim, row])
        if not taken:  # the same question, asked twice at once: the other's answer stands
            session.rollback()
            known = _known(answering, call, session)
            assert known is not None, "a key that could not be claimed has an answer"
            return known
        inquiry.kind.use_code(session, settled, signed, now=call.now)
    return answering.given(call, inquiry.asked, signed)
