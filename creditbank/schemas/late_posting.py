"""Shapes of the time that there is to post attendance, and of what is let in after it."""

from datetime import date
from typing import Any

from marshmallow import post_load

from creditbank.crediting.late_posting import Admission, Term
from creditbank.registry.filing.filings import SESSIONS_MAX
from creditbank.schemas.fields import Day, Inner, Several, Shape, Text, Truth
from creditbank.schemas.registry import REASON_CHARACTERS_MAX


class LatePostingBody(Shape):
    """Days whose attendance may still be posted, through which day, and why."""

    days = Several(Day(), low=1, high=SESSIONS_MAX, required=True)
    through = Day(required=True, metadata={"description": "Last day on which it is posted."})
    reason = Text(REASON_CHARACTERS_MAX, required=True)

    @post_load
    def as_admission(self, loaded: dict[str, Any], **_kwargs: Any) -> Admission:
        """Make the admission."""
        return Admission(tuple(loaded["days"]), loaded["through"], loaded["reason"])


class PostingTermAnswer(Shape):
    """Until when attendance of a session is posted."""

    day = Day()
    last_day = Day(metadata={"description": "In time, by the rules."})
    admitted_through = Day(
        allow_none=True, metadata={"description": "Until when an official lets it in late."}
    )
    over = Truth(metadata={"description": "Nothing of it is posted any more."})


class PostingTermsAnswer(Shape):
    """The sessions whose attendance has an end by the rules; none where the rules name no end."""

    terms = Inner(PostingTermAnswer, many=True)


def term_shaped(term: Term, today: date) -> dict[str, Any]:
    """Return a term as it is answered."""
    return {
        "day": term.day, "last_day": term.last_day, "admitted_through": term.admitted_through,
        "over": term.is_over(today),
    }  # fmt: skip
