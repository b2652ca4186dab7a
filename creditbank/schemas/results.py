"""Shapes of what became of applications: the report, and what was reported on an answer."""

from typing import Any

from marshmallow import post_load

from creditbank.schemas.fields import (
    Choice,
    Day,
    Inner,
    Instant,
    Shape,
    Text,
    Truth,
    Whole,
    public_number,
    word,
)
from creditbank.verification.results import REASON_CHARACTERS_MAX, ResultDraft
from creditbank.verification.review_reports import Report, Result, standing


class ResultBody(Shape):
    """What became of the application that an answer was asked for."""

    result = Choice(
        Result,
        required=True,
        metadata={"description": "`retracted`: what was reported last was an error."},
    )
    day = Day(
        required=True,
        metadata={
            "description": "Of a title that was passed, its first day; of all else, when it was so."
            " No day that has not come."
        },
    )
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


class ReviewExportBody(Shape):
    """Which year's reviews."""

    year = Whole(1949, 2200, required=True, metadata={"description": "By the day of the result."})
    named = Truth(
        load_default=lambda: False,
        metadata={"description": "With names; for a unit's own, while its mandate is in force."},
    )


class UnitsReviewExportBody(Shape):
    """Which year's reviews of a unit."""

    year = Whole(1949, 2200, required=True, metadata={"description": "By the day of the result."})


class ReviewExportRow(Shape):
    """An answer on which a result stands, and that result."""

    verdict_no = public_number("V3CAB67EY6B909Q2ZTZF")
    asked_at = Text(40)
    name = Text(200, low=0, metadata={"description": "Masked unless asked for with names."})
    document_kind = Text(40)
    last_four = Text(4)
    scheme = Text(40)
    series = Text(40)
    specialty = Text(40, low=0)
    level = Text(40)
    application_day = Text(10)
    outcome = Text(20)
    result = Choice(Result)
    result_day = Text(10)
    reported_at = Text(40)
    answer_sha256 = Text(64)


class ReviewExportAnswer(Shape):
    """What a unit's reviews of a year relied on."""

    uscc = Text(18)
    organisation = Text(200)
    year = Whole(1949, 2200)
    named = Truth()
    columns_are = Text(
        20, metadata={"description": "`assumption`: no source gives the collection's template."}
    )
    rows = Inner(ReviewExportRow, many=True)
    sha256 = Text(64, metadata={"description": "Of the canonical JSON of `rows`."})
    jws = Text(4_000, metadata={"description": "Over the digest (docs/formats.md §19)."})


def results_shaped(verdict_no: str, reports: list[Report]) -> dict[str, Any]:
    """Return what was reported on an answer as it is answered."""
    last = standing(reports)
    return {
        "verdict_no": verdict_no,
        "stands": str(last.result) if last else "",
        "reports": reports,
    }
