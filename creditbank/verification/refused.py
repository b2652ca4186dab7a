"""Questions that were refused: outside a mandate, or about a number under another name.

They are noted for the officials of the region, and for whoever was asked about, who is known by a
keyed digest of the number alone: nobody is looked up for it, so that a refusal takes as long for
somebody on record as for nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, delete, insert, or_, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.canonical import tagged_digest
from creditbank.ids import random_number
from creditbank.people.register import IdentityMismatchError, numbers_of
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import within_jurisdiction
from creditbank.registry.mandates import MandateMissingError
from creditbank.registry.models import Organisation
from creditbank.verification.batches import BatchQuestion
from creditbank.verification.predicates import PredicateAsk
from creditbank.verification.query_models import RefusedQuestion
from creditbank.verification.questions import Ask

Refusal = MandateMissingError | IdentityMismatchError
REFUSALS = (MandateMissingError, IdentityMismatchError)
#: As long as answers to idempotency keys: a pattern of a year is seen, and no more is kept.
KEPT_DAYS = 400
#: Of its own refused questions a person sees the newest.
OWN_SHOWN = 20


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A refused question and the name of the organisation that asked."""

    question: RefusedQuestion
    organisation: str


@dataclass(frozen=True, slots=True)
class RefusedWanted:
    """Which page: of one asker or all, behind the place of the last one already seen."""

    client: Client
    asker: str
    before: tuple[datetime, str] | None
    limit: int


def note_refused(
    session: Session,
    vault: Vault,
    asked: Ask | PredicateAsk | tuple[BatchQuestion, int],
    client: Client,
    error: Refusal,
    *,
    now: datetime,
) -> None:
    """Note a question that was refused, or a list with its number of rows."""
    question, people = asked if isinstance(asked, tuple) else (asked, 1)
    identity = None if isinstance(asked, tuple) else asked.identity
    number = None if identity is None else identity.document.number
    bounds = error.facts.get("bounds_words", [])
    assert isinstance(bounds, list), "bounds are several"
    row = {
        "question_no": "X" + random_number(11), "client_id": client.client_id,
        "organisation_id": client.organisation_id,
        "jurisdiction": law_of(session, question.scheme).jurisdiction,
        "scheme": question.scheme, "series": question.series, "specialty": question.specialty,
        "level": question.level, "purpose": question.purpose, "legal_basis": question.legal_basis,
        "reason": error.code, "bounds": " ".join(map(str, bounds)), "people": people,
        "subject_digest": None if number is None else _subject_digest(vault, number),
        "asked_at": now,
    }  # fmt: skip
    session.execute(insert(RefusedQuestion), [row])


def refused_page(session: Session, wanted: RefusedWanted) -> list[RefusedLine]:
    """Return the refused questions of an official's region, newest first; one more than `limit`
    when there are further ones."""
    at, number = RefusedQuestion.asked_at, RefusedQuestion.question_no
    query = _named().where(
        within_jurisdiction(RefusedQuestion.jurisdiction, wanted.client.jurisdiction)
    )
    if wanted.asker:
        query = query.where(RefusedQuestion.client_id == wanted.asker)
    if wanted.before is not None:
        seen_at, seen = wanted.before
        query = query.where(or_(at < seen_at, and_(at == seen_at, number < seen)))
    query = query.order_by(at.desc(), number.desc()).limit(wanted.limit + 1)
    return [RefusedLine(row, name or "") for row, name in session.execute(query)]


def refused_about(session: Session, vault: Vault, people: Sequence[int]) -> list[RefusedLine]:
    """Return the newest refused questions about any document of a person's linked keys."""
    held = numbers_of(session, vault, people)
    digests = [_subject_digest(vault, each) for numbers in held.values() for each in numbers]
    query = _named().where(RefusedQuestion.subject_digest.in_(digests))
    query = query.order_by(RefusedQuestion.asked_at.desc()).limit(OWN_SHOWN)
    return [RefusedLine(row, name or "") for row, name in session.execute(query)]


def forget_refused(session: Session, *, now: datetime) -> int:
    """Delete refused questions whose time is over; return how many."""
    before = now - timedelta(days=KEPT_DAYS)
    gone = session.execute(delete(RefusedQuestion).where(RefusedQuestion.asked_at < before))
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _subject_digest(vault: Vault, number: str) -> bytes:
    digest = tagged_digest("creditbank/refused-question/v1", number.encode("utf-8"))
    return vault.fingerprint(digest)


def _named() -> Select[RefusedQuestion, str]:
    return select(RefusedQuestion, Organisation.name).outerjoin(
        Organisation, Organisation.organisation_id == RefusedQuestion.organisation_id
    )
