"""Gathering: everything sealed that a person holds in a scheme, read in one snapshot.

Only sealed entries count; what is recorded and not yet sealed is told apart as pending.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditbank.crediting.fold import FactsKey, earned_as, facts_key, facts_of, live_fact
from creditbank.ledger.logs import Head, heads_at, sealed_by
from creditbank.ledger.models import (
    CreditFacts,
    Entry,
    Movement,
    PackPins,
    Seal,
    Source,
    SourceKind,
)
from creditbank.ledger.posting import CreditState, credit_states, pins_from_text
from creditbank.ledger.sources import sources_numbered
from creditbank.registry.lawbook import pack_pinned
from creditbank.rules.caps import Cut, fold
from creditbank.rules.pack import Pack, PackChain, Value, distinct
from creditbank.rules.requirement import Credited


@dataclass(frozen=True, slots=True)
class CreditedYear:
    """Hours of one year and subject, in centihours; `counted` includes `migrated`, not `frozen`."""

    year: int
    subject: str
    counted_centihours: int
    capped_centihours: int
    migrated_centihours: int
    frozen_centihours: int = 0


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """A credit of which caps over the hours earned by a day hold otherwise than was posted.

    They hold `more_centihours` more, below zero where they hold less; `cuts` are all that each
    holds then.
    """

    credit: Entry
    more_centihours: int
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """A person's sealed record in a scheme, and the logs' heads that cover it.

    As of a day, it is what was earned by then, and `worked_out` what no entry says of it.
    """

    entries: tuple[Entry, ...]
    facts: Mapping[FactsKey, CreditFacts]
    credited: tuple[CreditedYear, ...]
    cuts: tuple[Cut, ...]
    #: rule values by which the live hours came about
    values: tuple[Value, ...]
    heads: tuple[Head, ...]
    pending_entries: int
    worked_out: tuple[WorkedOut, ...] = ()

    def facts_of(self, entry: Entry) -> str:
        """Return the facts of a credit as canonical JSON; empty for later movements."""
        row = self.facts.get(facts_key(entry)) if entry.movement == Movement.CREDIT else None
        return row.facts if row is not None else ""

    def to_weigh(self) -> list[Credited]:
        """Return the credited hours as the rules weigh them."""
        return [
            Credited(
                row.year,
                row.subject,
                row.counted_centihours,
                row.migrated_centihours,
                row.capped_centihours,
            )
            for row in self.credited
        ]


def gather(
    session: Session, people: Sequence[int], law: PackChain, seal: Seal | None,
    as_of: date | None = None,
) -> Gathered:  # fmt: skip
    """Read what the linked keys of one person hold, as of one round of the sealer.

    With `as_of`, only what was earned on or before that day, by caps over just these hours.
    """
    mine = select(Entry).where(Entry.person_id.in_(people), Entry.scheme == law.scheme)
    if as_of is not None:
        mine = mine.where(Entry.earned_on <= as_of)
    sealed = sealed_by(seal)
    entries = session.scalars(mine.where(sealed).order_by(Entry.leaf)).all()
    pending = session.scalar(select(func.count()).select_from(mine.where(~sealed).subquery()))
    sources = sources_numbered(session, sorted({entry.source_id for entry in entries}))
    states = credit_states(entries)
    standing = [state for state in states if not state.reversed]
    live = [state for state in standing if state.is_live]
    facts = facts_of(session, [state.credit for state in states])
    migrated = {state.credit.leaf for state in live if _is_migrated(state, sources, facts)}
    cuts = cuts_by_occasion(live, facts, law)
    worked_out = () if as_of is None else tuple(_worked_out(live, cuts))
    jurisdictions = sorted({row.jurisdiction for row in sources.values()} or {law.jurisdiction})
    return Gathered(
        entries=tuple(entries),
        facts=facts,
        credited=_by_year(standing, migrated, worked_out),
        cuts=tuple(chain.from_iterable(cuts.values())),
        values=values_behind(session, live, facts),
        heads=tuple(head for each in jurisdictions for head in heads_at(session, seal, each)),
        pending_entries=pending or 0,
        worked_out=worked_out,
    )


def _is_migrated(
    state: CreditState, sources: Mapping[int, Source], facts: Mapping[FactsKey, CreditFacts]
) -> bool:
    """Tell whether hours are from before the bank, in this scheme or in the one they came from."""
    kind = sources[state.credit.source_id].kind
    if kind == SourceKind.RECOGNISED:
        kind = earned_as(facts[facts_key(state.credit)].facts)
    return kind == SourceKind.IMPORT


def _worked_out(
    live: Iterable[CreditState], cuts: Mapping[str, tuple[Cut, ...]]
) -> Iterator[WorkedOut]:
    for state in live:
        mine = cuts[state.credit.occasion]
        more = sum(cut.centihours for cut in mine) - state.capped_centihours
        if more:
            yield WorkedOut(state.credit, more, mine)


def _by_year(
    states: Iterable[CreditState], migrated: set[bytes], worked_out: Iterable[WorkedOut]
) -> tuple[CreditedYear, ...]:
    sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    otherwise = {each.credit.leaf: each.more_centihours for each in worked_out}
    for state in states:
        more = otherwise.get(state.credit.leaf, 0)
        row = sums[state.credit.credited_year, state.credit.subject]
        row[0] += state.live_centihours - more
        row[1] += state.capped_centihours + more
        row[2] += state.live_centihours - more if state.credit.leaf in migrated else 0
        row[3] += state.frozen_centihours
    return tuple(
        CreditedYear(year, subject, *sums[year, subject]) for year, subject in sorted(sums)
    )


def cuts_by_occasion(
    states: Sequence[CreditState], facts: Mapping[FactsKey, CreditFacts], law: PackChain
) -> Mapping[str, tuple[Cut, ...]]:
    """Return what caps do not let count of each live credit; given all, since caps reach across."""
    folded = fold([live_fact(s.credit, facts[facts_key(s.credit)].facts) for s in states], law)
    return {key: occasion.cuts for key, occasion in folded.occasions.items()}


def _facts(facts: Mapping[FactsKey, CreditFacts], state: CreditState) -> dict[str, object]:
    found: dict[str, object] = json.loads(facts[facts_key(state.credit)].facts)
    return found


def values_behind(
    session: Session, states: Iterable[CreditState], facts: Mapping[FactsKey, CreditFacts]
) -> tuple[Value, ...]:
    """Find each rule value that the traces name, in the pack versions that the entries pin.

    Args:
        session: the snapshot of the entries.
        states: live credits.
        facts: at least theirs.
    """
    named: dict[tuple[int, str, str, str], None] = {}
    for state in states:
        trace = _facts(facts, state).get("trace", [])
        assert isinstance(trace, list), "crediting writes the trace as a list"
        for line in trace:
            if "key" in line:
                key = (state.credit.pins_id, line["scheme"], line["key"], line["from"])
                named[key] = None
    packs = _packs_pinned(session, {pins_id for pins_id, *_ in named})
    found = (
        value
        for pins_id, scheme, key, from_ in named
        for value in packs[pins_id][scheme].values.get(key, ())
        if value.from_.isoformat() == from_
    )
    return distinct(found)


def _packs_pinned(session: Session, pins_ids: set[int]) -> dict[int, dict[str, Pack]]:
    rows = session.scalars(select(PackPins).where(PackPins.pins_id.in_(pins_ids)))
    packs: dict[int, dict[str, Pack]] = {}
    for row in rows:
        packs[row.pins_id] = {}
        for pack_id, version, _digest in pins_from_text(row.pins):
            pack = pack_pinned(session, str(pack_id), int(version))
            assert pack is not None, "entries pin published versions only"
            packs[row.pins_id][pack.id] = pack
    return packs
