"""Answers that were given: those of one asker, the newest first, page by page; nobody is named."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, and_, or_, select
from sqlalchemy.orm import Session, aliased

from creditbank.readymade import ReadyMade, among_named
from creditbank.registry.clients import Client
from creditbank.verification.models import Verdict

_MAY_LACK: dict[str, Any] = {
    "requirement": [], "credited": [], "cuts": [], "advice": [], "make_up": [], "pathway": None,
    "refused": [], "other_pathways": [], "entries": [], "worked_out": [],
    "registered": [], "exemption": None, "words": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer in a list; `superseded_by` is the next answer to the same question, if any."""

    verdict_no: str
    recorded_at: datetime
    outcome: str
    question: dict[str, Any]
    superseded_by: str
    #: of a bare yes or no, what was asked, in each language
    words: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page of answers; `before` is the number behind which the next page begins, empty at the
    end."""

    lines: tuple[Kept, ...]
    before: str


def payload_of(kept: str) -> bytes:
    """Return the statement of an answer: out of its JWS, or as it stands for a list's tree."""
    if kept.startswith("{"):
        return kept.encode()
    middle = kept.split(".")[1]
    return base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))


def statement_of(verdict: Verdict) -> dict[str, Any]:
    """Return the statement of an answer."""
    statement: dict[str, Any] = json.loads(payload_of(verdict.jws))
    return statement


def shown_statement(verdict: Verdict) -> dict[str, Any]:
    """Return the statement with every member that an answer may leave out, empty where it does."""
    statement = _MAY_LACK | statement_of(verdict)
    return statement | {"question": _question_of(statement)}


def _question_of(statement: dict[str, Any]) -> dict[str, Any]:
    untold = dict.fromkeys(("series", "specialty", "level", "pathway", "as_of"), "")
    return {**untold, **statement["question"]}


def answers_of(session: Session, client: Client, *, before: str = "", limit: int) -> KeptPage:
    """Return answers to one asker, the newest first, behind the one numbered `before`."""
    query = select(Verdict).where(Verdict.client_id == client.client_id)
    last = session.get(Verdict, before) if before else None
    if last is not None and last.client_id == client.client_id:
        same = and_(Verdict.recorded_at == last.recorded_at, Verdict.verdict_no < last.verdict_no)
        query = query.where(or_(Verdict.recorded_at < last.recorded_at, same))
    ordered = query.order_by(Verdict.recorded_at.desc(), Verdict.verdict_no.desc())
    found = session.scalars(ordered.limit(limit + 1)).all()
    shown = found[:limit]
    newer = _newer(session, shown)
    lines = tuple(
        Kept(
            each.verdict_no, each.recorded_at, each.outcome, _question_of(statement),
            newer.get(each.verdict_no, ""), statement.get("words"),
        )
        for each, statement in zip(shown, map(statement_of, shown), strict=True)
    )  # fmt: skip
    return KeptPage(lines, shown[-1].verdict_no if len(found) > limit else "")


def superseded_by(session: Session, verdict: Verdict) -> str:
    """Return the number of the next answer to the same question; empty if this is the last."""
    return _newer(session, [verdict]).get(verdict.verdict_no, "")


def _newer(session: Session, verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Return, for those that were asked again, the next answer."""
    numbers = [each.verdict_no for each in verdicts]
    # The last that is written for each is the earliest of its successors.
    return {row[0]: row[1] for row in _NEWER.rows(session, numbers=numbers)}


def _newer_than(dialect: str) -> Executable:
    later = aliased(Verdict)
    return (
        select(Verdict.verdict_no, later.verdict_no)
        .join(
            later,
            and_(
                later.client_id == Verdict.client_id,
                later.question_digest == Verdict.question_digest,
                or_(
                    later.recorded_at > Verdict.recorded_at,
                    and_(
                        later.recorded_at == Verdict.recorded_at,
                        later.verdict_no > Verdict.verdict_no,
                    ),
                ),
            ),
        )
        .where(among_named(dialect, Verdict.verdict_no, "numbers"))
        .order_by(later.recorded_at.desc(), later.verdict_no.desc())
    )


_NEWER = ReadyMade(_newer_than)
