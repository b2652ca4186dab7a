"""Shapes of what became of applications: the report, and what was reported on an answer."""

from typing import Any

from marshmallow import post_load

from creditbank.schemas.fields import Choice, Day, Inner, Instant, Shape, Text, public_number, word
from creditbank.verification.results import REASON_CHARACTERS_MAX, ResultDraft
from creditbank.verification.review_reports import Report, Result, standing


class ResultBody(Shape):
    """What became of the application that an answer was asked for."""

    result = Choice(
        Result,
        required=True,
        metadata={"description": "`retracted`: what was reported last was an error."},
    )
    day = Day(required=True, metadata={"description": "Of a title that was passed, its first day."})
    level = word(
        "associate_senior",
        load_default=lambda: "",
        metadata={"description": "Of the title, where it is another than was asked about."},
    )
    reason = Text(
        REASON_CHARACTERS_MAX,
        low=0,
        load_default=str,
        metadata={"description": "No names of people."},
    )

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> ResultDraft:
        """Make the report."""
        return ResultDraft(**loaded)


class ReportAnswer(Shape):
    """A report, with the title that it is about."""

    result = Choice(Result)
    day = Day()
    series = Text(60)
    specialty = Text(60, low=0)
    level = Text(60)
    reason = Text(REASON_CHARACTERS_MAX, low=0)
    reported_at = Instant()


class ResultsAnswer(Shape):
    """All that was reported on an answer, in its order, and what stands."""

    verdict_no = public_number("V7K2M9QXAB7K2M9QXAB7")
    stands = Text(
        20, low=0, metadata={"enum": ["", *map(str, Result)], "description": "Empty: nothing."}
    )
    reports = Inner(ReportAnswer, many=True)


def results_shaped(verdict_no: str, reports: list[Report]) -> dict[str, Any]:
    """Return what was reported on an answer as it is answered."""
    last = standing(reports)
    return {
        "verdict_no": verdict_no,
        "stands": str(last.result) if last else "",
        "reports": reports,
    }
