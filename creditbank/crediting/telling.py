"""Telling movements: what each is for and from whom, why it is worth that, and where it stands."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.catalogue import Language
from creditbank.crediting.explanations import chain_of_entry, steps_of_credit, steps_of_move
from creditbank.crediting.fold import FactsKey, facts_key, facts_of
from creditbank.crediting.own import called, filings_named
from creditbank.ledger.logs import places_of_entries
from creditbank.ledger.models import ACCOUNTS_OF, Entry, Log, Movement, State
from creditbank.ledger.sources import sources_numbered
from creditbank.rules.caps import Cut
from creditbank.rules.conversion import Step
from creditbank.rules.explain import explain_step
from creditbank.rules.pack import PackChain


@dataclass(frozen=True, slots=True)
class Move:
    """One movement of hours; `worked_out_on` is the day as of which caps keep something else.

    No entry says what is worked out; `entry` is then the credit that it is on, and `cuts` what each
    cap holds of it.
    """

    entry: Entry
    movement: Movement
    centihours: int
    worked_out_on: date | None = None
    cuts: tuple[Cut, ...] = ()

    @property
    def gained_centihours(self) -> int:
        """What it adds to the hours that count; below zero for what it takes."""
        from_state, to_state = ACCOUNTS_OF[self.movement]
        return self.centihours * ((to_state == State.LIVE) - (from_state == State.LIVE))


@dataclass(frozen=True, slots=True)
class LineSource:
    """Where hours came from: kind and number of the source, its title and who gave them."""

    kind: str
    number: str
    title: str
    given_by: str
    #: what the hours are to the rules; empty for earlier records
    activity: str


@dataclass(frozen=True, slots=True)
class Line:
    """One movement as a statement tells it; `counted_centihours` is the total after it.

    `leaf` is empty of what was worked out; `origin` is empty, and `index` None, while it waits for
    its place in the log. `chain` has the names that the sentences of `steps` use.
    """

    recorded_at: datetime | None
    earned_on: date
    source: LineSource
    scheme: str
    year: int
    subject: str
    movement: str
    reason: str
    in_centihours: int
    out_centihours: int
    counted_centihours: int
    credit_leaf: str
    leaf: str
    origin: str
    index: int | None
    steps: tuple[Step, ...] = field(repr=False)
    chain: PackChain = field(repr=False)
    cuts: tuple[Cut, ...] = field(repr=False)

    @property
    def is_pending(self) -> bool:
        """Tell whether it was recorded and has no place in a log yet."""
        return bool(self.leaf) and self.index is None

    def said(self, language: Language) -> str:
        """Say why it is what it is, in one paragraph."""
        sentences = (explain_step(step, language, self.chain).text for step in self.steps)
        return ("" if language == "zh" else " ").join(sentences)


def moves_of(entries: Iterable[Entry]) -> list[Move]:
    """Return posted entries as movements."""
    return [Move(entry, Movement(entry.movement), entry.centihours) for entry in entries]


def tell(
    session: Session, moves: Sequence[tuple[Move, int]], credits: Mapping[FactsKey, bytes]
) -> list[Line]:
    """Tell movements, each given with the total after it.

    Args:
        session: any reading session.
        moves: in the order of the lines.
        credits: leaves of credits by `facts_key`, at least those that the moves are on.
    """
    entries = [move.entry for move, _ in moves]
    rows = facts_of(session, entries)
    facts = {key: json.loads(row.facts) for key, row in rows.items()}
    sources, teller = _sources(session, entries, facts), _Teller(session)
    places = places_of_entries(session, [m.entry for m, _ in moves if not m.worked_out_on])
    origins = {log.log_id: log.origin for log in session.scalars(select(Log))}
    lines = []
    for move, counted_centihours in moves:
        entry, gained = move.entry, move.gained_centihours
        place = None if move.worked_out_on else places.get(entry.leaf)
        steps, chain = teller.steps(move, facts[facts_key(entry)])
        lines.append(
            Line(
                recorded_at=None if move.worked_out_on else entry.recorded_at,
                earned_on=entry.earned_on,
                source=sources[facts_key(entry)],
                scheme=entry.scheme,
                year=entry.credited_year,
                subject=entry.subject,
                movement=str(move.movement),
                reason="" if move.worked_out_on else entry.reason,
                in_centihours=max(0, gained),
                out_centihours=max(0, -gained),
                counted_centihours=counted_centihours,
                credit_leaf=credits[facts_key(entry)].hex(),
                leaf="" if move.worked_out_on else entry.leaf.hex(),
                origin=origins[place.log_id] if place else "",
                index=place.index if place else None,
                steps=steps,
                chain=chain,
                cuts=move.cuts,
            )
        )
    return lines


def sources_told(session: Session, entries: Sequence[Entry]) -> list[LineSource]:
    """Return the sources behind entries, each once, by number."""
    one_of_each = list({entry.source_id: entry for entry in entries}.values())
    rows = facts_of(session, one_of_each)
    facts = {facts_key(entry): json.loads(rows[facts_key(entry)].facts) for entry in one_of_each}
    return sorted(_sources(session, one_of_each, facts).values(), key=lambda each: each.number)


def _sources(
    session: Session, entries: Sequence[Entry], facts: Mapping[FactsKey, Mapping[str, Any]]
) -> dict[FactsKey, LineSource]:
    numbers = sources_numbered(session, sorted({entry.source_id for entry in entries}))
    filings = filings_named(session, facts.values())
    found = {}
    for entry in entries:
        said = facts[facts_key(entry)]
        title, given_by = called(said, filings)
        found[facts_key(entry)] = LineSource(
            str(said["kind"]), numbers[entry.source_id].source_no, title, given_by,
            str(said.get("activity", "")),
        )  # fmt: skip
    return found


class _Teller:
    """Explains movements; the law behind many of them is read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._chains: dict[tuple[int, datetime], PackChain] = {}

    def steps(self, move: Move, facts: Mapping[str, Any]) -> tuple[tuple[Step, ...], PackChain]:
        entry = move.entry
        key = (entry.pins_id, entry.recorded_at)
        if key not in self._chains:
            self._chains[key] = chain_of_entry(self._session, entry)
        chain = self._chains[key]
        if move.worked_out_on is not None:
            said: dict[str, str | int] = {
                "day": move.worked_out_on.isoformat(), "centihours": move.centihours,
            }  # fmt: skip
            return (Step(f"explain-as-of-{move.movement}", said, None),), chain
        if move.movement == Movement.CREDIT:
            return tuple(steps_of_credit(facts, chain)), chain
        return tuple(steps_of_move(entry, chain)), chain
