"""Adoptions: that a draft for comment became law, proposed by one official, approved by another."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door, Public
from creditbank.registry.adoption import (
    AdoptionDayError,
    AdoptionDraft,
    AdoptionMissingError,
    AdoptionOutdatedError,
    AdoptionStandsError,
    AdoptionUnknownError,
    PackNotDraftError,
    PackUnpublishedError,
    adoption_numbered,
    adoptions_said,
    approve_adoption,
    propose_adoption,
)
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.lawbook import published_packs
from creditbank.registry.models import RuleAdoption
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.schemas.law import AdoptionAnswer, AdoptionBody, AdoptionsAnswer

_EXAMPLE = {
    "kind": "adopted",
    "day": "2027-03-01",
    "document": "乌高新政发〔2027〕1号",
    "title": "关于印发企业职称改革若干措施的通知",
    "reason": "正式印发，条文与征求意见稿一致",
}
_TERM_REFUSALS = (
    PackNotDraftError, AdoptionStandsError, AdoptionMissingError, AdoptionDayError,
)  # fmt: skip

adoption_records = Door("adoptions", __name__, description="Drafts that became law, and when.")


@adoption_records.post(
    "/packs/<public:pack_id>/adoptions",
    Scope.RULES_PROPOSE,
    status=201,
    body=JsonBody(AdoptionBody(), _EXAMPLE),
    answer=AdoptionAnswer(),
    refuses=(RegionForeignError, PackUnpublishedError, *_TERM_REFUSALS),
)
def propose_adopting(call: Call, session: Session, pack_id: str) -> dict[str, Any]:
    """Put a draft's adoption, or the end of it, before a second official."""
    pack = published_packs(session).get(pack_id)
    if pack is not None:
        call.client.require_region(pack.jurisdiction)
    draft = AdoptionDraft(pack_id, **call.body)
    said = propose_adoption(session, draft, actor=call.client.client_id, now=call.now)
    return _shaped(said)


@adoption_records.post(
    "/adoptions/<public:adoption_no>/approval",
    Scope.RULES_PUBLISH,
    answer=AdoptionAnswer(),
    refuses=(
        RegionForeignError, AdoptionUnknownError, SecondPersonWantedError, AdoptionOutdatedError,
        *_TERM_REFUSALS,
    ),
)  # fmt: skip
def approve_adopting(call: Call, session: Session, adoption_no: str) -> dict[str, Any]:
    """Record an adoption, or its end, as a second official: it holds from its day."""
    _said, pack = adoption_numbered(session, adoption_no)
    call.client.require_region(pack.jurisdiction)
    actor = call.client.client_id
    return _shaped(approve_adoption(session, adoption_no, actor=actor, now=call.now))


@adoption_records.get("/packs/<public:pack_id>/adoptions", Public.ANYBODY, answer=AdoptionsAnswer())
def list_adoptions(_call: Call, session: Session, pack_id: str) -> dict[str, Any]:
    """List what was recorded of a draft's adoption, the oldest first."""
    said = [each for each in adoptions_said(session, pack_id) if each.approved_by is not None]
    return {"adoptions": [_shaped(each) for each in said]}


@adoption_records.get(
    "/adoptions/<public:adoption_no>",
    Scope.RULES_PUBLISH,
    answer=AdoptionAnswer(),
    refuses=(RegionForeignError, AdoptionUnknownError),
)
def read_adoption(call: Call, session: Session, adoption_no: str) -> dict[str, Any]:
    """Return what is to be approved, or was."""
    said, pack = adoption_numbered(session, adoption_no)
    call.client.require_region(pack.jurisdiction)
    return _shaped(said)


def _shaped(said: RuleAdoption) -> dict[str, Any]:
    names = (
        "adoption_no", "pack_id", "version", "kind", "day", "document", "title", "reason",
    )  # fmt: skip
    return {
        **{name: getattr(said, name) for name in names}, "approved": said.approved_by is not None,
    }  # fmt: skip
