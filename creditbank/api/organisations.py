"""Organisations, and the mandates of those that ask."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.accounts.moving import state_and_follow, take_back_and_follow
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door, Public
from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.ids import JurisdictionInvalidError
from creditbank.integrity.published import published
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.directory import OrganisationsWanted, organisations_page
from creditbank.registry.fact_rows import facts_of
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
from creditbank.registry.stating import (
    BaseNotHeldError,
    FactAheadError,
    FactDayWantedError,
    FactNeededError,
    FactReasonWantedError,
    FactsContradictError,
    FactTermError,
    FactUnfitError,
    FactUnknownError,
    end_fact,
    picture_of,
    require_registrar,
)
from creditbank.registry.uscc import UsccCharactersError, UsccCheckError, UsccLengthError
from creditbank.schemas.organisations import (
    FactAnswer,
    FactBody,
    FactEndingBody,
    FactTakingBackBody,
    OrganisationDetail,
    OrganisationQuery,
    OrganisationsAnswer,
    OrganisationsQuery,
    ground_of,
    shaped_detail,
    shaped_fact,
    shaped_listed,
)
from creditbank.schemas.registry import (
    MandateAnswer,
    MandateBody,
    MandateStateBody,
    OrganisationAnswer,
    OrganisationBody,
)
from creditbank.schemas.scorecards import PublishedFiguresAnswer

_USCC_REFUSALS = (UsccLengthError, UsccCharactersError, UsccCheckError)
_FACT_REFUSALS = (
    RegionForeignError, OrganisationUnknownError, FactUnknownError, FactAheadError,
    UsccLengthError, UsccCharactersError,
)  # fmt: skip

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
    "/organisations",
    Scope.ORGANISATION_REGISTER,
    query=OrganisationsQuery(),
    answer=OrganisationsAnswer(),
)
def list_organisations(call: Call, session: Session) -> dict[str, Any]:
    """List a region's organisations by their codes, as they are on a day."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    wanted = OrganisationsWanted(
        jurisdiction=call.client.jurisdiction,
        day=call.query["on"] or civil_day(call.now),
        search=call.query["search"],
        enterprise_class=str(call.query["enterprise_class"]),
        base=str(call.query["base"]),
        after=call.query["cursor"],
        limit=limit,
    )
    found = organisations_page(session, wanted)
    page, more = found[:limit], len(found) > limit
    return {
        "organisations": [shaped_listed(each) for each in page],
        "next_cursor": page[-1].organisation.uscc if more else "",
    }


@organisations.get(
    "/organisations/<public:uscc>",
    Scope.ORGANISATION_REGISTER,
    query=OrganisationQuery(),
    answer=OrganisationDetail(),
    refuses=(OrganisationUnknownError, UsccLengthError, UsccCharactersError),
)
def read_organisation(call: Call, session: Session, uscc: str) -> dict[str, Any]:
    """Return what is true of an organisation on a day, as known at an instant."""
    found = organisation_by_uscc(session, uscc)
    known_at = min(call.query["known_at"] or call.now, call.now)
    day = call.query["on"] or civil_day(call.now)
    picture = picture_of(session, found, day, known_at)
    return shaped_detail(
        found, picture, facts_of(session, found.organisation_id, known_at), known_at
    )


@organisations.get(
    "/organisations/<public:uscc>/figures",
    Public.ANYBODY,
    answer=PublishedFiguresAnswer(),
    refuses=(OrganisationUnknownError, UsccLengthError, UsccCharactersError),
)
def read_published_figures(_call: Call, session: Session, uscc: str) -> dict[str, Any]:
    """Return how soon a provider posts what it held and how much was taken back, as published."""
    found = organisation_by_uscc(session, uscc)
    years = published(session, found.organisation_id)
    return {"uscc": found.uscc, "name": found.name, "years": years}


@organisations.post(
    "/organisations/<public:uscc>/facts",
    Scope.ORGANISATION_REGISTER,
    status=201,
    body=JsonBody(
        FactBody(),
        {
            "attribute": "class", "value": "specialised_innovative", "level": "provincial",
            "valid_from": "2026-01-01", "valid_through": "2028-12-31",
            "document_no": "示例〔2026〕1号", "document_day": "2025-12-20",
        },
    ),
    answer=FactAnswer(),
    refuses=(
        *_FACT_REFUSALS, FactUnfitError, JurisdictionInvalidError, FactDayWantedError,
        FactTermError, FactReasonWantedError, BaseNotHeldError, FactsContradictError,
        FactNeededError,
    ),
)  # fmt: skip
def state_a_fact(call: Call, session: Session, uscc: str) -> dict[str, Any]:
    """State what is true of an organisation from a day on, by a document."""
    require_registrar(call.client, organisation_by_uscc(session, uscc), call.body)
    actor = call.client.client_id
    return shaped_fact(state_and_follow(session, uscc, call.body, actor=actor, now=call.now))


@organisations.post(
    "/organisations/<public:uscc>/facts/<public:fact_no>/ending",
    Scope.ORGANISATION_REGISTER,
    body=JsonBody(
        FactEndingBody(),
        {
            "valid_through": "2026-10-31", "document_no": "示例〔2026〕8号",
            "document_day": "2026-10-20", "reason": "复核未通过",
        },
    ),
    answer=FactAnswer(),
    refuses=(*_FACT_REFUSALS, FactTermError),
)  # fmt: skip
def end_a_fact(call: Call, session: Session, uscc: str, fact_no: str) -> dict[str, Any]:
    """Say on which day a fact is so for the last time."""
    require_registrar(call.client, organisation_by_uscc(session, uscc), None)
    ending = (call.body["valid_through"], ground_of(call.body))
    actor = call.client.client_id
    return shaped_fact(end_fact(session, uscc, fact_no, *ending, actor=actor, now=call.now))


@organisations.post(
    "/organisations/<public:uscc>/facts/<public:fact_no>/taking-back",
    Scope.ORGANISATION_REGISTER,
    body=JsonBody(FactTakingBackBody(), {"reason": "单位名称录错，属另一企业"}),
    answer=FactAnswer(),
    refuses=(*_FACT_REFUSALS, FactReasonWantedError, FactNeededError),
)
def take_a_fact_back(call: Call, session: Session, uscc: str, fact_no: str) -> dict[str, Any]:
    """Say that a fact was never so."""
    require_registrar(call.client, organisation_by_uscc(session, uscc), None)
    ground, actor = ground_of(call.body), call.client.client_id
    return shaped_fact(
        take_back_and_follow(session, uscc, fact_no, ground, actor=actor, now=call.now)
    )


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
