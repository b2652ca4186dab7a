"""Shapes of objections to queries, and of questions that were refused."""

from marshmallow import fields

from creditbank.schemas.fields import (
    Choice,
    Code,
    Inner,
    Instant,
    Shape,
    Text,
    Whole,
    jurisdiction,
    public_number,
)
from creditbank.verification.objections import Finding

WORDS_CHARACTERS_MAX = 500
REASON_CHARACTERS_MAX = 500
_CURSOR = r"[A-Za-z0-9_-]{8,120}"


class ObjectionsQuery(Shape):
    """Which objections, and where the page begins."""

    state = Code("waiting|all", "waiting", load_default=lambda: "waiting")
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(_CURSOR, "next_cursor", load_default=str)


class ObjectionAnswerBody(Shape):
    """What was found of an objection, and why; the person reads the reason."""

    finding = Choice(Finding, required=True)
    reason = Text(REASON_CHARACTERS_MAX, required=True)


class ObjectionLine(Shape):
    """An objection, which names nobody."""

    objection_no = public_number("O7K2M9QXAB")
    verdict_no = public_number("V7K2M9QXAB7K2M9QXAB7")
    jurisdiction = jurisdiction()
    raised_at = Instant()
    finding = Text(20, low=0, metadata={"description": "Empty until an official answered."})
    answered_at = Text(27, low=0, metadata={"description": "Empty until an official answered."})


class ObjectionShown(ObjectionLine):
    """An objection with what both sides say, and the query that it is about."""

    words = Text(WORDS_CHARACTERS_MAX)
    answer = Text(REASON_CHARACTERS_MAX, low=0)
    answered_by = Text(40, low=0)
    organisation = Text(200, low=0)
    client = Text(60)
    asked_at = Instant()
    purpose = Text(200)
    legal_basis = Text(200)
    mandate_no = Text(20)
    disclose = Text(20)
    outcome = Text(20)
    question = fields.Raw(metadata={"type": "object"})


class ObjectionsAnswer(Shape):
    """One page of objections, newest first."""

    objections = Inner(ObjectionLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})


class RefusedQuery(Shape):
    """Whose refused questions, and where the page begins."""

    client = Code(r"[A-Za-z0-9_-]{1,60}", "title_system-k3v9x2m7", load_default=str)
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(_CURSOR, "next_cursor", load_default=str)


class RefusedLine(Shape):
    """A question that was refused; nobody whom it was about is known."""

    question_no = public_number("X7K2M9QXAB7K")
    client = Text(60)
    organisation = Text(200, low=0)
    jurisdiction = jurisdiction()
    scheme = Text(60)
    series = Text(60)
    specialty = Text(60, low=0)
    level = Text(60)
    purpose = Text(200)
    legal_basis = Text(200)
    reason = Text(40, metadata={"description": "The code of the refusal."})
    bounds = Text(200, low=0, metadata={"description": "Codes of the mandate's bounds."})
    people = Whole(0, 2**31)
    asked_at = Instant()


class RefusedAnswer(Shape):
    """One page of refused questions, newest first."""

    refused_questions = Inner(RefusedLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})
