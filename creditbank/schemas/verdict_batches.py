"""Shapes of lists: the question about everybody, the people, and what became of each."""

from typing import Any

from marshmallow import fields, post_load

from creditbank.attendance.people_list import ListedPerson
from creditbank.rules.requirement import Outcome
from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Whole,
    public_number,
    scheme,
    word,
)
from creditbank.schemas.people import IdentityShape
from creditbank.schemas.rosters import RowProblemAnswer
from creditbank.schemas.statements import as_of
from creditbank.schemas.verdicts import StatedFacts
from creditbank.verification.batches import BatchQuestion, BatchState, ItemState
from creditbank.verification.questions import Disclosure

PEOPLE_MAX = 20_000


class BatchPersonBody(IdentityShape):
    """One applicant, and what is stated about them."""

    stated = StatedFacts(
        load_default=dict,
        metadata={"type": "object", "additionalProperties": {"type": "string"}},
    )


class VerdictBatchBody(Shape):
    """One question about many people, and why it may be asked."""

    scheme = scheme(required=True)
    series = word("engineering", required=True)
    specialty = word("composites", load_default=lambda: "")
    level = word("associate_senior", required=True)
    pathway = word("fast_track", load_default=lambda: "")
    application_day = Day(required=True)
    purpose = Text(200, required=True)
    legal_basis = Text(200, required=True)
    disclose = Choice(Disclosure, load_default=Disclosure.SUMMARY)
    as_of = as_of()
    people = Several(Inner(BatchPersonBody), low=1, high=PEOPLE_MAX, required=True)

    @post_load
    def with_question(self, loaded: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Part the question from the people; rows count from 1."""
        people = [
            ListedPerson(row_no, person["identity"], person["stated"])
            for row_no, person in enumerate(loaded.pop("people"), start=1)
        ]
        return {"question": BatchQuestion(**loaded), "people": people}


class VerdictBatchAnswer(Shape):
    """How far a list is."""

    batch_no = public_number("B7K2M9QXABCD")
    state = Choice(BatchState)
    rows_total = Whole(0, PEOPLE_MAX)
    rows_done = Whole(0, PEOPLE_MAX)
    counts = fields.Raw(
        metadata={
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "description": "Rows by outcome; `refused` and `waiting` are those without one.",
        }
    )
    requested_at = Instant()
    finished_at = Instant(allow_none=True)
    expires_at = Instant(metadata={"description": "From then on nobody on it is known any more."})


class BatchItemsQuery(Shape):
    """Where the page begins."""

    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[1-9][0-9]{0,8}", "50", load_default=str)


class BatchItemAnswer(Shape):
    """A row, and what became of it; `row_no` is its place among `people`, or its line in a file."""

    row_no = Whole(1, 2**31)
    state = Choice(ItemState)
    outcome = Text(
        20, low=0, metadata={"enum": ["", *map(str, Outcome)], "description": "Empty: no answer."}
    )
    verdict_no = Text(24, low=0)
    problems = Inner(RowProblemAnswer, many=True)


class BatchItemsAnswer(Shape):
    """A page of rows, in their order."""

    items = Inner(BatchItemAnswer, many=True)
    next_cursor = Text(10, low=0, metadata={"description": "Empty on the last page."})
