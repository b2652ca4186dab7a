"""Shapes of what became of xAPI statements, and of the names of sessions in other programs."""

from marshmallow.fields import Integer, List, Nested, String

from creditbank.crediting.xapi import Outcome
from creditbank.schemas.fields import Choice, Code, Instant, Shape, Text, Whole, public_number


class RecordsQuery(Shape):
    """Which statements: by what became of them, by filing, page by page."""

    outcome = Choice(Outcome)
    filing_no = public_number("F7K2M9QXAB")
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Text(200, low=0, load_default="")


class ReasonAnswer(Shape):
    """Why a statement was not credited; `column` names the member or the column of a roster."""

    column = String()
    code = String()
    title = String()
    found = String()
    wanted = String()
    next = String()


class RecordAnswer(Shape):
    """One statement and what became of it."""

    statement_id = String()
    stored_at = Instant()
    happened_at = Instant()
    outcome = Choice(Outcome)
    reason = Nested(ReasonAnswer, allow_none=True)
    filing_no = String(allow_none=True)
    session_no = Integer(allow_none=True)
    roster_no = String(allow_none=True)
    row_no = Integer(allow_none=True)
    voids = String(allow_none=True)
    voided_by = String(allow_none=True)


class RecordsAnswer(Shape):
    """A page of statements; `next_cursor` is empty on the last."""

    statements = List(Nested(RecordAnswer))
    next_cursor = String()


class NamingBody(Shape):
    """What a program of the provider calls a session."""

    activity = Code(
        r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,500}", "https://lms.example.com/c/17", required=True
    )
    session_no = Whole(1, 9_999, required=True)


class NamingAnswer(Shape):
    """What a program of the provider calls a session, said when and by whom."""

    activity = String()
    session_no = Integer()
    set_by = String()
    set_at = Instant()


class NamingsAnswer(Shape):
    """Every name of a filing's sessions, by session."""

    activities = List(Nested(NamingAnswer))
