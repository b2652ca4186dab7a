"""Shapes of hours that no roster brings: declared items, hours of another scheme, explanations."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load

from creditbank.crediting.items import Evidence, ItemDraft, ItemState
from creditbank.crediting.recognition import RevocationReason
from creditbank.rules.conversion import ActivityFact
from creditbank.rules.items import ItemFact
from creditbank.schemas.fields import (
    DAY_MAX,
    DAY_MIN,
    Choice,
    Code,
    Day,
    Hours,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Truth,
    Whole,
    jurisdiction,
    public_number,
    scheme,
    subject,
    word,
)
from creditbank.schemas.people import IdentityShape
from creditbank.schemas.registry import REASON_CHARACTERS_MAX
from creditbank.schemas.wanted import Wanted

_TITLE_CHARACTERS_MAX = 200
_EVIDENCE_MAX = 20
_FACTS_MAX = 20
_MEASURE_MAX = 1_000_000
_RANK_MAX = 999
_SPREAD_YEARS_MAX = 10
_YEAR_MIN, _YEAR_MAX = 1990, 2200
_DAY_MINUTES = 24 * 60


class ByWord(fields.Field[dict[str, Any]]):
    """An object whose members are named by words of the rules, each of one kind."""

    def __init__(self, inner: fields.Field[Any], example: Mapping[str, Any]) -> None:
        super().__init__(
            load_default=dict,
            metadata={
                "type": "object", "maxProperties": _FACTS_MAX, "example": dict(example),
                "additionalProperties": dict(inner.metadata),
            },
        )  # fmt: skip
        self._word, self._inner = word("days"), inner

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > _FACTS_MAX:
            raise ValidationError([Wanted("field-object")])
        loaded: dict[str, Any] = {}
        wrong: dict[str, Any] = {}
        for name, each in value.items():
            try:
                self._word.deserialize(name)
                loaded[name] = self._inner.deserialize(each)
            except ValidationError as error:
                wrong[name] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return loaded


class EvidenceShape(Shape):
    """What proves an item: in words, and the digest of the file, which is not sent."""

    description = Text(_TITLE_CHARACTERS_MAX, required=True)
    sha256 = Code(
        r"([0-9a-f]{64})?", "0" * 64, load_default=str,
        metadata={"description": "Of the file, hex; empty where it is not said."},
    )  # fmt: skip

    @post_load
    def as_evidence(self, loaded: dict[str, Any], **_kwargs: Any) -> Evidence:
        """Make the evidence."""
        return Evidence(**loaded)


class ItemFactShape(Shape):
    """The facts of an item that rules may ask for; those that no rule asks for change nothing."""

    activity = word("paper", required=True)
    form = Code(r"[a-z][a-z0-9_]{0,39}|", "core_journal", load_default=str)
    subject = subject(required=True)
    day = Day(
        required=True,
        metadata={"description": "When it was finished: published, granted, passed, ended."},
    )
    measures = ByWord(Whole(0, _MEASURE_MAX), {"characters": 12_000})
    traits = ByWord(word("chief_editor"), {"role": "chief_editor"})
    rank = Whole(
        1,
        _RANK_MAX,
        load_default=lambda: None,
        metadata={"description": "Among its authors; 1 is first."},
    )
    make_up_year = Whole(_YEAR_MIN, _YEAR_MAX, load_default=lambda: None)
    spread_years = Whole(1, _SPREAD_YEARS_MAX, load_default=1)
    first_day = Day(
        load_default=lambda: None,
        metadata={"description": "Of what lasted until `day` and is counted by its days."},
    )


class ItemDraftShape(ItemFactShape):
    """An item about to be declared, or sent again."""

    scheme = scheme(required=True)
    title = Text(_TITLE_CHARACTERS_MAX, required=True)
    work = Text(
        120,
        low=0,
        load_default="",
        metadata={
            "description": "Number that names the work wherever it is declared: a DOI, a patent's "
            "number. The same work counts once."
        },
    )
    asked_hours = Hours(
        load_default=lambda: None,
        metadata={"description": "Where the rules leave the hours to whoever approves."},
    )
    evidence = Several(Inner(EvidenceShape), low=1, high=_EVIDENCE_MAX, required=True)

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> ItemDraft:
        """Make the draft."""
        asked, evidence = loaded.pop("asked_hours"), tuple(loaded.pop("evidence"))
        return ItemDraft(**loaded, asked_centihours=asked, evidence=evidence)


class ItemBody(Shape):
    """An item about to be declared for a person."""

    person = Inner(IdentityShape, required=True)
    item = Inner(ItemDraftShape, required=True)


class CreditedPartAnswer(Shape):
    """One credit of a recognition, by the leaf under which it is explained and proved."""

    occasion = Text(40)
    year = Whole(_YEAR_MIN, _YEAR_MAX)
    subject = subject()
    hours = Hours(metadata={"description": "Before any cap."})
    reversed = Truth()
    leaf = Text(64, metadata={"description": "Hex."})


class ItemLine(Shape):
    """A declared item in a list."""

    item_no = public_number("D7K2M9QXAB")
    jurisdiction = jurisdiction()
    scheme = scheme()
    activity = word("paper")
    form = Text(40, low=0, metadata={"description": "Empty where the activity has none."})
    subject = subject()
    title = Text(_TITLE_CHARACTERS_MAX)
    day = Day()
    work = Text(120, low=0)
    document_kind = Text(40, metadata={"description": "Of the person."})
    last_four = Text(4, metadata={"description": "Of the person's number."})
    state = Choice(ItemState)
    declared_by = Text(40)
    declared_at = Instant()
    reason = Text(REASON_CHARACTERS_MAX, low=0)


class ItemAnswer(ItemLine):
    """A declared item with its facts, its evidence, and what it was credited with."""

    measures = fields.Raw(metadata={"type": "object"})
    traits = fields.Raw(metadata={"type": "object"})
    rank = Whole(1, _RANK_MAX, allow_none=True)
    make_up_year = Whole(_YEAR_MIN, _YEAR_MAX, allow_none=True)
    spread_years = Whole(1, _SPREAD_YEARS_MAX)
    first_day = Day(allow_none=True, metadata={"description": "`null` where it is no period."})
    asked_hours = Hours(allow_none=True)
    approved_hours = Hours(allow_none=True)
    evidence = Inner(EvidenceShape, many=True)
    decided_by = Text(40, low=0, metadata={"description": "Empty until somebody decides."})
    credited = Inner(CreditedPartAnswer, many=True)


class ItemsQuery(Shape):
    """Which items, and where the page begins."""

    state = Choice(ItemState, load_default=str)
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[A-Za-z0-9_-]{8,120}", "next_cursor", load_default=str)


class ItemsAnswer(Shape):
    """One page of items, newest first."""

    items = Inner(ItemLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})


class RecognitionBody(Shape):
    """A recognition; hours are granted only where the rules leave them to the official."""

    approved_hours = Hours(
        load_default=lambda: None, metadata={"description": "As asked for if left out."}
    )


class RevocationBody(Shape):
    """Why a recognition is taken back."""

    reason = Choice(RevocationReason, required=True)
    case_no = Text(60, low=0, load_default="")


class RevocationAnswer(Shape):
    """What was taken back."""

    reversed_hours = Hours()
    act_leaf = Text(64, metadata={"description": "Leaf of the act, hex."})


class TransferBody(IdentityShape):
    """Whose entry is to be recognised under which scheme."""

    leaf = Code(r"[0-9a-f]{64}", "0" * 64, required=True)
    scheme = scheme(required=True)


class TransferAnswer(Shape):
    """Hours of one scheme recognised under another."""

    transfer_no = public_number("T7K2M9QXAB")
    jurisdiction = jurisdiction()
    origin_scheme = scheme()
    scheme = scheme()
    origin_leaf = Text(64, metadata={"description": "Of the entry that is recognised, hex."})
    state = Text(10, metadata={"enum": ["recognised", "withdrawn"]})
    recognised_by = Text(40)
    recognised_at = Instant()
    reason = Text(40, low=0, metadata={"description": "Of the withdrawal."})
    credited = Inner(CreditedPartAnswer, many=True)


class SentenceAnswer(Shape):
    """One sentence of an explanation, and the clause that it rests on."""

    code = Text(60)
    zh = Text(1_000)
    en = Text(1_000)
    ground_zh = Text(1_000, low=0, metadata={"description": "Empty where no rule was used."})
    ground_en = Text(1_000, low=0)
    basis = Text(20, low=0, metadata={"description": "notice, practice, assumption; or empty."})
    scheme = Text(40, low=0, metadata={"description": "Of the pack that holds the rule."})
    key = Text(120, low=0, metadata={"description": "Of the rule."})
    since = Text(10, low=0, metadata={"description": "First day of the rule's value."})


class EntryExplanationAnswer(Shape):
    """Why a credit is worth what it is, from what was stored when it happened."""

    leaf = Text(64)
    scheme = scheme()
    year = Whole(_YEAR_MIN, _YEAR_MAX)
    subject = subject()
    earned_on = Day()
    occasion = Text(40)
    hours = Hours(metadata={"description": "As credited, before any cap."})
    live_hours = Hours()
    capped_hours = Hours()
    reversed = Truth()
    packs = fields.Raw(
        metadata={"type": "array", "items": {}, "description": "Pack chain that it pins."}
    )
    lines = Inner(SentenceAnswer, many=True)


class SessionFactShape(Shape):
    """Presence at one session, made up."""

    activity = word("enterprise_course", required=True)
    form = word("seminar", load_default="seminar")
    release = word("full", load_default="full")
    subject = subject(load_default="professional")
    day = Day(required=True)
    planned_minutes = Whole(1, _DAY_MINUTES, load_default=360)
    planned_half_days = Whole(1, 2, load_default=2)
    attended_minutes = Whole(
        0,
        _DAY_MINUTES,
        load_default=lambda: None,
        metadata={"description": "All of it if left out."},
    )
    approved_hours = Hours(load_default=lambda: None)
    make_up_year = Whole(_YEAR_MIN, _YEAR_MAX, load_default=lambda: None)

    @post_load
    def as_fact(self, loaded: dict[str, Any], **_kwargs: Any) -> ActivityFact:
        """Make the fact."""
        attended = loaded.pop("attended_minutes")
        if attended is None:
            attended = loaded["planned_minutes"]
        approved = loaded.pop("approved_hours")
        return ActivityFact(**loaded, attended_minutes=attended, approved_centihours=approved)


class MadeUpItemShape(ItemFactShape):
    """An item, made up; it is declared on its own day if nothing else is said."""

    declared_on = Day(load_default=lambda: None)
    approved_hours = Hours(load_default=lambda: None)

    @post_load
    def as_fact(self, loaded: dict[str, Any], **_kwargs: Any) -> ItemFact:
        """Make the fact."""
        day = loaded["day"]
        declared_on = loaded.pop("declared_on") or day
        if declared_on < day:
            wanted = Wanted("field-day", low=day.isoformat(), high=DAY_MAX.isoformat())
            raise ValidationError([wanted], "declared_on")
        if loaded["first_day"] is not None and loaded["first_day"] > day:
            wanted = Wanted("field-day", low=DAY_MIN.isoformat(), high=day.isoformat())
            raise ValidationError([wanted], "first_day")
        approved = loaded.pop("approved_hours")
        return ItemFact(**loaded, declared_on=declared_on, approved_centihours=approved)


class MadeUpFactBody(Shape):
    """A session or an item, made up to ask what the rules in force would give for it."""

    session = Inner(SessionFactShape, load_default=lambda: None)
    item = Inner(MadeUpItemShape, load_default=lambda: None)

    @post_load
    def the_one(self, loaded: dict[str, Any], **_kwargs: Any) -> ActivityFact | ItemFact:
        """Return the fact; exactly one is given."""
        given = [each for each in loaded.values() if each is not None]
        if len(given) != 1:
            raise ValidationError([Wanted("field-one-of", choices=["session", "item"])])
        fact: ActivityFact | ItemFact = given[0]
        return fact


class PartAnswer(Shape):
    """Hours of one credited year and subject."""

    year = Whole(_YEAR_MIN, _YEAR_MAX)
    subject = subject()
    hours = Hours()


class ConversionAnswer(Shape):
    """What the rules in force give for a made-up fact, before any cap, and why."""

    scheme = scheme()
    subject = subject()
    hours = Hours()
    parts = Inner(PartAnswer, many=True)
    lines = Inner(SentenceAnswer, many=True)
