"""The day log of practical training (实践锻炼): what was done on which day, and days of travel.

Each entry is an act on the filing, by whoever posts for it, in the name of the organiser or the
host; the newest on a day stands. Only a day of which the log says what was done is credited, and
what it gives is the pack's. A day of travel gives nothing, and is none that hours stand on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.crediting.weighing import occasion_of
from creditbank.errors import CreditBankError
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.journal import ActDraft, details_of, record_act
from creditbank.ledger.models import Act
from creditbank.ledger.posting import credit_states, credits_of
from creditbank.ledger.sources import lock_source
from creditbank.registry.filing.filings import locked_filing, sessions_of
from creditbank.registry.filing.kinds import FilingKind
from creditbank.registry.filing.states import require_open
from creditbank.registry.models import Filing, FilingSession

LOGGED = "filing.day-logged"
#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000


class DayUse(StrEnum):
    """What a day of practical training was used for."""

    TRAINING = "training"
    TRAVEL = "travel"


class Teller(StrEnum):
    """In whose name the log says so."""

    ORGANISER = "organiser"
    HOST = "host"


class DayLogForeignError(CreditBankError):
    """Only filings of practical training have a day log."""

    code = "day-log-foreign"
    status = 422


class LoggedDayUnfitError(CreditBankError):
    """A day of training is none of the filing's, or the day has not come."""

    code = "logged-day-unfit"
    status = 422


class TravelDayCreditedError(CreditBankError):
    """Hours stand on a day that is to be one of travel."""

    code = "travel-day-credited"
    status = 409


@dataclass(frozen=True, slots=True)
class DayEntry:
    """What was done on a day, in one or two sentences, and who says so.

    `sha256` is of a file that shows it, in hex, empty for none; the file itself is not kept.
    """

    day: date
    use: DayUse
    told_by: Teller
    done: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class LoggedDay:
    """An entry as it was logged."""

    entry: DayEntry
    actor: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class DayLog:
    """What stands of each day, and the past days of the filing of which nothing is said."""

    days: tuple[LoggedDay, ...]
    missing: tuple[date, ...]


def log_day(
    session: Session, filing_no: str, entry: DayEntry, *, actor: str, now: datetime
) -> DayLog:
    """Say what was done on a day; what was said of it before stays in the journal.

    Raises:
        FilingUnknownError, FilingNotApprovedError, FilingNotOpenError: nothing is logged now.
        DayLogForeignError: it is no practical training.
        LoggedDayUnfitError: the day has not come, or is a day of training and none of the filing's.
        TravelDayCreditedError: the hours of a day of travel have to be withdrawn first.
    """
    filing, today = locked_filing(session, filing_no), civil_day(now)
    _require_kind(filing)
    require_open(filing, today, corrects=True)
    # No roster is half posted meanwhile.
    source, _use = lock_source(session, filing_no)
    sessions = {planned.day: planned for planned in sessions_of(session, filing_no)}
    if entry.day > today or (entry.use is DayUse.TRAINING and entry.day not in sessions):
        wanted = sorted(day.isoformat() for day in sessions if day <= today)
        raise LoggedDayUnfitError(found=entry.day.isoformat(), wanted=wanted or ["—"])
    planned = sessions.get(entry.day)
    if entry.use is DayUse.TRAVEL and planned and _is_credited(session, filing, planned):
        raise TravelDayCreditedError(filing_no=filing_no, day=entry.day.isoformat())
    details: dict[str, Canonical] = {
        "day": entry.day.isoformat(), "use": str(entry.use), "told_by": str(entry.told_by),
        "done": entry.done, **({"sha256": entry.sha256} if entry.sha256 else {}),
    }  # fmt: skip
    opened = session.get_one(Act, source.act_id).leaf
    draft = ActDraft(LOGGED, filing.jurisdiction, actor, filing_no, details, cites=(opened,))
    record_act(session, draft, now=now)
    return day_log_of(session, filing, today)


def day_log_of(session: Session, filing: Filing, today: date) -> DayLog:
    """Return the day log of a filing.

    Raises:
        DayLogForeignError: it is no practical training.
    """
    _require_kind(filing)
    logged = logged_days(session, filing.filing_no)
    sessions = sessions_of(session, filing.filing_no)
    return DayLog(
        tuple(logged[day] for day in sorted(logged)),
        tuple(each.day for each in sessions if each.day <= today and each.day not in logged),
    )


def day_uses(session: Session, filing: Filing) -> Mapping[date, DayUse] | None:
    """Return what the log says that each day was used for; None where a filing has no log."""
    if filing.kind != FilingKind.PRACTICAL_TRAINING:
        return None
    return {day: each.entry.use for day, each in logged_days(session, filing.filing_no).items()}


def logged_days(session: Session, filing_no: str) -> dict[date, LoggedDay]:
    """Return what stands of each day in the log of a filing."""
    query = select(Act).where(Act.subject == filing_no, Act.kind == LOGGED)
    found: dict[date, LoggedDay] = {}
    for act in session.scalars(query.order_by(Act.act_id)):
        logged = _read(act)
        if logged is not None:
            found[logged.entry.day] = logged
    return found


def check_travel_days(session: Session) -> Iterator[Disagreement]:
    """Check that no hours stand on a day of travel.

    Args:
        session: a snapshot.

    Yields:
        Each session with hours, by its filing's number.
    """
    kind = str(FilingKind.PRACTICAL_TRAINING)
    for filing in session.scalars(
        select(Filing).where(Filing.kind == kind).order_by(Filing.filing_no)
    ).all():
        uses = day_uses(session, filing) or {}
        for planned in sessions_of(session, filing.filing_no):
            travelled = uses.get(planned.day) is DayUse.TRAVEL
            if travelled and _is_credited(session, filing, planned):
                yield Disagreement("fsck-travel-day", "filing_session", occasion_of(planned))


def _require_kind(filing: Filing) -> None:
    if filing.kind != FilingKind.PRACTICAL_TRAINING:
        raise DayLogForeignError(
            filing_no=filing.filing_no,
            kind_words=f"filing-kind-{filing.kind.replace('_', '-')}",
        )


def _read(act: Act) -> LoggedDay | None:
    """Read an entry; none where the row was changed by force, which fsck tells by its leaf."""
    said = {name: str(value) for name, value in details_of(act).items()}
    try:
        entry = DayEntry(
            date.fromisoformat(said["day"]), DayUse(said["use"]), Teller(said["told_by"]),
            said["done"], said.get("sha256", ""),
        )  # fmt: skip
    except (ValueError, KeyError):
        return None
    return LoggedDay(entry, act.actor, act.recorded_at)


def _is_credited(session: Session, filing: Filing, planned: FilingSession) -> bool:
    """Tell whether anybody holds hours of a session, live or frozen."""
    query = select(Attendance.person_id).where(
        Attendance.filing_no == planned.filing_no, Attendance.session_no == planned.session_no
    )
    people: Sequence[int] = session.scalars(query.distinct().order_by(Attendance.person_id)).all()
    return any(
        not state.reversed
        for start in range(0, len(people), _CHUNK)
        for state in credit_states(
            credits_of(
                session, people[start : start + _CHUNK], filing.scheme,
                occasions=[occasion_of(planned)],
            )
        )
    )  # fmt: skip
