"""What became of applications: reported back by whoever asked."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call
from creditbank.api.verdicts import verdicts
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.registry.clients import Scope
from creditbank.schemas.results import ResultBody, ResultsAnswer, results_shaped
from creditbank.verification.answers import VerdictUnknownError, verdict_numbered
from creditbank.verification.results import (
    ResultDayError,
    ResultMandateError,
    ResultUnfitError,
    report_result,
)
from creditbank.verification.review_reports import reports_of

#: The door of verdicts, which these calls join.
__all__ = ["verdicts"]

_EXAMPLE = {"result": "passed", "day": "2026-11-20", "level": "associate_senior"}


@verdicts.post(
    "/verdicts/<public:verdict_no>/results",
    Scope.VERDICT_ASK,
    status=201,
    body=JsonBody(ResultBody(), _EXAMPLE),
    answer=ResultsAnswer(),
    refuses=(
        VerdictUnknownError, ResultMandateError, ResultDayError, ResultUnfitError,
        PersonErasedError,
    ),
)  # fmt: skip
def report_review_result(call: Call, session: Session, verdict_no: str) -> dict[str, Any]:
    """Report what became of the application: it settles an exemption, and begins the next count."""
    vault = current_house().vault
    reports = report_result(session, vault, verdict_no, call.body, call.client, now=call.now)
    return results_shaped(verdict_no, reports)


@verdicts.get(
    "/verdicts/<public:verdict_no>/results",
    Scope.VERDICT_ASK,
    answer=ResultsAnswer(),
    refuses=(VerdictUnknownError,),
)
def read_review_results(call: Call, session: Session, verdict_no: str) -> dict[str, Any]:
    """Tell what was reported on an answer, in its order, and what stands."""
    verdict_numbered(session, verdict_no, call.client)
    return results_shaped(verdict_no, reports_of(session, [verdict_no]).get(verdict_no, []))
