"""What is asked of xAPI statements in an address, and what is told of the standard itself."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError
from marshmallow.fields import List, String

from creditbank.attendance.statement_filters import StatementForm
from creditbank.attendance.statements import instant_of
from creditbank.schemas.fields import Choice, Code, Instant, Shape, Text, Whole
from creditbank.schemas.wanted import Wanted

_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_EXAMPLE = "8e03978e-40d5-43dd-bc93-6894a57f9324"
_IRI = r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]{1,1900}"
_AGENT_CHARACTERS_MAX = 2_000


class Flag(StrEnum):
    """A truth in an address."""

    YES = "true"
    NO = "false"


class Since(Instant):
    """An instant as statements have theirs: what a platform may send, it may ask for."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        instant = instant_of(value) if isinstance(value, str) else None
        if instant is None:
            raise ValidationError([Wanted("field-instant")])
        return instant.astimezone(UTC)


class StatementPut(Shape):
    """Under which id a statement is put."""

    statement_id = Code(_UUID, _EXAMPLE, required=True, data_key="statementId")


class StatementsQuery(Shape):
    """One statement by its id, or the client's own by what they hold."""

    statement_id = Code(_UUID, _EXAMPLE, data_key="statementId")
    voided_statement_id = Code(_UUID, _EXAMPLE, data_key="voidedStatementId")
    since = Since()
    until = Since()
    limit = Whole(0, 1_000_000, as_text=True, load_default=0)
    ascending = Choice(Flag, load_default=Flag.NO)
    agent = Text(
        _AGENT_CHARACTERS_MAX, load_default=str,
        metadata={
            "description": "An agent or identified group as JSON, and no identity document: a"
            " number never stands in an address.",
            "example": '{"mbox": "mailto:li@lms.example.com"}',
        },
    )  # fmt: skip
    verb = Code(_IRI, "http://adlnet.gov/expapi/verbs/attended", load_default=str)
    activity = Code(_IRI, "https://bank.example/filings/F7K2M9QXAB/sessions/2", load_default=str)
    registration = Code(_UUID, _EXAMPLE, load_default=str)
    related_agents = Choice(Flag, load_default=Flag.NO)
    related_activities = Choice(Flag, load_default=Flag.NO)
    form = Choice(StatementForm, load_default=StatementForm.EXACT, data_key="format")
    attachments = Choice(Flag, load_default=Flag.NO)
    cursor = Text(200, low=0, load_default="")


class AboutAnswer(Shape):
    """Which versions of xAPI are understood."""

    version = List(String(), metadata={"example": ["2.0.0", "1.0.3"]})
