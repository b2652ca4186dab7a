"""Shapes of the registry: clients, organisations, mandates, filings."""

from enum import StrEnum
from typing import Any

from marshmallow import post_load

from creditbank.registry.clients import Role, Scope
from creditbank.registry.filing.filings import SESSIONS_MAX, FilingDraft, SessionDraft
from creditbank.registry.filing.kinds import KINDS, FilingKind
from creditbank.registry.filing.states import FilingState
from creditbank.registry.organisations import OrganisationDraft, OrganisationKind
from creditbank.schemas.credentials import PublicKey
from creditbank.schemas.fields import (
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

#: The field of a region, under a name that a shape's own field does not take.
_office = jurisdiction
NAME_CHARACTERS_MAX = 120
REASON_CHARACTERS_MAX = 500
PLACE_CHARACTERS_MAX = 120
TEACHERS_CHARACTERS_MAX = 200
FACT_CHARACTERS_MAX = 120
SEATS_MAX = 100_000
DAY_MINUTES = 24 * 60


class MandateState(StrEnum):
    """How a mandate stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class Form(StrEnum):
    """How an activity is held: 进修, 研修, 专题讲座, other."""

    ADVANCED_STUDY = "advanced_study"
    SEMINAR = "seminar"
    SPECIAL_LECTURE = "special_lecture"
    OTHER = "other"


class Release(StrEnum):
    """Whether those who attend are released from work: 脱产, 半脱产, not at all."""

    FULL = "full"
    HALF = "half"
    NONE = "none"


class SetupBody(Shape):
    """The one-time code, and what the first administrator is called."""

    code = Text(80, required=True)
    name = Text(NAME_CHARACTERS_MAX, required=True)


class ClientBody(Shape):
    """A client about to be made; no scopes means all of its role's.

    With a public key it gets no secret.
    """

    name = Text(NAME_CHARACTERS_MAX, required=True)
    role = Choice(Role, required=True)
    jurisdiction = jurisdiction(required=True)
    organisation = Text(24, load_default=str, metadata={"description": "USCC of its organisation."})
    scopes = Several(Choice(Scope), high=len(Scope), load_default=list)
    demo = Truth(load_default=False)
    public_key = PublicKey(load_default=str)


class ClientAnswer(Shape):
    """A client, and its secret the one time that it is shown; none if it has a public key."""

    client_id = Text(40)
    role = Choice(Role)
    scopes = Several(Text(40))
    jurisdiction = jurisdiction()
    client_secret = Text(120, metadata={"description": "Shown in the first answer only."})
    secret_note = Text(200, metadata={"description": "Says so, in a retry's answer."})


class RevokedAnswer(Shape):
    """A client that may do nothing any more."""

    client_id = Text(40)
    revoked = Truth()


class OrganisationBody(Shape):
    """An organisation about to be registered."""

    uscc = Text(40, required=True)
    name = Text(NAME_CHARACTERS_MAX, required=True)
    kind = Choice(OrganisationKind, required=True)
    jurisdiction = jurisdiction(required=True)
    uscc_confirmed = Truth(
        load_default=False,
        metadata={"description": "An official has seen a code whose check character fails."},
    )

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> OrganisationDraft:
        """Make the draft."""
        return OrganisationDraft(**loaded)


class OrganisationAnswer(Shape):
    """An organisation as registered."""

    uscc = Text(18)
    name = Text(NAME_CHARACTERS_MAX)
    kind = Text(20)
    jurisdiction = jurisdiction()


def time_of_day(**options: Any) -> Code:
    """Return the field of a time of day."""
    described = {"description": "Time of day; given with the other one, or neither."}
    return Code(r"(([01][0-9]|2[0-3]):[0-5][0-9])?", "09:00", metadata=described, **options)


#: Every fact that any kind of filing has; which kind has which is told when it is not as wanted.
FactsShape = Shape.from_dict(
    {
        rule.name: Code("|".join(rule.words), rule.words[0])
        if rule.words
        else Text(FACT_CHARACTERS_MAX)
        for kind in KINDS.values()
        for rule in kind.facts
    },
    name="FactsShape",
)


class SessionBody(Shape):
    """One planned sitting."""

    day = Day(required=True)
    planned_minutes = Whole(1, DAY_MINUTES, required=True)
    planned_half_days = Whole(
        1, 2, required=True, metadata={"description": "2 for a whole day, 1 for half a day."}
    )
    begins_at = time_of_day(load_default=str)
    ends_at = time_of_day(load_default=str)
    place = Text(PLACE_CHARACTERS_MAX, low=0, load_default="")
    teachers = Text(
        TEACHERS_CHARACTERS_MAX, low=0, load_default="",
        metadata={"description": "Names; they stand in no act."},
    )  # fmt: skip

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> SessionDraft:
        """Make the draft."""
        return SessionDraft(**loaded)


class FilingBody(Shape):
    """An activity about to be filed (备案)."""

    kind = Choice(
        FilingKind,
        load_default=str,
        metadata={"description": "As the activity says if left out."},
    )
    facts = Inner(
        FactsShape, load_default=dict, metadata={"description": "What filings of the kind state."}
    )
    policy_teaching = Truth(
        load_default=False, metadata={"description": "It teaches title policy too."}
    )
    activity = word("enterprise_course", required=True)
    form = Choice(Form, required=True)
    release = Choice(Release, required=True)
    title = Text(200, required=True)
    subject = subject(required=True)
    seats = Whole(
        1, SEATS_MAX, required=True,
        metadata={"description": "Of an online course with open places: how many are expected."},
    )  # fmt: skip
    sessions = Several(Inner(SessionBody), low=1, high=SESSIONS_MAX, required=True)
    approved_hours = Hours(
        load_default=lambda: None,
        metadata={
            "description": "Asked for, for all sessions together, where the rules leave the hours "
            "to whoever approves."
        },
    )

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> FilingDraft:
        """Make the draft."""
        loaded["approved_centihours"] = loaded.pop("approved_hours")
        loaded["kind"] = str(loaded["kind"])
        loaded["facts"] = {name: str(value) for name, value in loaded["facts"].items()}
        loaded["form"], loaded["release"] = str(loaded["form"]), str(loaded["release"])
        return FilingDraft(**{**loaded, "sessions": tuple(loaded["sessions"])})


class SessionAnswer(Shape):
    """One sitting of a filed activity."""

    session_no = Whole(1, SESSIONS_MAX)
    day = Day()
    planned_minutes = Whole(1, DAY_MINUTES)
    planned_half_days = Whole(1, 2)
    begins_at = time_of_day()
    ends_at = time_of_day()
    place = Text(PLACE_CHARACTERS_MAX, low=0)
    teachers = Text(TEACHERS_CHARACTERS_MAX, low=0)


class FilingLine(Shape):
    """A filing in a list."""

    filing_no = public_number("F7K2M9QXAB")
    jurisdiction = jurisdiction()
    scheme = scheme()
    kind = Choice(FilingKind)
    policy_teaching = Truth()
    activity = word("enterprise_course")
    form = word("seminar")
    release = word("full")
    title = Text(200)
    subject = subject()
    seats = Whole(1, SEATS_MAX)
    state = Choice(FilingState)
    state_at = Instant(metadata={"description": "Since when it stands so."})
    suspended_from = Day(
        allow_none=True, metadata={"description": "First day on which nothing is posted."}
    )
    version = Whole(1, 2**15 - 1, metadata={"description": "Counts the submissions."})
    submitted_at = Instant()
    reason = Text(REASON_CHARACTERS_MAX, low=0)
    deciding_office = _office(metadata={"description": "The region whose officials decide."})
    route_no = public_number(
        "U7K2M9QXAB", allow_none=True,
        metadata={"description": "By which it came there; null: its own region, and those above."},
    )  # fmt: skip
    escalated_to = _office(
        allow_none=True,
        metadata={"description": "The office above, which may decide too since it is overdue."},
    )


class UsedAnswer(Shape):
    """What of a filing's allowance is used; `null` where it is open."""

    people = Whole(0, SEATS_MAX)
    people_max = Whole(0, SEATS_MAX, allow_none=True)
    hours = Hours()
    hours_max = Hours(allow_none=True)
    person_hours_max = Hours()


class FilingAnswer(FilingLine):
    """A filing with its sessions, and what of it is used once it is approved."""

    organisation = Text(18, metadata={"description": "USCC of the provider."})
    due_day = Day(
        allow_none=True, metadata={"description": "By when it is to be decided, while it waits."}
    )
    answered_by = Text(
        18, low=0,
        metadata={"description": "Who answers for it now: the provider or its successor; "
                  "empty where the authority does."},
    )  # fmt: skip
    facts = Inner(FactsShape)
    asked_hours = Hours(allow_none=True)
    approved_hours = Hours(
        allow_none=True, metadata={"description": "Granted; null where the rules give the hours."}
    )
    sessions = Inner(SessionAnswer, many=True)
    used = Inner(UsedAnswer, allow_none=True)
    rosters = Several(Text(20), metadata={"description": "Numbers of the rosters posted."})


class OverdueLine(FilingLine):
    """A filing that was not decided in time."""

    due_day = Day()


class OverdueQuery(Shape):
    """How many."""

    limit = Whole(1, 1_000, as_text=True, load_default=lambda: 50)


class OverdueAnswer(Shape):
    """What should have been decided, the longest overdue first."""

    filings = Inner(OverdueLine, many=True)


class DecidedBy(StrEnum):
    """Whose decision is waited for."""

    ME = "me"


class FilingsQuery(Shape):
    """Which filings, and where the page begins."""

    state = Choice(FilingState, load_default=str)
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[A-Za-z0-9_-]{8,120}", "next_cursor", load_default=str)
    decided_by = Choice(
        DecidedBy, load_default=str,
        metadata={"description": "`me`: only what is for the officials of your region to decide."},
    )  # fmt: skip


class FilingsAnswer(Shape):
    """One page of filings, newest first."""

    filings = Inner(FilingLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})


class DecisionBody(Shape):
    """A decision on a filing."""

    version = Whole(
        1,
        2**15 - 1,
        load_default=lambda: None,
        metadata={"description": "The version that was read; of any, if left out."},
    )


class ApprovalBody(DecisionBody):
    """An approval; the reason is wanted for what was filed after it began."""

    reason = Text(REASON_CHARACTERS_MAX, low=0, load_default="")
    approved_hours = Hours(
        load_default=lambda: None,
        metadata={"description": "Fewer than the filing asks for; as asked if left out."},
    )


class FilingReasonBody(DecisionBody):
    """A refusal or a return, with the reason that the provider will read."""

    reason = Text(REASON_CHARACTERS_MAX, required=True)


class RefusalBody(Shape):
    """A refusal, with the reason that its subject will read."""

    reason = Text(REASON_CHARACTERS_MAX, required=True)


class NothingBody(Shape):
    """An empty object: the address says it all."""


class MandateBody(Shape):
    """What a title system may ask, and until when; `*` among series or levels is every one.

    Specialties, where any is named, narrow it to questions that name one of them.
    """

    organisation = Text(24, required=True, metadata={"description": "USCC of the title system."})
    jurisdiction = jurisdiction(required=True)
    series = Several(Code(r"\*|[a-z][a-z0-9_]{0,39}", "engineering"), low=1, high=60, required=True)
    levels = Several(
        Code(r"\*|[a-z][a-z0-9_]{0,39}", "associate_senior"), low=1, high=20, required=True
    )
    specialties = Several(word("composites"), high=60, load_default=list)
    valid_from = Day(required=True)
    valid_through = Day(required=True)


class MandateStateBody(Shape):
    """The state that a mandate is to have."""

    state = Choice(MandateState, required=True)


class MandateAnswer(Shape):
    """A mandate."""

    mandate_no = public_number("M7K2M9QXAB")
    jurisdiction = jurisdiction()
    series = Several(Text(40))
    levels = Several(Text(40))
    specialties = Several(Text(40))
    valid_from = Day()
    valid_through = Day()
    state = Choice(MandateState)
