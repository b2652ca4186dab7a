"""Enterprises that lost the right to recommend, for fraud or laxity, and got it back.

What is found is an official's act and is copied to the department of industry (工信). Whether it
takes a pathway away is for the packs (`right_lost.*`).
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
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.registry.facts import Ground
from creditbank.registry.lookups import organisation_of, within_jurisdiction
from creditbank.registry.models import Organisation
from creditbank.verification.exemption_models import RecommendationFinding

FOUND, LIFTED = "recommendation.finding", "recommendation.finding-lifted"


class Finding(StrEnum):
    """What is found of an enterprise that recommends (威人社字〔2022〕32号, 九)."""

    #: 把关不严
    LAX_RECOMMENDATION = "lax_recommendation"
    #: 弄虚作假
    FRAUD = "fraud"


class FindingUnknownError(CreditBankError):
    """There is no such finding that stands."""

    code = "recommendation-finding-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class FindingDraft:
    """What was found, by which document, and who was sent a copy of it when."""

    finding: Finding
    ground: Ground
    copied_to: str
    copied_on: date


def record_finding(
    session: Session, organisation: Organisation, draft: FindingDraft, *, actor: str, now: datetime
) -> RecommendationFinding:
    """Record a finding on an enterprise; what it filed before waits for its decision as before."""
    held = Organisation.organisation_id == organisation.organisation_id
    # An approval under way ends before, or sees this.
    session.execute(select(Organisation).where(held).with_for_update(key_share=True)).all()
    assert draft.ground.document_day is not None, "the doors want a document"
    row = {
        "finding_no": "Z" + random_number(9), "organisation_id": organisation.organisation_id,
        "finding": str(draft.finding), "document_no": draft.ground.document_no,
        "document_day": draft.ground.document_day, "reason": draft.ground.reason,
        "copied_to": draft.copied_to, "copied_on": draft.copied_on, "found_by": actor,
        "found_at": now, "state": "standing",
    }  # fmt: skip
    details = said_of_finding(RecommendationFinding(**row), organisation.uscc)
    act = record_act(
        session,
        ActDraft(FOUND, organisation.jurisdiction, actor, str(row["finding_no"]), details),
        now=now,
    )
    query = insert(RecommendationFinding).returning(RecommendationFinding)
    return session.scalars(query, [{**row, "act_id": act.act_id}]).one()


def lift_finding(
    session: Session, finding_no: str, ground: Ground, *, actor: str, now: datetime
) -> RecommendationFinding:
    """Give the right back.

    Raises:
        FindingUnknownError: no such finding stands.
    """
    found = session.get(
        RecommendationFinding, finding_no, with_for_update=True, populate_existing=True
    )
    if found is None or found.state != "standing":
        raise FindingUnknownError(finding_no=finding_no[:20])
    before = session.get_one(Act, found.act_id)
    details: dict[str, Canonical] = {
        "document_no": ground.document_no, "reason_text": ground.reason,
        "document_day": ground.document_day.isoformat() if ground.document_day else "",
    }  # fmt: skip
    region = organisation_of(session, found.organisation_id).jurisdiction
    draft = ActDraft(LIFTED, region, actor, finding_no, details, cites=(before.leaf,))
    found.state, found.act_id = "lifted", record_act(session, draft, now=now).act_id
    session.flush()
    return found


def finding_numbered(session: Session, finding_no: str) -> RecommendationFinding:
    """Return a finding.

    Raises:
        FindingUnknownError: there is none of this number.
    """
    found = session.get(RecommendationFinding, finding_no)
    if found is None:
        raise FindingUnknownError(finding_no=finding_no[:20])
    return found


def findings_page(
    session: Session, jurisdiction: str, limit: int
) -> Sequence[tuple[RecommendationFinding, Organisation]]:
    """Return the findings on enterprises of a region, the latest first."""
    query = (
        select(RecommendationFinding, Organisation)
        .join(Organisation, Organisation.organisation_id == RecommendationFinding.organisation_id)
        .where(within_jurisdiction(Organisation.jurisdiction, jurisdiction))
        .order_by(RecommendationFinding.found_at.desc(), RecommendationFinding.finding_no)
    )
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def said_of_finding(found: RecommendationFinding, uscc: str) -> dict[str, Canonical]:
    """Return what the act of a finding says."""
    return {
        "enterprise": uscc, "finding": found.finding, "document_no": found.document_no,
        "document_day": found.document_day.isoformat(), "reason_text": found.reason,
        "copied_to": found.copied_to, "copied_on": found.copied_on.isoformat(),
    }  # fmt: skip
