"""What an entry says, rebuilt from its row and the rows that it names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.ledger.leaves import EntryBody, Pins, facts_digest
from creditbank.ledger.models import Act, Entry, Movement, PackPins, State
from creditbank.ledger.posting import pins_from_text
from creditbank.ledger.sources import sources_numbered


@dataclass(frozen=True, slots=True)
class Named:
    """What an entry names besides itself: leaves of acts and of its credit, facts, pack chain."""

    source: bytes
    target: bytes
    order: bytes
    #: canonical JSON of a credit's facts; empty for later movements
    facts: str
    pins: Pins


def body_of(entry: Entry, named: Named) -> EntryBody:
    """Rebuild what was hashed.

    Raises:
        ValueError: a movement or an account that no poster ever wrote.
    """
    return EntryBody(
        movement=Movement(entry.movement),
        scheme=entry.scheme,
        credited_year=entry.credited_year,
        subject=entry.subject,
        from_state=State(entry.from_state),
        to_state=State(entry.to_state),
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
