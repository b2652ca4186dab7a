"""What a title system asks, and why it may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from creditbank.crediting.balances import Times
from creditbank.errors import CreditBankError
from creditbank.people.register import Identity

STATEMENT = "creditbank/verdict/v1"
#: Where the bank's own register told something that the answer rests on.
STATEMENT_REGISTERED = "creditbank/verdict/v2"


class Disclosure(StrEnum):
    """How much of the record an answer shows."""

    DECISION = "decision"
    SUMMARY = "summary"
    RECORD = "record"


class CodeLevel(StrEnum):
    """How much the code that somebody made lets be seen at most, the least first: a bare yes or no,
    or an answer of a `Disclosure`."""

    PREDICATE = "predicate"
    DECISION = "decision"
    SUMMARY = "summary"
    RECORD = "record"


class AsOfFutureError(CreditBankError):
    """Hours are asked for as of a day that has not come."""

    code = "as-of-future"
    status = 422


def claim_not_future(as_of: date | None, today: date) -> None:
    """Say that a day as of which hours are asked for has come.

    Raises:
        AsOfFutureError: nobody knows what will have been earned by then.
    """
    if as_of is not None and as_of > today:
        raise AsOfFutureError(found=as_of.isoformat(), wanted=today.isoformat())


@dataclass(frozen=True, slots=True)
class Ask:
    """One question about one person.

    `stated` holds facts that the bank does not own, as the asker states them; the pack says which
    it needs. `known_at` asks what was known then; None asks for now. `as_of` counts only what was
    earned on or before that day; None counts all.
    """

    identity: Identity
    scheme: str
    series: str
    level: str
    application_day: date
    purpose: str
    legal_basis: str
    stated: Mapping[str, str] = field(default_factory=dict)
    disclose: Disclosure = Disclosure.SUMMARY
    known_at: datetime | None = None
    #: 专业 within the series; empty where the question names none
    specialty: str = ""
    #: the pathway asked for, by its name in the pack; empty for none
    pathway: str = ""
    as_of: date | None = None
    #: number of the code that the person made and the asker presented; empty without one
    code_no: str = ""

    @property
    def times(self) -> Times:
        """The day by which hours were earned, and the instant at which they were known."""
        return Times(self.as_of, self.known_at)


@dataclass(frozen=True, slots=True)
class AskByCode:
    """A question by a code in place of a person, a purpose and a ground; `said` is all the rest.

    No `disclose` asks for all that the code lets be seen.
    """

    code: str = field(repr=False)
    disclose: Disclosure | None
    said: Mapping[str, Any]
