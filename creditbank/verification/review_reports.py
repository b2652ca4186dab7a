"""What was reported back of applications (申报结果): read from the acts, the newest stands.

A title that was passed begins the next count: its day is what the bank itself knows of the current
title, told before whatever an asker states.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.readymade import ReadyMade, among_named
from creditbank.verification.models import Verdict
from creditbank.verification.questions import Ask

REPORTED = "review.reported"
#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000


class Result(StrEnum):
    """What may be reported of an application."""

    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    PASSED = "passed"
    FAILED = "failed"
    #: what was reported last was an error, and stands no more
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it was made; series, specialty and level are those of the title."""

    verdict_no: str
    result: Result
    day: date
    series: str
    specialty: str
    level: str
    reason: str
    reported_by: str
    reported_at: datetime
    leaf: bytes


def reports_of(
    session: Session, verdict_numbers: Sequence[str], known_at: datetime | None = None
) -> dict[str, list[Report]]:
    """Return what was reported back on each answer, in its order."""
    found: dict[str, list[Report]] = defaultdict(list)
    query = select(Act).where(Act.kind == REPORTED).order_by(Act.act_id)
    if known_at is not None:
        query = query.where(Act.recorded_at <= known_at)
    for start in range(0, len(verdict_numbers), _CHUNK):
        some = verdict_numbers[start : start + _CHUNK]
        for act in session.scalars(query.where(Act.subject.in_(some))):
            report = _read(act)
            if report is not None:
                found[act.subject].append(report)
    return dict(found)


def standing(reports: Iterable[Report]) -> Report | None:
    """Return the report that stands: the last one, unless it was taken back."""
    stack: list[Report] = []
    for each in reports:
        if each.result is not Result.RETRACTED:
            stack.append(each)
        elif stack:
            stack.pop()
    return stack[-1] if stack else None


def titles_passed(
    session: Session, people: Collection[int], ask: Ask
) -> dict[int, tuple[date, str]]:
    """Return the day of each person's current title, and the answer by which it was passed.

    Of the question's series, and of another level than is asked for: whoever passed that level is
    not asked about for it again, and a second series begins a count of its own.
    """
    if not people:
        return {}
    rows = _REPORTED_ON.rows(session, people=people)
    whose: dict[str, int] = {row[0]: row[1] or 0 for row in rows}
    found: dict[int, tuple[date, str]] = {}
    for number, reports in reports_of(session, sorted(whose), ask.known_at).items():
        stands = standing(reports)
        if stands is None or stands.result is not Result.PASSED or stands.series != ask.series:
            continue
        if stands.level != ask.level and stands.day <= ask.application_day:
            title = (stands.day, number)
            found[whose[number]] = max(found.get(whose[number], title), title)
    return found


def reported_on(dialect: str) -> Select[str, int | None]:
    """Select the answers about `people` on which something was reported, and whose they are."""
    reported = select(Act.act_id).where(Act.kind == REPORTED, Act.subject == Verdict.verdict_no)
    return select(Verdict.verdict_no, Verdict.person_id).where(
        among_named(dialect, Verdict.person_id, "people"), reported.exists()
    )


_REPORTED_ON = ReadyMade(reported_on)


def _read(act: Act) -> Report | None:
    """Read a report; none where the row was changed by force, which fsck tells by its leaf."""
    said = {name: str(value) for name, value in details_of(act).items()}
    try:
        return Report(
            act.subject, Result(said["result"]), date.fromisoformat(said["day"]), said["series"],
            said["specialty"], said["level"], act.reason, act.actor, act.recorded_at, act.leaf,
        )  # fmt: skip
    except (ValueError, KeyError):
        return None
