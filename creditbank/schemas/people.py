"""Shapes that name a person: a document and the name on it, never in an address."""

from typing import Any

from marshmallow import ValidationError, post_load

from creditbank.crediting.links import LinkReason
from creditbank.errors import CreditBankError
from creditbank.people.documents import DocumentKind, read_document, read_name
from creditbank.people.register import Identity
from creditbank.schemas.carried import CarriedYearAnswer
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
    scheme,
)
from creditbank.schemas.wanted import Wanted

NUMBER_CHARACTERS_MAX = 40
NAME_CHARACTERS_MAX = 60
LINK_CASE_CHARACTERS_MAX = 60
LOOK_PURPOSE_CHARACTERS_MAX = 200
IDENTITY_EXAMPLE = {
    "document_kind": "resident_id",
    "document_number": "999999198505150018",
    "name": "李示例",
}


class IdentityShape(Shape):
    """A document and a name; loads with `identity` beside whatever else the shape holds."""

    document_kind = Choice(DocumentKind, required=True)
    document_number = Text(NUMBER_CHARACTERS_MAX, required=True)
    name = Text(NAME_CHARACTERS_MAX, required=True)

    @post_load
    def with_identity(self, loaded: dict[str, Any], **_kwargs: Any) -> Any:
        """Put the three together."""
        identity = identity_of(loaded)
        return {**loaded, "identity": identity}


def identity_of(loaded: dict[str, Any]) -> Identity:
    """Take kind, number and name out of what was loaded, and read them.

    Raises:
        marshmallow.ValidationError: at the field that cannot be read.
    """
    kind, number = loaded.pop("document_kind"), loaded.pop("document_number")
    raw_name = loaded.pop("name")
    try:
        document = read_document(kind, number)
    except CreditBankError as error:
        raise ValidationError([Wanted(error.code, **error.facts)], "document_number") from error
    try:
        return Identity(document, read_name(raw_name))
    except CreditBankError as error:
        raise ValidationError([Wanted(error.code, **error.facts)], "name") from error


class HolderBody(IdentityShape):
    """Whose record, in which scheme, and what for or by which file; the person sees that."""

    scheme = scheme(required=True)
    purpose = Text(
        LOOK_PURPOSE_CHARACTERS_MAX, low=0, load_default="",
        metadata={"description": "The person sees it."},
    )  # fmt: skip
    case_no = Text(LINK_CASE_CHARACTERS_MAX, low=0, load_default="")


class LinkBody(Shape):
    """Two documents found to be, or not to be, one person's; and why, by which file."""

    one = Inner(IdentityShape, required=True)
    other = Inner(IdentityShape, required=True)
    reason = Choice(LinkReason, load_default=str)
    case_no = Text(LINK_CASE_CHARACTERS_MAX, low=0, load_default="")


class LinkAnswer(Shape):
    """What became of the finding."""

    link_no = Text(20)
    act_leaf = Text(64, metadata={"description": "Leaf of the act, hex."})
    capped_hours = Hours(
        metadata={"description": "Hours that caps hold now and did not hold before."}
    )


class FindingAnswer(Shape):
    """A finding on two documents; of whom it is, it does not say."""

    link_no = Text(20)
    linked = Truth(metadata={"description": "False where they were found not to be one person's."})
    reason = Text(40, low=0, metadata={"enum": ["", *map(str, LinkReason)]})
    case_no = Text(LINK_CASE_CHARACTERS_MAX, low=0)
    jurisdiction = jurisdiction()
    actor = Text(40)
    recorded_at = Instant()
    act_leaf = Text(64, metadata={"description": "Leaf of the act, hex."})


class FindingsQuery(Shape):
    """Where the page begins."""

    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[A-Za-z0-9_-]{8,120}", "next_cursor", load_default=str)


class FindingsAnswer(Shape):
    """One page of findings, newest first."""

    links = Inner(FindingAnswer, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})


class BalanceLine(Shape):
    """Hours of one year and subject."""

    year = Whole(1990, 2200)
    subject = Text(150)
    live_hours = Hours()
    capped_hours = Hours()
    frozen_hours = Hours()


class BalanceAnswer(Shape):
    """What a person holds in a scheme."""

    scheme = scheme()
    known_at = Instant(
        metadata={
            "type": ["string", "null"],
            "description": "Of the checkpoint behind the answer; null if none was asked for, or "
            "none had been signed by then.",
        }
    )
    live_hours = Hours(metadata={"description": "All years and subjects together."})
    balances = Inner(BalanceLine, many=True)
    carried = Inner(CarriedYearAnswer, many=True)
