"""Shapes of verification: the question, and the signed answer."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load

from creditbank.rules.requirement import Outcome
from creditbank.schemas.fields import Choice, Day, Instant, Shape, Text, scheme, word
from creditbank.schemas.people import IdentityShape, identity_of
from creditbank.schemas.statements import as_of
from creditbank.schemas.wanted import Wanted
from creditbank.verification.questions import Ask, Disclosure

_STATED_MAX = 20
_STATED_CHARACTERS_MAX = 100


class StatedFacts(fields.Field[dict[str, str]]):
    """Facts that the bank does not own, as the asker states them: words to texts."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, str]:
        if not isinstance(value, dict) or len(value) > _STATED_MAX:
            raise ValidationError([Wanted("field-object")])
        names, texts = word("current_title_day"), Text(_STATED_CHARACTERS_MAX)
        loaded: dict[str, str] = {}
        for name, text in value.items():
            try:
                loaded[str(names.deserialize(name))] = str(texts.deserialize(text))
            except ValidationError as error:
                raise ValidationError({name: error.messages}) from error
        return loaded


class VerdictBody(IdentityShape):
    """One question about one person, and why it may be asked."""

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
    purpose = Text(200, required=True)
    legal_basis = Text(200, required=True)
    stated = StatedFacts(
        load_default=dict,
        metadata={"type": "object", "additionalProperties": {"type": "string"}},
    )
    disclose = Choice(Disclosure, load_default=Disclosure.SUMMARY)
    known_at = Instant(
        load_default=lambda: None, metadata={"description": "Asks what was known then; else now."}
    )
    as_of = as_of()

    @post_load
    def with_identity(self, loaded: dict[str, Any], **_kwargs: Any) -> Ask:
        """Make the question."""
        identity = identity_of(loaded)
        return Ask(identity=identity, **loaded)


class KnownAt(Shape):
    """An instant of knowing by itself, as the question takes it."""

    known_at = Instant(load_default=lambda: None)


class VerdictAnswer(Shape):
    """The answer in the clear, and the compact JWS that carries it (docs/formats.md §7)."""

    verdict_no = Text(24)
    outcome = Text(20, metadata={"enum": [str(each) for each in Outcome]})
    statement = fields.Raw(metadata={"type": "object"})
    jws = Text(10_000_000)
