"""Shapes of the routes of filings to the offices that decide them."""

from typing import Any

from marshmallow import post_load

from creditbank.registry.facts import Level
from creditbank.registry.filing.kinds import FilingKind
from creditbank.registry.filing.routes import RouteDraft
from creditbank.registry.models import FilingRoute
from creditbank.schemas.fields import Choice, Day, Inner, Shape, Text, jurisdiction, public_number
from creditbank.schemas.organisations import DOCUMENT_CHARACTERS_MAX, GroundBody, ground_of
from creditbank.schemas.registry import REASON_CHARACTERS_MAX

_DISTRICT = {"description": "Of its organisations' filings, and of those of all below it."}
_OFFICE = {"description": "The region whose officials decide."}
_EVERY = {"description": "Empty: every one."}


def _nothing() -> None:
    """Stand for what was left out; a function, so that the document shows no default."""


class FilingRouteBody(GroundBody):
    """A route about to be recorded; a kind or level that is left out is every one."""

    district = jurisdiction(required=True, metadata=_DISTRICT)
    office = jurisdiction(required=True, metadata=_OFFICE)
    kind = Choice(FilingKind, load_default=str)
    level = Choice(
        Level, load_default=str,
        metadata={"description": "Of advanced seminars, or of the base of a base course."},
    )  # fmt: skip
    valid_from = Day(required=True, metadata={"description": "Tomorrow at the earliest."})

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> RouteDraft:
        """Make the draft."""
        names = ("district", "office", "valid_from", "kind", "level")
        return RouteDraft(**{name: loaded[name] for name in names}, ground=ground_of(loaded))


class FilingRouteEndBody(Shape):
    """The last day of a route; before its first, it never holds."""

    valid_through = Day(required=True, metadata={"description": "Today at the earliest."})
    reason = Text(REASON_CHARACTERS_MAX, required=True)


class FilingRouteAnswer(Shape):
    """A route."""

    route_no = public_number("U7K2M9QXAB")
    district = jurisdiction(metadata=_DISTRICT)
    office = jurisdiction(metadata=_OFFICE)
    kind = Text(40, low=0, metadata=_EVERY)
    level = Text(20, low=0, metadata=_EVERY)
    valid_from = Day()
    valid_through = Day(allow_none=True, metadata={"description": "Null: open."})
    document_no = Text(DOCUMENT_CHARACTERS_MAX)
    document_day = Day()
    reason = Text(REASON_CHARACTERS_MAX, low=0)


class FilingRoutesQuery(Shape):
    """On which day."""

    on = Day(
        load_default=_nothing,
        metadata={"description": "Only those that hold on this day; else all ever recorded."},
    )


class FilingRoutesAnswer(Shape):
    """Routes by district, kind and level, the newest first."""

    routes = Inner(FilingRouteAnswer, many=True)


def shaped_route(route: FilingRoute) -> dict[str, Any]:
    """Shape a route."""
    return {name: getattr(route, name) for name in FilingRouteAnswer().fields}
