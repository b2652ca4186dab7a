"""The register of exemptions (举荐、直通车、首次评审), and enterprises that lost the right."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import Call, Door
from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import STATED_REFUSALS
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.lookups import organisation_of
from creditbank.registry.mandates import MandateMissingError
from creditbank.registry.organisations import OrganisationUnknownError, organisation_by_uscc
from creditbank.rules.loader import PackMissingError
from creditbank.rules.requirement import StatedFactInvalidError
from creditbank.rules.stated import StatedAnswerInvalidError, StatedWordUnknownError
from creditbank.schemas.exemptions import (
    ExemptionAgainBody,
    ExemptionAnswer,
    ExemptionBody,
    ExemptionDecisionBody,
    ExemptionReasonBody,
    ExemptionRevocationBody,
    ExemptionsAnswer,
    ExemptionsQuery,
    RecommendationFindingAnswer,
    RecommendationFindingBody,
    RecommendationFindingsAnswer,
    shaped_exemption,
    shaped_exemption_line,
    shaped_finding,
)
from creditbank.schemas.organisations import GroundBody, ground_of
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.verification.exemption_rights import (
    FindingUnknownError,
    finding_numbered,
    findings_page,
    lift_finding,
    record_finding,
)
from creditbank.verification.exemption_steps import (
    decide_exemption,
    give_back,
    revoke_exemption,
)
from creditbank.verification.exemptions import (
    ExemptionEnterpriseForeignError,
    ExemptionEnterpriseWantedError,
    ExemptionEvidenceError,
    ExemptionFactError,
    ExemptionKnownError,
    ExemptionOutsideError,
    ExemptionStateError,
    ExemptionsWanted,
    ExemptionTermError,
    ExemptionUnknownError,
    exemption_seen,
    exemptions_page,
    file_again,
    file_exemption,
    filer_for,
    locked_exemption,
)

_FACTS_EXAMPLE = {
    "series": "engineering",
    "level": "associate_senior",
    "application_day": "2026-11-20",
    "stated": {"recommendation_signed_by": "chairman", "achievements_stated": "yes"},
    "evidence": {
        "signed_recommendation": {"description": "董事长署名举荐书", "sha256": "0" * 64},
        "statement_of_achievements": {"description": "业绩说明", "sha256": "0" * 64},
    },
    "valid_from": "2026-11-10",
    "employed_from": "2019-07-01",
}
_EXAMPLE = {
    **IDENTITY_EXAMPLE, "scheme": "cn-3710", "pathway": "enterprise_recommendation",
    **_FACTS_EXAMPLE,
}  # fmt: skip
_DOCUMENT = {"document_no": "示例〔2026〕9号", "document_day": "2026-11-18", "reason": "核查属实"}
_ONE = "/exemptions/<public:exemption_no>"
_UNFIT = (
    ExemptionOutsideError, ExemptionFactError, ExemptionEvidenceError, ExemptionTermError,
    ExemptionKnownError, StatedFactInvalidError, StatedAnswerInvalidError, StatedWordUnknownError,
    PackMissingError, PersonErasedError,
)  # fmt: skip
_SEEN = (ExemptionUnknownError, RegionForeignError, PersonErasedError)

exemptions = Door(
    "exemptions", __name__,
    description="The register of exemptions: recommendations, fast track, first reviews.",
)  # fmt: skip


@exemptions.post(
    "/exemptions",
    Scope.EXEMPTION_FILE,
    status=201,
    body=JsonBody(ExemptionBody(), _EXAMPLE),
    answer=ExemptionAnswer(),
    refuses=(
        *_UNFIT, *STATED_REFUSALS, MandateMissingError, OrganisationUnknownError,
        ExemptionEnterpriseForeignError, ExemptionEnterpriseWantedError,
    ),
)  # fmt: skip
def file_an_exemption(call: Call, session: Session) -> dict[str, Any]:
    """Apply for an exemption: an enterprise for its people, a title system on its behalf."""
    draft = call.body["draft"]
    filer = filer_for(
        session, call.client, call.body["identity"], draft, call.body["enterprise"],
        today=civil_day(call.now),
    )  # fmt: skip
    made = file_exemption(session, current_house().vault, filer, draft, now=call.now)
    return shaped_exemption(session, made)


@exemptions.get(
    "/exemptions", Scope.EXEMPTION_READ, query=ExemptionsQuery(), answer=ExemptionsAnswer()
)
def list_exemptions(call: Call, session: Session) -> dict[str, Any]:
    """List exemptions, newest first: the own ones, an official's region."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    wanted = ExemptionsWanted(str(call.query["state"]), place_of(call.query["cursor"]), limit)
    found = exemptions_page(session, call.client, wanted)
    page, more = found[:limit], len(found) > limit
    return {
        "exemptions": [shaped_exemption_line(session, each) for each in page],
        "next_cursor": cursor_of(page[-1].filed_at, page[-1].exemption_no) if more else "",
    }


@exemptions.get(_ONE, Scope.EXEMPTION_READ, answer=ExemptionAnswer(), refuses=_SEEN)
def read_exemption(call: Call, session: Session, exemption_no: str) -> dict[str, Any]:
    """Return an exemption as it stands."""
    found = exemption_seen(session, call.client, exemption_no)
    draft = LookDraft(Shown.EXEMPTION, exemption_no)
    looked([found.person_id], draft, call.client, now=call.now)
    return shaped_exemption(session, found)


@exemptions.post(
    f"{_ONE}/resubmission",
    Scope.EXEMPTION_FILE,
    body=JsonBody(ExemptionAgainBody(), _FACTS_EXAMPLE),
    answer=ExemptionAnswer(),
    refuses=(*_SEEN, *_UNFIT, ExemptionStateError),
)
def file_an_exemption_again(call: Call, session: Session, exemption_no: str) -> dict[str, Any]:
    """File a returned exemption again, put right."""
    exemption_seen(session, call.client, exemption_no)
    found = locked_exemption(session, exemption_no)
    made = file_again(
        session, current_house().vault, found, call.body, actor=call.client.client_id, now=call.now
    )
    return shaped_exemption(session, made)


@exemptions.post(
    f"{_ONE}/withdrawal",
    Scope.EXEMPTION_FILE,
    body=JsonBody(ExemptionReasonBody(), {"reason": "本人放弃"}),
    answer=ExemptionAnswer(),
    refuses=(*_SEEN, ExemptionStateError),
)
def withdraw_an_exemption(call: Call, session: Session, exemption_no: str) -> dict[str, Any]:
    """Withdraw an application, or give an approval back that was not used."""
    exemption_seen(session, call.client, exemption_no)
    made = give_back(
        session, current_house().vault, exemption_no, reason=call.body["reason"],
        actor=call.client.client_id, now=call.now,
    )  # fmt: skip
    return shaped_exemption(session, made)


@exemptions.post(
    f"{_ONE}/decision",
    Scope.EXEMPTION_DECIDE,
    body=JsonBody(ExemptionDecisionBody(), {"decision": "approve", "expires_on": "2026-12-31"}),
    answer=ExemptionAnswer(),
    refuses=(*_SEEN, ExemptionStateError, ExemptionOutsideError, ExemptionTermError,
             PackMissingError),
)  # fmt: skip
def decide_an_exemption(call: Call, session: Session, exemption_no: str) -> dict[str, Any]:
    """Approve, return or refuse; an approval takes a place of the quota, if there is one."""
    exemption_seen(session, call.client, exemption_no)
    made = decide_exemption(
        session, current_house().vault, exemption_no, call.body, actor=call.client.client_id,
        now=call.now,
    )  # fmt: skip
    return shaped_exemption(session, made)


@exemptions.post(
    f"{_ONE}/revocation",
    Scope.EXEMPTION_DECIDE,
    body=JsonBody(ExemptionRevocationBody(), _DOCUMENT),
    answer=ExemptionAnswer(),
    refuses=(*_SEEN, ExemptionStateError, PackMissingError),
)
def revoke_an_exemption(call: Call, session: Session, exemption_no: str) -> dict[str, Any]:
    """Revoke an approval for a finding."""
    exemption_seen(session, call.client, exemption_no)
    made = revoke_exemption(
        session, current_house().vault, exemption_no, ground_of(call.body),
        actor=call.client.client_id, now=call.now,
    )  # fmt: skip
    return shaped_exemption(session, made)


@exemptions.post(
    "/organisations/<public:uscc>/recommendation-findings",
    Scope.EXEMPTION_DECIDE,
    status=201,
    body=JsonBody(
        RecommendationFindingBody(),
        {**_DOCUMENT, "finding": "fraud", "copied_to": "市工业和信息化局",
         "copied_on": "2026-11-19"},
    ),
    answer=RecommendationFindingAnswer(),
    refuses=(OrganisationUnknownError, RegionForeignError),
)  # fmt: skip
def record_a_recommendation_finding(call: Call, session: Session, uscc: str) -> dict[str, Any]:
    """Record fraud or laxity of an enterprise, which loses the right to recommend."""
    enterprise = organisation_by_uscc(session, uscc)
    call.client.require_region(enterprise.jurisdiction)
    made = record_finding(session, enterprise, call.body, actor=call.client.client_id, now=call.now)
    return shaped_finding(session, made)


@exemptions.get(
    "/recommendation-findings", Scope.EXEMPTION_DECIDE, answer=RecommendationFindingsAnswer()
)
def list_recommendation_findings(call: Call, session: Session) -> dict[str, Any]:
    """List the findings on enterprises of the region, the latest first."""
    limit = current_house().settings.page_size_max
    found = findings_page(session, call.client.jurisdiction, limit)
    return {"findings": [shaped_finding(session, each) for each, _ in found]}


@exemptions.post(
    "/recommendation-findings/<public:finding_no>/lifting",
    Scope.EXEMPTION_DECIDE,
    body=JsonBody(GroundBody(), _DOCUMENT),
    answer=RecommendationFindingAnswer(),
    refuses=(FindingUnknownError, RegionForeignError),
)
def lift_a_recommendation_finding(call: Call, session: Session, finding_no: str) -> dict[str, Any]:
    """Give the right to recommend back."""
    found = finding_numbered(session, finding_no)
    call.client.require_region(organisation_of(session, found.organisation_id).jurisdiction)
    ground = ground_of(call.body)
    made = lift_finding(session, finding_no, ground, actor=call.client.client_id, now=call.now)
    return shaped_finding(session, made)
