"""Adoption: two officials record that a draft for comment became law on a day, or is law no more.

A draft decides nothing before that, and its values hold from the day of adoption at the earliest.
What is recorded stays: an adoption ends by a record of its own, with a day and a document.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.models import Act
from creditbank.registry.lawbook import adoptions, published_packs
from creditbank.registry.models import PublishedPack, RuleAdoption
from creditbank.registry.publishing import (
    SecondPersonWantedError,
    one_at_a_time,
    register_chains,
)
from creditbank.rules.pack import Adoption, Pack, PackStatus


class AdoptionKind(StrEnum):
    """What is recorded: that a draft became law, or that it is law no more."""

    ADOPTED = "adopted"
    ENDED = "ended"


class PackNotDraftError(CreditBankError):
    """The newest version of the pack is no draft: nothing is to be adopted."""

    code = "pack-not-draft"
    status = 409


class AdoptionUnknownError(CreditBankError):
    """There is no record of an adoption under this number."""

    code = "adoption-unknown"
    status = 404


class AdoptionStandsError(CreditBankError):
    """The draft is law already."""

    code = "adoption-stands"
    status = 409


class AdoptionMissingError(CreditBankError):
    """The draft is not law, so that nothing can end."""

    code = "adoption-missing"
    status = 409


class PackUnpublishedError(CreditBankError):
    """No version of the pack was ever published."""

    code = "pack-unpublished"
    status = 404


class AdoptionDayError(CreditBankError):
    """A term would begin before the last one ended, or end before it began."""

    code = "adoption-day"
    status = 422


class AdoptionOutdatedError(CreditBankError):
    """Since it was proposed, another version of the draft was published."""

    code = "adoption-outdated"
    status = 409


@dataclass(frozen=True, slots=True)
class AdoptionDraft:
    """What is to be recorded: `day` is the first on which the pack is law, or is law no more.

    `document` and `title` are those of the paper that says so, `reason` is the official's own.
    """

    pack_id: str
    kind: AdoptionKind
    day: date
    document: str
    title: str
    reason: str


def propose_adoption(
    session: Session, draft: AdoptionDraft, *, actor: str, now: datetime
) -> RuleAdoption:
    """Put an adoption, or its end, before a second official; nothing changes yet.

    Raises:
        PackUnpublishedError: nobody has published the pack.
        PackNotDraftError: it is no draft.
        AdoptionStandsError, AdoptionMissingError: that is how it stands already.
        AdoptionDayError: the day lies before the term that it follows or ends.
    """
    one_at_a_time(session)
    pack = _published_draft(session, draft.pack_id)
    _refuse_unfit(session, draft.pack_id, draft.kind, draft.day)
    adoption_no = "A" + random_number(9)
    row = {
        "adoption_no": adoption_no, "pack_id": pack.id, "version": pack.version,
        "kind": str(draft.kind), "day": draft.day, "document": draft.document,
        "title": draft.title, "reason": draft.reason, "proposed_by": actor, "proposed_at": now,
    }  # fmt: skip
    said = session.scalars(insert(RuleAdoption).returning(RuleAdoption), [row]).one()
    published = session.get_one(PublishedPack, (pack.id, pack.version))
    leaf = session.get_one(Act, published.act_id).leaf
    _act(session, pack, said, "adoption-proposed", (leaf,), actor=actor, now=now)
    return said


def approve_adoption(
    session: Session, adoption_no: str, *, actor: str, now: datetime
) -> RuleAdoption:
    """Record an adoption, or its end, as a second official; approving it again changes nothing.

    Raises:
        AdoptionUnknownError: there is none of this number.
        SecondPersonWantedError: the actor proposed it.
        AdoptionOutdatedError: another version of the pack was published meanwhile.
        AdoptionStandsError, AdoptionMissingError, AdoptionDayError: so was another term.
    """
    one_at_a_time(session)
    said = session.get(RuleAdoption, adoption_no, populate_existing=True)
    if said is None:
        raise AdoptionUnknownError(adoption_no=adoption_no[:20])
    if said.approved_by is not None:
        return said
    if said.proposed_by == actor:
        raise SecondPersonWantedError
    pack = _published_draft(session, said.pack_id)
    if pack.version != said.version:
        raise AdoptionOutdatedError(pack=pack.id, version=said.version, newest=pack.version)
    kind = AdoptionKind(said.kind)
    _refuse_unfit(session, said.pack_id, kind, said.day)
    step = "adopted" if kind is AdoptionKind.ADOPTED else "adoption-ended"
    proposed = session.scalars(select(Act.leaf).where(Act.subject == adoption_no)).all()
    act = _act(session, pack, said, step, tuple(proposed), actor=actor, now=now)
    said.approved_by, said.approved_at, said.act_id = actor, now, act.act_id
    session.flush()  # the chains are read from what is recorded
    register_chains(session, pack.id)
    return said


def adoption_numbered(session: Session, adoption_no: str) -> tuple[RuleAdoption, Pack]:
    """Return what was said of an adoption, and the pack that it is about.

    Raises:
        AdoptionUnknownError: there is none of this number.
    """
    said = session.get(RuleAdoption, adoption_no)
    if said is None:
        raise AdoptionUnknownError(adoption_no=adoption_no[:20])
    return said, published_packs(session)[said.pack_id]


def adoptions_said(session: Session, pack_id: str) -> Sequence[RuleAdoption]:
    """Return all that was said of a pack's adoption, the oldest first, approved or not yet."""
    query = select(RuleAdoption).where(RuleAdoption.pack_id == pack_id)
    return session.scalars(query.order_by(RuleAdoption.proposed_at)).all()


def _published_draft(session: Session, pack_id: str) -> Pack:
    pack = published_packs(session).get(pack_id)
    if pack is None:
        raise PackUnpublishedError(pack=pack_id[:40])
    if pack.status is not PackStatus.DRAFT:
        raise PackNotDraftError(pack=pack.id, version=pack.version)
    return pack


def _refuse_unfit(session: Session, pack_id: str, kind: AdoptionKind, day: date) -> None:
    terms = adoptions(session).get(pack_id, ())
    last = terms[-1] if terms else None
    stands = last is not None and last.until is None
    if kind is AdoptionKind.ADOPTED and stands:
        raise AdoptionStandsError(pack=pack_id, day=_day(last))
    if kind is AdoptionKind.ENDED and not stands:
        raise AdoptionMissingError(pack=pack_id)
    if last is not None and day < (last.until or last.from_):
        raise AdoptionDayError(pack=pack_id, found=day.isoformat(), wanted=_day(last))


def _day(term: Adoption | None) -> str:
    assert term is not None, "a term that stands"
    return (term.until or term.from_).isoformat()


def _act(  # one step of one record
    session: Session, pack: Pack, said: RuleAdoption, step: str, cites: tuple[bytes, ...], *,
    actor: str, now: datetime,
) -> RecordedAct:  # fmt: skip
    details: dict[str, Canonical] = {
        "pack": pack.id, "version": pack.version, "sha256": pack.sha256, "kind": said.kind,
        "day": said.day.isoformat(), "document": said.document, "title": said.title,
        "reason_text": said.reason, "proposed_by": said.proposed_by,
    }  # fmt: skip
    draft = ActDraft(
        f"rules.{step}", pack.jurisdiction, actor, said.adoption_no, details, cites=cites
    )
    return record_act(session, draft, now=now)
