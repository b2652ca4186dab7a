"""Base courses: only a training base of the level that is stated files them, on the days it is one.

威人社字〔2024〕2号, 第9项: 继续教育基地 hold courses; what is a base when is stated by an official.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.registry.fact_rows import facts_of
from creditbank.registry.facts import Fact, true_on
from creditbank.registry.filing.kinds import FilingKind


class FilingBaseMissingError(CreditBankError):
    """A base course stands on days on which its provider is no such base, or a suspended one."""

    code = "filing-base-missing"
    status = 422


def require_base(
    session: Session,
    organisation_id: int,
    kind: str,
    facts: Mapping[str, str],
    days: Iterable[date],
) -> None:
    """Refuse a base course on days on which its provider is no base of the stated level.

    Raises:
        FilingBaseMissingError: naming the days.
    """
    if kind != FilingKind.BASE_COURSE:
        return
    known, level = facts_of(session, organisation_id), facts["base_level"]
    lacking = [day for day in days if not _teaches(known, level, day)]
    if lacking:
        raise FilingBaseMissingError(
            level_words=f"filing-word-{level}", days=[day.isoformat() for day in lacking]
        )


def _teaches(known: tuple[Fact, ...], level: str, day: date) -> bool:
    picture = true_on(known, day)
    return picture is not None and level in {each.said.level for each in picture.teaching_bases}
