"""What `ledger fsck` checks of routes of filings: each says what the acts on it say, and so does
each filing of who decides it.

A filing that was routed by force would be decided by an office that no official named.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.registry.filing.due import OVERDUE
from creditbank.registry.filing.routes import ENDED, RECORDED, region_over, said_of
from creditbank.registry.fsck import said_by
from creditbank.registry.models import Filing, FilingRoute

_CODE = "fsck-filing-route"
_SUBMISSIONS = ("filing.submitted", "filing.resubmitted")
#: Filings whose acts are read at once.
_CHUNK = 500


def check_filing_routes(session: Session) -> Iterator[Disagreement]:
    """Check routes, and the offices of filings, against the acts on them.

    Args:
        session: a snapshot.

    Yields:
        Each disagreement, by table and number.
    """
    readable = True
    for unreadable in unreadable_rows(session, ("filing_route",)):
        readable = False
        yield unreadable
    if not readable:
        return
    acts: dict[str, dict[str, Act]] = defaultdict(dict)
    for act in session.scalars(select(Act).where(Act.kind.in_((RECORDED, ENDED)))):
        acts[act.subject][act.kind] = act
    routes = {each.route_no: each for each in session.scalars(select(FilingRoute))}
    for number, route in sorted(routes.items()):
        if not _route_agrees(route, acts[number]):
            yield Disagreement(_CODE, "filing_route", number)
    for number in sorted(acts.keys() - routes.keys()):
        yield Disagreement(_CODE, "journal_act", number)
    query = select(Filing).order_by(Filing.filing_no)
    for chunk in session.scalars(query).partitions(_CHUNK):
        told = _told(session, [each.filing_no for each in chunk])
        for each in chunk:
            stands = (each.deciding_office, each.route_no, each.escalated_to)
            if stands != _routed(each.jurisdiction, told[each.filing_no]):
                yield Disagreement(_CODE, "filing", each.filing_no)


def _route_agrees(route: FilingRoute, acts: Mapping[str, Act]) -> bool:
    recorded, ended = acts.get(RECORDED), acts.get(ENDED)
    if recorded is None:
        return False
    made = (recorded.act_id, recorded.actor, recorded.recorded_at, recorded.jurisdiction)
    through = None if ended is None else said_by(ended.details).get("valid_through")
    return (
        dict(said_by(recorded.details)) == said_of(vars(route))
        and made == (
            route.act_id, route.recorded_by, route.recorded_at,
            region_over(route.district, route.office),
        )
        and (route.valid_through and route.valid_through.isoformat()) == through
    )  # fmt: skip


def _told(
    session: Session, numbers: Sequence[str]
) -> Mapping[str, list[tuple[str, Mapping[str, Any]]]]:
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    query = select(Act.subject, Act.kind, Act.details).where(
        Act.subject.in_(numbers), Act.kind.in_((*_SUBMISSIONS, OVERDUE))
    )
    for filing_no, kind, details in session.execute(query.order_by(Act.act_id)):
        found[filing_no].append((kind, said_by(details)))
    return found


def _routed(
    jurisdiction: str, told: Sequence[tuple[str, Mapping[str, Any]]]
) -> tuple[str, str | None, str | None]:
    """Return the office, the route and the office above that the acts on a filing come to."""
    office, route, above = jurisdiction, None, None
    for kind, said in told:
        if kind in _SUBMISSIONS:
            office, route = said.get("deciding_office", jurisdiction), said.get("route")
            above = None
        elif route is not None:
            above = said.get("told")
    return office, route, above
