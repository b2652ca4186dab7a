"""A provider's scorecard (机构记分): how soon attendance was posted, how much of it was taken back.

Everything is counted from what was held between two days: sessions whose day lies between them,
what rosters credited for these, and reversals of these credits. Nothing is weighed into one mark:
what weighs how much is for whoever reads it.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance, RosterBatch
from creditbank.clock import civil_day
from creditbank.ledger.models import Entry, Movement, Source
from creditbank.registry.models import Filing, FilingSession

#: Attendance posted within these days of its session is told apart from what came later.
SOON_DAYS, LATE_DAYS = 7, 30


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session that was held, and on what days attendance of how many rows was posted."""

    filing_no: str
    title: str
    session_no: int
    day: date
    posted: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class Lateness:
    """Days from the session to its posting, over rows; `late_rows` came after `LATE_DAYS`."""

    rows: int
    median_days: int
    longest_days: int
    soon_rows: int
    late_rows: int


@dataclass(frozen=True, slots=True)
class Reversed:
    """Credits that were taken back for one reason, in centihours."""

    reason: str
    count: int
    centihours: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What became of the sessions of a provider that were held from `first_day` to `last_day`.

    `rows_refused` is of the rosters under these filings that were posted by now, whatever session
    a refused row was meant for; `lateness` is None where nothing was posted.
    """

    first_day: date
    last_day: date
    sessions: int
    unposted: tuple[HeldSession, ...]
    lateness: Lateness | None
    rows_refused: int
    credits: int
    credited_centihours: int
    reversed: tuple[Reversed, ...]

    @property
    def reversed_count(self) -> int:
        """How many credits were taken back, for whatever reason."""
        return sum(each.count for each in self.reversed)


def days_counted(
    first_day: date | None, last_day: date | None, *, now: datetime
) -> tuple[date, date]:
    """Return the days asked about, none that is still to come; left out, the year so far."""
    today = civil_day(now)
    return first_day or today.replace(month=1, day=1), min(last_day or today, today)


def scorecard_of(
    session: Session, organisation_id: int, first_day: date, last_day: date
) -> Scorecard:
    """Count what became of a provider's sessions held between two days, both included."""
    held = _held(session, organisation_id, first_day, last_day)
    filings = {each.filing_no for each in held}
    credits, reversals = _moved(session, filings, first_day, last_day)
    return Scorecard(
        first_day=first_day,
        last_day=last_day,
        sessions=len(held),
        unposted=tuple(each for each in held if not each.posted),
        lateness=_lateness(held),
        rows_refused=_refused(session, filings),
        credits=credits.count,
        credited_centihours=credits.centihours,
        reversed=reversals,
    )


def _held(
    session: Session, organisation_id: int, first_day: date, last_day: date
) -> list[HeldSession]:
    """Return the sessions of filings that were approved, in the order of their days."""
    query = (
        select(FilingSession, Filing.title)
        .join(Filing, Filing.filing_no == FilingSession.filing_no)
        .join(Source, Source.source_no == Filing.filing_no)
        .where(
            Filing.organisation_id == organisation_id,
            FilingSession.day.between(first_day, last_day),
        )
        .order_by(FilingSession.day, FilingSession.filing_no, FilingSession.session_no)
    )
    rows = session.execute(query).all()
    posted = _posted(session, {planned.filing_no for planned, _ in rows})
    return [
        HeldSession(
            planned.filing_no, title, planned.session_no, planned.day,
            posted[planned.filing_no, planned.session_no],
        )
        for planned, title in rows
    ]  # fmt: skip


def _posted(session: Session, filings: set[str]) -> dict[tuple[str, int], Counter[date]]:
    """Return how many rows were posted on which day for each session; corrections do not count."""
    query = (
        select(Attendance.filing_no, Attendance.session_no, RosterBatch.recorded_at, func.count())
        .join(RosterBatch, RosterBatch.roster_no == Attendance.roster_no)
        .where(Attendance.filing_no.in_(filings), Attendance.revision == 0)
        .group_by(Attendance.filing_no, Attendance.session_no, RosterBatch.recorded_at)
    )
    found: dict[tuple[str, int], Counter[date]] = defaultdict(Counter)
    for filing_no, session_no, recorded_at, rows in session.execute(query):
        found[filing_no, session_no][civil_day(recorded_at)] += rows
    return found


def _lateness(held: Sequence[HeldSession]) -> Lateness | None:
    rows = Counter[int]()
    for each in held:
        for day, count in each.posted.items():
            rows[(day - each.day).days] += count
    if not rows:
        return None
    return Lateness(
        rows=rows.total(),
        median_days=int(median(rows.elements())),
        longest_days=max(rows),
        soon_rows=sum(count for days, count in rows.items() if days <= SOON_DAYS),
        late_rows=sum(count for days, count in rows.items() if days > LATE_DAYS),
    )


def _refused(session: Session, filings: set[str]) -> int:
    query = select(RosterBatch.problems).where(RosterBatch.filing_no.in_(filings))
    return sum(
        len({problem["row_no"] for problem in json.loads(problems)})
        for problems in session.scalars(query)
    )


def _moved(
    session: Session, filings: set[str], first_day: date, last_day: date
) -> tuple[Reversed, tuple[Reversed, ...]]:
    """Return all credits as one, and reversals by reason, the most frequent first.

    Found by the people who attended: entries are kept by person, and by nothing else.
    """
    named = Attendance.filing_no + "/" + cast(Attendance.session_no, Text)
    query = (
        select(Entry.movement, Entry.reason, func.count(), func.sum(Entry.centihours))
        .select_from(Attendance)
        .join(Filing, Filing.filing_no == Attendance.filing_no)
        .join(
            Entry,
            (Entry.person_id == Attendance.person_id)
            & (Entry.scheme == Filing.scheme)
            & (Entry.occasion == named)
            & (Entry.revision == Attendance.revision),
        )
        .where(
            Attendance.filing_no.in_(filings),
            Entry.movement.in_([str(Movement.CREDIT), str(Movement.REVERSE)]),
            Entry.earned_on.between(first_day, last_day),
        )
        .group_by(Entry.movement, Entry.reason)
    )
    moved = [
        (movement, Reversed(reason, count, centihours))
        for movement, reason, count, centihours in session.execute(query)
    ]
    credits = [each for movement, each in moved if movement == Movement.CREDIT]
    taken = [each for movement, each in moved if movement == Movement.REVERSE]
    return (
        Reversed("", sum(each.count for each in credits), sum(e.centihours for e in credits)),
        tuple(sorted(taken, key=lambda each: (-each.count, each.reason))),
    )
