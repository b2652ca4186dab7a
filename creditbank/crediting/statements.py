"""Statements (对账单): every movement of hours, line by line, from an opening balance to a closing.

Lines stand in the order in which they were recorded; what caps of an earlier day keep otherwise
comes last. The closing balance is what `balances.held_at` says for the same times.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import accumulate

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.crediting.attendances import known_people
from creditbank.crediting.balances import (
    ANY_TIME,
    Record,
    Times,
    as_recorded,
    known_by,
    known_entries,
    record_at,
)
from creditbank.crediting.carried import NOTHING_CARRIED, CarriedOver, carried_over
from creditbank.crediting.fold import facts_key
from creditbank.crediting.telling import Line, LineSource, Move, moves_of, sources_told, tell
from creditbank.ledger.models import Entry, Movement, Source
from creditbank.ledger.sources import sources_numbered
from creditbank.people.vault import Vault
from creditbank.registry.models import Filing

WHOLE = slice(None)


@dataclass(frozen=True, slots=True)
class StatementAsk:
    """Which movements of one scheme: earned from a day on, of a credited year, of one source.

    The last day is `times.as_of`: hours earned later neither stand here nor bear on caps. Movements
    on hours earned before `from_` make up the opening balance.
    """

    scheme: str
    times: Times = ANY_TIME
    from_: date | None = None
    year: int | None = None
    source_no: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """Lines between two balances, in centihours that count; `count` is of all lines there are.

    `known_at` is the checkpoint that was resolved to; None where none was asked for or signed.
    """

    ask: StatementAsk
    known_at: datetime | None
    opening_centihours: int
    in_centihours: int
    out_centihours: int
    lines: tuple[Line, ...]
    count: int
    #: credited years of all lines, the newest first
    years: tuple[int, ...]
    #: what was worked out beside the lines, of one person's whole record only
    carried: CarriedOver = NOTHING_CARRIED

    @property
    def closing_centihours(self) -> int:
        """What counts after the last line."""
        return self.opening_centihours + self.in_centihours - self.out_centihours


@dataclass(frozen=True, slots=True)
class SourceTotal:
    """What moved under one source between two balances, in centihours that count."""

    source: LineSource
    scheme: str
    opening_centihours: int
    in_centihours: int
    out_centihours: int
    #: movements, and whose they are
    count: int
    people: int

    @property
    def closing_centihours(self) -> int:
        """What counts of the source after the last line."""
        return self.opening_centihours + self.in_centihours - self.out_centihours


@dataclass(frozen=True, slots=True)
class Holders:
    """Whose lines stand in a statement of sources: name and last four, by credit in hex.

    `totals` are by source, over all lines there are.
    """

    statement: Statement
    people: Mapping[str, tuple[str, str]]
    totals: tuple[SourceTotal, ...]


def statement_of(
    session: Session, people: Sequence[int], ask: StatementAsk, shown: slice = WHOLE
) -> Statement:
    """State the hours of one person, over all linked keys; only some lines are told if asked.

    Raises:
        PackMissingError, PackDraftError: caps are to be folded again, and there is no law for it.
    """
    record = record_at(session, people, ask.scheme, ask.times)
    moves = [*moves_of(record.entries), *_worked_out(record, ask.times.as_of)]
    return _stated(session, _taken(session, moves, ask), ask, record.known_at, shown)


def with_carried(
    session: Session, people: Sequence[int], statement: Statement, today: date
) -> Statement:
    """Tell beside a person's statement what is carried over; of one source there is nothing."""
    ask = statement.ask
    if ask.source_no:
        return statement
    found = carried_over(session, people, ask.scheme, ask.times, today)
    years = tuple(each for each in found.years if ask.year in (None, each.year))
    return replace(statement, carried=replace(found, years=years))


def sources_of(session: Session, people: Sequence[int], scheme: str) -> list[LineSource]:
    """Return every source from which a person ever had hours in a scheme."""
    entries, _ = known_entries(session, people, scheme, None)
    return sources_told(session, entries)


def statement_of_filings(
    session: Session, vault: Vault, filing_nos: Sequence[str], ask: StatementAsk,
    shown: slice = WHOLE,
) -> Holders:  # fmt: skip
    """State what was credited under some filings to anybody, by name and last four.

    No scheme asked for is every scheme. Hours of other sources are not told.
    Caps stay as they were posted, on whatever day: they reach over hours of other sources, which
    are nobody's to see here.
    """
    # By whoever attended: entries are kept by person, and a source alone would read all of them.
    attended = select(Attendance.person_id).where(Attendance.filing_no.in_(filing_nos))
    query = select(Entry).join(Source, Source.source_id == Entry.source_id)
    query = query.where(Entry.person_id.in_(attended), Source.source_no.in_(filing_nos))
    if ask.scheme:
        query = query.where(Entry.scheme == ask.scheme)
    condition, known_at = known_by(session, ask.times.known_at)
    entries = sorted(session.scalars(query.where(condition)), key=as_recorded)
    last_day = ask.times.as_of
    moves = [
        move for move in moves_of(entries) if last_day is None or move.entry.earned_on <= last_day
    ]
    taken = _taken(session, moves, ask)
    statement = _stated(session, taken, ask, known_at, shown)
    told = {line.credit_leaf for line in statement.lines}
    holders = {entry.leaf.hex(): entry.person_id for entry in entries}
    known = known_people(session, vault, sorted({holders[leaf] for leaf in told}))
    whose = {leaf: known[holders[leaf]] for leaf in told}
    return Holders(statement, whose, tuple(_totals(session, taken, ask)))


def statement_of_provider(
    session: Session, vault: Vault, organisation_id: int, ask: StatementAsk, shown: slice = WHOLE
) -> Holders:
    """State what was credited under all filings of an organisation, with totals by filing."""
    filings = select(Filing.filing_no).where(Filing.organisation_id == organisation_id)
    return statement_of_filings(session, vault, session.scalars(filings).all(), ask, shown)


def _totals(session: Session, moves: Sequence[Move], ask: StatementAsk) -> Iterator[SourceTotal]:
    """Yield what moved under each source, by its number."""
    sources = sources_numbered(session, sorted({move.entry.source_id for move in moves}))
    by_source: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        by_source[sources[move.entry.source_id].source_no].append(move)
    for source in sources_told(session, [move.entry for move in moves]):
        mine = by_source[source.number]
        within = [move for move in mine if _is_within(move, ask)]
        gained = [move.gained_centihours for move in within]
        yield SourceTotal(
            source,
            mine[0].entry.scheme,
            opening_centihours=sum(move.gained_centihours for move in mine) - sum(gained),
            in_centihours=sum(each for each in gained if each > 0),
            out_centihours=-sum(each for each in gained if each < 0),
            count=len(within),
            people=len({move.entry.person_id for move in within}),
        )


def _is_within(move: Move, ask: StatementAsk) -> bool:
    return ask.from_ is None or move.entry.earned_on >= ask.from_


def _worked_out(record: Record, day: date | None) -> list[Move]:
    """Return what caps over the hours of earlier days keep otherwise than was posted."""
    credits = {entry.leaf: entry for entry in record.entries if entry.leaf in record.cut_otherwise}
    return [
        Move(credits[leaf], Movement.CAP if more > 0 else Movement.UNCAP, abs(more), day, cuts)
        for leaf, (more, cuts) in record.cut_otherwise.items()
    ]


def _taken(session: Session, moves: Sequence[Move], ask: StatementAsk) -> list[Move]:
    """Keep the movements of the year and the source that are asked for."""
    sources = sources_numbered(session, sorted({move.entry.source_id for move in moves}))
    return [
        move
        for move in moves
        if ask.year in (None, move.entry.credited_year)
        and ask.source_no in ("", sources[move.entry.source_id].source_no)
    ]


def _stated(
    session: Session, moves: Sequence[Move], ask: StatementAsk, known_at: datetime | None,
    shown: slice,
) -> Statement:  # fmt: skip
    credits = {
        facts_key(move.entry): move.entry.leaf for move in moves if move.movement == Movement.CREDIT
    }
    within = [move for move in moves if _is_within(move, ask)]
    gained = [move.gained_centihours for move in within]
    opening = sum(move.gained_centihours for move in moves) - sum(gained)
    totals = list(accumulate(gained, initial=opening))[1:]
    lines = tell(session, list(zip(within, totals, strict=True))[shown], credits)
    return Statement(
        ask=ask,
        known_at=known_at,
        opening_centihours=opening,
        in_centihours=sum(each for each in gained if each > 0),
        out_centihours=-sum(each for each in gained if each < 0),
        lines=tuple(lines),
        count=len(within),
        years=tuple(sorted({move.entry.credited_year for move in within}, reverse=True)),
    )
