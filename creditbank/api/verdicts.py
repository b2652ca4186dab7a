"""Questions of title systems, and the signed answers."""

from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.answering import VERDICT, opened
from creditbank.api.asking import Answering, asked_once
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Afterwards, Call, Door, Reply, Unit
from creditbank.api.idempotency import REPLAYED_HEADER
from creditbank.db import snapshot
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import STATED_REFUSALS
from creditbank.registry.clients import Scope
from creditbank.registry.mandates import MandateMissingError
from creditbank.rules.loader import PackMissingError
from creditbank.rules.requirement import StatedFactInvalidError
from creditbank.rules.stated import StatedAnswerInvalidError, StatedWordUnknownError
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.verdicts import VerdictAnswer, VerdictBody
from creditbank.verification.answers import SignedAnswer, VerdictUnknownError, verdict_numbered
from creditbank.verification.codes import (
    HolderCodeNarrowerError,
    HolderCodePausedError,
    HolderCodeRefusedError,
)
from creditbank.verification.holders import HolderName, holder_of
from creditbank.verification.kept import statement_of, superseded_by
from creditbank.verification.list_trees import VerdictUnsignedError, listed_verdict
from creditbank.verification.models import Verdict
from creditbank.verification.questions import Ask, AskByCode, AsOfFutureError
from creditbank.verification.sd_jwt import VerdictFiguresError, sd_jwt_of

JOSE = "application/jose"
#: RFC 9901
SD_JWT = "application/sd-jwt"
_EXAMPLE = {
    **IDENTITY_EXAMPLE,
    "scheme": "cn-3710",
    "series": "engineering",
    "level": "associate_senior",
    "application_day": "2026-11-20",
    "purpose": "职称申报资格审核",
    "legal_basis": "人社部令第25号",
    "stated": {"current_title_on": "2021-03-01"},
    "disclose": "summary",
}

verdicts = Door("verdicts", __name__, description="Does this engineer have the hours?")


@verdicts.post(
    "/verdicts",
    Scope.VERDICT_ASK,
    unit=Unit.LOOKING,
    writes=True,
    status=201,
    body=JsonBody(VerdictBody(), _EXAMPLE),
    answer=VerdictAnswer(),
    files={JOSE: "eyJ….eyJ….AbC…"},
    refuses=(
        AsOfFutureError, MandateMissingError, *STATED_REFUSALS, StatedFactInvalidError,
        StatedAnswerInvalidError, StatedWordUnknownError,
        PackMissingError, PersonErasedError,
        HolderCodeRefusedError, HolderCodeNarrowerError, HolderCodePausedError,
    ),
)  # fmt: skip
def ask(call: Call, session: Session) -> Reply | Response | Afterwards:
    """Answer whether a person has a title's hours, signed; `application/jose` is the JWS alone."""
    return asked_once(_ANSWERING, call, session)


@verdicts.get(
    "/verdicts/<public:verdict_no>",
    Scope.VERDICT_ASK,
    answer=VerdictAnswer(),
    files={JOSE: "eyJ….eyJ….AbC…"},
    refuses=(VerdictUnknownError, VerdictUnsignedError),
)
def read_verdict(call: Call, session: Session, verdict_no: str) -> Reply | Response:
    """Return an answer to whoever asked for it; of a list that is signed as a whole, with `listed`
    in place of `jws`, and always as JSON."""
    return _kept(session, verdict_numbered(session, verdict_no, call.client), status=200)


@verdicts.get(
    "/verdicts/<public:verdict_no>/sd-jwt",
    Scope.VERDICT_ASK,
    files={SD_JWT: "eyJ….eyJ….AbC…~WyJ…~WyJ…~"},
    refuses=(VerdictUnknownError, VerdictFiguresError),
)
def read_verdict_sd_jwt(call: Call, session: Session, verdict_no: str) -> Response:
    """Return an answer of level `summary` or `record` as an SD-JWT (RFC 9901) with every
    disclosure: pass on only those of the years and subjects that you want to show."""
    verdict, house = verdict_numbered(session, verdict_no, call.client), current_house()
    token = sd_jwt_of(
        statement_of(verdict), house.vault, house.keys, house.settings.verdict_algorithm
    )
    return Response(token, content_type=SD_JWT, headers={"Cache-Control": "no-store"})


def _given(call: Call, asked: Ask, signed: SignedAnswer) -> Reply | Response:
    holder = _holder(asked, signed.verdict_no, call)
    return _answer(
        signed.verdict_no, signed.outcome, signed.statement, signed.jws, holder, status=201
    )


def _holder(asked: Ask, verdict_no: str, call: Call) -> HolderName | None:
    """Say whose answer it is to whoever presented a code; others have typed it."""
    if not asked.code_no:
        return None
    with snapshot() as session:
        verdict = verdict_numbered(session, verdict_no, call.client)
        return holder_of(session, current_house().vault, verdict)


def _again(session: Session, call: Call, verdict_no: str) -> Reply | Response:
    answer = _kept(session, verdict_numbered(session, verdict_no, call.client), status=201)
    if isinstance(answer, Response):
        answer.headers[REPLAYED_HEADER] = "true"
        return answer
    return Reply(answer.members, headers={REPLAYED_HEADER: "true"}, status=201)


def _kept(session: Session, verdict: Verdict, *, status: int) -> Reply | Response:
    holder = holder_of(session, current_house().vault, verdict)
    listed = listed_verdict(session, verdict)
    return _answer(
        verdict.verdict_no, verdict.outcome, statement_of(verdict), listed or verdict.jws, holder,
        status=status, newer=superseded_by(session, verdict),
    )  # fmt: skip


def _answer(
    verdict_no: str,
    outcome: str,
    statement: Any,
    proved: str | dict[str, Any],
    holder: HolderName | None,
    *,
    status: int,
    newer: str = "",
) -> Reply | Response:
    is_token = isinstance(proved, str)
    if is_token and request.accept_mimetypes.best_match(["application/json", JOSE]) == JOSE:
        headers = {"Cache-Control": "no-store"}
        return Response(proved, status=status, content_type=JOSE, headers=headers)
    members = {
        "verdict_no": verdict_no, "outcome": outcome, "statement": statement,
        "jws" if is_token else "listed": proved,
    }  # fmt: skip
    if holder is not None:
        members["holder"] = holder
    if newer:
        members["superseded_by"] = newer
    return Reply(members, status=status)


_ANSWERING = Answering(VERDICT, "verdict_no", AskByCode, opened, _again, _given)
