"""Who attended a filed activity, what it was worth to them, and what was taken back.

A row of a posted roster stands for a person here: it leads to them without naming them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Text, cast, func, literal, select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.errors import CreditBankError
from creditbank.ledger.finding import is_first
from creditbank.ledger.models import Act, Entry, Movement
from creditbank.ledger.posting import CreditState, credit_states
from creditbank.people.documents import last_characters
from creditbank.people.register import documents_of, names_of
from creditbank.people.vault import Vault
from creditbank.registry.filing.filings import sessions_of
from creditbank.registry.models import Filing


class AttendanceUnknownError(CreditBankError):
    """No attendance was posted by this row of this roster."""

    code = "attendance-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class Reversal:
    """Who took an attendance back, when and why; `leaf` is that of the act."""

    recorded_at: datetime
    reason: str
    leaf: str


@dataclass(frozen=True, slots=True)
class AttendedDay:
    """One attendance, its credit in centihours, and its reversal if there is one."""

    day: date
    planned_minutes: int
    attended_minutes: int
    roster_no: str
    row_no: int
    centihours: int
    capped_centihours: int
    leaf: str
    reversal: Reversal | None


@dataclass(frozen=True, slots=True)
class Attendee:
    """A person under a filing, by name and the last four of their number."""

    person_id: int
    name: str
    last_four: str
    days: tuple[AttendedDay, ...]

    @property
    def place(self) -> str:
        """Return what leads to them without naming them: their first roster and row."""
        return f"{self.days[0].roster_no}-{self.days[0].row_no}"

    @property
    def live_centihours(self) -> int:
        """Return what the person holds under the filing, caps aside."""
        return sum(day.centihours for day in self.days if day.reversal is None)


@dataclass(frozen=True, slots=True)
class AttendeesPage:
    """One page of the people under a filing, and how many there are in all."""

    attendees: tuple[Attendee, ...]
    total: int


def attendees_of(
    session: Session, vault: Vault, filing: Filing, *, search: str, offset: int, limit: int
) -> AttendeesPage:
    """Return people in the order of their first rows; with a search, by name or last four."""
    first_row = func.min(Attendance.row_no)
    query = (
        select(Attendance.person_id)
        .where(Attendance.filing_no == filing.filing_no)
        .group_by(Attendance.person_id)
        .order_by(func.min(Attendance.roster_no), first_row, Attendance.person_id)
    )
    people = list(session.scalars(query))
    if search:
        known = known_people(session, vault, people)
        people = [p for p in people if search in known[p][0] or search.upper() == known[p][1]]
    shown = people[offset : offset + limit]
    return AttendeesPage(_attendees(session, vault, filing, shown), len(people))


def attendee_at(
    session: Session, vault: Vault, filing: Filing, roster_no: str, row_no: int
) -> Attendee:
    """Return whoever a row of a roster of the filing was about.

    Raises:
        AttendanceUnknownError: it was credited to nobody.
    """
    person_id = session.scalar(
        select(Attendance.person_id).where(
            Attendance.filing_no == filing.filing_no, Attendance.roster_no == roster_no,
            Attendance.row_no == row_no,
        )
    )  # fmt: skip
    if person_id is None:
        raise AttendanceUnknownError(roster_no=roster_no[:20], row_no=row_no)
    return _attendees(session, vault, filing, [person_id])[0]


def credited_by(session: Session, filing: Filing, roster_no: str) -> tuple[int, int]:
    """Return how many people a roster credited, and with how many centihours."""
    named = Attendance.filing_no + "/" + cast(Attendance.session_no, Text)
    credit = (Attendance.person_id, literal(filing.scheme), named, Attendance.revision)
    query = (
        select(func.count(Attendance.person_id.distinct()), func.sum(Entry.centihours))
        .join(Entry, is_first(Entry, Movement.CREDIT, credit))
        .where(Attendance.filing_no == filing.filing_no, Attendance.roster_no == roster_no)
    )
    people, centihours = session.execute(query).one()
    return people, centihours or 0


def known_people(
    session: Session, vault: Vault, people: Sequence[int]
) -> dict[int, tuple[str, str]]:
    """Return each person's newest name, and the last four of their first document's number."""
    names, documents = names_of(session, vault, people), documents_of(session, vault, people)
    return {
        person_id: (names[person_id][0], last_characters(documents[person_id]))
        for person_id in people
    }


def _attendees(
    session: Session, vault: Vault, filing: Filing, people: Sequence[int]
) -> tuple[Attendee, ...]:
    known = known_people(session, vault, people)
    days = _days(session, filing, people)
    return tuple(
        Attendee(person_id, *known[person_id], days=tuple(days[person_id])) for person_id in people
    )


def _days(session: Session, filing: Filing, people: Sequence[int]) -> dict[int, list[AttendedDay]]:
    planned = {each.session_no: each for each in sessions_of(session, filing.filing_no)}
    states, reversals = _states(session, filing, people)
    days: dict[int, list[AttendedDay]] = defaultdict(list)
    query = select(Attendance).where(
        Attendance.filing_no == filing.filing_no, Attendance.person_id.in_(people)
    )
    for row in session.scalars(query.order_by(Attendance.session_no, Attendance.revision)):
        key = (row.person_id, f"{row.filing_no}/{row.session_no}", row.revision)
        state = states[key]
        days[row.person_id].append(
            AttendedDay(
                day=planned[row.session_no].day,
                planned_minutes=planned[row.session_no].planned_minutes,
                attended_minutes=row.attended_minutes,
                roster_no=row.roster_no,
                row_no=row.row_no,
                centihours=state.credit.centihours,
                capped_centihours=state.capped_centihours,
                leaf=state.credit.leaf.hex(),
                reversal=reversals.get(key),
            )
        )
    return days


_Key = tuple[int, str, int]


def _states(
    session: Session, filing: Filing, people: Sequence[int]
) -> tuple[dict[_Key, CreditState], dict[_Key, Reversal]]:
    entries = list(
        session.scalars(
            select(Entry).where(
                Entry.person_id.in_(people), Entry.scheme == filing.scheme,
                Entry.occasion.startswith(f"{filing.filing_no}/", autoescape=True),
            )
        )
    )  # fmt: skip
    reversing = [entry for entry in entries if entry.movement == Movement.REVERSE]
    acts = session.scalars(select(Act).where(Act.act_id.in_({each.act_id for each in reversing})))
    leaves = {act.act_id: act.leaf.hex() for act in acts}
    return (
        {_key(state.credit): state for state in credit_states(entries)},
        {
            _key(each): Reversal(each.recorded_at, each.reason, leaves.get(each.act_id or 0, ""))
            for each in reversing
        },
    )


def _key(entry: Entry) -> _Key:
    return entry.person_id, entry.occasion, entry.revision
