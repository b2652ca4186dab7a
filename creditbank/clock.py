"""The only place that reads the clock. Everything below the doors is handed `now` or `day`."""

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

#: Civil days of every jurisdiction here, Xinjiang too, unless a pack's `zone` says otherwise.
CIVIL_ZONE = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def civil_day(instant: datetime, zone: ZoneInfo = CIVIL_ZONE) -> date:
    """Return the civil day on which an aware instant falls."""
    assert instant.tzinfo is not None, "instants are aware"
    return instant.astimezone(zone).date()


def instant_text(instant: datetime) -> str:
    """Write an aware instant as RFC 3339 UTC with six places, the one form used in leaves."""
    assert instant.tzinfo is not None, "instants are aware"
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"


@lru_cache(maxsize=4_096)
def instant_from_text(text: str) -> datetime:
    """Read what `instant_text` wrote.

    Raises:
        ValueError: it is written in any other way.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or instant_text(instant) != text:
        raise ValueError("no instant in UTC with six places")
    return instant
