"""What somebody holds, of two times: the day by which it was earned, and the instant of knowing.

What was known at an instant is what had its place in the public logs at the last checkpoint then,
as it had been posted. What counts as of a day is folded again over the hours earned by that day,
because a cap may have kept something else before later hours came.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from creditbank.crediting.fold import cap_differences, facts_of
from creditbank.ledger.balance import Balance, balances_of
from creditbank.ledger.logs import last_seal, sealed_by
from creditbank.ledger.models import Entry
from creditbank.ledger.posting import credit_states
from creditbank.registry.lawbook import law_of
from creditbank.rules.caps import CapLaw, Cut


@dataclass(frozen=True, slots=True)
class Times:
    """Of when something is asked: earned by a civil day, known at an instant; None for no bound."""

    as_of: date | None = None
    known_at: datetime | None = None


ANY_TIME = Times()


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody holds by year and subject; `known_at` is the checkpoint that was resolved to.

    `known_at` is None where none was asked for, and where none had been signed by then.
    """

    balances: tuple[Balance, ...]
    known_at: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """The entries that count at two times, in the order in which they were recorded.

    `cut_otherwise` has, by the leaf of a credit, how many centihours more caps hold of it as of the
    day asked for than was posted, negative where they held less, and what each cap holds.
    """

    entries: tuple[Entry, ...]
    cut_otherwise: Mapping[bytes, tuple[int, tuple[Cut, ...]]]
    known_at: datetime | None


def held_at(session: Session, people: Sequence[int], scheme: str, times: Times) -> Held:
    """Return what the linked keys of one person hold in a scheme.

    Raises:
        PackMissingError, PackDraftError: caps are to be folded again, and there is no law for it.
    """
    if times.as_of is None:
        condition, known_at = known_by(session, times.known_at)
        then = balances_of(session, people, scheme, recorded=condition)
        return Held(tuple(then), known_at)
    record = record_at(session, people, scheme, times)
    return Held(tuple(_summed(scheme, record)), record.known_at)


def record_at(session: Session, people: Sequence[int], scheme: str, times: Times) -> Record:
    """Return the entries that count, and what caps over just these keep otherwise.

    Raises:
        PackMissingError, PackDraftError: caps are to be folded again, and there is no law for it.
    """
    entries, known_at = known_entries(session, people, scheme, times.known_at)
    if times.as_of is None:
        return Record(tuple(entries), {}, known_at)
    earned = [entry for entry in entries if entry.earned_on <= times.as_of]
    cut = _cut_otherwise(session, earned, scheme, times.known_at)
    return Record(tuple(earned), cut, known_at)


def known_entries(
    session: Session, people: Sequence[int], scheme: str, known_at: datetime | None
) -> tuple[list[Entry], datetime | None]:
    """Return the entries known at an instant in recorded order, and its checkpoint's instant."""
    condition, resolved = known_by(session, known_at)
    query = select(Entry).where(Entry.person_id.in_(people), Entry.scheme == scheme, condition)
    return sorted(session.scalars(query), key=as_recorded), resolved


def known_by(
    session: Session, known_at: datetime | None
) -> tuple[ColumnElement[bool], datetime | None]:
    """Return which entries are known at an instant, and the instant of the checkpoint behind it."""
    if known_at is None:
        return true(), None
    seal = last_seal(session, known_at)
    return sealed_by(seal), seal.sealed_at if seal else None


def as_recorded(entry: Entry) -> tuple[datetime, int]:
    """Return the place of an entry among those of one person, by when it was recorded."""
    return entry.recorded_at, entry.entry_id


def _cut_otherwise(
    session: Session, entries: Iterable[Entry], scheme: str, known_at: datetime | None
) -> dict[bytes, tuple[int, tuple[Cut, ...]]]:
    live = [state for state in credit_states(entries) if state.is_live]
    if not live:
        return {}
    law, facts = law_of(session, scheme, known_at), facts_of(session, [s.credit for s in live])
    return {
        state.credit.leaf: (more, kept.cuts)
        for state, kept, more in cap_differences(live, facts, CapLaw(law))
    }


def _summed(scheme: str, record: Record) -> list[Balance]:
    sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for state in credit_states(record.entries):
        more, _ = record.cut_otherwise.get(state.credit.leaf, (0, ()))
        row = sums[state.credit.credited_year, state.credit.subject]
        row[0] += state.live_centihours - more
        row[1] += state.capped_centihours + more
        row[2] += state.frozen_centihours
    return [Balance(scheme, *account, *sums[account]) for account in sorted(sums)]
