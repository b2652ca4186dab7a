"""Shapes of what becomes of a filing after its approval, and of the hours under a revoked one."""

from creditbank.crediting.filing_review import DECIDED_AT_ONCE, ReviewDecision
from creditbank.crediting.filing_steps import Ending, Measure
from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Hours,
    Inner,
    Several,
    Shape,
    Text,
    Whole,
    public_number,
)
from creditbank.schemas.investigations import CASE_CHARACTERS_MAX
from creditbank.schemas.registry import REASON_CHARACTERS_MAX

PAGE_CREDITS_MAX = 200
_COUNT_MAX = 2**31


class EndingBody(Shape):
    """How a provider ends a filing: withdrawn before anything was posted, or closed."""

    step = Choice(Ending, required=True)
    reason = Text(REASON_CHARACTERS_MAX, low=0, load_default="")


class MeasureBody(Shape):
    """What an official orders for an approved filing."""

    step = Choice(Measure, required=True)
    reason = Text(REASON_CHARACTERS_MAX, required=True)
    case_no = Text(
        CASE_CHARACTERS_MAX, low=0, load_default="",
        metadata={"description": "Number of the office's file; a revocation wants it."},
    )  # fmt: skip
    from_day = Day(
        load_default=lambda: None,
        metadata={"description": "First day of a suspension; today if left out."},
    )


class ReviewQuery(Shape):
    """Which page of the hours that wait."""

    page = Whole(1, 100_000, as_text=True, load_default=1)


class WaitingAnswer(Shape):
    """One credit that waits for its decision."""

    leaf = Code(r"[0-9a-f]{64}", "9f" * 32)
    roster_no = public_number("R7K2M9QXAB")
    row_no = Whole(1, _COUNT_MAX)
    last_four = Text(4)
    day = Day()
    hours = Hours()


class ReviewAnswer(Shape):
    """Hours under a revoked filing that nobody has decided on yet, page by page."""

    filing_no = public_number("F7K2M9QXAB")
    case_no = Text(CASE_CHARACTERS_MAX)
    credits = Whole(0, _COUNT_MAX, metadata={"description": "How many wait in all."})
    hours = Hours(metadata={"description": "Of all that wait."})
    waiting = Inner(WaitingAnswer, many=True)


class ReviewBody(Shape):
    """A decision on hours under a revoked filing."""

    decision = Choice(ReviewDecision, required=True)
    reason = Text(REASON_CHARACTERS_MAX, required=True)
    leaves = Several(
        Code(r"[0-9a-f]{64}", "9f" * 32),
        high=DECIDED_AT_ONCE,
        load_default=list,
        metadata={"description": f"Which credits; the first {DECIDED_AT_ONCE} if left out."},
    )


class ReviewedAnswer(Shape):
    """What was decided, and how much waits still."""

    decided = Whole(0, _COUNT_MAX)
    hours = Hours()
    left = Whole(0, _COUNT_MAX)
