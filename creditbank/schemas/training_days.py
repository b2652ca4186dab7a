"""Shapes of the day log of practical training: what was done on which day, and who says so."""

from typing import Any

from marshmallow import post_load

from creditbank.crediting.training_days import DayEntry, DayLog, DayUse, LoggedDay, Teller
from creditbank.schemas.fields import Choice, Code, Day, Inner, Instant, Several, Shape, Text

DONE_CHARACTERS_MAX = 500
_DAYS_MAX = 4_000


class DayEntryBody(Shape):
    """What was done on a day of practical training; it stands in place of what was said before."""

    day = Day(required=True)
    use = Choice(
        DayUse, required=True, metadata={"description": "A day of travel is never credited."}
    )
    told_by = Choice(
        Teller, required=True, metadata={"description": "In whose name: organiser or host."}
    )
    done = Text(
        DONE_CHARACTERS_MAX, required=True,
        metadata={"description": "What was done, or from where to where; no names of people."},
    )  # fmt: skip

    sha256 = Code(
        r"[0-9a-f]{64}", "0" * 64, load_default=str,
        metadata={"description": "Of a file that shows it, which stays with you."},
    )  # fmt: skip

    @post_load
    def as_entry(self, loaded: dict[str, Any], **_kwargs: Any) -> DayEntry:
        """Make the entry."""
        return DayEntry(**loaded)


class LoggedDayAnswer(Shape):
    """What stands of a day, since when, by which client."""

    day = Day()
    use = Choice(DayUse)
    told_by = Choice(Teller)
    done = Text(DONE_CHARACTERS_MAX)
    sha256 = Code(r"([0-9a-f]{64})?", "")
    actor = Text(60)
    recorded_at = Instant()


class DayLogAnswer(Shape):
    """The days of practical training."""

    days = Inner(LoggedDayAnswer, many=True)
    missing = Several(
        Day(), high=_DAYS_MAX,
        metadata={"description": "Past days of the filing of which nothing is said: none of their "
                  "attendance is credited."},
    )  # fmt: skip


def day_log_shaped(log: DayLog) -> dict[str, Any]:
    """Return a day log as it is answered."""
    return {"days": [_shaped(each) for each in log.days], "missing": log.missing}


def _shaped(logged: LoggedDay) -> dict[str, Any]:
    entry = logged.entry
    return {
        "day": entry.day, "use": entry.use, "told_by": entry.told_by, "done": entry.done,
        "sha256": entry.sha256, "actor": logged.actor, "recorded_at": logged.recorded_at,
    }  # fmt: skip
