"""What is asked, about whom, and why it may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Per = Literal["year", "window"]
Disclosure = Literal["decision", "summary", "record"]
Result = Literal["submitted", "withdrawn", "passed", "failed", "retracted"]


@dataclass(frozen=True, slots=True)
class Person:
    """A document and the name on it; neither is shown where this is printed or logged.

    `document_kind` is the bank's word for it: `resident_id`, `hmt_residence`, `passport`, …
    """

    document_kind: str
    document_number: str = field(repr=False)
    name: str = field(repr=False)

    def members(self) -> dict[str, Any]:
        """Return the members of a body that name the person."""
        return {
            "document_kind": self.document_kind,
            "document_number": self.document_number,
            "name": self.name,
        }


@dataclass(frozen=True, slots=True)
class Applicant:
    """One row of a list: the person, and what the asker states of them alone."""

    person: Person
    stated: Mapping[str, str] = field(default_factory=dict)

    def members(self) -> dict[str, Any]:
        """Return the members of a row."""
        return {**self.person.members(), "stated": dict(self.stated)}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and why it may be; the same for one person or for a list.

    `stated` holds facts that the bank does not own, such as `current_title_on`: the pack says which
    it needs, and the signed answer marks them as stated by you. `known_at` asks what was known at
    an instant, `as_of` counts only hours earned by that day.
    """

    scheme: str
    series: str
    level: str
    application_day: date
    purpose: str
    legal_basis: str
    specialty: str = ""
    pathway: str = ""
    stated: Mapping[str, str] = field(default_factory=dict)
    disclose: Disclosure = "summary"
    as_of: date | None = None
    known_at: datetime | None = None

    def members(self) -> dict[str, Any]:
        """Return the members of a body that ask; what was left empty is left out."""
        said = {
            "scheme": self.scheme,
            "series": self.series,
            "specialty": self.specialty,
            "level": self.level,
            "pathway": self.pathway,
            "application_day": self.application_day.isoformat(),
            "purpose": self.purpose,
            "legal_basis": self.legal_basis,
            "stated": dict(self.stated),
            "disclose": self.disclose,
            "as_of": self.as_of.isoformat() if self.as_of else "",
            "known_at": self.known_at.isoformat() if self.known_at else "",
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Claim:
    """Hours that are claimed, to be answered by a bare yes or no.

    At least so many hours, as `60.00`, of a subject (empty: of all) in each year, or in all years
    together (`per="window"`).
    """

    scheme: str
    subject: str
    at_least: str
    first_year: int
    last_year: int
    per: Per = "year"

    def members(self) -> dict[str, Any]:
        """Return the members of a body that ask."""
        said = {
            "scheme": self.scheme,
            "subject": self.subject,
            "at_least": self.at_least,
            "first_year": self.first_year,
            "last_year": self.last_year,
            "per": self.per,
        }
        return {name: value for name, value in said.items() if value != ""}


@dataclass(frozen=True, slots=True)
class Ground:
    """By which right a claim is asked about under a mandate: the title, the purpose, the basis."""

    series: str
    level: str
    purpose: str
    legal_basis: str
    specialty: str = ""

    def members(self) -> dict[str, Any]:
        """Return the members of a body; what was left empty is left out."""
        said = {
            "series": self.series,
            "level": self.level,
            "specialty": self.specialty,
            "purpose": self.purpose,
            "legal_basis": self.legal_basis,
        }
        return {name: value for name, value in said.items() if value}
