"""Who looked at a person: every answer about them, to whom, why, by which right, and how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from creditbank.registry.models import ApiClient, Mandate, Organisation
from creditbank.verification.kept import shown_statement
from creditbank.verification.models import Verdict, VerdictBatchItem
from creditbank.verification.query_models import HolderCodeUse

#: How a question came: by itself, or as a row of a list.
SINGLE, LISTED, BY_CODE = "single", "list", "code"


@dataclass(frozen=True, slots=True)
class Look:
    """One answer about a person, as that person sees it.

    `program` is the name of the client where a program asked; empty where somebody did so on a
    page. `question` is that of the statement, `words` of a bare yes or no what was asked.
    """

    verdict_no: str
    asked_at: datetime
    organisation: str
    asker: str
    program: str
    way: str
    purpose: str
    legal_basis: str
    mandate_no: str
    disclose: str
    outcome: str
    question: dict[str, Any]
    words: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Looks:
    """Some of the answers about a person, the newest first, and how many there are of them."""

    count: int
    lines: tuple[Look, ...]


def looks_at(session: Session, people: Sequence[int], wanted: slice) -> Looks:
    """Return who asked about the linked keys of one person, the newest first."""
    theirs = Verdict.person_id.in_(people)
    count = session.scalar(select(func.count()).select_from(Verdict).where(theirs)) or 0
    return Looks(count, tuple(_looks(session, theirs, wanted)))


def look_numbered(session: Session, verdict_no: str) -> Look:
    """Return one answer as the person that it is about sees it."""
    [look] = _looks(session, Verdict.verdict_no == verdict_no, slice(0, 1))
    return look


def _looks(session: Session, which: ColumnElement[bool], wanted: slice) -> list[Look]:
    query = (
        select(
            Verdict, Organisation.name, ApiClient.name, VerdictBatchItem.batch_no,
            HolderCodeUse.code_no,
        )
        .outerjoin(Mandate, Mandate.mandate_no == Verdict.mandate_no)
        .outerjoin(HolderCodeUse, HolderCodeUse.verdict_no == Verdict.verdict_no)
        .outerjoin(
            Organisation,
            Organisation.organisation_id
            == func.coalesce(Mandate.organisation_id, HolderCodeUse.organisation_id),
        )
        .outerjoin(ApiClient, ApiClient.client_id == Verdict.client_id)
        .outerjoin(VerdictBatchItem, VerdictBatchItem.verdict_no == Verdict.verdict_no)
        .where(which)
        .order_by(Verdict.recorded_at.desc(), Verdict.verdict_no.desc())
        .slice(wanted.start, wanted.stop)
    )  # fmt: skip
    return [
        Look(
            verdict.verdict_no, verdict.recorded_at, organisation or "", verdict.client_id,
            program or "", _way(batch_no, code_no), verdict.purpose, verdict.legal_basis,
            verdict.mandate_no, verdict.disclose, verdict.outcome, said["question"], said["words"],
        )
        for verdict, organisation, program, batch_no, code_no in session.execute(query)
        for said in [shown_statement(verdict)]
    ]  # fmt: skip


def _way(batch_no: str | None, code_no: str | None) -> str:
    return LISTED if batch_no else BY_CODE if code_no else SINGLE
