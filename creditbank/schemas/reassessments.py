"""Shapes of re-assessments: what is looked at again, what it would change, what became of it."""

from creditbank.crediting.reassessing import Plan
from creditbank.crediting.reassessments import Outcome, ReassessmentState
from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Hours,
    Inner,
    Instant,
    Shape,
    Text,
    Whole,
    jurisdiction,
    public_number,
    scheme,
    subject,
)
from creditbank.schemas.investigations import CASE_CHARACTERS_MAX

_COUNT_MAX = 2**31
_NO_YEAR = 0


class ReassessmentBody(Shape):
    """Whose credits are converted again: a scheme's, of them one source's or some days'."""

    scheme = scheme(required=True)
    case_no = Text(CASE_CHARACTERS_MAX, required=True)
    source_no = Code(
        r"[A-Z][0-9A-Z]{9,19}",
        "F7K2M9QXAB",
        load_default=str,
        metadata={"description": "Number of one filing, recognition or transfer; all if left out."},
    )
    earned_from = Day(load_default=lambda: None)
    earned_to = Day(load_default=lambda: None)


class DigestBody(Shape):
    """The report that was read, and no other."""

    digest = Code(r"[0-9a-f]{64}", "4f" * 32, required=True)


class ReassessmentsQuery(Shape):
    """Where the page begins."""

    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[A-Za-z0-9_-]{8,120}", "next_cursor", load_default=str)


class ReassessedQuery(Shape):
    """Which part of the list."""

    page = Whole(1, 1_000_000, as_text=True, load_default=1)
    limit = Whole(1, 1_000, as_text=True, load_default=100)


class PlanCount(Shape):
    """How many credits would have this become of them."""

    plan = Choice(Plan)
    count = Whole(0, _COUNT_MAX)


class OutcomeCount(Shape):
    """How many credits had this become of them."""

    outcome = Choice(Outcome)
    count = Whole(0, _COUNT_MAX)


class SumAnswer(Shape):
    """Hours of one year and subject before and after, caps aside, of the credits that change."""

    year = Whole(1900, 2200)
    subject = subject()
    credits = Whole(0, _COUNT_MAX)
    before = Hours()
    after = Hours()


class ReassessmentLine(Shape):
    """A re-assessment in a list."""

    reassessment_no = public_number("G7K2M9QXAB")
    case_no = Text(CASE_CHARACTERS_MAX)
    jurisdiction = jurisdiction()
    scheme = scheme()
    source_no = Text(20, low=0, metadata={"description": "Empty for all of the scheme."})
    earned_from = Day(allow_none=True)
    earned_to = Day(allow_none=True)
    state = Choice(ReassessmentState)
    failed = Text(60, low=0, metadata={"description": "The code of what stopped it; else empty."})
    step_done = Whole(
        0,
        _COUNT_MAX,
        metadata={"description": "People while it is rehearsed, credits while it is carried out."},
    )
    step_total = Whole(0, _COUNT_MAX)
    requested_by = Text(40)
    requested_at = Instant()
    proposed_by = Text(40, low=0)
    approved_by = Text(40, low=0)
    finished_at = Instant(allow_none=True)


class ReassessmentAnswer(ReassessmentLine):
    """A re-assessment with its report, once it was rehearsed, and what became of it so far."""

    digest = Text(64, low=0, metadata={"description": "Of the report; empty until there is one."})
    packs = Text(2_000, low=0, metadata={"description": "By which law, as entries name it."})
    credits = Whole(0, _COUNT_MAX, metadata={"description": "How many were converted again."})
    people = Whole(0, _COUNT_MAX, metadata={"description": "Whose hours would become others."})
    plans = Inner(PlanCount, many=True)
    sums = Inner(SumAnswer, many=True)
    outcomes = Inner(OutcomeCount, many=True)


class ReassessmentsAnswer(Shape):
    """One page of re-assessments, newest first."""

    reassessments = Inner(ReassessmentLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})


class ReassessedCreditAnswer(Shape):
    """One entry that changes; year 0 and an empty subject where there is nothing."""

    occasion = Text(40)
    leaf = Text(64, low=0, metadata={"description": "Empty where an item gains a part."})
    hours = Hours()
    year = Whole(_NO_YEAR, 2200)
    subject = Text(120, low=0)
    new_hours = Hours()
    new_year = Whole(_NO_YEAR, 2200)
    new_subject = Text(120, low=0)
    plan = Choice(Plan)
    why = Text(
        60, low=0, metadata={"description": "Code of why the rules do not tell; else empty."}
    )
    outcome = Text(20, low=0, metadata={"enum": ["", *map(str, Outcome)]})


class ReassessedCreditsAnswer(Shape):
    """Part of the list of entries that change, by source and occasion; it names nobody."""

    credits = Inner(ReassessedCreditAnswer, many=True)
    count = Whole(0, _COUNT_MAX, metadata={"description": "Of the whole list."})
