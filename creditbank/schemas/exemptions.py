"""Shapes of the register of exemptions."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, post_load
from sqlalchemy.orm import Session

from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import Organisation
from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Inner,
    Instant,
    Shape,
    Text,
    Truth,
    Whole,
    public_number,
    scheme,
    word,
)
from creditbank.schemas.organisations import DOCUMENT_CHARACTERS_MAX, GroundBody, ground_of
from creditbank.schemas.people import IdentityShape, identity_of
from creditbank.schemas.verdicts import StatedFacts
from creditbank.schemas.wanted import Wanted
from creditbank.verification.exemption_models import Exemption, RecommendationFinding
from creditbank.verification.exemption_rights import Finding, FindingDraft
from creditbank.verification.exemption_steps import Decided, Decision
from creditbank.verification.exemptions import (
    ExemptionDraft,
    ExemptionState,
    Paper,
    draft_of,
    enterprise_of,
)

PAPER_CHARACTERS_MAX = 200
REASON_CHARACTERS_MAX = 500
_PAPERS_MAX = 10
_SHA256 = r"([0-9a-f]{64})?"


def _no_day() -> date | None:
    return None


class PaperShape(Shape):
    """A document that proves something: what it is, and the SHA-256 of its file."""

    description = Text(PAPER_CHARACTERS_MAX, required=True)
    sha256 = Code(_SHA256, "", load_default=str, metadata={"description": "Of the file, in hex."})


class Papers(fields.Field[dict[str, Paper]]):
    """Papers by the words that the pathway has for them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, Paper]:
        if not isinstance(value, dict) or not 0 < len(value) <= _PAPERS_MAX:
            raise ValidationError([Wanted("field-object")])
        names, shape = word("signed_recommendation"), PaperShape()
        loaded: dict[str, Paper] = {}
        for name, paper in value.items():
            try:
                loaded[str(names.deserialize(name))] = Paper(**shape.load(paper))
            except ValidationError as error:
                raise ValidationError({str(name)[:40]: error.messages}) from error
        return loaded


class ExemptionFacts(Shape):
    """What is applied for, without whom it is for."""

    series = word("engineering", required=True)
    specialty = word("composites", load_default=str)
    level = word("associate_senior", required=True)
    application_day = Day(required=True)
    stated = StatedFacts(
        load_default=dict,
        metadata={
            "type": "object", "additionalProperties": {"type": "string"},
            "description": "Class, level and employment come from the register.",
        },
    )  # fmt: skip
    evidence = Papers(
        required=True, metadata={"type": "object", "additionalProperties": {"type": "object"}}
    )
    valid_from = Day(
        required=True, metadata={"description": "Of the recommendation, the card or the status."}
    )
    valid_through = Day(load_default=_no_day)
    employed_from = Day(load_default=_no_day, metadata={"description": "By the enterprise."})
    employed_through = Day(load_default=_no_day)


class ExemptionBody(ExemptionFacts, IdentityShape):
    """An application for an exemption; without a pathway it is for the waiver of the title."""

    scheme = scheme(required=True)
    pathway = word("enterprise_recommendation", load_default=str)
    enterprise = Text(
        18, low=0, load_default=str,
        metadata={"description": "Its code, where a title system files on behalf of it."},
    )  # fmt: skip

    @post_load
    def with_identity(self, loaded: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Put the person, the enterprise and the draft apart."""
        identity, enterprise = identity_of(loaded), loaded.pop("enterprise")
        return {"identity": identity, "enterprise": enterprise, "draft": ExemptionDraft(**loaded)}


class ExemptionAgainBody(ExemptionFacts):
    """A returned application put right; person, scheme and pathway stay."""

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> ExemptionDraft:
        """Make the draft."""
        return ExemptionDraft(scheme="", pathway="", **loaded)


class ExemptionReasonBody(Shape):
    """Why."""

    reason = Text(REASON_CHARACTERS_MAX, required=True)


class ExemptionDecisionBody(Shape):
    """What is decided, and why; an approval needs no reason."""

    decision = Choice(Decision, required=True)
    reason = Text(REASON_CHARACTERS_MAX, low=0, load_default=str)
    expires_on = Day(
        load_default=_no_day, metadata={"description": "Left out: the last day that it can have."}
    )

    @post_load
    def as_decided(self, loaded: dict[str, Any], **_kwargs: Any) -> Decided:
        """Make the decision."""
        if loaded["decision"] is not Decision.APPROVE and not loaded["reason"]:
            wanted = Wanted("field-text", low=1, high=REASON_CHARACTERS_MAX)
            raise ValidationError([wanted], "reason")
        return Decided(loaded["decision"], loaded["reason"], loaded["expires_on"])


class ExemptionRevocationBody(GroundBody):
    """The document by which an approval is revoked."""


class RecommendationFindingBody(GroundBody):
    """What was found of an enterprise, and who was sent a copy."""

    finding = Choice(Finding, required=True)
    copied_to = Text(DOCUMENT_CHARACTERS_MAX, required=True)
    copied_on = Day(required=True)

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> FindingDraft:
        """Make the draft."""
        return FindingDraft(
            loaded["finding"], ground_of(loaded), loaded["copied_to"], loaded["copied_on"]
        )


class ExemptionsQuery(Shape):
    """Which exemptions, and where the page begins."""

    state = Choice(ExemptionState, load_default=str)
    limit = Whole(1, 1_000, as_text=True, load_default=lambda: 50)
    cursor = Code(r"[A-Za-z0-9_-]{8,120}", "next_cursor", load_default=str)


class BoundAnswer(Shape):
    """A bound that a refused application broke."""

    code = Text(60)
    found = Text(80, low=0)


class ExemptionLine(Shape):
    """An exemption in a list; of whom it is, the kind and the last four of the document say."""

    exemption_no = public_number("X7K2M9QXAB")
    scheme = scheme()
    series = word("engineering")
    specialty = Text(40, low=0)
    level = word("associate_senior")
    pathway = Text(40, low=0, metadata={"description": "Empty for the waiver of the title."})
    application_day = Day()
    document_kind = Text(40)
    last_four = Text(4)
    enterprise = Text(18, low=0)
    enterprise_name = Text(120, low=0)
    state = Choice(ExemptionState)
    version = Whole(1, 999)
    filed_at = Instant()


class ExemptionAnswer(ExemptionLine):
    """An exemption as it stands."""

    state_at = Instant()
    reason = Text(REASON_CHARACTERS_MAX, low=0)
    bounds = Inner(BoundAnswer, many=True)
    stated = fields.Dict(keys=fields.Str(), values=fields.Str())
    evidence = fields.Dict(keys=fields.Str(), values=fields.Nested(PaperShape))
    valid_from = Day()
    valid_through = Day(metadata={"type": ["string", "null"]})
    employed_from = Day(metadata={"type": ["string", "null"]})
    employed_through = Day(metadata={"type": ["string", "null"]})
    facts = fields.Dict(
        keys=fields.Str(), values=fields.Str(),
        metadata={"description": "Those of the register and those stated, as approved."},
    )  # fmt: skip
    approved_at = Instant(metadata={"type": ["string", "null"]})
    expires_on = Day(metadata={"type": ["string", "null"]})
    quota_year = Whole(1990, 2200, metadata={"type": ["integer", "null"]})
    holds_place = Truth(metadata={"description": "Whether it takes a place of the quota."})


class ExemptionsAnswer(Shape):
    """One page of exemptions, newest first."""

    exemptions = Inner(ExemptionLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})


class RecommendationFindingAnswer(Shape):
    """A finding on an enterprise."""

    finding_no = public_number("Z7K2M9QXAB")
    enterprise = Text(18)
    enterprise_name = Text(120)
    finding = Choice(Finding)
    document_no = Text(DOCUMENT_CHARACTERS_MAX)
    document_day = Day()
    reason = Text(REASON_CHARACTERS_MAX, low=0)
    copied_to = Text(DOCUMENT_CHARACTERS_MAX)
    copied_on = Day()
    found_at = Instant()
    state = Text(20, metadata={"enum": ["standing", "lifted"]})


class RecommendationFindingsAnswer(Shape):
    """Findings on enterprises of a region, the latest first."""

    findings = Inner(RecommendationFindingAnswer, many=True)


def shaped_exemption_line(session: Session, found: Exemption) -> dict[str, Any]:
    """Shape an exemption of a list."""
    enterprise = enterprise_of(session, found)
    names = [each for each in ExemptionLine().fields if not each.startswith("enterprise")]
    return {
        **{name: getattr(found, name) for name in names},
        "enterprise": enterprise.uscc if enterprise else "",
        "enterprise_name": enterprise.name if enterprise else "",
    }


def shaped_exemption(session: Session, found: Exemption) -> dict[str, Any]:
    """Shape an exemption as it stands."""
    draft = draft_of(found)
    names = ("state_at", "reason", "approved_at", "expires_on", "quota_year", "holds_place")
    days = ("valid_from", "valid_through", "employed_from", "employed_through")
    return {
        **shaped_exemption_line(session, found),
        **{name: getattr(found, name) for name in names},
        **{name: getattr(draft, name) for name in days},
        "stated": dict(draft.stated),
        "evidence": {
            name: {"description": paper.description, "sha256": paper.sha256}
            for name, paper in draft.evidence.items()
        },
        "facts": json.loads(found.facts),
        "bounds": [{"code": code, "found": what} for code, what in json.loads(found.bounds)],
    }


def shaped_finding(session: Session, found: RecommendationFinding) -> dict[str, Any]:
    """Shape a finding."""
    enterprise: Organisation = organisation_of(session, found.organisation_id)
    names = [
        each for each in RecommendationFindingAnswer().fields if not each.startswith("enterprise")
    ]
    return {
        **{name: getattr(found, name) for name in names},
        "enterprise": enterprise.uscc, "enterprise_name": enterprise.name,
    }  # fmt: skip
