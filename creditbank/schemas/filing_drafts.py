"""Shapes of drafts of filings: everything may be missing, and what is there is read as ever."""

from typing import Any

from marshmallow import post_load

from creditbank.registry.filing.filings import SESSIONS_MAX
from creditbank.registry.filing.kinds import FilingKind
from creditbank.registry.filing.unfinished import DRAFTS_MAX, UnfinishedFiling, UnfinishedSession
from creditbank.schemas.fields import (
    Choice,
    Day,
    Hours,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Truth,
    Whole,
    public_number,
    subject,
    word,
)
from creditbank.schemas.registry import (
    DAY_MINUTES,
    PLACE_CHARACTERS_MAX,
    SEATS_MAX,
    TEACHERS_CHARACTERS_MAX,
    FactsShape,
    Form,
    Release,
    time_of_day,
)

_VERSION_MAX = 2**31 - 1


def _nothing() -> None:
    """Stand for a figure that is not there yet."""


class UnfinishedSessionBody(Shape):
    """One sitting as far as it is planned."""

    day = Day(load_default=_nothing)
    planned_minutes = Whole(1, DAY_MINUTES, load_default=_nothing)
    planned_half_days = Whole(1, 2, load_default=lambda: 2)
    begins_at = time_of_day(load_default=str)
    ends_at = time_of_day(load_default=str)
    place = Text(PLACE_CHARACTERS_MAX, low=0, load_default=str)
    teachers = Text(TEACHERS_CHARACTERS_MAX, low=0, load_default=str)

    @post_load
    def as_session(self, loaded: dict[str, Any], **_kwargs: Any) -> UnfinishedSession:
        """Make the session."""
        return UnfinishedSession(**loaded)


class FilingDraftBody(Shape):
    """A filing as far as it is described; any member may be left out."""

    kind = Choice(FilingKind, load_default=str)
    facts = Inner(FactsShape, load_default=dict)
    policy_teaching = Truth(load_default=bool)
    activity = word("enterprise_course", load_default=str)
    form = Choice(Form, load_default=str)
    release = Choice(Release, load_default=str)
    title = Text(200, low=0, load_default=str)
    subject = subject(load_default=str)
    seats = Whole(1, SEATS_MAX, load_default=_nothing)
    sessions = Several(Inner(UnfinishedSessionBody), high=SESSIONS_MAX, load_default=list)
    approved_hours = Hours(load_default=_nothing)

    @post_load
    def as_content(self, loaded: dict[str, Any], **_kwargs: Any) -> Any:
        """Make the content."""
        return unfinished_filing(loaded)


class FilingDraftChangeBody(FilingDraftBody):
    """The whole of a draft anew, and the version that it is written over."""

    version = Whole(1, _VERSION_MAX, required=True)

    @post_load
    def as_content(self, loaded: dict[str, Any], **_kwargs: Any) -> Any:
        """Make the version and the content."""
        return loaded.pop("version"), unfinished_filing(loaded)


class FilingDraftVersionBody(Shape):
    """The version of a draft that was read."""

    version = Whole(1, _VERSION_MAX, required=True)


class GapAnswer(Shape):
    """Something that has to be said before the draft can be submitted."""

    path = Text(80, metadata={"description": "Where it would stand (RFC 6901)."})
    title = Text(200)


class FaultAnswer(Shape):
    """Something that the submission would be refused for."""

    code = Text(60)
    title = Text(200)
    found = Text(1_000)
    wanted = Text(1_000, low=0)
    next = Text(1_000, low=0)


class FilingDraftLine(Shape):
    """A draft in a list."""

    draft_no = public_number("Y7K2M9QXAB")
    title = Text(200, low=0)
    version = Whole(1, _VERSION_MAX, metadata={"description": "Counts how often it was saved."})
    saved_at = Instant()


class FilingDraftAnswer(FilingDraftLine):
    """A draft, what is missing in it, and what is wrong in it already."""

    content = Inner(FilingDraftBody)
    missing = Inner(GapAnswer, many=True)
    problems = Inner(FaultAnswer, many=True)


class FilingDraftsAnswer(Shape):
    """An organisation's drafts, the last saved first."""

    drafts = Several(Inner(FilingDraftLine), high=DRAFTS_MAX)


def unfinished_filing(loaded: dict[str, Any]) -> UnfinishedFiling:
    """Return what was loaded as the content of a draft."""
    loaded["approved_centihours"] = loaded.pop("approved_hours")
    loaded["facts"] = {name: str(value) for name, value in loaded["facts"].items()}
    for name in ("kind", "form", "release"):
        loaded[name] = str(loaded[name])
    return UnfinishedFiling(**{**loaded, "sessions": tuple(loaded["sessions"])})
