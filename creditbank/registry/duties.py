"""What a training base has to hold in a year, and what it has held.

威人社字〔2024〕2号, 第9项: 年内，省、市继续教育基地…组织举办市级以上研修、培训班不少于2个.
Whether each holds two or all together is not said; that each does is an assumption.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.registry.directory import OrganisationsWanted, organisations_page
from creditbank.registry.facts import Level
from creditbank.registry.filing.kinds import FilingKind
from creditbank.registry.filing.states import FilingState
from creditbank.registry.models import Filing, FilingSession, Organisation

SEMINARS_WANTED = 2
_BASES_MAX = 1_000
_KINDS = (str(FilingKind.ADVANCED_SEMINAR), str(FilingKind.BASE_COURSE))
_STATES = (str(FilingState.APPROVED), str(FilingState.CLOSED))


@dataclass(frozen=True, slots=True)
class Duty:
    """How many seminars a base has held in a year, of how many, by which day."""

    organisation: Organisation
    name: str
    levels: tuple[str, ...]
    held: int
    wanted: int
    by: date

    @property
    def missing(self) -> int:
        """How many are still to be held."""
        return max(0, self.wanted - self.held)


def duties_of(session: Session, jurisdiction: str, year: int, today: date) -> list[Duty]:
    """Return the provincial and municipal bases of a region, whoever has held least first.

    Args:
        session: to read with.
        jurisdiction: the region.
        year: of the duty.
        today: held is what began by then.
    """
    last = date(year, 12, 31)
    found: dict[int, Duty] = {}
    held = _held(session, year, today)
    for level in (Level.PROVINCIAL, Level.MUNICIPAL):
        wanted = OrganisationsWanted(
            jurisdiction, min(last, today), base=str(level), limit=_BASES_MAX
        )
        for each in organisations_page(session, wanted):
            number = each.organisation.organisation_id
            levels = tuple(base.said.level for base in each.picture.bases)
            found[number] = Duty(
                each.organisation, each.picture.name.said.value, levels, held[number],
                SEMINARS_WANTED, last,
            )  # fmt: skip
    return sorted(found.values(), key=lambda each: (each.held, each.organisation.uscc))


def _held(session: Session, year: int, today: date) -> Counter[int]:
    query = (
        select(Filing.organisation_id, Filing.filing_no)
        .join(FilingSession, FilingSession.filing_no == Filing.filing_no)
        .where(Filing.kind.in_(_KINDS), Filing.state.in_(_STATES))
        .where(FilingSession.day >= date(year, 1, 1))
        .where(FilingSession.day <= min(today, date(year, 12, 31)))
        .distinct()
    )
    return Counter(row[0] for row in session.execute(query))
