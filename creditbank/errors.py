"""Every deliberate failure: a stable code, an HTTP status, and facts; the catalogue has the words.

An error carries no prose. The door that answers renders `code` and `facts` in the language of the
person who asked (see `catalogue`), so that a problem document, a roster row and a terminal line say
the same thing. Facts are safe to show and to log: never an identity number, a name or a secret.
"""

from dataclasses import dataclass, field
from typing import ClassVar

Fact = str | int | bool | None | list[str] | list[int]


class CreditBankError(Exception):
    """A deliberate refusal. Subclasses fix `code` and `status`; the catalogue has the words."""

    code: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, **facts: Fact) -> None:
        super().__init__(self.code, facts)
        self.facts = facts


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one cell of one row; rows without a problem go on.

    `row_no` counts as the spreadsheet does (the first line is 1); `column` is the header as the
    provider wrote it, or the expected one where it is missing.
    """

    row_no: int
    column: str
    code: str
    facts: dict[str, Fact] = field(default_factory=dict)
