"""What a title system asks, and why it may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from creditbank.people.register import Identity

STATEMENT = "creditbank/verdict/v1"


class Disclosure(StrEnum):
    """How much of the record an answer shows."""

    DECISION = "decision"
    SUMMARY = "summary"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Ask:
    """One question about one person.

    `stated` holds facts that the bank does not own, as the asker states them; the pack says which
    it needs. `known_at` asks what was known then; None asks for now.
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
