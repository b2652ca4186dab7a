"""What an entry says, rebuilt from its row and the rows that it names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.ledger.leaves import EntryBody, Pins, facts_digest
from creditbank.ledger.models import Act, Entry, Movement, PackPins, State
from creditbank.ledger.posting import pins_from_text
from creditbank.ledger.sources import sources_numbered


class EntryLine(NamedTuple):
    """An entry as its row says it, for whoever reads all of them: a mapped object weighs more."""

    person_id: int
    #: with the two behind it, what names a credit among a person's
    scheme: str
    occasion: str
    revision: int
    entry_id: int
    recorded_at: datetime
    act_id: int | None
    source_id: int
    pins_id: int
    centihours: int
    earned_on: date
    credited_year: int
    step: int
    subject: str
    from_state: str
    to_state: str
    movement: str
    reason: str
    leaf: bytes

    @property
    def credit_key(self) -> tuple[str, str, int]:
        """Name the credit that the entry is or acts on."""
        return self[1:4]


#: What to select for `EntryLine`, in its order.
LINE_COLUMNS = tuple(getattr(Entry, name) for name in EntryLine._fields)


@dataclass(frozen=True, slots=True)
class Named:
    """What an entry names besides itself: leaves of acts and of its credit, facts, pack chain."""

    source: bytes
    target: bytes
    order: bytes
    #: canonical JSON of a credit's facts; empty for later movements
    facts: str
    pins: Pins


def body_of(entry: Entry | EntryLine, named: Named) -> EntryBody:
    """Rebuild what was hashed.

    Raises:
        KeyError: a movement or an account that no poster ever wrote.
    """
    return EntryBody(
        movement=_MOVEMENTS[entry.movement],
        scheme=entry.scheme,
        credited_year=entry.credited_year,
        subject=entry.subject,
        from_state=_STATES[entry.from_state],
        to_state=_STATES[entry.to_state],
        centihours=entry.centihours,
        earned_on=entry.earned_on,
        recorded_at=entry.recorded_at,
        occasion=entry.occasion,
        revision=entry.revision,
        step=entry.step,
        source=named.source,
        target=named.target,
        order=named.order,
        reason=entry.reason,
        facts_digest=facts_digest(named.facts) if named.facts else b"",
        pins=named.pins,
    )


#: Quicker than calling the enum, once for each entry that there is.
_MOVEMENTS = {str(each): each for each in Movement}
_STATES = {str(each): each for each in State}


def bodies_of(
    session: Session, entries: Iterable[Entry], facts: Mapping[bytes, str]
) -> dict[bytes, EntryBody]:
    """Rebuild a person's entries, by leaf; every credit that another acts on must be among them.

    Args:
        session: any reading session.
        entries: all entries of a person in a scheme.
        facts: canonical JSON of each credit's facts, by the credit's leaf.
    """
    rows = list(entries)
    sources = sources_numbered(session, sorted({row.source_id for row in rows}))
    act_ids = {source.act_id for source in sources.values()}
    act_ids |= {row.act_id for row in rows if row.act_id is not None}
    acts = {
        act.act_id: act.leaf for act in session.scalars(select(Act).where(Act.act_id.in_(act_ids)))
    }
    chains = session.scalars(
        select(PackPins).where(PackPins.pins_id.in_({row.pins_id for row in rows}))
    )
    pins = {row.pins_id: pins_from_text(row.pins) for row in chains}
    credits = {_key(row): row.leaf for row in rows if row.movement == Movement.CREDIT}
    return {
        row.leaf: body_of(
            row,
            Named(
                source=acts[sources[row.source_id].act_id],
                target=b"" if row.movement == Movement.CREDIT else credits[_key(row)],
                order=acts[row.act_id] if row.act_id is not None else b"",
                facts=facts.get(row.leaf, ""),
                pins=pins[row.pins_id],
            ),
        )
        for row in rows
    }


def _key(entry: Entry) -> tuple[int, str, str, int]:
    return entry.person_id, entry.scheme, entry.occasion, entry.revision
