"""A bare yes or no about hours, signed, with nothing else about the person."""

from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.answering import opened_predicate, predicate_for
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import (
    Call,
    Door,
    Reply,
    Unit,
    claimed,
    first_answer_of,
)
from creditbank.api.idempotency import REPLAYED_HEADER
from creditbank.api.verdicts import JOSE
from creditbank.db import snapshot, writing
from creditbank.house import current_house
from creditbank.registry.clients import Scope
from creditbank.registry.idempotency import FirstAnswer
from creditbank.registry.mandates import MandateMissingError
from creditbank.rules.loader import PackMissingError
from creditbank.rules.subjects import SubjectUnknownError
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.predicates import PredicateBody, PredicateShown
from creditbank.verification.codes import HolderCodePausedError, HolderCodeRefusedError
from creditbank.verification.kept import statement_of, superseded_by
from creditbank.verification.models import Verdict
from creditbank.verification.predicates import (
    PredicateByCode,
    PredicateUnknownError,
    PredicateYearsError,
    predicate_numbered,
    sign_predicate,
    store_predicate,
    subject_nonce,
)

_EXAMPLE = {
    **IDENTITY_EXAMPLE,
    "scheme": "cn-3710",
    "subject": "professional",
    "at_least": "60.00",
    "first_year": 2021,
    "last_year": 2025,
    "series": "engineering",
    "level": "associate_senior",
    "purpose": "职称申报资格审核",
    "legal_basis": "人社部令第25号",
}
_FILES = {JOSE: "eyJ….eyJ….AbC…"}

predicates = Door("predicates", __name__, description="Are there so many hours? Yes or no.")


@predicates.post(
    "/predicates",
    Scope.VERDICT_ASK,
    unit=Unit.OWN,
    writes=True,
    status=201,
    body=JsonBody(PredicateBody(), _EXAMPLE),
    answer=PredicateShown(),
    files=_FILES,
    refuses=(
        PredicateYearsError, SubjectUnknownError, MandateMissingError, PackMissingError,
        HolderCodeRefusedError, HolderCodePausedError,
    ),
)  # fmt: skip
def ask_predicate(call: Call) -> Reply | Response:
    """Answer yes or no, signed; `application/jose` is the JWS alone."""
    house = current_house()
    with snapshot() as session:
        known = first_answer_of(session, call)
        if known is not None:
            return _again(session, call, str(known["predicate_no"]))
    asked = call.body
    if isinstance(asked, PredicateByCode):
        asked = opened_predicate(asked, call.client, now=call.now)
    prepared = predicate_for(asked, call.client, now=call.now)
    signed = sign_predicate(prepared, house.keys, house.settings.verdict_algorithm)
    with writing() as session:
        # The answer itself is kept once, in its own table.
        first = claimed(session, call, FirstAnswer(201, {"predicate_no": signed.verdict_no}))
        if first is not None:  # the same question, asked twice at once
            return _again(session, call, str(first.answer["predicate_no"]))
        store_predicate(session, prepared, signed, now=call.now)
    with snapshot() as session:
        return _shown(session, call, signed.verdict_no, status=201)


@predicates.get(
    "/predicates/<public:predicate_no>",
    Scope.VERDICT_ASK,
    answer=PredicateShown(),
    files=_FILES,
    refuses=(PredicateUnknownError,),
)
def read_predicate(call: Call, session: Session, predicate_no: str) -> Reply | Response:
    """Return a signed yes or no to whoever asked for it."""
    return _shown(session, call, predicate_no, status=200)


def _again(session: Session, call: Call, predicate_no: str) -> Reply | Response:
    headers = {REPLAYED_HEADER: "true"}
    return _shown(session, call, predicate_no, status=201, headers=headers)


def _shown(
    session: Session, call: Call, predicate_no: str, *, status: int,
    headers: dict[str, str] | None = None,
) -> Reply | Response:  # fmt: skip
    kept = predicate_numbered(session, predicate_no, call.client)
    if request.accept_mimetypes.best_match(["application/json", JOSE]) == JOSE:
        private = {"Cache-Control": "no-store", **(headers or {})}
        return Response(kept.jws, status=status, content_type=JOSE, headers=private)
    members = _members(kept)
    if newer := superseded_by(session, kept):
        members["superseded_by"] = newer
    return Reply(members, headers=headers or {}, status=status)


def _members(kept: Verdict) -> dict[str, Any]:
    return {
        "predicate_no": kept.verdict_no, "answer": kept.outcome, "statement": statement_of(kept),
        "nonce": subject_nonce(current_house().vault, kept.verdict_no).hex(), "jws": kept.jws,
    }  # fmt: skip
