"""A bare yes or no about hours, signed, with nothing else about the person."""

from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.answering import PREDICATE, opened_predicate
from creditbank.api.asking import Answering, asked_once
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Afterwards, Call, Door, Reply, Unit
from creditbank.api.idempotency import REPLAYED_HEADER
from creditbank.api.verdicts import JOSE
from creditbank.db import snapshot
from creditbank.house import current_house
from creditbank.registry.clients import Scope
from creditbank.registry.mandates import MandateMissingError
from creditbank.rules.loader import PackMissingError
from creditbank.rules.subjects import SubjectUnknownError
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.predicates import PredicateBody, PredicateShown
from creditbank.verification.answers import SignedAnswer
from creditbank.verification.codes import HolderCodePausedError, HolderCodeRefusedError
from creditbank.verification.kept import statement_of, superseded_by
from creditbank.verification.models import Verdict
from creditbank.verification.predicates import (
    PredicateAsk,
    PredicateByCode,
    PredicateUnknownError,
    PredicateYearsError,
    predicate_numbered,
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
    unit=Unit.LOOKING,
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
def ask_predicate(call: Call, session: Session) -> Reply | Response | Afterwards:
    """Answer yes or no, signed; `application/jose` is the JWS alone."""
    return asked_once(_ANSWERING, call, session)


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


def _given(call: Call, _asked: PredicateAsk, signed: SignedAnswer) -> Reply | Response:
    with snapshot() as session:
        return _shown(session, call, signed.verdict_no, status=201)


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


_ANSWERING = Answering(PREDICATE, "predicate_no", PredicateByCode, opened_predicate, _again, _given)
