"""Objections to queries: raised by whoever was asked about, answered by an official's act.

What both sides say lies in the vault; the act names the query, the asker and the finding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, insert, or_, select
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.people.vault import Vault, row_key
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import within_jurisdiction
from creditbank.verification.kept import statement_of
from creditbank.verification.models import Verdict
from creditbank.verification.query_models import QueryObjection

ACT = "query.objection-answered"
_TABLE = "query_objection"


class Finding(StrEnum):
    """What an official found of an objection."""

    UPHELD = "upheld"
    REJECTED = "rejected"


class QueryUnknownError(CreditBankError):
    """No query of this number was about the person."""

    code = "query-unknown"
    status = 404


class ObjectionKnownError(CreditBankError):
    """The person has objected to this query already."""

    code = "objection-known"
    status = 409


class ObjectionUnknownError(CreditBankError):
    """There is no objection of this number."""

    code = "objection-unknown"
    status = 404


class ObjectionAnsweredError(CreditBankError):
    """The objection has its answer."""

    code = "objection-answered"
    status = 409


@dataclass(frozen=True, slots=True)
class ObjectionAnswer:
    """What an official says to an objection; the person reads the reason."""

    objection_no: str
    finding: Finding
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class ObjectionsWanted:
    """Which page: those that wait or all, behind the place of the last one already seen."""

    client: Client
    waiting: bool
    before: tuple[datetime, str] | None
    limit: int


@dataclass(frozen=True, slots=True)
class Objected:
    """An objection with what both sides say; `answer` is empty until there is one."""

    row: QueryObjection
    words: str = field(repr=False)
    answer: str = field(repr=False)


def object_to(
    session: Session,
    vault: Vault,
    people: Sequence[int],
    verdict_no: str,
    words: str,
    *,
    now: datetime,
) -> QueryObjection:
    """Object to a query about one of the linked keys of a person; once.

    Raises:
        QueryUnknownError: no such query was about them.
        ObjectionKnownError: they have objected to it already.
    """
    verdict = session.get(Verdict, verdict_no, with_for_update=True)
    if verdict is None or verdict.person_id is None or verdict.person_id not in people:
        raise QueryUnknownError(verdict_no=verdict_no[:24])
    known = session.scalar(select(QueryObjection).where(QueryObjection.verdict_no == verdict_no))
    if known is not None:
        raise ObjectionKnownError(objection_no=known.objection_no)
    objection_no = "O" + random_number(9)
    scheme = str(statement_of(verdict)["question"]["scheme"])
    row = {
        "objection_no": objection_no, "verdict_no": verdict_no, "person_id": verdict.person_id,
        "jurisdiction": law_of(session, scheme).jurisdiction,
        "words_cipher": _locked(vault, objection_no, "words_cipher", words),
        "raised_at": now, "finding": "",
    }  # fmt: skip
    return session.scalars(insert(QueryObjection).returning(QueryObjection), [row]).one()


def answer_objection(
    session: Session, vault: Vault, answer: ObjectionAnswer, *, now: datetime
) -> QueryObjection:
    """Answer an objection by an act.

    Raises:
        ObjectionAnsweredError: it has its answer.
    """
    row = session.get_one(QueryObjection, answer.objection_no, with_for_update=True)
    if row.finding:
        raise ObjectionAnsweredError(finding_words=f"objection-{row.finding}")
    verdict = session.get_one(Verdict, row.verdict_no)
    details = {
        "verdict": verdict.verdict_no, "client": verdict.client_id, "mandate": verdict.mandate_no,
    }  # fmt: skip
    act = record_act(
        session,
        ActDraft(ACT, row.jurisdiction, answer.actor, row.objection_no, details, answer.finding),
        now=now,
    )
    row.finding, row.act_id = str(answer.finding), act.act_id
    row.answer_cipher = _locked(vault, row.objection_no, "answer_cipher", answer.reason)
    row.answered_by, row.answered_at = answer.actor, now
    session.flush()
    return row


def objection_seen(session: Session, client: Client, objection_no: str) -> QueryObjection:
    """Return an objection that an official may see.

    Raises:
        ObjectionUnknownError: there is none.
        RegionForeignError: it is another region's.
    """
    row = session.get(QueryObjection, objection_no)
    if row is None:
        raise ObjectionUnknownError(objection_no=objection_no[:20])
    client.require_region(row.jurisdiction)
    return row


def objections_page(session: Session, wanted: ObjectionsWanted) -> list[QueryObjection]:
    """Return the objections of an official's region, newest first; one more than `limit` when
    there are further ones."""
    at, number = QueryObjection.raised_at, QueryObjection.objection_no
    query = select(QueryObjection).where(
        within_jurisdiction(QueryObjection.jurisdiction, wanted.client.jurisdiction)
    )
    if wanted.waiting:
        query = query.where(QueryObjection.finding == "")
    if wanted.before is not None:
        seen_at, seen = wanted.before
        query = query.where(or_(at < seen_at, and_(at == seen_at, number < seen)))
    return list(session.scalars(query.order_by(at.desc(), number.desc()).limit(wanted.limit + 1)))


def objections_of(session: Session, vault: Vault, people: Sequence[int]) -> dict[str, Objected]:
    """Return what a person objected to, by the number of the query."""
    rows = session.scalars(select(QueryObjection).where(QueryObjection.person_id.in_(people)))
    return {row.verdict_no: told(vault, row) for row in rows}


def told(vault: Vault, row: QueryObjection) -> Objected:
    """Return an objection with what both sides say."""
    words = _read(vault, row, "words_cipher", row.words_cipher)
    answer = _read(vault, row, "answer_cipher", row.answer_cipher) if row.answer_cipher else ""
    return Objected(row, words, answer)


def answers_unread(session: Session, people: Sequence[int]) -> int:
    """Count the answers that a person has not read."""
    query = select(func.count()).select_from(QueryObjection).where(*_unread(people))
    return session.scalar(query) or 0


def mark_answers_read(session: Session, people: Sequence[int], *, now: datetime) -> None:
    """Note that a person has read the answers that there are."""
    for row in session.scalars(select(QueryObjection).where(*_unread(people))):
        row.told_at = now


def _unread(people: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    return (
        QueryObjection.person_id.in_(people),
        QueryObjection.finding != "",
        QueryObjection.told_at.is_(None),
    )


def _locked(vault: Vault, objection_no: str, column: str, words: str) -> bytes:
    return vault.lock(words.encode("utf-8"), _TABLE, column, *_place(objection_no))


def _read(vault: Vault, row: QueryObjection, column: str, cipher: bytes) -> str:
    return vault.unlock(cipher, _TABLE, column, *_place(row.objection_no)).decode("utf-8")


def _place(objection_no: str) -> tuple[int]:
    """Return the row's key as the vault takes keys: in figures."""
    return (row_key(objection_no),)
