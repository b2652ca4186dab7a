"""Shapes of check-in on site: which session, who came, and the minutes that are posted."""

from datetime import timedelta
from typing import Any

from creditbank.attendance.cells import ATTENDED_MINUTES_MAX
from creditbank.attendance.check_in_codes import Span, seconds_left
from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.check_ins import Comer
from creditbank.crediting.check_in_posting import PostedCheckIn
from creditbank.schemas.fields import (
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
    public_number,
)
from creditbank.schemas.rosters import RowProblemAnswer

_PEOPLE_MAX = 1_000_000
SESSION_NO_MAX = 120


class SheetQuery(Shape):
    """Who stands on a sheet already: nobody, or those who came to other sessions."""

    people = Code("expected", "expected", load_default=str)


class CheckInBody(Shape):
    """To which session of the filing people check in, today."""

    session_no = Whole(1, SESSION_NO_MAX, required=True)


class SpanAnswer(Shape):
    """From a scan in to the scan out."""

    came_at = Instant()
    left_at = Instant(
        metadata={"type": ["string", "null"], "description": "`null` while nobody went out."}
    )
    device_came_at = Instant(
        metadata={
            "type": ["string", "null"],
            "description": "By the teacher's device, where it was scanned without network.",
        }
    )
    device_left_at = Instant(metadata={"type": ["string", "null"]})
    received_at = Instant(
        metadata={"type": ["string", "null"], "description": "When such scans came to the bank."}
    )
    is_doubted = Truth(
        metadata={
            "description": "That device's clock was set, or the delegation did not hold then;"
            " it counts no minutes."
        }
    )


class ComerAnswer(Shape):
    """Somebody on the list; whole names and numbers are not told."""

    person_no = Whole(1, _PEOPLE_MAX)
    masked_name = Text(10)
    last_four = Text(4)
    is_guest = Truth(metadata={"description": "Typed who they are, without an account."})
    spans = Inner(SpanAnswer, many=True)
    is_offline = Truth(metadata={"description": "Some scan of theirs was made without network."})
    measured_minutes = Whole(0, ATTENDED_MINUTES_MAX)
    attended_minutes = Whole(
        0, ATTENDED_MINUTES_MAX,
        metadata={"description": "As stated by the provider, or as measured. 0 is not posted."},
    )  # fmt: skip
    device_people = Whole(
        0, _PEOPLE_MAX, metadata={"description": "How many people used the same telephone."}
    )


class PadStandingAnswer(Shape):
    """A teacher's page that records without network."""

    pad_no = Whole(1, _PEOPLE_MAX)
    opened_at = Instant()
    scans = Whole(0, _PEOPLE_MAX, metadata={"description": "How many scans it has sent."})
    received_at = Instant(
        metadata={"type": ["string", "null"], "description": "When it sent the last ones."}
    )


class CheckInAnswer(Shape):
    """A check-in, and who is on its list."""

    check_in_no = public_number("K7K2M9QXAB")
    filing_no = public_number("F7K2M9QXAB")
    session_no = Whole(1, SESSION_NO_MAX)
    day = Day()
    state = Text(10, metadata={"enum": ["open", "closed", "posted"]})
    address = Text(
        300, low=0,
        metadata={
            "description": "What the QR code shown now says; empty once it is closed, and in the "
            "sandbox, which has no pages."
        },
    )  # fmt: skip
    address_until = Instant(
        metadata={
            "type": ["string", "null"],
            "description": "When another one is shown; this one holds half a minute longer.",
        }
    )
    roster_no = Text(20, low=0, metadata={"description": "As what it was posted; else empty."})
    people = Inner(ComerAnswer, many=True)
    pads = Inner(PadStandingAnswer, many=True)


class MinutesBody(Shape):
    """How long somebody on the list was there, in the provider's word."""

    person_no = Whole(1, _PEOPLE_MAX, required=True)
    attended_minutes = Whole(0, ATTENDED_MINUTES_MAX, required=True)


def _none() -> list[Any]:
    """Stand for what was left out; a function, so that the document shows no default."""
    return []


class CheckInPostingBody(Shape):
    """Minutes stated instead of those measured."""

    stated = Several(Inner(MinutesBody), high=10_000, load_default=_none)


class PostedComerAnswer(Shape):
    """A row of the roster: whose, and what it is worth."""

    row_no = Whole(1, _PEOPLE_MAX)
    person_no = Whole(1, _PEOPLE_MAX)
    attended_minutes = Whole(1, ATTENDED_MINUTES_MAX)
    hours = Hours(metadata={"type": ["string", "null"], "description": "`null` if refused."})


class CheckInPostedAnswer(Shape):
    """What became of a check-in, or would."""

    roster_no = Text(20, low=0, metadata={"description": "Empty when it was only validated."})
    rows_credited = Whole(0, _PEOPLE_MAX)
    credited_hours = Hours()
    capped_hours = Hours()
    rows = Inner(PostedComerAnswer, many=True)
    problems = Inner(RowProblemAnswer, many=True)


def shaped_check_in(
    check_in: CheckIn, comers: list[Comer], address: str, **said: Any
) -> dict[str, Any]:
    """Return the members of a check-in, to be dumped.

    `said` are its `day`, the `now`, its `pads`, and what each pad `sent`.
    """
    until = said["now"].replace(microsecond=0) + timedelta(seconds=seconds_left(said["now"]))
    return {
        "check_in_no": check_in.check_in_no, "filing_no": check_in.filing_no,
        "session_no": check_in.session_no, "day": said["day"], "state": check_in.state,
        "address": address, "address_until": until if address else None,
        "roster_no": check_in.roster_no or "",
        "people": [
            {
                "person_no": each.person_no, "masked_name": each.masked_name,
                "last_four": each.last_four, "is_guest": each.is_guest,
                "spans": [_shaped_span(span) for span in each.spans],
                "is_offline": each.is_offline,
                "measured_minutes": each.measured_minutes,
                "attended_minutes": each.attended_minutes, "device_people": each.device_people,
            }
            for each in comers
        ],
        "pads": [
            {
                "pad_no": each.pad_no, "opened_at": each.opened_at, "scans": sent[0],
                "received_at": sent[1],
            }
            for each in said["pads"]
            for sent in [said["sent"].get(each.pad_no, (0, None))]
        ],
    }  # fmt: skip


def _shaped_span(span: Span) -> dict[str, Any]:
    came, left = span.came, span.left
    received = [each.received_at for each in (came, left) if each is not None]
    return {
        "came_at": span.began_at, "left_at": span.ended_at,
        "device_came_at": came.device_at if came else None,
        "device_left_at": left.device_at if left else None,
        "received_at": max(received, default=None), "is_doubted": span.is_doubted,
    }  # fmt: skip


def shaped_posting(posted: PostedCheckIn) -> dict[str, Any]:
    """Return the members of what was posted, its problems aside, to be dumped."""
    worth = {row.row_no: row.conversion.centihours for row in posted.result.rows}
    return {
        "roster_no": posted.result.roster_no, "rows_credited": posted.result.rows_credited,
        "credited_hours": posted.result.credited_centihours,
        "capped_hours": posted.result.capped_centihours,
        "rows": [
            {
                "row_no": row_no, "person_no": each.person_no,
                "attended_minutes": each.attended_minutes, "hours": worth.get(row_no),
            }
            for row_no, each in enumerate(posted.comers, 1)
        ],
    }  # fmt: skip
