"""Whether somebody would have been in two rooms at one time, by the clock of timed sessions.

Minutes in several rooms are only impossible when together they are more than the clock has while
these sessions last: whoever leaves one at noon may be in another after it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.crediting.weighing import Groups, Worth, occasion_of
from creditbank.ledger.posting import credit_states, credits_of
from creditbank.orm import among
from creditbank.registry.models import Filing, FilingSession

#: Keys in one list; well below what either driver can bind.
_CHUNK = 5_000
_HOUR = 60


@dataclass(frozen=True, slots=True)
class Rooms:
    """Which sessions of other filings go on at the time of a filing's own, and who was there."""

    groups: Groups
    #: by own occasion
    beside: Mapping[str, Sequence[FilingSession]]
    #: minutes by key and occasion, where they are credited
    attended: Mapping[tuple[int, str], int]

    def leave_no_room(self, person_id: int, worth: Worth, minutes: int) -> bool:
        """Tell whether one person cannot have had these minutes besides those on record."""
        beside = self.beside.get(worth.occasion)
        if not beside:
            return False
        keys = self.groups[person_id]
        others = [
            (each, max(self.attended.get((key, occasion_of(each)), 0) for key in keys))
            for each in beside
        ]
        others = [(each, spent) for each, spent in others if spent]
        spent = minutes + sum(each for _, each in others)
        return bool(others) and spent > _minutes_of([worth.planned, *(each for each, _ in others)])


def read_rooms(
    session: Session, scheme: str, sessions: Iterable[FilingSession], groups: Groups
) -> Rooms:
    """Read who of some people was in other sessions of a scheme while these went on.

    Args:
        session: the people are locked in it, so that two rooms cannot be filled at once.
        scheme: of the filing.
        sessions: all of one filing; those without times of day go on beside nothing.
        groups: each person with all linked keys.
    """
    timed = [each for each in sessions if each.begins_at]
    if not timed or not groups:
        return Rooms(groups, {}, {})
    beside = _beside(session, scheme, timed)
    occasions = {occasion_of(other) for others in beside.values() for other in others}
    keys = sorted({key for group in groups.values() for key in group})
    attended: dict[tuple[int, str], int] = {}
    for start in range(0, len(keys) if occasions else 0, _CHUNK):
        attended |= _attended(session, scheme, keys[start : start + _CHUNK], occasions)
    return Rooms(groups, beside, attended)


def _beside(
    session: Session, scheme: str, timed: Sequence[FilingSession]
) -> dict[str, list[FilingSession]]:
    query = (
        select(FilingSession)
        .join(Filing, Filing.filing_no == FilingSession.filing_no)
        .where(
            FilingSession.day.in_({each.day for each in timed}),
            FilingSession.begins_at != "",
            FilingSession.filing_no != timed[0].filing_no,
            Filing.scheme == scheme,
        )
    )
    found = session.scalars(query).all()
    return {
        occasion_of(each): [
            other
            for other in found
            if other.day == each.day
            and other.begins_at < each.ends_at
            and each.begins_at < other.ends_at
        ]
        for each in timed
    }


def _attended(
    session: Session, scheme: str, keys: Sequence[int], occasions: Collection[str]
) -> dict[tuple[int, str], int]:
    states = credit_states(credits_of(session, keys, scheme, occasions=occasions))
    live = {
        (state.credit.person_id, state.credit.occasion, state.credit.revision)
        for state in states
        if not state.reversed
    }
    people = sorted({person_id for person_id, _, _ in live})
    filings = {occasion.partition("/")[0] for _, occasion, _ in live}
    query = select(Attendance).where(
        among(session, Attendance.person_id, people), Attendance.filing_no.in_(filings)
    )
    rows = session.scalars(query).all() if live else []
    return {
        (row.person_id, occasion): row.attended_minutes
        for row in rows
        if (row.person_id, occasion := f"{row.filing_no}/{row.session_no}", row.revision) in live
    }


def _minutes_of(sessions: Iterable[FilingSession]) -> int:
    """Return how many minutes of the day any of these sessions goes on."""
    total, until = 0, 0
    for begins, ends in sorted((_clock(each.begins_at), _clock(each.ends_at)) for each in sessions):
        total += max(0, ends - max(begins, until))
        until = max(until, ends)
    return total


def _clock(text: str) -> int:
    at = time.fromisoformat(text)
    return at.hour * _HOUR + at.minute
