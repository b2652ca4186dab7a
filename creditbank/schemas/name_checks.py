"""Shapes of held rows: who waits, what was posted and what is on record, and what was found."""

from typing import Any

from marshmallow import post_load

from creditbank.crediting.name_checks import CREDITED, OPEN, REFUSED, SETTLED
from creditbank.crediting.name_decisions import Finding
from creditbank.crediting.pre_matching import PEOPLE_MAX, Match, Stated
from creditbank.people.documents import DocumentKind
from creditbank.schemas.fields import (
    Choice,
    Code,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Whole,
    jurisdiction,
    public_number,
)
from creditbank.schemas.people import NAME_CHARACTERS_MAX, NUMBER_CHARACTERS_MAX
from creditbank.schemas.rosters import RowProblemAnswer

CASE_CHARACTERS_MAX = 60
NOTE_CHARACTERS_MAX = 300
_STATES = [OPEN, CREDITED, REFUSED, SETTLED]


class NameChecksQuery(Shape):
    """Which held rows, and where the page begins."""

    state = Code("|".join(_STATES), OPEN, load_default=str)
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[A-Za-z0-9_-]{8,120}", "next_cursor", load_default=str)


class NoteBody(Shape):
    """What proves that number and name are one person's."""

    note = Text(NOTE_CHARACTERS_MAX, required=True)


class FindingBody(Shape):
    """What was found: with `misspelt` and `renamed` it is the known person, who is credited."""

    finding = Choice(Finding, required=True)
    case_no = Text(CASE_CHARACTERS_MAX, required=True)


class NameCheckLine(Shape):
    """A held row, which names nobody."""

    check_no = public_number("N7K2M9QXAB")
    jurisdiction = jurisdiction()
    filing_no = public_number("F7K2M9QXAB")
    session_no = Whole(1, 32_767)
    roster_no = public_number("R7K2M9QXAB")
    row_no = Whole(0, 2**31)
    held_at = Instant()
    asked_at = Text(27, low=0, metadata={"description": "Empty until the provider asked."})
    state = Text(20, metadata={"enum": _STATES})
    finding = Text(20, low=0, metadata={"description": "Empty until an official decided."})
    decided_at = Text(27, low=0, metadata={"description": "Empty until an official decided."})
    credited_roster_no = Text(20, low=0, metadata={"description": "Empty unless it is credited."})


class NameCheckAnswer(NameCheckLine):
    """A held row with both names, for officials; without them once it waits no more."""

    name_stated = Text(60, low=0)
    names_on_record = Several(Text(60), metadata={"description": "The newest first."})
    last_four = Text(4, low=0)
    day = Text(10, low=0)
    attended_minutes = Whole(0, 1_440)
    note = Text(NOTE_CHARACTERS_MAX, low=0)
    decided_by = Text(40, low=0)
    case_no = Text(CASE_CHARACTERS_MAX, low=0)


class NameChecksAnswer(Shape):
    """One page of held rows, newest first."""

    name_checks = Inner(NameCheckLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})


class StatedShape(Shape):
    """A number and a name; whether they can be so is told line by line, not refused here."""

    document_kind = Choice(DocumentKind, required=True)
    document_number = Text(NUMBER_CHARACTERS_MAX, required=True)
    name = Text(NAME_CHARACTERS_MAX, required=True)

    @post_load
    def as_stated(self, loaded: dict[str, Any], **_kwargs: Any) -> Stated:
        """Return the line."""
        return Stated(*(loaded[name] for name in ("document_kind", "document_number", "name")))


class MatchBody(Shape):
    """Whose numbers and names are to be compared."""

    people = Several(Inner(StatedShape), low=1, high=PEOPLE_MAX, required=True)


class MatchedAnswer(Shape):
    """What is told of one line."""

    row_no = Whole(1, PEOPLE_MAX, metadata={"description": "From 1, in the order of the body."})
    match = Choice(
        Match,
        metadata={
            "description": "agrees: on record under this name. new: not on record; hours posted"
            " count. differs: on record under another name, or too many names were stated for the"
            " number; a row would be held. uncompared: too many names differed today. unreadable:"
            " number or name cannot be so; a row would be refused."
        },
    )
    problem = Inner(
        RowProblemAnswer, allow_none=True,
        metadata={"description": "`null` where the line fits."},
    )  # fmt: skip


class MatchAnswer(Shape):
    """Whether numbers and names fit; nobody's name on record is told."""

    people = Inner(MatchedAnswer, many=True)
