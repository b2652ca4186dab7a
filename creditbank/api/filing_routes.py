"""Which office decides filings: routes by district, kind and level, recorded and ended."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.accounts.offices import OfficeUnknownError, require_office_known
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.house import current_house
from creditbank.ids import JurisdictionInvalidError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.filing.routes import (
    FilingRouteDayError,
    FilingRouteEndedError,
    FilingRouteLevelError,
    FilingRouteTakenError,
    FilingRouteUnknownError,
    end_route,
    record_route,
    region_over,
    route_numbered,
    routes_seen,
)
from creditbank.schemas.filing_routes import (
    FilingRouteAnswer,
    FilingRouteBody,
    FilingRouteEndBody,
    FilingRoutesAnswer,
    FilingRoutesQuery,
    shaped_route,
)

_EXAMPLE = {
    "district": "cn-3710", "kind": "advanced_seminar", "level": "municipal", "office": "cn-3710",
    "valid_from": "2099-01-01", "document_no": "示例〔2026〕8号", "document_day": "2026-01-05",
}  # fmt: skip

filing_routes = Door("filing-routes", __name__, description="Which office decides filings.")


@filing_routes.post(
    "/filing-routes",
    Scope.FILING_DECIDE,
    status=201,
    body=JsonBody(FilingRouteBody(), _EXAMPLE),
    answer=FilingRouteAnswer(),
    refuses=(
        RegionForeignError, JurisdictionInvalidError, OfficeUnknownError, FilingRouteDayError,
        FilingRouteLevelError, FilingRouteTakenError,
    ),
)  # fmt: skip
def record_filing_route(call: Call, session: Session) -> dict[str, Any]:
    """Record who decides filings from a day on; both district and office lie in your region."""
    call.client.require_region(region_over(call.body.district, call.body.office))
    require_office_known(session, call.body.office)
    made = record_route(session, call.body, actor=call.client.client_id, now=call.now)
    return shaped_route(made)


@filing_routes.get(
    "/filing-routes", Scope.FILING_READ, query=FilingRoutesQuery(), answer=FilingRoutesAnswer()
)
def list_filing_routes(call: Call, session: Session) -> dict[str, Any]:
    """List the routes that concern your region, ever recorded or of a day."""
    found = routes_seen(
        session, call.client.jurisdiction, on=call.query["on"],
        limit=current_house().settings.page_size_max,
    )  # fmt: skip
    return {"routes": [shaped_route(each) for each in found]}


@filing_routes.post(
    "/filing-routes/<public:route_no>/ending",
    Scope.FILING_DECIDE,
    body=JsonBody(
        FilingRouteEndBody(), {"valid_through": "2099-12-31", "reason": "职责划转至市局"}
    ),
    answer=FilingRouteAnswer(),
    refuses=(
        FilingRouteUnknownError,
        RegionForeignError,
        FilingRouteEndedError,
        FilingRouteDayError,
    ),
)
def end_filing_route(call: Call, session: Session, route_no: str) -> dict[str, Any]:
    """Say on which day a route holds for the last time; what it brought to an office stays."""
    found = route_numbered(session, route_no)
    call.client.require_region(region_over(found.district, found.office))
    day, reason, actor = call.body["valid_through"], call.body["reason"], call.client.client_id
    return shaped_route(end_route(session, route_no, day, reason, actor=actor, now=call.now))
