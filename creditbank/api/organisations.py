"""Organisations, and the mandates of those that ask."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.mandates import (
    MandateDraft,
    MandateTermError,
    MandateUnknownError,
    change_mandate,
    grant_mandate,
    mandate_numbered,
)
from creditbank.registry.models import Mandate, Organisation
from creditbank.registry.organisations import (
    OrganisationKnownError,
    OrganisationUnknownError,
    organisation_by_uscc,
    register_organisation,
)
from creditbank.registry.uscc import UsccCharactersError, UsccCheckError, UsccLengthError
from creditbank.schemas.registry import (
    MandateAnswer,
    MandateBody,
    MandateStateBody,
    OrganisationAnswer,
    OrganisationBody,
)

_USCC_REFUSALS = (UsccLengthError, UsccCharactersError, UsccCheckError)

organisations = Door(
    "organisations", __name__, description="Who teaches and who asks, and what they may ask."
)


@organisations.post(
    "/organisations",
    Scope.ORGANISATION_REGISTER,
    status=201,
    body=JsonBody(
        OrganisationBody(),
        {
            "uscc": "91371000MA3TE5T011", "name": "威海示例复合材料有限公司",
            "kind": "enterprise", "jurisdiction": "cn-3710",
        },
    ),
    answer=OrganisationAnswer(),
    refuses=(RegionForeignError, OrganisationKnownError, *_USCC_REFUSALS),
)  # fmt: skip
def enter_organisation(call: Call, session: Session) -> Organisation:
    """Register an organisation by its unified social credit code."""
    call.client.require_region(call.body.jurisdiction)
    return register_organisation(session, call.body, actor=call.client.client_id, now=call.now)


@organisations.get(
    "/organisations/<public:uscc>",
    Scope.ORGANISATION_REGISTER,
    answer=OrganisationAnswer(),
    refuses=(OrganisationUnknownError, UsccLengthError, UsccCharactersError),
)
def read_organisation(_call: Call, session: Session, uscc: str) -> Organisation:
    """Return an organisation as registered."""
    return organisation_by_uscc(session, uscc)


@organisations.post(
    "/mandates",
    Scope.MANDATE_GRANT,
    status=201,
    body=JsonBody(
        MandateBody(),
        {
            "organisation": "91371000MA3TE5T011", "jurisdiction": "cn-3710",
            "series": ["engineering"], "levels": ["*"],
            "valid_from": "2026-01-01", "valid_through": "2026-12-31",
        },
    ),
    answer=MandateAnswer(),
    refuses=(RegionForeignError, OrganisationUnknownError, MandateTermError),
)  # fmt: skip
def give_mandate(call: Call, session: Session) -> dict[str, Any]:
    """Grant a title system a mandate."""
    body = call.body
    call.client.require_region(body["jurisdiction"])
    draft = MandateDraft(
        organisation_id=organisation_by_uscc(session, body["organisation"]).organisation_id,
        jurisdiction=body["jurisdiction"],
        series=tuple(body["series"]),
        levels=tuple(body["levels"]),
        valid_from=body["valid_from"],
        valid_through=body["valid_through"],
        specialties=tuple(body["specialties"]),
    )
    return _shaped(grant_mandate(session, draft, actor=call.client.client_id, now=call.now))


@organisations.post(
    "/mandates/<public:mandate_no>/state",
    Scope.MANDATE_GRANT,
    body=JsonBody(MandateStateBody(), {"state": "suspended"}),
    answer=MandateAnswer(),
    refuses=(RegionForeignError, MandateUnknownError),
)
def set_mandate_state(call: Call, session: Session, mandate_no: str) -> dict[str, Any]:
    """Suspend, withdraw or reactivate a mandate; it holds from the next question on."""
    call.client.require_region(mandate_numbered(session, mandate_no).jurisdiction)
    state, actor = str(call.body["state"]), call.client.client_id
    return _shaped(change_mandate(session, mandate_no, state, actor=actor, now=call.now))


def _shaped(mandate: Mandate) -> dict[str, Any]:
    return {
        "mandate_no": mandate.mandate_no,
        "jurisdiction": mandate.jurisdiction,
        "series": mandate.series.split(),
        "levels": mandate.levels.split(),
        "specialties": mandate.specialties.split(),
        "valid_from": mandate.valid_from,
        "valid_through": mandate.valid_through,
        "state": mandate.state,
    }
