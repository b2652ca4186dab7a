"""Shapes of lists: the question about everybody, the people, and what became of each."""

import re
from typing import Any
from unicodedata import is_normalized

from marshmallow import ValidationError, fields, post_load

from creditbank.attendance.people_list import ListedPerson
from creditbank.errors import CreditBankError
from creditbank.people.documents import DocumentKind, read_document, read_name
from creditbank.people.register import Identity
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
    Truth,
    Whole,
    public_number,
    scheme,
    word,
)
from creditbank.schemas.people import NUMBER_CHARACTERS_MAX, IdentityShape
from creditbank.schemas.rosters import RowProblemAnswer
from creditbank.schemas.statements import as_of
from creditbank.schemas.verdicts import STATED_MAX, StatedFacts
from creditbank.verification.batches import BatchQuestion, BatchState, ItemState
from creditbank.verification.list_trees import Signing
from creditbank.verification.questions import Disclosure
from creditbank.verification.readiness import Ready

PEOPLE_MAX = 100_000
_IDENTITY = frozenset({"document_kind", "document_number", "name"})
_KINDS = {str(each): each for each in DocumentKind}
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class BatchPersonBody(IdentityShape):
    """One applicant, and what is stated about them."""

    stated = StatedFacts(
        load_default=dict,
        metadata={"type": "object", "additionalProperties": {"type": "string"}},
    )


class People(Several):
    """The applicants of a list.

    A row in which nothing is unusual is read without a shape: there may be 100,000. Any other goes
    through its shape, which says what is wrong with it.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(Inner(BatchPersonBody), low=1, high=PEOPLE_MAX, **options)

    def _read(self, items: list[Any], **kwargs: Any) -> list[Any]:
        people: list[Any] = []
        wrong: dict[int, Any] = {}
        for place, each in enumerate(items):
            person = _plain_person(each)
            if person is None:
                try:
                    person = self.inner.deserialize(each, **kwargs)
                except ValidationError as error:
                    wrong[place] = error.messages
            people.append(person)
        if wrong:
            raise ValidationError(wrong)
        return people


def _plain_person(row: Any) -> dict[str, Any] | None:
    """Return a row as its shape would load it; None where that has to look at it."""
    if not isinstance(row, dict) or not _IDENTITY <= row.keys() <= _IDENTITY | {"stated"}:
        return None
    said, stated = [row[name] for name in ("document_kind", "document_number", "name")], {}
    if "stated" in row:
        stated = row["stated"]
        if not isinstance(stated, dict) or len(stated) > STATED_MAX:
            return None
    texts = [*said, *stated, *stated.values()]
    if not all(isinstance(text, str) and _is_plain(text) for text in texts):
        return None
    kind, number, name = said
    if kind not in _KINDS or not all(map(_WORD.fullmatch, stated)):
        return None
    try:
        identity = Identity(read_document(_KINDS[kind], number), read_name(name))
    except CreditBankError:
        return None
    return {"identity": identity, "stated": stated}


def _is_plain(text: str) -> bool:
    """Tell whether a text is taken as it stands by every field that it may be in."""
    short = 0 < len(text) <= NUMBER_CHARACTERS_MAX and text.isprintable()
    return short and text.strip() == text and is_normalized("NFC", text)


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
    known_at = Instant(
        load_default=lambda: None, metadata={"description": "Asks what was known then; else now."}
    )
    as_of = as_of()
    signing = Choice(
        Signing,
        load_default=Signing.ITEM,
        metadata={
            "description": "`item` signs each answer; `tree` signs once, over a tree of all rows, "
            "and gives each its proof, once the list is done (docs/formats.md §15)."
        },
    )
    readiness = Truth(
        load_default=lambda: False,
        metadata={
            "description": "The list looks at who is ready by the day on which reviews end, as the "
            "rules state it: that day is shown, and whoever is short is reminded before it."
        },
    )
    ready_by = Day(
        load_default=lambda: None,
        metadata={"description": "The same by a day of the unit's own; no answer rests on it."},
    )
    people = People(required=True)

    @post_load
    def with_question(self, loaded: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Part the question from the people, and from the day; rows count from 1."""
        ready_by, readiness = loaded.pop("ready_by"), loaded.pop("readiness")
        people = [
            ListedPerson(row_no, person["identity"], person["stated"])
            for row_no, person in enumerate(loaded.pop("people"), start=1)
        ]
        return {
            "question": BatchQuestion(**loaded), "people": people, "ready_by": ready_by,
            "looks": readiness or ready_by is not None,
        }  # fmt: skip


class BatchLooksAnswer(Shape):
    """By which day a list looks at who is ready."""

    due_on = Day()
    rule_scheme = Text(40, low=0)
    rule_key = Text(80, low=0, metadata={"description": "Empty: the unit's own day."})
    told_at = Instant(
        allow_none=True,
        metadata={"description": "When it was told that the day comes near; null before."},
    )


class VerdictBatchAnswer(Shape):
    """How far a list is."""

    batch_no = public_number("B7K2M9QXABCD")
    state = Choice(BatchState)
    signing = Choice(Signing)
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
    readiness = Inner(
        BatchLooksAnswer,
        metadata={"description": "Only of a list that looks at who is ready by a day."},
    )


class ReadinessQuery(Shape):
    """Who, and where the page begins."""

    state = Choice(Ready, load_default=lambda: None)
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[1-9][0-9]{0,8}", "50", load_default=str)


class ReadinessShort(Shape):
    """Hours that are missing in a year, or from its first through its last."""

    year = Whole(1949, 2200)
    through = Whole(1949, 2200)
    subject = Text(80, low=0, metadata={"description": "Empty: the total."})
    short = Text(20, metadata={"example": "6.00"})


class ReadinessItem(Shape):
    """A row, and how its person stands."""

    row_no = Whole(1, 2**31)
    ready = Choice(Ready)
    on_record = Truth(
        metadata={"description": "false: nothing is on record, which is not “short”."}
    )
    missing = Inner(ReadinessShort, many=True)
    reasons = Several(Text(80), metadata={"description": "Codes, where it cannot be told."})
    verdict_no = Text(24, low=0)


class ReadinessAnswer(Shape):
    """A page of rows, in their order."""

    due_on = Day(allow_none=True)
    items = Inner(ReadinessItem, many=True)
    next_cursor = Text(10, low=0, metadata={"description": "Empty on the last page."})


class BatchItemsQuery(Shape):
    """Where the page begins."""

    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[1-9][0-9]{0,8}", "50", load_default=str)


class BatchAnswersQuery(Shape):
    """Behind which row to go on."""

    after = Code(
        r"[1-9][0-9]{0,8}", "50", load_default=str,
        metadata={"description": "`row_no` of the last row that was read; empty from the first."},
    )  # fmt: skip


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
