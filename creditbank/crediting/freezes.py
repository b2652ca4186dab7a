"""What is under investigation: nothing new is credited where an open investigation reaches."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.crediting.models import Investigation
from creditbank.errors import CreditBankError

OPEN = "open"


class SourceInvestigatedError(CreditBankError):
    """The whole source is under investigation: nothing is credited under it meanwhile."""

    code = "source-investigated"
    status = 409


@dataclass(frozen=True, slots=True)
class Reach:
    """What an investigation is about: all of a source, or one person, or one session or part."""

    person_id: int | None
    occasion: str

    @property
    def is_whole(self) -> bool:
        """Tell whether it is about all of its source."""
        return self.person_id is None and not self.occasion

    def covers(self, people: Collection[int], occasion: str) -> bool:
        """Tell whether it reaches an occasion of somebody, by any of their linked keys."""
        return (self.person_id is None or self.person_id in people) and (
            self.occasion in {"", occasion}
        )


def reaches_open(session: Session, source_id: int) -> Sequence[Reach]:
    """Return what open investigations of a source are about; whoever credits holds the source."""
    query = select(Investigation.person_id, Investigation.occasion).where(
        Investigation.source_id == source_id, Investigation.state == OPEN
    )
    return [Reach(*row) for row in session.execute(query)]
