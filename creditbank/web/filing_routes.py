"""Which office decides filings, by pages: officials look routes up, record and end them."""

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.accounts.offices import require_office_known
from creditbank.clock import civil_day
from creditbank.ids import checked_jurisdiction, jurisdiction_contains
from creditbank.registry.clients import Scope
from creditbank.registry.facts import Level
from creditbank.registry.filing.kinds import FilingKind
from creditbank.registry.filing.routes import (
    RouteDraft,
    end_route,
    record_route,
    region_over,
    route_numbered,
    routes_seen,
)
from creditbank.registry.models import FilingRoute
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.filings import reason_typed
from creditbank.web.organisations_desk import ground_typed
from creditbank.web.pages import page

_ROUTES_SHOWN = 500
_TYPED = (
    "district", "office", "kind", "level", "valid_from", "document_no", "document_day", "reason",
    "valid_through",
)  # fmt: skip

filing_routes = Pages("filing_routes", __name__)


@filing_routes.shown("/desk/filing-routes", able(Scope.FILING_DECIDE), menu="filing-routes")
def overview(visit: Visit, session: Session, route_no: str = "") -> Response:
    """List the routes that concern the region, all or those of a day; a form for another.

    `route_no` stands in the address of a form that was refused; the page is the same.
    """
    day, region = forms.day("on", request.args), visit.client.jurisdiction
    found = routes_seen(session, region, on=day, limit=_ROUTES_SHOWN)
    return page(
        "filing_routes.html", lines=[(each, _may_end(each, region)) for each in found],
        today=civil_day(visit.now), on=day, kinds=list(map(str, FilingKind)),
        levels=list(map(str, Level)), typed=forms.all_typed(_TYPED),
        ending=route_no,
    )  # fmt: skip


@filing_routes.sent("/desk/filing-routes", able(Scope.FILING_DECIDE), shows=overview)
def record(visit: Visit, session: Session) -> Response:
    """Record a route."""
    valid_from = forms.day("valid_from")
    if valid_from is None:
        raise fields.empty("filing-route-from")
    draft = RouteDraft(
        district=checked_jurisdiction(forms.typed("district")),
        office=checked_jurisdiction(forms.typed("office")),
        valid_from=valid_from,
        ground=ground_typed(wanted=True),
        kind=str(forms.chosen("kind", FilingKind)) if forms.typed("kind") else "",
        level=str(forms.chosen("level", Level)) if forms.typed("level") else "",
    )
    visit.client.require_region(region_over(draft.district, draft.office))
    require_office_known(session, draft.office)
    record_route(session, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.filing_routes.overview", "filing-route-recorded")


@filing_routes.sent(
    "/desk/filing-routes/<public:route_no>/ending", able(Scope.FILING_DECIDE), shows=overview
)
def end(visit: Visit, session: Session, route_no: str) -> Response:
    """Say on which day a route holds for the last time."""
    found = route_numbered(session, route_no)
    visit.client.require_region(region_over(found.district, found.office))
    last_day = forms.day("valid_through")
    if last_day is None:
        raise fields.empty("filing-route-through")
    end_route(
        session, route_no, last_day, reason_typed(), actor=visit.client.client_id, now=visit.now
    )
    return see("web.filing_routes.overview", "filing-route-ended")


def _may_end(route: FilingRoute, region: str) -> bool:
    over = region_over(route.district, route.office)
    return route.valid_through is None and jurisdiction_contains(region, over)
