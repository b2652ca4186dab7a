"""What put a person's hours right since a dispute was stated: postings, corrections, withdrawals.

Whoever answers that something was put right names one of these, so that nothing else can be named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Text, cast, exists, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.attendance.models import Attendance, RosterBatch
from creditbank.integrity.models import Dispute
from creditbank.integrity.states import About
from creditbank.ledger.models import Act, Entry, Movement, Source
from creditbank.people.register import linked_people
from creditbank.registry.models import Filing, FilingSession
from creditbank.registry.successions import held_by, successor_of

_TAKING_BACK = ("attendance.withdrawn", "attendance.corrected")


@dataclass(frozen=True, slots=True)
class Remedy:
    """A roster that stands, or a withdrawal by its leaf, with the days of the person's in it."""

    number: str
    filing_no: str
    days: tuple[str, ...]
    recorded_at: datetime

    @property
    def is_withdrawal(self) -> bool:
        """Whether hours were taken back."""
        return not self.number.startswith("R")


def remedies_of(session: Session, dispute: Dispute) -> list[Remedy]:
    """Return what was done about the person's hours since, the newest first."""
    people = linked_people(session, [dispute.person_id])[dispute.person_id]
    meant = _filings_meant(session, dispute)
    posted = _posted(session, dispute, people, meant)
    taken = _taken_back(session, dispute, people, meant)
    # A correction takes back and posts at one instant; what it posted says more.
    anew = {(each.filing_no, each.recorded_at) for each in posted}
    found = posted + [each for each in taken if (each.filing_no, each.recorded_at) not in anew]
    return sorted(found, key=lambda each: each.recorded_at, reverse=True)


def _filings_meant(session: Session, dispute: Dispute) -> ColumnElement[bool]:
    if dispute.filing_no is not None:
        return Filing.filing_no == dispute.filing_no
    answers = successor_of(session, dispute.organisation_id)
    own = Filing.organisation_id == dispute.organisation_id
    return own if answers is None else held_by(session, answers)


def _posted(
    session: Session, dispute: Dispute, people: Sequence[int], meant: ColumnElement[bool]
) -> list[Remedy]:
    """Return the rosters that credited the person and were not taken back."""
    taken_back = exists().where(
        Entry.person_id == Attendance.person_id, Entry.scheme == Filing.scheme,
        Entry.occasion == Attendance.filing_no + "/" + cast(Attendance.session_no, Text),
        Entry.revision == Attendance.revision, Entry.movement == str(Movement.REVERSE),
    )  # fmt: skip
    query = (
        select(
            Attendance.roster_no, Attendance.filing_no, RosterBatch.recorded_at, FilingSession.day
        )
        .join(RosterBatch, RosterBatch.roster_no == Attendance.roster_no)
        .join(Filing, Filing.filing_no == Attendance.filing_no)
        .join(
            FilingSession,
            (FilingSession.filing_no == Attendance.filing_no)
            & (FilingSession.session_no == Attendance.session_no),
        )
        .where(
            Attendance.person_id.in_(people), RosterBatch.recorded_at >= dispute.stated_at, meant,
            _on_day(dispute, FilingSession.day), ~taken_back,
        )
        .order_by(FilingSession.day)
    )  # fmt: skip
    return _by_number(
        [(number, filing_no, at, day.isoformat())
         for number, filing_no, at, day in session.execute(query)]
    )  # fmt: skip


def _taken_back(
    session: Session, dispute: Dispute, people: Sequence[int], meant: ColumnElement[bool]
) -> list[Remedy]:
    """Return the acts that took hours of the person back, as withdrawn or as somebody else's."""
    query = (
        select(Act.leaf, Filing.filing_no, Act.recorded_at, Entry.earned_on)
        .select_from(Entry)
        .join(Act, Act.act_id == Entry.act_id)
        .join(Source, Source.source_id == Entry.source_id)
        .join(Filing, Filing.filing_no == Source.source_no)
        .where(
            Entry.person_id.in_(people), Entry.movement == str(Movement.REVERSE),
            Entry.recorded_at >= dispute.stated_at, Act.kind.in_(_TAKING_BACK), meant,
            _on_day(dispute, Entry.earned_on),
        )
        .order_by(Entry.earned_on)
    )  # fmt: skip
    return _by_number(
        [(leaf.hex(), filing_no, at, day.isoformat())
         for leaf, filing_no, at, day in session.execute(query)]
    )  # fmt: skip


def _on_day(dispute: Dispute, column: InstrumentedAttribute[date]) -> ColumnElement[bool]:
    """Match the day whose hours are missing; what is wrong may belong to another day."""
    if dispute.day is None or dispute.about == About.WRONG:
        return true()
    return column == dispute.day


def _by_number(rows: Sequence[tuple[str, str, datetime, str]]) -> list[Remedy]:
    days: dict[tuple[str, str, datetime], list[str]] = {}
    for number, filing_no, at, day in rows:
        days.setdefault((number, filing_no, at), []).append(day)
    return [
        Remedy(number, filing_no, tuple(some), at) for (number, filing_no, at), some in days.items()
    ]
