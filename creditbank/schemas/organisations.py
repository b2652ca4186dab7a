"""Shapes of what is true of organisations: facts about to be stated, pictures of a day, lists."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from marshmallow import post_load

from creditbank.registry.directory import Listed
from creditbank.registry.facts import (
    Attribute,
    EnterpriseClass,
    Fact,
    Ground,
    Level,
    Picture,
    Says,
)
from creditbank.registry.models import Organisation
from creditbank.registry.stating import VALUE_CHARACTERS_MAX, FactDraft
from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Inner,
    Instant,
    Shape,
    Text,
    Whole,
    public_number,
)
from creditbank.schemas.registry import REASON_CHARACTERS_MAX, OrganisationAnswer

DOCUMENT_CHARACTERS_MAX = 80
_OPEN = "Left out: open."
_FACT_NO = "O7K2M9QXAB"
_VALUE = "A name, a kind, a district or a class; left out for a base, of which the level says all."


def _nothing() -> None:
    """Stand for what was left out; a function, so that the document shows no default."""


class GroundBody(Shape):
    """The document that says so, and why."""

    document_no = Text(DOCUMENT_CHARACTERS_MAX, required=True)
    document_day = Day(required=True)
    reason = Text(REASON_CHARACTERS_MAX, low=0, load_default=str)


class FactBody(GroundBody):
    """A fact about to be stated."""

    attribute = Choice(Attribute, required=True)
    value = Text(VALUE_CHARACTERS_MAX, low=0, load_default=str, metadata={"description": _VALUE})
    level = Choice(Level, load_default=str)
    valid_from = Day(
        load_default=_nothing,
        metadata={"description": "Left out: since the fact began that it stands instead of."},
    )
    valid_through = Day(load_default=_nothing, metadata={"description": _OPEN})
    instead_of = Code(
        r"O[0-9A-Z]{9}", _FACT_NO, load_default=str,
        metadata={"description": "The fact that was wrong; it is taken back by the same act."},
    )  # fmt: skip

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> FactDraft:
        """Make the draft."""
        ground = ground_of(loaded)
        said = {name: loaded[name] for name in ("valid_from", "valid_through", "instead_of")}
        level = str(loaded["level"])
        return FactDraft(loaded["attribute"], loaded["value"], level, ground=ground, **said)


class FactEndingBody(GroundBody):
    """The last day on which a fact is so."""

    valid_through = Day(required=True)


class FactTakingBackBody(Shape):
    """Why a fact was never so."""

    reason = Text(REASON_CHARACTERS_MAX, required=True)
    document_no = Text(DOCUMENT_CHARACTERS_MAX, low=0, load_default=str)
    document_day = Day(load_default=_nothing)


class FactAnswer(Shape):
    """A class or a base on a day, or a suspension of one; its term as far as it is known."""

    fact_no = public_number(_FACT_NO)
    attribute = Choice(Attribute)
    value = Text(VALUE_CHARACTERS_MAX, low=0)
    level = Text(20, low=0)
    valid_from = Day(allow_none=True)
    valid_through = Day(allow_none=True)
    document_no = Text(DOCUMENT_CHARACTERS_MAX, low=0)
    document_day = Day(allow_none=True)
    reason = Text(REASON_CHARACTERS_MAX, low=0)


class FactStatementAnswer(FactAnswer):
    """One statement on a fact: that it is so, until when it was so, or that it never was."""

    sequence = Whole(1, 2**15 - 1, metadata={"description": "Counts the statements on a fact."})
    says = Choice(Says)
    actor = Text(60)
    recorded_at = Instant()


class PictureAnswer(OrganisationAnswer):
    """An organisation as it is on a day."""

    on = Day()
    classes = Inner(FactAnswer, many=True)
    bases = Inner(FactAnswer, many=True, metadata={"description": "Suspended ones among them."})
    suspensions = Inner(FactAnswer, many=True)


class OrganisationDetail(PictureAnswer):
    """An organisation on a day, as known at an instant, and all that was stated by then."""

    known_at = Instant()
    statements = Inner(FactStatementAnswer, many=True)


class OrganisationQuery(Shape):
    """Of which day, as known at which instant."""

    on = Day(load_default=_nothing, metadata={"description": "Left out: today."})
    known_at = Instant(
        load_default=_nothing, metadata={"description": "Left out: all that was stated."}
    )


class OrganisationsQuery(Shape):
    """Which organisations, and where the page begins."""

    search = Text(
        VALUE_CHARACTERS_MAX, low=0, load_default=str,
        metadata={"description": "A code, or part of a name of today or before."},
    )  # fmt: skip
    enterprise_class = Choice(EnterpriseClass, load_default=str)
    base = Choice(Level, load_default=str)
    on = Day(load_default=_nothing, metadata={"description": "Left out: today."})
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[0-9A-Z]{18}", "91371000MA3TE5T011", load_default=str)


class OrganisationsAnswer(Shape):
    """One page of organisations, by their codes."""

    organisations = Inner(PictureAnswer, many=True)
    next_cursor = Text(18, low=0, metadata={"description": "Empty on the last page."})


def ground_of(loaded: dict[str, Any]) -> Ground:
    """Make the ground of a statement."""
    return Ground(loaded["document_no"], loaded["document_day"], loaded["reason"])


def shaped_picture(organisation: Organisation, picture: Picture) -> dict[str, Any]:
    """Shape an organisation as it is on a day."""
    return {
        "uscc": organisation.uscc,
        "name": picture.name.said.value,
        "kind": picture.kind.said.value,
        "jurisdiction": picture.district.said.value,
        "on": picture.day,
        "classes": [shaped_fact(each) for each in picture.classes],
        "bases": [shaped_fact(each) for each in picture.bases],
        "suspensions": [shaped_fact(each) for each in picture.suspensions],
    }


def shaped_fact(fact: Fact) -> dict[str, Any]:
    """Shape a fact with its term as it is known."""
    said = asdict(fact.said)
    return {**said, **said["ground"], "valid_through": fact.valid_through}


def shaped_detail(
    organisation: Organisation, picture: Picture, facts: tuple[Fact, ...], known_at: datetime
) -> dict[str, Any]:
    """Shape an organisation with all that was stated of it."""
    said = [
        statement
        for fact in facts
        for statement in (fact.said, fact.ending, fact.taken_back)
        if statement is not None
    ]
    statements = [{**asdict(each), **asdict(each.ground)} for each in said]
    return {
        **shaped_picture(organisation, picture), "known_at": known_at, "statements": statements,
    }  # fmt: skip


def shaped_listed(listed: Listed) -> dict[str, Any]:
    """Shape an organisation of a list."""
    return shaped_picture(listed.organisation, listed.picture)
