"""Shapes of investigations: what is frozen and why, and how it ends."""

from typing import Any

from marshmallow import post_load

from creditbank.crediting.cases import CreditStanding
from creditbank.crediting.investigations import InvestigationReason, Outcome
from creditbank.schemas.fields import (
    Choice,
    Code,
    Hours,
    Inner,
    Instant,
    Shape,
    Text,
    Truth,
    Whole,
    jurisdiction,
    public_number,
    scheme,
    subject,
)
from creditbank.schemas.people import IdentityShape

CASE_CHARACTERS_MAX = 60
_STATES = ["open", *map(str, Outcome)]
_CREDITS_MAX = 2**31
#: A source, or one session, part or row of it.
ABOUT_PATTERN = r"[A-Z][0-9A-Z]{9,19}(/[1-9][0-9]{0,5})?"


class InvestigationBody(Shape):
    """What is looked into: all of a source, one session or part of it, one person's hours of it."""

    about = Code(
        ABOUT_PATTERN,
        "F7K2M9QXAB",
        required=True,
        metadata={"description": "Number of a source; with /2 its second session, part or row."},
    )
    person = Inner(
        IdentityShape,
        load_default=lambda: None,
        metadata={"description": "Whose hours; everybody's if left out."},
    )
    case_no = Text(CASE_CHARACTERS_MAX, required=True)
    reason = Choice(InvestigationReason, required=True)

    @post_load
    def with_place(self, loaded: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Part the source from the occasion."""
        person, about = loaded.pop("person"), loaded.pop("about")
        return {
            **loaded,
            "source_no": about.partition("/")[0],
            "occasion": about if "/" in about else "",
            "identity": person["identity"] if person else None,
        }


class ClosingBody(Shape):
    """How an investigation ends."""

    outcome = Choice(Outcome, required=True)


class InvestigationsQuery(Shape):
    """Which investigations, and where the page begins."""

    case_no = Text(CASE_CHARACTERS_MAX, low=0, load_default="")
    state = Code("|".join(_STATES), "open", load_default=str)
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[A-Za-z0-9_-]{8,120}", "next_cursor", load_default=str)


class InvestigationLine(Shape):
    """An investigation in a list."""

    investigation_no = public_number("E7K2M9QXAB")
    case_no = Text(CASE_CHARACTERS_MAX)
    jurisdiction = jurisdiction()
    scheme = scheme()
    about = Text(40, metadata={"description": "Number of the source, or one session of it."})
    of_one_person = Truth()
    reason = Choice(InvestigationReason)
    state = Text(20, metadata={"enum": _STATES})
    opened_by = Text(40)
    opened_at = Instant()
    closed_by = Text(40, low=0, metadata={"description": "Empty while it is open."})
    closed_at = Text(27, low=0, metadata={"description": "Empty while it is open."})
    credit_count = Whole(0, _CREDITS_MAX)


class HeldCreditAnswer(Shape):
    """One entry that an investigation held, and how it stands now."""

    scheme = scheme()
    occasion = Text(40)
    year = Whole(1900, 2200)
    subject = subject()
    hours = Hours()
    standing = Choice(CreditStanding)
    leaf = Text(64)


class InvestigationAnswer(InvestigationLine):
    """An investigation with what it held: at most 1,000 entries of all those counted."""

    credits = Inner(HeldCreditAnswer, many=True)


class InvestigationsAnswer(Shape):
    """One page of investigations, newest first."""

    investigations = Inner(InvestigationLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})
