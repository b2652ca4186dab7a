"""Shapes of predicates: what is claimed about hours, and the signed yes or no."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from creditbank.people.documents import DocumentKind
from creditbank.people.register import Identity
from creditbank.schemas.fields import Choice, Hours, Shape, Text, Whole, scheme, subject, word
from creditbank.schemas.people import NAME_CHARACTERS_MAX, NUMBER_CHARACTERS_MAX, identity_of
from creditbank.schemas.verdicts import CODE_CHARACTERS_MAX
from creditbank.schemas.wanted import Wanted
from creditbank.verification.predicates import (
    Per,
    Predicate,
    PredicateAnswer,
    PredicateAsk,
    PredicateByCode,
)

YEAR_MIN, YEAR_MAX = 1990, 2200
_BY_MANDATE = {"description": "Wanted unless `code` stands; not with it."}
_OF_PERSON = ("document_kind", "document_number", "name")
_OF_MANDATE = ("purpose", "legal_basis", "series", "level")


def _person(**shown: str) -> dict[str, Any]:
    text = "Wanted unless `code` stands. With it, all three or none: then only of this person."
    return {"description": text, **shown}


class PredicateBody(Shape):
    """A claim about somebody's hours; under a mandate, or by a code that the person made."""

    code = Text(
        CODE_CHARACTERS_MAX,
        metadata={
            "description": "A code that the person made (本人查验码), in place of purpose, "
            "legal_basis, series and level; no mandate is wanted.",
        },
    )
    document_kind = Choice(DocumentKind, metadata=_person())
    document_number = Text(NUMBER_CHARACTERS_MAX, metadata=_person())
    name = Text(NAME_CHARACTERS_MAX, metadata=_person())
    scheme = scheme(required=True)
    subject = subject(
        load_default=str, metadata={"description": "With all below it; every subject if not said."}
    )
    at_least = Hours(required=True)
    first_year = Whole(YEAR_MIN, YEAR_MAX, required=True)
    last_year = Whole(YEAR_MIN, YEAR_MAX, required=True)
    per = Choice(
        Per,
        load_default=lambda: Per.YEAR,
        metadata={"description": "In each year (if not said), or in all of them together."},
    )
    series = word("engineering", metadata=dict(_BY_MANDATE))
    specialty = word("composites")
    level = word("associate_senior", metadata=dict(_BY_MANDATE))
    purpose = Text(200, metadata=dict(_BY_MANDATE))
    legal_basis = Text(200, metadata=dict(_BY_MANDATE))

    @post_load
    def asked(self, loaded: dict[str, Any], **_kwargs: Any) -> PredicateAsk | PredicateByCode:
        """Make the question."""
        predicate = Predicate(
            loaded.pop("scheme"), loaded.pop("subject"), loaded.pop("at_least"),
            loaded.pop("first_year"), loaded.pop("last_year"), loaded.pop("per"),
        )  # fmt: skip
        code = loaded.pop("code", None)
        if code is None:
            _require(loaded, (*_OF_PERSON, *_OF_MANDATE))
            return PredicateAsk(predicate, identity_of(loaded), **loaded)
        identity = _stated(loaded)
        if beside := sorted(loaded):
            raise ValidationError({name: [Wanted("field-not-with-code")] for name in beside})
        return PredicateByCode(predicate, code, identity)


def _stated(loaded: dict[str, Any]) -> Identity | None:
    if not any(name in loaded for name in _OF_PERSON):
        return None
    _require(loaded, _OF_PERSON)
    return identity_of(loaded)


def _require(loaded: dict[str, Any], names: tuple[str, ...]) -> None:
    if lacking := [name for name in names if name not in loaded]:
        raise ValidationError({name: ["field-required"] for name in lacking})


class PredicateShown(Shape):
    """The yes or no in the clear, and the compact JWS that carries it (docs/formats.md §16)."""

    predicate_no = Text(24)
    answer = Text(20, metadata={"enum": [str(each) for each in PredicateAnswer]})
    statement = fields.Raw(metadata={"type": "object"})
    nonce = Text(
        64,
        metadata={
            "description": "Key of `statement.subject.digest`, hex: for the asker alone, and not "
            "in the JWS."
        },
    )
    superseded_by = Text(
        24, metadata={"description": "The next answer to the same question, where there is one."}
    )
    jws = Text(100_000)
