"""What is asked of xAPI statements in an address, and what is told of the standard itself."""

from enum import StrEnum

from marshmallow.fields import List, String

from creditbank.schemas.fields import Choice, Code, Instant, Shape, Text, Whole

_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_EXAMPLE = "8e03978e-40d5-43dd-bc93-6894a57f9324"
_ADDRESS_CHARACTERS_MAX = 2_000


class Flag(StrEnum):
    """A truth in an address."""

    YES = "true"
    NO = "false"


class StatementPut(Shape):
    """Under which id a statement is put."""

    statement_id = Code(_UUID, _EXAMPLE, required=True, data_key="statementId")


class StatementsQuery(Shape):
    """One statement by its id, or the client's own by what they hold."""

    statement_id = Code(_UUID, _EXAMPLE, data_key="statementId")
    voided_statement_id = Code(_UUID, _EXAMPLE, data_key="voidedStatementId")
    since = Instant()
    until = Instant()
    limit = Whole(0, 1_000_000, as_text=True, load_default=0)
    ascending = Choice(Flag, load_default=Flag.NO)
    cursor = Text(200, low=0, load_default="")


class AboutAnswer(Shape):
    """Which versions of xAPI are understood."""

    version = List(String(), metadata={"example": ["2.0.0"]})
