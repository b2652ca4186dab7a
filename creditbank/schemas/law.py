"""Shapes of the law: versions of packs, what they change, and adoptions of drafts."""

from creditbank.registry.adoption import AdoptionKind
from creditbank.registry.publishing import PackState
from creditbank.rules.pack import PackStatus
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
    jurisdiction,
    public_number,
    scheme,
)
from creditbank.verification.impact_runs import RunState

REASON_CHARACTERS_MAX = 500
_VERSION_MAX = 10**9
_TITLE_CHARACTERS_MAX = 200
_KEY_CHARACTERS_MAX = 200


class ProposalQuery(Shape):
    """Whether a version mends what is published."""

    corrigendum = Text(
        REASON_CHARACTERS_MAX,
        load_default=str,
        metadata={"description": "Why it edits or removes published values; else it only adds."},
    )


class ReasonBody(Shape):
    """Why a version is returned or withdrawn."""

    reason = Text(REASON_CHARACTERS_MAX, required=True)


class TermAnswer(Shape):
    """A term for which a draft is law; `until` is the first day on which it is no more."""

    from_ = Day(data_key="from")
    until = Day(allow_none=True)
    document = Text(_TITLE_CHARACTERS_MAX)
    title = Text(_TITLE_CHARACTERS_MAX)


class PackAnswer(Shape):
    """A version of a rule pack."""

    id = scheme()
    version = Whole(1, _VERSION_MAX)
    sha256 = Text(64)
    title_zh = Text(_TITLE_CHARACTERS_MAX)
    title_en = Text(_TITLE_CHARACTERS_MAX)
    jurisdiction = jurisdiction()
    inherits = Text(
        40, allow_none=True, metadata={"description": "Id of its parent; null for the nation's."}
    )
    status = Choice(
        PackStatus, metadata={"description": "A draft decides only for the terms in `adopted`."}
    )
    state = Choice(PackState)
    corrigendum = Text(
        REASON_CHARACTERS_MAX,
        low=0,
        metadata={"description": "Why it mends; empty where it only adds."},
    )
    reason = Text(
        REASON_CHARACTERS_MAX, low=0, metadata={"description": "Why it was returned or withdrawn."}
    )
    adopted = Inner(TermAnswer, many=True)


class PacksAnswer(Shape):
    """Several versions of packs."""

    packs = Inner(PackAnswer, many=True)


class ValueAnswer(Shape):
    """A value of a pack: its key, and from when until when it holds."""

    key = Text(_KEY_CHARACTERS_MAX)
    from_ = Day(data_key="from")
    until = Day(allow_none=True)
    basis = Text(20)
    reference = Text(80, low=0)


class EditedAnswer(Shape):
    """A published value that says something else, and in what."""

    key = Text(_KEY_CHARACTERS_MAX)
    from_ = Day(data_key="from")
    parts = Several(Text(40))


class ReferenceEditedAnswer(Shape):
    """A reference that reads otherwise, or is gone."""

    id = Text(80)
    gone = Truth()


class NameAnswer(Shape):
    """What an id would be called; empty where it would have no name any more."""

    kind = Text(40)
    id = Text(80)
    zh = Text(_TITLE_CHARACTERS_MAX, low=0)
    en = Text(_TITLE_CHARACTERS_MAX, low=0)


class HeaderEditedAnswer(Shape):
    """A line of the head, as it was and as it would be."""

    key = Text(40)
    old = Text(_TITLE_CHARACTERS_MAX, low=0)
    new = Text(_TITLE_CHARACTERS_MAX, low=0)


class AdoptionBody(Shape):
    """That a draft became law on a day, or is law no more from a day on, and what says so."""

    kind = Choice(AdoptionKind, load_default=AdoptionKind.ADOPTED)
    day = Day(required=True)
    document = Text(_TITLE_CHARACTERS_MAX, required=True)
    title = Text(_TITLE_CHARACTERS_MAX, required=True)
    reason = Text(REASON_CHARACTERS_MAX, required=True)


class AdoptionAnswer(Shape):
    """A record of an adoption, or of its end."""

    adoption_no = public_number("A7K2M9QXAB")
    pack_id = scheme(data_key="pack")
    version = Whole(1, _VERSION_MAX)
    kind = Choice(AdoptionKind)
    day = Day()
    document = Text(_TITLE_CHARACTERS_MAX)
    title = Text(_TITLE_CHARACTERS_MAX)
    reason = Text(REASON_CHARACTERS_MAX)
    approved = Truth()


class AdoptionsAnswer(Shape):
    """All that was said of a pack's adoption, the oldest first."""

    adoptions = Inner(AdoptionAnswer, many=True)


class FlipTotalAnswer(Shape):
    """How many answers would turn in all districts; `≥` where one of them has fewer than five."""

    scheme = scheme()
    series = Text(40, metadata={"description": "`*` is any."})
    specialty = Text(40)
    level = Text(40)
    supposed = Truth(metadata={"description": "Nobody asked; an application today is supposed."})
    before = Text(20)
    after = Text(20)
    people = Text(20, metadata={"example": "<5"})


class FlipAnswer(FlipTotalAnswer):
    """How many answers would turn in a district, from what into what; fewer than five are `<5`."""

    district = Text(40, metadata={"description": "Where the provider of most hours is registered."})


class ImpactResult(Shape):
    """What was counted: no name, no number, and no count from which somebody could be guessed."""

    schemes = Several(Text(40))
    application_day = Code(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "2026-11-20")
    people = Text(20)
    asked = Text(20, metadata={"description": "Answers weighed that somebody asked for."})
    supposed = Text(20, metadata={"description": "Answers weighed that nobody asked for."})
    flips = Inner(FlipAnswer, many=True)
    totals = Inner(FlipTotalAnswer, many=True)


class ImpactAnswer(Shape):
    """A run over the whole bank: how far it is, and what it counted once it is done."""

    run_no = public_number("P7K2M9QXAB")
    pack_id = scheme(data_key="pack")
    version = Whole(1, _VERSION_MAX)
    sha256 = Text(64)
    base_version = Whole(0, _VERSION_MAX, metadata={"description": "0 where none is in force."})
    base_sha256 = Text(64, low=0)
    state = Choice(RunState)
    people_done = Whole(0, 10**12)
    people_total = Whole(0, 10**12)
    requested_at = Instant()
    finished_at = Instant(allow_none=True)
    failed = Text(60, low=0, metadata={"description": "The code of what stopped it; else empty."})
    result = Inner(ImpactResult, allow_none=True)


class ChangesAnswer(Shape):
    """What a version changes in the published one that it follows."""

    id = scheme()
    version = Whole(1, _VERSION_MAX)
    sha256 = Text(64)
    state = Choice(PackState)
    base_version = Whole(0, _VERSION_MAX, metadata={"description": "0 where it is the first."})
    base_sha256 = Text(64, low=0)
    added = Inner(ValueAnswer, many=True)
    ended = Inner(ValueAnswer, many=True)
    edited = Inner(EditedAnswer, many=True)
    removed = Inner(ValueAnswer, many=True)
    references = Inner(ReferenceEditedAnswer, many=True)
    names = Inner(NameAnswer, many=True)
    header = Inner(HeaderEditedAnswer, many=True)
    mends = Several(
        Text(_KEY_CHARACTERS_MAX),
        metadata={"description": "Published values that only a corrigendum may touch."},
    )
    impact = Inner(
        ImpactAnswer, allow_none=True, metadata={"description": "The newest run of this version."}
    )
