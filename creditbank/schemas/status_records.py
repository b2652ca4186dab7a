"""Shapes of status records: what a source says of a person, and the feed of what became of it."""

from typing import Any

from marshmallow import post_load

from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Inner,
    Instant,
    Shape,
    Text,
    Truth,
    Whole,
    public_number,
    scheme,
    subject,
    word,
)
from creditbank.schemas.items import ByWord
from creditbank.schemas.people import IdentityShape, identity_of
from creditbank.schemas.registry import REASON_CHARACTERS_MAX
from creditbank.verification.status_events import EVENT_KINDS
from creditbank.verification.status_kinds import (
    MEMBERS,
    Examination,
    Mark,
    PledgedBy,
    Practice,
    StatusKind,
)
from creditbank.verification.status_records import Status, StatusDraft

REFERENCE_CHARACTERS_MAX = 80
SOURCE_CHARACTERS_MAX = 60
ORGANISATION_CHARACTERS_MAX = 18
VERSION_CHARACTERS_MAX = 40
TITLE_CHARACTERS_MAX = 120
RECORD_CHARACTERS_MAX = 20
_SHA256 = r"[0-9a-f]{64}"


class _Said(Shape):
    """What a record says; which members a kind has is said where it is refused."""

    kind = Choice(StatusKind, required=True)
    reference = Text(
        REFERENCE_CHARACTERS_MAX, required=True,
        metadata={"description": "The source's own name for it; no number of a person."},
    )  # fmt: skip
    source = Text(
        SOURCE_CHARACTERS_MAX, required=True,
        metadata={"description": "Whose data it is: 社会保险登记, an examination authority."},
    )  # fmt: skip
    as_of = Day(required=True, metadata={"description": "As of which day the source says so."})
    valid_from = Day(
        required=True, metadata={"description": "Of an examination or a pledge, its day."}
    )
    valid_through = Day(
        load_default=lambda: None,
        metadata={"description": "Its last day, if it has one.", "type": ["string", "null"]},
    )  # fmt: skip
    evidence_sha256 = Code(
        f"{_SHA256}|", "0" * 64, load_default=str,
        metadata={"description": "Of the record or paper at the source, hex."},
    )  # fmt: skip
    organisation = Text(
        ORGANISATION_CHARACTERS_MAX,
        metadata={"description": "Unified social credit code of the employer."},
    )
    post = Text(TITLE_CHARACTERS_MAX)
    series = word("engineering")
    specialty = word("composites")
    level = word("intermediate")
    title = Text(
        TITLE_CHARACTERS_MAX, metadata={"description": "Name of the qualification or examination."}
    )
    number_sha256 = Code(
        _SHA256, "0" * 64, metadata={"description": "Of the certificate's number, hex."}
    )
    practice = Choice(Practice)
    examination = Choice(Examination)
    result = Choice(Mark)
    pledged_by = Choice(PledgedBy)
    text_version = Text(
        VERSION_CHARACTERS_MAX,
        metadata={"description": "Of the pledge's text, as its issuer names it."},
    )
    text_sha256 = Code(_SHA256, "0" * 64, metadata={"description": "Of the pledge's text, hex."})


class StatusBody(IdentityShape, _Said):
    """Of whom, what a source says, and the record that it corrects, if any."""

    supersedes = Text(
        RECORD_CHARACTERS_MAX, low=0, load_default=str,
        metadata={"description": "The record that this one corrects."},
    )  # fmt: skip
    reason = Text(REASON_CHARACTERS_MAX, low=0, load_default=str)

    @post_load
    def with_identity(self, loaded: dict[str, Any], **_kwargs: Any) -> StatusDraft:
        """Make the draft."""
        identity = identity_of(loaded)
        said = {name: str(loaded.pop(name)) for name in MEMBERS if name in loaded}
        return StatusDraft(identity=identity, said=said, **loaded)


class StatusRemovalBody(Shape):
    """Why a record never was so."""

    reason = Text(REASON_CHARACTERS_MAX, required=True)


class StatusAnswer(_Said):
    """A record; whose, by the last four. It stands until another corrects it or takes it back."""

    record_no = public_number("C7K2M9QXAB")
    last_four = Text(4)
    stands = Truth()
    supersedes = Text(RECORD_CHARACTERS_MAX, low=0)
    recorded_at = Instant()


class StatusItemBody(Shape):
    """As what an examination that was passed is declared for recognition (认定)."""

    scheme = scheme(required=True)
    activity = word("qualification_exam", required=True)
    subject = subject(required=True)
    measures = ByWord(Whole(0, 999), {"subjects": 1})


class StatusItemAnswer(Shape):
    """The item that was declared."""

    record_no = public_number("C7K2M9QXAB")
    item_no = public_number("D7K2M9QXAB")


class StatusEventsQuery(Shape):
    """Behind which position, and how many."""

    after = Whole(0, 2**53 - 1, as_text=True, load_default=0)
    limit = Whole(1, 1_000, as_text=True, load_default=50)


class StatusEventAnswer(Shape):
    """What became of a record that this client stated, or of one that it corrected."""

    position = Whole(1, 2**53 - 1)
    id = public_number("N7K2M9QXAB7K2M9Q")
    type = Text(40, metadata={"enum": list(EVENT_KINDS)})
    time = Instant()
    record = public_number("C7K2M9QXAB")
    kind = Choice(StatusKind)
    superseded_by = Text(24, low=0, metadata={"description": "Empty where nothing does."})


class StatusEventsAnswer(Shape):
    """Events in the order of their positions; `next_after` is behind the last of them."""

    events = Inner(StatusEventAnswer, many=True)
    next_after = Whole(0, 2**53 - 1)


def shaped_status(status: Status) -> dict[str, Any]:
    """Return a record as it is answered."""
    own = {name: getattr(status, name) for name in StatusAnswer().fields if hasattr(status, name)}
    return {**own, **status.said}
