"""Sources of hours: what an official act allows to be issued, and how much of it is taken.

The use of a source is the one mutable row of the ledger. A poster locks it first, then the people
it credits, always in that order, and takes once per batch by a conditional update (law 3).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import CursorResult, insert, select, update
from sqlalchemy.orm import Session

from creditbank.canonical import canonical_text
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import details_of
from creditbank.ledger.leaves import Pins
from creditbank.ledger.models import Act, PackPins, Source, SourceKind, SourceUse

#: The kind of an act that gives its subject, a source, other bounds from then on. The row of a
#: source never changes: its bounds are those of the newest such act, else those of its opening.
AMENDING = "filing.amended"
#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000


class SourceUnknownError(CreditBankError):
    """No official act has opened a source under this number."""

    code = "source-unknown"
    status = 409


class AllowanceExceededError(CreditBankError):
    """More people or hours than the source's official act allows."""

    code = "allowance-exceeded"
    status = 409


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a source may issue: people (None where places are open) and centihours to one person."""

    people_max: int | None
    person_centihours_max: int

    @property
    def centihours_max(self) -> int | None:
        """The product: never more than this altogether."""
        if self.people_max is None:
            return None
        return self.people_max * self.person_centihours_max


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a source may issue now: people, centihours to one person and in all; None is open."""

    people_max: int | None
    person_centihours_max: int
    centihours_max: int | None


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """A source about to be opened by the act `act_id`."""

    source_no: str
    kind: SourceKind
    jurisdiction: str
    scheme: str
    bounds: Bounds
    act_id: int
    #: an import states its exact total instead of the product
    centihours_max: int | None = None


@dataclass(frozen=True, slots=True)
class Taking:
    """How a batch changes what is taken of a source; negative when hours are given back."""

    people: int
    centihours: int


def source_bounds_details(draft_bounds: Bounds, centihours_max: int | None) -> dict[str, int | str]:
    """Return the bounds as they stand in the opening act's details, where fsck compares them."""
    return {
        "people_max": "open" if draft_bounds.people_max is None else draft_bounds.people_max,
        "person_centihours_max": draft_bounds.person_centihours_max,
        "centihours_max": "open" if centihours_max is None else centihours_max,
    }


def allowances(session: Session, sources: Collection[Source]) -> dict[int, Allowance]:
    """Return what sources may issue now, by their ids."""
    named = {source.source_no: source.source_id for source in sources}
    found = {
        source.source_id: Allowance(
            source.people_max, source.person_centihours_max, source.centihours_max
        )
        for source in sources
    }
    numbers = sorted(named)
    for start in range(0, len(numbers), _CHUNK):
        mine = Act.subject.in_(numbers[start : start + _CHUNK])
        query = select(Act).where(mine, Act.kind == AMENDING).order_by(Act.act_id)
        said = [(named[act.subject], allowance_said(act)) for act in session.scalars(query)]
        found |= {source_id: stated for source_id, stated in said if stated is not None}
    return found


def allowance_of(session: Session, source: Source) -> Allowance:
    """Return what a source may issue now; call it once the source is locked."""
    return allowances(session, [source])[source.source_id]


def allowance_said(act: Act) -> Allowance | None:
    """Return the bounds that an act states; None where its details are no such thing any more."""
    said = details_of(act)
    people, person = said.get("people_max"), said.get("person_centihours_max")
    if not isinstance(person, int) or not (isinstance(people, int) or people == "open"):
        return None
    bounds = Bounds(people if isinstance(people, int) else None, person)
    return Allowance(bounds.people_max, person, bounds.centihours_max)


def open_source(session: Session, draft: SourceDraft) -> int:
    """Open a source and its zero use; return its id."""
    total = draft.centihours_max or draft.bounds.centihours_max
    row = {
        "source_no": draft.source_no,
        "kind": str(draft.kind),
        "jurisdiction": draft.jurisdiction,
        "scheme": draft.scheme,
        "people_max": draft.bounds.people_max,
        "person_centihours_max": draft.bounds.person_centihours_max,
        "centihours_max": total,
        "act_id": draft.act_id,
    }
    source_id = session.scalars(insert(Source).returning(Source.source_id), [row]).one()
    session.execute(insert(SourceUse), [{"source_id": source_id, "people": 0, "centihours": 0}])
    return source_id


def lock_source(session: Session, source_no: str) -> tuple[Source, SourceUse]:
    """Lock a source's use for this transaction and return both rows as they now stand.

    Raises:
        SourceUnknownError: nobody opened such a source.
    """
    source = session.scalar(select(Source).where(Source.source_no == source_no))
    if source is None:
        raise SourceUnknownError(source_no=source_no)
    use = session.scalars(
        select(SourceUse)
        .where(SourceUse.source_id == source.source_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    return source, use


def take(session: Session, source: Source, taking: Taking) -> None:
    """Take from a source, or give back, in one conditional update: never beyond its bounds.

    Raises:
        AllowanceExceededError: the database itself found the bound passed; nothing was taken.
    """
    allowed = allowance_of(session, source)
    statement = (
        update(SourceUse)
        .where(SourceUse.source_id == source.source_id)
        .values(
            people=SourceUse.people + taking.people,
            centihours=SourceUse.centihours + taking.centihours,
        )
        .execution_options(synchronize_session=False)
    )
    if allowed.people_max is not None:
        statement = statement.where(SourceUse.people + taking.people <= allowed.people_max)
    if allowed.centihours_max is not None:
        taken = SourceUse.centihours + taking.centihours
        statement = statement.where(taken <= allowed.centihours_max)
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise AllowanceExceededError(
            source_no=source.source_no,
            people=taking.people,
            people_max=allowed.people_max,
            centihours=taking.centihours,
            centihours_max=allowed.centihours_max,
        )


def register_pins(session: Session, pins: Pins) -> None:
    """Add a pack chain that entries may name from now on; publishing a pack calls this."""
    text = canonical_text(pins)
    if session.scalar(select(PackPins.pins_id).where(PackPins.pins == text)) is None:
        session.execute(insert(PackPins), [{"pins": text}])


def pins_id_of(session: Session, pins: Pins) -> int:
    """Return the row of a registered pack chain."""
    return session.scalars(
        select(PackPins.pins_id).where(PackPins.pins == canonical_text(pins))
    ).one()


def sources_numbered(session: Session, source_ids: Sequence[int]) -> dict[int, Source]:
    """Return sources by their ids."""
    rows = session.scalars(select(Source).where(Source.source_id.in_(source_ids)))
    return {source.source_id: source for source in rows}
