"""Which office decides a filing: dated routes by district, kind and level, recorded by officials.

The nearest district wins, then a kind over every kind, then a level over every level. A route is
recorded before its first day, or on it while nothing that it reaches was filed that day, and ended
today at the earliest: who decides what was filed never changes. Without a route the filing's own
region decides, and those above it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ids import (
    checked_jurisdiction,
    jurisdiction_contains,
    places_above,
    random_number,
)
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.facts import Ground
from creditbank.registry.filing.kinds import LEVEL_FACTS, FilingKind
from creditbank.registry.lookups import within_jurisdiction
from creditbank.registry.models import Filing, FilingRoute

RECORDED, ENDED = "filing-route.recorded", "filing-route.ended"


class FilingRouteUnknownError(CreditBankError):
    """There is no route of this number, or it does not reach the asker."""

    code = "filing-route-unknown"
    status = 404


class FilingRouteDayError(CreditBankError):
    """A route would begin, or end, on a day for which it is settled who decides."""

    code = "filing-route-day"
    status = 422


class FilingRouteLevelError(CreditBankError):
    """A level is stated of a kind of filing that has none."""

    code = "filing-route-level"
    status = 422


class FilingRouteTakenError(CreditBankError):
    """Another route says who decides the same filings on one of these days."""

    code = "filing-route-taken"
    status = 409


class FilingRouteEndedError(CreditBankError):
    """The route has its last day already."""

    code = "filing-route-ended"
    status = 409


@dataclass(frozen=True, slots=True)
class RouteDraft:
    """A route about to be recorded; an empty kind or level is every one."""

    district: str
    office: str
    valid_from: date
    ground: Ground
    kind: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Routed:
    """Who decides a filing, and by which route; by none its own region."""

    office: str
    route_no: str | None = None

    def columns(self) -> dict[str, str | None]:
        """Return the columns of a filing that is submitted so; no office above has it yet."""
        return {
            "deciding_office": self.office, "route_no": self.route_no, "escalated_to": None
        }  # fmt: skip

    def said(self) -> dict[str, Canonical]:
        """Return what an act of a submission says of it: nothing where there is no route."""
        if self.route_no is None:
            return {}
        return {"deciding_office": self.office, "route": self.route_no}


def region_over(district: str, office: str) -> str:
    """Return the nearest region that has both in it: its officials say who decides.

    Raises:
        JurisdictionInvalidError: one of them has another form than a jurisdiction's.
    """
    checked_jurisdiction(office)
    above = places_above(checked_jurisdiction(district))
    return next(each for each in above if jurisdiction_contains(each, office))


def record_route(session: Session, draft: RouteDraft, *, actor: str, now: datetime) -> FilingRoute:
    """Record who decides filings from a day on.

    Raises:
        JurisdictionInvalidError: the district or the office is no jurisdiction.
        FilingRouteDayError: the day is past, or something that it reaches was filed today.
        FilingRouteLevelError: the kind has no levels.
        FilingRouteTakenError: another says so of the same filings.
    """
    region, today = region_over(draft.district, draft.office), civil_day(now)
    tomorrow = today + timedelta(days=1)
    if draft.valid_from < today or (draft.valid_from == today and _filed_on(session, draft, today)):
        raise _day_past(draft.valid_from, tomorrow)
    if draft.level and draft.kind not in LEVEL_FACTS:
        raise FilingRouteLevelError(kinds_words=[_kind_words(kind) for kind in LEVEL_FACTS])
    taken = _taken(session, draft)
    if taken is not None:
        raise FilingRouteTakenError(
            route_no=taken.route_no, office=taken.office, from_day=taken.valid_from.isoformat()
        )
    route_no = "U" + random_number(9)
    row = {
        "route_no": route_no, "district": draft.district, "kind": str(draft.kind),
        "level": str(draft.level), "office": draft.office, "valid_from": draft.valid_from,
        "document_no": draft.ground.document_no, "document_day": draft.ground.document_day,
        "reason": draft.ground.reason,
    }  # fmt: skip
    act = record_act(session, ActDraft(RECORDED, region, actor, route_no, said_of(row)), now=now)
    route = FilingRoute(**row, recorded_by=actor, recorded_at=now, act_id=act.act_id)
    session.add(route)
    # Of two that are recorded at once the database takes one: only one may be open.
    session.flush()
    return route


def end_route(
    session: Session, route_no: str, last_day: date, reason: str, *, actor: str, now: datetime
) -> FilingRoute:
    """Say on which day a route holds for the last time; before its first day, that it never does.

    Raises:
        FilingRouteUnknownError: there is no such route.
        FilingRouteEndedError: it has a last day.
        FilingRouteDayError: the day is past.
    """
    route = session.get(FilingRoute, route_no, with_for_update=True, populate_existing=True)
    if route is None:
        raise FilingRouteUnknownError(route_no=route_no[:20])
    if route.valid_through is not None:
        raise FilingRouteEndedError(route_no=route_no, through=route.valid_through.isoformat())
    if last_day < civil_day(now):
        raise _day_past(last_day, civil_day(now))
    details: dict[str, Canonical] = {"valid_through": last_day.isoformat(), "reason_text": reason}
    region = region_over(route.district, route.office)
    record_act(session, ActDraft(ENDED, region, actor, route_no, details), now=now)
    route.valid_through = last_day
    return route


def route_numbered(session: Session, route_no: str) -> FilingRoute:
    """Return a route.

    Raises:
        FilingRouteUnknownError: there is none of this number.
    """
    route = session.get(FilingRoute, route_no)
    if route is None:
        raise FilingRouteUnknownError(route_no=route_no[:20])
    return route


def routes_seen(
    session: Session, region: str, *, on: date | None = None, limit: int
) -> Sequence[FilingRoute]:
    """Return the routes that concern a region: of it, below or above it, or to an office in it.

    Args:
        session: any.
        region: whose.
        on: a day on which they hold; None for all that were ever recorded.
        limit: how many at most.
    """
    concerns = or_(
        FilingRoute.district.in_(places_above(region)),
        within_jurisdiction(FilingRoute.district, region),
        within_jurisdiction(FilingRoute.office, region),
    )
    query = select(FilingRoute).where(concerns)
    if on is not None:
        query = query.where(*_holds(on))
    ordered = query.order_by(
        FilingRoute.district, FilingRoute.kind, FilingRoute.level, FilingRoute.valid_from.desc(),
        FilingRoute.route_no,
    )  # fmt: skip
    return session.scalars(ordered.limit(limit)).all()


def routed(
    session: Session, jurisdiction: str, kind: str, facts: Mapping[str, str], day: date
) -> Routed:
    """Return who decides a filing that is submitted on a day.

    Args:
        session: any.
        jurisdiction: the filing's.
        kind: of the filing.
        facts: that it states; one of them may be its level.
        day: of the submission.
    """
    query = select(FilingRoute).where(
        FilingRoute.district.in_(places_above(jurisdiction)), *_holds(day)
    )
    level = facts.get(LEVEL_FACTS.get(FilingKind(kind), ""), "")
    route = _nearest(session.scalars(query), kind, level)
    return Routed(jurisdiction) if route is None else Routed(route.office, route.route_no)


def said_of(row: Mapping[str, Any]) -> dict[str, Canonical]:
    """Return what the act on a route says of it."""
    said: dict[str, Canonical] = {
        name: row[name] for name in ("district", "kind", "level", "office", "document_no")
    }
    days = {name: row[name].isoformat() for name in ("valid_from", "document_day")}
    return {**said, **days, "reason_text": row["reason"]}


def _nearest(routes: Iterable[FilingRoute], kind: str, level: str) -> FilingRoute | None:
    fitting = [
        each for each in routes if each.kind in {"", kind} and each.level in {"", level}
    ]  # fmt: skip

    def how_near(route: FilingRoute) -> tuple[int, bool, bool]:
        return len(places_above(route.district)), bool(route.kind), bool(route.level)

    return max(fitting, key=how_near, default=None)


def _holds(day: date) -> tuple[Any, Any]:
    through = FilingRoute.valid_through
    return FilingRoute.valid_from <= day, or_(through.is_(None), through >= day)


def _taken(session: Session, draft: RouteDraft) -> FilingRoute | None:
    """Return a route as near as this one on a day from its first on."""
    through = FilingRoute.valid_through
    query = select(FilingRoute).where(
        FilingRoute.district == draft.district, FilingRoute.kind == str(draft.kind),
        FilingRoute.level == str(draft.level),
        or_(
            through.is_(None),
            # What ended before it began holds on no day.
            (through >= draft.valid_from) & (through >= FilingRoute.valid_from),
        ),
    )  # fmt: skip
    return session.scalars(query.limit(1)).first()


def _filed_on(session: Session, draft: RouteDraft, day: date) -> bool:
    """Tell whether a filing that a route reaches was submitted on a day."""
    query = select(Filing.submitted_at).where(
        within_jurisdiction(Filing.jurisdiction, draft.district)
    )
    if draft.kind:
        query = query.where(Filing.kind == str(draft.kind))
    newest = session.scalar(query.order_by(Filing.submitted_at.desc()).limit(1))
    return newest is not None and civil_day(newest) >= day


def _day_past(found: date, wanted: date) -> FilingRouteDayError:
    return FilingRouteDayError(found=found.isoformat(), wanted=wanted.isoformat())


def _kind_words(kind: FilingKind) -> str:
    return f"filing-kind-{kind.replace('_', '-')}"
