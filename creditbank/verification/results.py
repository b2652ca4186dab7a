"""What became of an application after its answer: reported back by whoever asked (申报结果).

Each report is an act on the answer's number, citing the one before; the newest stands until it is
taken back. A title that was passed settles the exemption that it used, and begins the next count:
its day is then what the bank itself knows of the current title (exempting.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.people.register import lock_linked
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_of
from creditbank.registry.mandates import ACTIVE
from creditbank.registry.models import Mandate
from creditbank.verification.answers import verdict_numbered
from creditbank.verification.exemption_steps import end_use, settle_use, withdraw_use
from creditbank.verification.exemptions import locked_exemption
from creditbank.verification.kept import statement_of
from creditbank.verification.models import Verdict
from creditbank.verification.review_reports import (
    REPORTED,
    Report,
    Result,
    reports_of,
    standing,
)

REASON_CHARACTERS_MAX = 200
_OPEN = frozenset({Result.SUBMITTED, Result.WITHDRAWN, Result.PASSED, Result.FAILED})
#: What may follow what stands; None where nothing does.
_AFTER: Mapping[Result | None, frozenset[Result]] = {
    None: _OPEN,
    Result.SUBMITTED: _OPEN - {Result.SUBMITTED} | {Result.RETRACTED},
    Result.WITHDRAWN: frozenset({Result.SUBMITTED, Result.RETRACTED}),
    Result.PASSED: frozenset({Result.RETRACTED}),
    Result.FAILED: frozenset({Result.SUBMITTED, Result.RETRACTED}),
}


class ResultUnfitError(CreditBankError):
    """What is reported cannot follow what was reported before."""

    code = "result-unfit"
    status = 409


class ResultDayError(CreditBankError):
    """A result is of a day that has not come."""

    code = "result-day"
    status = 422


class ResultMandateError(CreditBankError):
    """The mandate under which it was asked is suspended or withdrawn."""

    code = "result-mandate"
    status = 403


@dataclass(frozen=True, slots=True)
class ResultDraft:
    """What is reported: of which day; `level` of a title passed at another level than was asked."""

    result: Result
    day: date
    level: str = ""
    reason: str = ""


def report_result(
    session: Session, vault: Vault, verdict_no: str, draft: ResultDraft, client: Client, *,
    now: datetime,
) -> list[Report]:  # fmt: skip
    """Report what became of the application that an answer was asked for; return every report.

    Raises:
        VerdictUnknownError: there is no such answer, or it is another's.
        ResultMandateError: its mandate is suspended or withdrawn.
        ResultDayError: the day has not come.
        ResultUnfitError: it cannot follow what stands.
        PersonErasedError: an exemption is to be settled of somebody whose secret is gone.
    """
    verdict = verdict_numbered(session, verdict_no, client)
    _require_mandate(session, verdict)
    if draft.day > civil_day(now):
        raise ResultDayError(found=draft.day.isoformat(), wanted=civil_day(now).isoformat())
    statement = statement_of(verdict)
    if "exemption" in statement:  # exemptions are locked before people
        locked_exemption(session, str(statement["exemption"]["number"]))
    if verdict.person_id is not None:  # two reports at once wait for each other
        lock_linked(session, [verdict.person_id])
    before = reports_of(session, [verdict_no]).get(verdict_no, [])
    stands, fitting = standing(before), may_follow(before)
    if draft.result not in fitting:
        raise ResultUnfitError(
            verdict_no=verdict_no, found_words=f"applied-result-{draft.result}",
            wanted_words=[f"applied-result-{each}" for each in fitting],
        )  # fmt: skip
    asked = statement["question"]
    details: dict[str, Canonical] = {
        "result": str(draft.result), "day": draft.day.isoformat(), "series": asked["series"],
        "specialty": asked.get("specialty", ""), "level": draft.level or asked["level"],
    }  # fmt: skip
    cites = (before[-1].leaf,) if before else ()
    jurisdiction, actor = law_of(session, asked["scheme"]).jurisdiction, client.client_id
    act = ActDraft(REPORTED, jurisdiction, actor, verdict_no, details, draft.reason, cites)
    record_act(session, act, now=now)
    if "exemption" in statement:
        number = str(statement["exemption"]["number"])
        _settle(session, vault, number, verdict_no, draft, stands, actor=actor, now=now)
    return reports_of(session, [verdict_no])[verdict_no]


def may_follow(reports: Sequence[Report]) -> list[Result]:
    """Name what may be reported after what was, in the order of a form."""
    stands = standing(reports)
    return [each for each in Result if each in _AFTER[stands.result if stands else None]]


def _require_mandate(session: Session, verdict: Verdict) -> None:
    mandate = session.get(Mandate, verdict.mandate_no)  # None where a holder's code was presented
    if mandate is not None and mandate.state != ACTIVE:
        raise ResultMandateError(mandate_no=mandate.mandate_no)


def _settle(  # noqa: PLR0917 # what was reported of which exemption
    session: Session, vault: Vault, exemption_no: str, verdict_no: str, draft: ResultDraft,
    stood: Report | None, *, actor: str, now: datetime,
) -> None:  # fmt: skip
    """Use an exemption, let its place go, or take its use back."""
    if draft.result is Result.PASSED:
        settle_use(session, vault, exemption_no, verdict_no, actor=actor, now=now)
    elif draft.result is Result.WITHDRAWN:
        withdraw_use(session, vault, exemption_no, draft.reason, actor=actor, now=now)
    elif stood is not None and stood.result is Result.PASSED:
        end_use(session, vault, exemption_no, verdict_no, actor=actor, now=now)
