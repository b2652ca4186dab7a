"""What holds of the sessions of a filing: one a day, and times that leave room for the minutes."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date

from creditbank.errors import CreditBankError

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


class FilingDayTwiceError(CreditBankError):
    """Two sessions stand on one day; a roster could not tell them apart."""

    code = "filing-day-twice"
    status = 422


class SessionTimesError(CreditBankError):
    """A session's hours of the day are no times, or leave no room for its planned minutes."""

    code = "session-times-wrong"
    status = 422


def check_days(days: Iterable[date]) -> None:
    """Refuse two sessions on one day.

    Raises:
        FilingDayTwiceError: naming the days.
    """
    twice = [day for day, count in Counter(days).items() if count > 1]
    if twice:
        raise FilingDayTwiceError(days=sorted(day.isoformat() for day in twice))


def check_times(day: date, planned_minutes: int, begins_at: str, ends_at: str) -> None:
    """Refuse hours of the day that are none, or leave no room for the planned minutes.

    Raises:
        SessionTimesError: they are so.
    """
    if not begins_at and not ends_at:
        return
    times = _TIME.fullmatch(begins_at) and _TIME.fullmatch(ends_at)
    if not times or _minute_of(ends_at) - _minute_of(begins_at) < planned_minutes:
        raise SessionTimesError(
            day=day.isoformat(), begins_at=begins_at or "—", ends_at=ends_at or "—",
            minutes=planned_minutes,
        )  # fmt: skip


def _minute_of(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])
