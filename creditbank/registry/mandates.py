"""Mandates: what a title system may ask about, in which region, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError, Fact
from creditbank.ids import checked_jurisdiction, jurisdiction_contains, random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.readymade import Asked, ReadyMade
from creditbank.registry.models import Mandate

ANY = "*"
ACTIVE = "active"


class MandateMissingError(CreditBankError):
    """The title system holds no mandate that covers the question."""

    code = "mandate-missing"
    status = 403


class MandateUnknownError(CreditBankError):
    """There is no mandate of this number."""

    code = "mandate-unknown"
    status = 404


class MandateTermError(CreditBankError):
    """A mandate would end before it begins."""

    code = "mandate-term"
    status = 422


@dataclass(frozen=True, slots=True)
class MandateDraft:
    """A mandate about to be granted; `*` among series or levels means every one.

    Specialties (专业), where any is named, narrow it to questions that name one of them.
    """

    organisation_id: int
    jurisdiction: str
    series: tuple[str, ...]
    levels: tuple[str, ...]
    valid_from: date
    valid_through: date
    specialties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """What a question is about: whose rules, which title, asked on which day."""

    jurisdiction: str
    series: str
    level: str
    day: date
    specialty: str = ""


class Granted(NamedTuple):
    """A mandate as it stands; series, levels and specialties are separated by spaces."""

    mandate_no: str
    jurisdiction: str
    series: str
    levels: str
    specialties: str
    valid_from: date
    valid_through: date
    state: str


_HELD = ReadyMade(
    select(*(getattr(Mandate, name) for name in Granted._fields))
    .where(Mandate.organisation_id == bindparam("organisation_id"))
    .order_by(Mandate.mandate_no)
)


def grant_mandate(session: Session, draft: MandateDraft, *, actor: str, now: datetime) -> Mandate:
    """Grant a mandate.

    Raises:
        MandateTermError: it would end before it begins.
    """
    if draft.valid_through < draft.valid_from:
        raise MandateTermError(
            valid_from=draft.valid_from.isoformat(), valid_through=draft.valid_through.isoformat()
        )
    mandate_no = "M" + random_number(9)
    details = {
        "series": draft.series, "levels": draft.levels, "specialties": draft.specialties,
        "valid_from": draft.valid_from.isoformat(),
        "valid_through": draft.valid_through.isoformat(),
    }  # fmt: skip
    act = record_act(
        session,
        ActDraft(
            "mandate.granted", checked_jurisdiction(draft.jurisdiction), actor, mandate_no, details
        ),
        now=now,
    )
    row = {
        "mandate_no": mandate_no, "organisation_id": draft.organisation_id,
        "jurisdiction": draft.jurisdiction, "series": " ".join(draft.series),
        "levels": " ".join(draft.levels), "specialties": " ".join(draft.specialties),
        "valid_from": draft.valid_from, "valid_through": draft.valid_through, "state": ACTIVE,
        "act_id": act.act_id,
    }  # fmt: skip
    return session.scalars(insert(Mandate).returning(Mandate), [row]).one()


def change_mandate(
    session: Session, mandate_no: str, state: str, *, actor: str, now: datetime
) -> Mandate:
    """Suspend, withdraw or reactivate a mandate; it holds from the next question on.

    Raises:
        MandateUnknownError: there is none of this number.
    """
    mandate = mandate_numbered(session, mandate_no)
    if mandate.state != state:
        mandate.state = state
        record_act(
            session,
            ActDraft(f"mandate.{state}", mandate.jurisdiction, actor, mandate_no, {}),
            now=now,
        )
    return mandate


def mandate_numbered(session: Session, mandate_no: str) -> Mandate:
    """Return a mandate.

    Raises:
        MandateUnknownError: there is none of this number.
    """
    mandate = session.get(Mandate, mandate_no)
    if mandate is None:
        raise MandateUnknownError(mandate_no=mandate_no[:20])
    return mandate


def mandates_of(session: Session, organisation_id: int | None, day: date) -> list[Mandate]:
    """Return the mandates of an organisation that are in force on a day."""
    query = select(Mandate).where(
        Mandate.organisation_id == organisation_id,
        Mandate.state == ACTIVE,
        Mandate.valid_from <= day,
        Mandate.valid_through >= day,
    )
    return list(session.scalars(query.order_by(Mandate.mandate_no)))


def mandates_asked(organisation_id: int | None) -> Asked:
    """Say what `mandate_for` is about to ask the database, for whoever asks it ahead."""
    return _HELD, {"organisation_id": organisation_id}


def mandate_for(session: Session, organisation_id: int | None, matter: Matter) -> Granted:
    """Return the mandate that covers a question.

    Raises:
        MandateMissingError: none does, and which bounds of the nearest it lies outside of; nothing
            about the person is told.
    """
    nearest: Granted | None = None
    bounds = ["mandate-bound-none"]
    statement, values = mandates_asked(organisation_id)
    for row in statement.rows(session, **values):
        mandate = Granted._make(row)
        outside = _outside(mandate, matter)
        if not outside:
            return mandate
        if nearest is None or len(outside) < len(bounds):
            nearest, bounds = mandate, outside
    series = f"{matter.series}.{matter.specialty}" if matter.specialty else matter.series
    raise MandateMissingError(
        jurisdiction=matter.jurisdiction,
        series=series[:80],
        level=matter.level[:40],
        day=matter.day.isoformat(),
        bounds_words=bounds,
        nearest=_shown(nearest),
    )


def _outside(mandate: Granted, matter: Matter) -> list[str]:
    """Name each bound of a mandate that a question lies outside of, by its code."""
    specialties = mandate.specialties.split()
    within = {
        "mandate-bound-state": mandate.state == ACTIVE,
        "mandate-bound-day": mandate.valid_from <= matter.day <= mandate.valid_through,
        "mandate-bound-region": jurisdiction_contains(mandate.jurisdiction, matter.jurisdiction),
        "mandate-bound-series": _among(matter.series, mandate.series.split()),
        "mandate-bound-level": _among(matter.level, mandate.levels.split()),
        "mandate-bound-specialty": not specialties or matter.specialty in specialties,
    }
    return [bound for bound, fits in within.items() if not fits]


def _shown(mandate: Granted | None) -> Fact:
    """Write what a mandate covers, for whoever holds it."""
    if mandate is None:
        return "—"
    term = f"{mandate.valid_from.isoformat()}…{mandate.valid_through.isoformat()}"
    bounds = [mandate.jurisdiction, mandate.series, mandate.levels, mandate.specialties, term]
    return f"{mandate.mandate_no}: " + " · ".join(bound for bound in bounds if bound)


def _among(wanted: str, granted: Iterable[str]) -> bool:
    return wanted in granted or ANY in granted
