"""Shapes of crediting: rosters, withdrawals, imports."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields, post_load

from creditbank.attendance.roster import Column
from creditbank.attendance.ways import StatedWay, Way
from creditbank.crediting.corrections import CorrectionReason
from creditbank.crediting.imports import ImportDraft, RecordRow, StatedTotal
from creditbank.crediting.kept_files import FileReason, ImportPart, KeptKind
from creditbank.crediting.models import ImportState
from creditbank.crediting.prefilled import Whom
from creditbank.crediting.roster_credits import Phase
from creditbank.crediting.roster_works import WorkState
from creditbank.crediting.withdrawals import WithdrawalReason
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
)
from creditbank.schemas.people import IdentityShape, identity_of
from creditbank.schemas.wanted import Wanted

_ROWS_MAX = 100_000
_MEMBERS = frozenset(str(column) for column in Column)


class Mode(StrEnum):
    """Whether a write is done, or only tried and rolled back."""

    POST = "post"
    VALIDATE = "validate"


class ModeQuery(Shape):
    """`validate` runs the same and writes nothing."""

    mode = Choice(Mode, load_default=Mode.POST)


class TemplateQuery(Shape):
    """Who stands in a template already."""

    people = Choice(
        Whom, load_default=Whom.NOBODY,
        metadata={"description": "Whoever attended this filing, or any of yours in a year."},
    )  # fmt: skip


class RosterQuery(ModeQuery):
    """Further, how presence was found, where that is to be kept with each credit."""

    way = Choice(
        StatedWay, load_default=str,
        metadata={"description": "paper: entered from a sign-in sheet on paper."},
    )  # fmt: skip


class RosterRows(fields.Field[list[dict[str, object]]]):
    """Rows as a spreadsheet would have them: each cell is judged with its row, not here."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[dict[str, object]]:
        if not isinstance(value, list) or len(value) > _ROWS_MAX:
            raise ValidationError([Wanted("field-list", low=1, high=_ROWS_MAX)])
        return [_row(place, row) for place, row in enumerate(value)]


def _row(place: int, row: object) -> dict[str, object]:
    if not isinstance(row, dict):
        raise ValidationError({place: [Wanted("field-object")]})
    unknown = sorted(set(row) - _MEMBERS)
    if unknown:
        raise ValidationError({place: {unknown[0]: [Wanted("field-unknown")]}})
    for name, cell in row.items():
        if isinstance(cell, dict | list):
            raise ValidationError({place: {name: [Wanted("field-cell")]}})
    return {name: str(cell) if isinstance(cell, Decimal) else cell for name, cell in row.items()}


class RosterBody(Shape):
    """A roster as JSON."""

    rows = RosterRows(
        required=True,
        metadata={
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    name: {"type": ["string", "number", "boolean", "null"]}
                    for name in sorted(_MEMBERS)
                },
            },
        },
    )


class RowProblemAnswer(Shape):
    """What is wrong with a row or one cell of it; the other rows went on."""

    row_no = Whole(1, 2**31, metadata={"description": "As the spreadsheet counts, from 1."})
    column = Text(200, low=0, metadata={"description": "Empty: it is the row as a whole."})
    code = Text(60)
    title = Text(200)
    found = Text(1_000)
    wanted = Text(1_000)
    next = Text(1_000)


class CreditedRowAnswer(Shape):
    """A row that would be credited, and how its minutes become hours."""

    row_no = Whole(1, 2**31)
    day = Day()
    attended_minutes = Whole(0, 24 * 60)
    hours = Hours()
    why = Several(Text(1_000), metadata={"description": "Each step of the conversion."})


class RosterAnswer(Shape):
    """What became of a roster."""

    roster_no = Text(20, low=0, metadata={"description": "Empty when it was only validated."})
    filing_no = public_number("F7K2M9QXAB")
    rows_credited = Whole(0, _ROWS_MAX)
    people_credited = Whole(0, _ROWS_MAX)
    credited_hours = Hours()
    capped_hours = Hours(
        metadata={"description": "Hours that caps hold now and did not hold before."}
    )
    rows = Inner(
        CreditedRowAnswer,
        many=True,
        metadata={"description": "Those that would be credited; told when only validated."},
    )
    problems = Inner(RowProblemAnswer, many=True)
    passed_over = Inner(
        RowProblemAnswer,
        many=True,
        metadata={
            "description": "Totals, signatures, hidden sheets, people without minutes in a file."
        },
    )


class RosterFileQuery(Shape):
    """For what an official takes a file, and by which file of the office."""

    reason = Choice(
        FileReason, load_default=str,
        metadata={"description": "Wanted from officials; not kept of providers."},
    )  # fmt: skip
    case_no = Text(60, low=0, load_default=str)


class RosterDownloadAnswer(Shape):
    """That somebody was given a roster's file."""

    downloaded_at = Instant()
    downloaded_by = Text(40)
    reason = Text(
        20, low=0,
        metadata={
            "enum": ["", *map(str, FileReason)],
            "description": "For what an official took it; empty for the provider's own.",
        },
    )  # fmt: skip
    case_no = Text(60, low=0)


class ImportFileQuery(Shape):
    """Which file of an import, for what an official takes it, and by which file of the office."""

    part = Choice(ImportPart, load_default=ImportPart.ROWS)
    reason = Choice(FileReason, load_default=str, metadata={"description": "Wanted."})
    case_no = Text(60, low=0, load_default=str)


class RosterFileAnswer(Shape):
    """The file of a roster or an import: kept until a day, then known by its digest."""

    kind = Choice(KeptKind)
    bytes = Whole(1, 2**26)
    sha256 = Text(64, metadata={"description": "SHA-256 of the file's bytes, hex."})
    commitment = Text(
        64, low=0, metadata={"description": "How the ledger names it, hex; empty if it does not."}
    )
    salt = Text(32, low=0, metadata={"description": "Of the commitment, hex; empty with it."})
    kept_until = Day(metadata={"description": "On which its term ends."})
    erased_on = Day(
        allow_none=True, metadata={"description": "When its bytes were erased; null while kept."}
    )
    erased_because = Text(
        10, low=0,
        metadata={
            "enum": ["", "term", "person"],
            "description": "Its term was over, or somebody in it was erased; empty while kept.",
        },
    )  # fmt: skip
    downloads = Inner(
        RosterDownloadAnswer, many=True, metadata={"description": "The newest 50 of them."}
    )
    downloads_total = Whole(0, 2**31)


class RosterRecordAnswer(Shape):
    """A roster as it was recorded."""

    roster_no = public_number("R7K2M9QXAB")
    filing_no = public_number("F7K2M9QXAB")
    posted_by = Text(40)
    organisation = Text(
        18, metadata={"description": "USCC of who posted it: the holder, or a delegate."}
    )
    posted_for = Text(18, metadata={"description": "USCC of whose filing it was."})
    delegation_no = Text(
        10, low=0, metadata={"description": "By which a delegate posted it; else empty."}
    )
    recorded_at = Text(27)
    way = Text(
        20, low=0,
        metadata={
            "enum": ["", *map(str, Way)],
            "description": "How presence was found, where the provider's roster is not all.",
        },
    )  # fmt: skip
    digest = Text(64, metadata={"description": "Of the parsed rows, hex."})
    file = Inner(
        RosterFileAnswer, allow_none=True,
        metadata={"description": "null where the roster came as no file."},
    )  # fmt: skip
    rows_credited = Whole(0, _ROWS_MAX)
    problems = Inner(RowProblemAnswer, many=True)
    passed_over = Inner(
        RowProblemAnswer,
        many=True,
        metadata={
            "description": "Totals, signatures, hidden sheets, people without minutes in a file."
        },
    )


class WithdrawalBody(IdentityShape):
    """Whose attendance is taken back, on which days (none: on all), and why."""

    days = Several(Day(), high=366, load_default=list)
    reason = Choice(WithdrawalReason, required=True)
    case_no = Text(60, low=0, load_default="")


class WithdrawalAnswer(Shape):
    """What was taken back."""

    filing_no = public_number("F7K2M9QXAB")
    days = Several(Day())
    reversed_hours = Hours()
    act_leaf = Text(64, metadata={"description": "Leaf of the act, hex."})


class CorrectionBody(IdentityShape):
    """Whose attendance of a day is put right: how many minutes, which day, or who was there."""

    day = Day(required=True)
    attended_minutes = Whole(1, 24 * 60, required=True)
    attended_by = Inner(
        IdentityShape,
        load_default=lambda: None,
        metadata={"description": "Who really was there; the same person if left out."},
    )
    attended_on = Day(
        load_default=lambda: None,
        metadata={"description": "The day of the session it really was; the same if left out."},
    )
    reason = Choice(CorrectionReason, required=True)
    case_no = Text(60, low=0, load_default="")


class CorrectionAnswer(Shape):
    """What was on record, and what is now; hours as credited, before any cap."""

    filing_no = public_number("F7K2M9QXAB")
    day = Day()
    day_after = Day()
    minutes_before = Whole(0, 24 * 60)
    minutes_after = Whole(0, 24 * 60)
    hours_before = Hours()
    hours_after = Hours()
    roster_no = public_number("R7K2M9QXAB")
    act_leaf = Text(64, metadata={"description": "Leaf of the act, hex."})


class ImportRowBody(IdentityShape):
    """Hours of one person in one year and subject, as an earlier system has them."""

    year = Whole(1990, 2200, required=True)
    subject = subject(required=True)
    hours = Hours(required=True)

    @post_load
    def with_identity(self, loaded: dict[str, Any], **_kwargs: Any) -> RecordRow:
        """Make the row."""
        identity = identity_of(loaded)
        return RecordRow(identity, loaded["year"], loaded["subject"], loaded["hours"])


class StatedTotalBody(IdentityShape):
    """Hours of one person in one year, as the earlier system sums them."""

    year = Whole(1990, 2200, required=True)
    hours = Hours(required=True)

    @post_load
    def with_identity(self, loaded: dict[str, Any], **_kwargs: Any) -> StatedTotal:
        """Make the total."""
        return StatedTotal(identity_of(loaded), loaded["year"], loaded["hours"])


class ImportBody(Shape):
    """A file of earlier records; `origin` says in words where they come from."""

    jurisdiction = jurisdiction(required=True)
    origin = Text(200, required=True)
    rows = Several(Inner(ImportRowBody), low=1, high=_ROWS_MAX, required=True)
    stated = Several(
        Inner(StatedTotalBody), low=0, high=_ROWS_MAX, load_default=list,
        metadata={"description": "What the earlier system states; reconciled if there are any."},
    )  # fmt: skip

    @post_load
    def as_draft(self, loaded: dict[str, Any], **_kwargs: Any) -> ImportDraft:
        """Make the draft."""
        rows, stated = tuple(loaded["rows"]), tuple(loaded["stated"])
        return ImportDraft(loaded["jurisdiction"], loaded["origin"], rows, stated)


class ImportQuery(Shape):
    """What a file does not say of itself; JSON says both in its body."""

    jurisdiction = jurisdiction(load_default=str)
    origin = Text(200, load_default=str)


class ImportApprovalBody(Shape):
    """Why rows and stated totals may differ; wanted where they do."""

    differences_accepted = Text(500, low=0, load_default=str)


class ImportWithdrawalBody(Shape):
    """Why an import is never approved."""

    reason = Text(500, required=True)


class KnownRowAnswer(Shape):
    """A row of which an import speaks already; it is left out if with the same hours."""

    row_no = Whole(1, 2**31)
    import_no = public_number("I7K2M9QXAB")
    hours = Hours(metadata={"description": "In that import."})
    same = Truth()


class DifferenceAnswer(Shape):
    """A person's year of which the rows do not amount to what the earlier system states."""

    document_kind = Text(20)
    last_four = Text(4)
    year = Whole(1990, 2200)
    stated_hours = Hours(
        metadata={
            "type": ["string", "null"], "description": "null where the earlier system has none.",
        }
    )  # fmt: skip
    found_hours = Hours()


class YearTotalAnswer(Shape):
    """What the rows amount to, by year and subject."""

    year = Whole(1990, 2200)
    subject = subject()
    rows = Whole(1, _ROWS_MAX)
    hours = Hours()


class RehearsalAnswer(Shape):
    """What proposing these records would do; nothing was written."""

    scheme = scheme()
    rows = Whole(0, _ROWS_MAX)
    people_known = Whole(0, _ROWS_MAX)
    people_unknown = Whole(0, _ROWS_MAX)
    hours = Hours()
    problems = Inner(RowProblemAnswer, many=True)
    known = Inner(KnownRowAnswer, many=True)
    totals = Inner(YearTotalAnswer, many=True)
    reconciled = Truth(metadata={"description": "Whether there were stated totals to look at."})
    differences = Inner(DifferenceAnswer, many=True)
    replay_of = Code(
        r"([A-Z0-9]{1,20})?", "I7K2M9QXAB",
        metadata={"description": "The import in which just these records stand; empty for none."},
    )  # fmt: skip


class ImportFileAnswer(RosterFileAnswer):
    """One of the files in which an import came."""

    part = Choice(ImportPart)


class ImportAnswer(Shape):
    """An import: exactly what the second official approves."""

    import_no = public_number("I7K2M9QXAB")
    jurisdiction = jurisdiction()
    scheme = scheme()
    origin = Text(200)
    rows = Whole(1, _ROWS_MAX)
    people = Whole(1, _ROWS_MAX)
    hours = Hours()
    digest = Text(64)
    state = Choice(ImportState)
    proposed_by = Text(40)
    approved_by = Text(40, low=0, metadata={"description": "Empty until approved."})
    withdrawn_by = Text(40, low=0, metadata={"description": "Empty while it stands."})
    withdrawn_because = Text(500, low=0)
    replayed = Truth(metadata={"description": "Whether these records stood in it already."})
    known = Inner(
        KnownRowAnswer, many=True,
        metadata={"description": "Rows that stand in other imports; told when it is proposed."},
    )  # fmt: skip
    differences = Inner(DifferenceAnswer, many=True)
    differences_accepted = Text(500, low=0)
    files = Inner(
        ImportFileAnswer, many=True,
        metadata={"description": "The files it came in; none where it came as JSON."},
    )  # fmt: skip


class WorkProblemAnswer(Shape):
    """Why nothing of a roster was posted."""

    code = Text(60)
    title = Text(200)
    found = Text(1_000)
    wanted = Text(1_000, low=0)
    next = Text(1_000, low=0)


class RosterWorkAnswer(Shape):
    """How far a roster is that was left to the clock's process, and what became of it."""

    work_no = public_number("W7K2M9QXABCD")
    location = Text(200, metadata={"description": "Where this is told anew."})
    filing_no = public_number("F7K2M9QXAB")
    state = Choice(WorkState)
    phase = Text(
        20,
        low=0,
        metadata={"enum": ["", *map(str, Phase)], "description": "The step at work, if any."},
    )
    phase_done = Whole(0, _ROWS_MAX, metadata={"description": "Rows of the step; people of caps."})
    phase_total = Whole(0, _ROWS_MAX)
    rows_total = Whole(0, _ROWS_MAX)
    requested_at = Instant()
    finished_at = Instant(allow_none=True)
    result = Inner(
        RosterAnswer,
        allow_none=True,
        metadata={"description": "What 201 would have answered; null until it is done."},
    )
    problem = Inner(
        WorkProblemAnswer,
        allow_none=True,
        metadata={"description": "Why it failed, with no row posted; null unless it did."},
    )
