"""Shapes of scorecards: which days are asked about, and what is counted of them."""

from typing import Any

from creditbank.crediting.scorecard import LATE_DAYS, SOON_DAYS, Scorecard
from creditbank.integrity.lists import Figures
from creditbank.schemas.fields import Day, Hours, Inner, Shape, Text, Whole, public_number

_COUNT_MAX = 2**53 - 1
_DAYS_MAX = 200_000


def _nothing() -> None:
    """Stand for what was left out; a function, so that the document shows no default."""


class ScorecardQuery(Shape):
    """Sessions held between which days; from 1 January of this year through today if left out."""

    first_day = Day(load_default=_nothing, data_key="from")
    last_day = Day(load_default=_nothing, data_key="through")


class UnpostedAnswer(Shape):
    """A session that was held and has no attendance."""

    filing_no = public_number("F7K2M9QXAB")
    session_no = Whole(1, 120)
    title = Text(300)
    day = Day()


class LatenessAnswer(Shape):
    """Days from a session to the posting of its attendance, over rows."""

    rows = Whole(0, _COUNT_MAX)
    median_days = Whole(0, _DAYS_MAX)
    longest_days = Whole(0, _DAYS_MAX)
    soon_rows = Whole(
        0, _COUNT_MAX, metadata={"description": f"Posted within {SOON_DAYS} days of the session."}
    )
    late_rows = Whole(
        0, _COUNT_MAX, metadata={"description": f"Posted more than {LATE_DAYS} days after it."}
    )


class ReversedAnswer(Shape):
    """Credits that were taken back for one reason."""

    reason = Text(60)
    credits = Whole(0, _COUNT_MAX)
    hours = Hours()


class DisputesCounted(Shape):
    """Disputes that were stated in these days."""

    stated = Whole(0, _COUNT_MAX)
    open = Whole(0, _COUNT_MAX)
    late = Whole(0, _COUNT_MAX, metadata={"description": "Not answered in time."})
    upheld = Whole(0, _COUNT_MAX)


class ScorecardAnswer(Shape):
    """What became of the sessions that a provider held."""

    uscc = Text(18)
    first_day = Day(data_key="from")
    last_day = Day(data_key="through")
    sessions = Whole(0, _COUNT_MAX)
    unposted = Inner(UnpostedAnswer, many=True)
    lateness = Inner(
        LatenessAnswer, allow_none=True,
        metadata={"description": "`null` where nothing was posted."},
    )  # fmt: skip
    rows_refused = Whole(0, _COUNT_MAX)
    credits = Whole(0, _COUNT_MAX)
    credited_hours = Hours()
    reversed = Inner(ReversedAnswer, many=True)
    disputes = Inner(DisputesCounted)


class FiguresAnswer(Shape):
    """What is told of the sessions that a provider held in a year."""

    sessions = Whole(0, _COUNT_MAX)
    unposted = Whole(
        0, _COUNT_MAX, metadata={"description": "Sessions held that have no attendance."}
    )
    rows = Whole(0, _COUNT_MAX, metadata={"description": "Attendances credited."})
    median_days = Whole(
        0, _DAYS_MAX, allow_none=True,
        metadata={"description": "From session to posting; `null` where nothing was posted."},
    )  # fmt: skip
    soon_rows = Whole(
        0, _COUNT_MAX, metadata={"description": f"Posted within {SOON_DAYS} days of the session."}
    )
    late_rows = Whole(
        0, _COUNT_MAX, metadata={"description": f"Posted more than {LATE_DAYS} days after it."}
    )
    rows_refused = Whole(0, _COUNT_MAX)
    credits = Whole(0, _COUNT_MAX)
    reversed = Whole(0, _COUNT_MAX, metadata={"description": "Credits that were taken back."})
    disputes = Whole(0, _COUNT_MAX)
    disputes_late = Whole(0, _COUNT_MAX, metadata={"description": "Not answered in time."})
    disputes_upheld = Whole(0, _COUNT_MAX)


class PublicationAnswer(Shape):
    """The figures of a year, and since when they are these."""

    year = Whole(1900, 9999)
    published_on = Day()
    figures = Inner(FiguresAnswer)


class PublishedFiguresAnswer(Shape):
    """What was published last of each year, the latest year first; nobody is named."""

    uscc = Text(18)
    name = Text(300)
    years = Inner(PublicationAnswer, many=True)


def shaped_scorecard(card: Scorecard, disputes: Figures, uscc: str) -> dict[str, Any]:
    """Return the members of a scorecard, to be dumped."""
    return {
        "uscc": uscc,
        "first_day": card.first_day,
        "last_day": card.last_day,
        "sessions": card.sessions,
        "unposted": card.unposted,
        "lateness": card.lateness,
        "rows_refused": card.rows_refused,
        "credits": card.credits,
        "credited_hours": card.credited_centihours,
        "reversed": [
            {"reason": each.reason, "credits": each.count, "hours": each.centihours}
            for each in card.reversed
        ],
        "disputes": disputes,
    }
