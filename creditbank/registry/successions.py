"""What became of organisations: closed, merged or split (注销、合并、分立), and who answers since.

A filing keeps the organisation that filed it; who answers for it now follows from the successions
that stand, one after another. So whatever is taken back is as if it had never been.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from creditbank.registry.facts import Ground, Says
from creditbank.registry.models import Filing, SuccessionPart, SuccessionStatement


class How(StrEnum):
    """What becomes of an organisation."""

    #: 注销
    CLOSED = "closed"
    #: 合并, into another or a new one
    MERGED = "merged"
    #: 分立, in which it may continue (派生分立) or end (新设分立)
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Part:
    """What a successor takes over: one filing, or with an empty number all that is left."""

    successor_id: int
    filing_no: str = ""


@dataclass(frozen=True, slots=True)
class Succession:
    """What becomes of an organisation from a day on; what was said of it later."""

    succession_no: str
    organisation_id: int
    how: How
    day: date
    #: it goes on beside its successors
    continues: bool
    parts: tuple[Part, ...]
    ground: Ground
    actor: str
    recorded_at: datetime
    taken_back: Ground | None = None

    def heir_of(self, filing_no: str) -> int | None:
        """Return who takes a filing over; None for nobody."""
        by_filing = {part.filing_no: part.successor_id for part in self.parts}
        return by_filing.get(filing_no, by_filing.get(""))


#: What stands, by the organisation of which it is said.
Graph = Mapping[int, Sequence[Succession]]


def holder_of(session: Session, filing: Filing, known_at: datetime | None = None) -> int | None:
    """Return the organisation that answers for a filing; None where the authority itself does.

    Args:
        session: to look it up.
        filing: which.
        known_at: as was known at this instant; None for now.
    """
    graph = _graph(session, [filing.organisation_id], known_at)
    return heir_in(graph, filing.organisation_id, filing.filing_no)


def successor_of(session: Session, organisation_id: int) -> int | None:
    """Return who has what no part names of an organisation: itself while it is; None for nobody."""
    return heir_in(_graph(session, [organisation_id]), organisation_id)


def heir_in(graph: Graph, organisation_id: int, filing_no: str = "") -> int | None:
    """Follow a filing, or what no part names, from an organisation to whoever has it now."""
    holder: int | None = organisation_id
    since = date.min
    while holder is not None:
        taken = _next(graph.get(holder, ()), filing_no, since)
        if taken is None:
            return holder
        holder, since = taken.heir_of(filing_no), taken.day
    return None


def held_by(session: Session, organisation_id: int) -> ColumnElement[bool]:
    """Match the filings for which an organisation answers: its own and those it took over."""
    before = _predecessors(session, organisation_id)
    graph = _graph(session, before)
    whole = [each for each in before if heir_in(graph, each) == organisation_id]
    named = {
        (each.organisation_id, part.filing_no)
        for some in graph.values()
        for each in some
        for part in each.parts
        if part.filing_no
    }
    if not named:
        return Filing.organisation_id.in_(whole)
    numbers = {number for _, number in named}
    query = select(Filing.filing_no, Filing.organisation_id).where(Filing.filing_no.in_(numbers))
    mine = [
        number
        for number, filed_by in session.execute(query)
        if heir_in(_graph(session, [filed_by]), filed_by, number) == organisation_id
    ]
    return or_(
        and_(Filing.organisation_id.in_(whole), Filing.filing_no.not_in(numbers)),
        Filing.filing_no.in_(mine),
    )


def succeeded_by(session: Session, organisation_id: int) -> list[int]:
    """Return the organisations of which one has what no part names: itself, and those before it."""
    before = _predecessors(session, organisation_id)
    graph = _graph(session, before)
    return [each for each in before if heir_in(graph, each) == organisation_id]


def predecessors_on(session: Session, organisation_id: int, day: date) -> tuple[int, ...]:
    """Return the organisations that had become part of one by a day, those before them included.

    What was counted by the year for each of them is counted together from then on. A part that was
    split off brings no counts along.
    """
    found: list[int] = []
    frontier = [organisation_id]
    while frontier:
        merged = [
            each.organisation_id
            for each in _into(session, frontier)
            if each.how is How.MERGED and each.day <= day
        ]
        frontier = [each for each in merged if each not in found]
        found += frontier
    return tuple(found)


def ending_of(
    session: Session, organisation_id: int, known_at: datetime | None = None
) -> Succession | None:
    """Return that by which an organisation ended; None while there is none."""
    said = successions_of(session, [organisation_id], known_at)[organisation_id]
    return next((each for each in said if each.taken_back is None and not each.continues), None)


def successions_into(session: Session, organisation_id: int) -> tuple[Succession, ...]:
    """Return what stands and names an organisation as a successor, the oldest first."""
    return tuple(sorted(_into(session, [organisation_id]), key=lambda each: each.day))


def successions_of(
    session: Session, organisation_ids: Iterable[int], known_at: datetime | None = None
) -> dict[int, list[Succession]]:
    """Return all that was said to become of organisations, taken back or not, by day."""
    ids = list(organisation_ids)
    rows: dict[str, list[SuccessionStatement]] = {}
    query = select(SuccessionStatement).where(SuccessionStatement.organisation_id.in_(ids))
    for row in session.scalars(query.order_by(SuccessionStatement.sequence)):
        if known_at is None or row.recorded_at <= known_at:
            rows.setdefault(row.succession_no, []).append(row)
    parts: dict[str, list[Part]] = {each: [] for each in rows}
    if rows:
        found = select(SuccessionPart).where(SuccessionPart.succession_no.in_(rows))
        for part in session.scalars(
            found.order_by(SuccessionPart.successor_id, SuccessionPart.filing_no)
        ):
            parts[part.succession_no].append(Part(part.successor_id, part.filing_no))
    said: dict[int, list[Succession]] = {each: [] for each in ids}
    for number, statements in rows.items():
        made = _folded(statements, tuple(parts[number]))
        said[made.organisation_id].append(made)
    for some in said.values():
        some.sort(key=lambda each: (each.day, each.recorded_at))
    return said


def _folded(statements: Sequence[SuccessionStatement], parts: tuple[Part, ...]) -> Succession:
    first = statements[0]
    back = next((each for each in statements if each.says == Says.NOT_SO), None)
    return Succession(
        first.succession_no, first.organisation_id, How(first.how), first.day, first.continues,
        parts, _ground(first), first.actor, first.recorded_at, _ground(back) if back else None,
    )  # fmt: skip


def _ground(row: SuccessionStatement) -> Ground:
    return Ground(row.document_no, row.document_day, row.reason)


def _next(stands: Sequence[Succession], filing_no: str, since: date) -> Succession | None:
    """Return the first succession that takes a filing from its holder, or ends the holder."""
    for each in stands:
        if each.day > since and (not each.continues or each.heir_of(filing_no) is not None):
            return each
    return None


def _graph(session: Session, ids: Iterable[int], known_at: datetime | None = None) -> Graph:
    """Return what stands of organisations and of whoever came after them."""
    graph: dict[int, list[Succession]] = {}
    frontier = set(ids)
    while frontier:
        said = successions_of(session, frontier, known_at)
        for each, some in said.items():
            graph[each] = [one for one in some if one.taken_back is None]
        heirs = {
            part.successor_id for each in frontier for one in graph[each] for part in one.parts
        }
        frontier = heirs - graph.keys()
    return graph


def _into(session: Session, ids: Sequence[int]) -> list[Succession]:
    query = (
        select(SuccessionStatement.organisation_id)
        .join(SuccessionPart, SuccessionPart.succession_no == SuccessionStatement.succession_no)
        .where(SuccessionPart.successor_id.in_(ids))
    )
    said = successions_of(session, set(session.scalars(query)))
    return [
        each
        for some in said.values()
        for each in some
        if each.taken_back is None and any(part.successor_id in ids for part in each.parts)
    ]


def _predecessors(session: Session, organisation_id: int) -> list[int]:
    """Return an organisation and all from which anything may have come to it."""
    found = [organisation_id]
    frontier = [organisation_id]
    while frontier:
        before = {each.organisation_id for each in _into(session, frontier)}
        frontier = sorted(before - set(found))
        found += frontier
    return found
