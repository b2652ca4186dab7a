"""Shapes of verification: the question, and the signed answer."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load

from creditbank.people.documents import DocumentKind
from creditbank.rules.requirement import Outcome
from creditbank.schemas.fields import (
    Choice,
    Day,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Whole,
    scheme,
    word,
)
from creditbank.schemas.people import NAME_CHARACTERS_MAX, NUMBER_CHARACTERS_MAX, identity_of
from creditbank.schemas.statements import as_of
from creditbank.schemas.wanted import Wanted
from creditbank.verification.list_trees import LISTED
from creditbank.verification.questions import Ask, AskByCode, Disclosure

STATED_MAX = 20
_STATED_CHARACTERS_MAX = 100
CODE_CHARACTERS_MAX = 40


class StatedFacts(fields.Field[dict[str, str]]):
    """Facts that the bank does not own, as the asker states them: words to texts."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, str]:
        if not isinstance(value, dict) or len(value) > STATED_MAX:
            raise ValidationError([Wanted("field-object")])
        names, texts = word("current_title_day"), Text(_STATED_CHARACTERS_MAX)
        loaded: dict[str, str] = {}
        for name, text in value.items():
            try:
                loaded[str(names.deserialize(name))] = str(texts.deserialize(text))
            except ValidationError as error:
                raise ValidationError({name: error.messages}) from error
        return loaded


_BY_CODE = {"description": "Wanted unless `code` stands; not with it."}
#: What a question without a code says of itself, and one with a code leaves out.
_OF_A_PERSON = ("document_kind", "document_number", "name", "purpose", "legal_basis")


class VerdictBody(Shape):
    """One question about one person, and why it may be asked; or by a code that the person made,
    which states both."""

    code = Text(
        CODE_CHARACTERS_MAX,
        metadata={
            "description": "A code that the person made (本人查验码), in place of document, name, "
            "purpose and legal_basis; no mandate is wanted.",
        },
    )
    document_kind = Choice(DocumentKind, metadata=dict(_BY_CODE))
    document_number = Text(NUMBER_CHARACTERS_MAX, metadata=dict(_BY_CODE))
    name = Text(NAME_CHARACTERS_MAX, metadata=dict(_BY_CODE))
    scheme = scheme(required=True)
    series = word("engineering", required=True)
    specialty = word("composites", load_default=lambda: "")
    level = word("associate_senior", required=True)
    pathway = word(
        "fast_track",
        load_default=lambda: "",
        metadata={"description": "A pathway of the pack to try where the hours are not enough."},
    )
    application_day = Day(required=True)
    purpose = Text(200, metadata=dict(_BY_CODE))
    legal_basis = Text(200, metadata=dict(_BY_CODE))
    stated = StatedFacts(
        load_default=dict,
        metadata={"type": "object", "additionalProperties": {"type": "string"}},
    )
    disclose = Choice(
        Disclosure,
        load_default=lambda: None,
        metadata={"description": "`summary` if not said; by a code, all that it lets be seen."},
    )
    known_at = Instant(
        load_default=lambda: None, metadata={"description": "Asks what was known then; else now."}
    )
    as_of = as_of()

    @post_load
    def asked(self, loaded: dict[str, Any], **_kwargs: Any) -> Ask | AskByCode:
        """Make the question."""
        disclose, code = loaded.pop("disclose"), loaded.pop("code", None)
        if code is not None:
            if beside := [name for name in _OF_A_PERSON if name in loaded]:
                raise ValidationError({name: [Wanted("field-not-with-code")] for name in beside})
            return AskByCode(code, disclose, loaded)
        if lacking := [name for name in _OF_A_PERSON if name not in loaded]:
            raise ValidationError({name: ["field-required"] for name in lacking})
        identity = identity_of(loaded)
        return Ask(identity=identity, disclose=disclose or Disclosure.SUMMARY, **loaded)


class KnownAt(Shape):
    """An instant of knowing by itself, as the question takes it."""

    known_at = Instant(load_default=lambda: None)


class HolderShown(Shape):
    """Whose answer it is, to an asker who knows it by a code alone."""

    document_kind = Choice(DocumentKind)
    last_four = Text(4)
    name = Text(NAME_CHARACTERS_MAX)


class ListedVerdictAnswer(Shape):
    """What proves an answer by the tree of its list (docs/formats.md §15); keep it whole."""

    statement = Text(40, metadata={"enum": [LISTED]})
    payload = Text(10_000_000, metadata={"description": "The statement's bytes, base64url."})
    index = Whole(0, 2**31, metadata={"description": "Its place among the leaves, from 0."})
    proof = Several(Text(64), high=64)
    tree = Text(4_000, metadata={"description": "The compact JWS over the root."})


class VerdictAnswer(Shape):
    """The answer in the clear, and the compact JWS that carries it (docs/formats.md §7)."""

    verdict_no = Text(24)
    outcome = Text(20, metadata={"enum": [str(each) for each in Outcome]})
    statement = fields.Raw(metadata={"type": "object"})
    superseded_by = Text(
        24, metadata={"description": "The next answer to the same question, where there is one."}
    )
    holder = Inner(
        HolderShown, metadata={"description": "Only where it was asked by a code (本人查验码)."}
    )
    jws = Text(10_000_000, metadata={"description": "Absent where `listed` stands."})
    listed = Inner(
        ListedVerdictAnswer,
        metadata={"description": "Only of a list that is signed as a whole (`signing`: `tree`)."},
    )
