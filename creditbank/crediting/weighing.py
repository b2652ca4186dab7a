"""Weighing roster rows against what is live: the same occasion, places, hours to one person.

Read after the locks were taken and kept up to date while the rows of one roster are accepted, so
that row 41 of 40 places is refused by name and not by the database.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.orm import Session

from creditbank.attendance.roster import HEADERS, Column, RosterRow
from creditbank.crediting.freezes import Reach
from creditbank.errors import Fact, RowProblem
from creditbank.hours import hours_text
from creditbank.ledger.models import SourceUse
from creditbank.ledger.posting import CreditState, Secrets, credit_states, credits_of
from creditbank.ledger.sources import Allowance, Taking
from creditbank.registry.models import FilingSession
from creditbank.rules.conversion import Conversion

#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000

Groups = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """What one session is worth to whoever attended it for so long: many rows have it in common."""

    planned: FilingSession
    #: its natural name
    occasion: str
    conversion: Conversion


class GoodRow(NamedTuple):
    """A row that is credited: whose, as which revision, worth how much."""

    row: RosterRow
    person_id: int
    revision: int
    worth: Worth


def occasion_of(planned: FilingSession) -> str:
    """Return the natural name of a filed session."""
    return f"{planned.filing_no}/{planned.session_no}"


def row_problem(row: RosterRow, column: Column, code: str, **facts: Fact) -> RowProblem:
    """Say what is wrong with one cell of a row that was read."""
    return RowProblem(row.row_no, HEADERS[column][0], code, facts)


class Scales:
    """What is live under one source for the people of one roster."""

    def __init__(  # what rows are weighed against
        self, allowed: Allowance, use: SourceUse, groups: Groups, secrets: Secrets,
        investigated: Sequence[Reach],
    ) -> None:  # fmt: skip
        self._allowed = allowed
        self._people = use.people
        self._groups = groups
        self._secrets = secrets
        self._investigated = investigated
        self._newest: dict[tuple[int, str], CreditState] = {}
        self._live: set[tuple[int, str]] = set()
        self._issued: dict[int, int] = defaultdict(int)
        self._taken_people = 0
        self._taken_centihours = 0

    def read(
        self, session: Session, keys: Sequence[int], scheme: str, occasions: Sequence[str]
    ) -> None:
        """Read every credit of these keys under the source's occasions."""
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            entries = credits_of(session, chunk, scheme, occasions=occasions)
            for state in credit_states(entries):
                self._remember(state)

    def weigh(self, row: RosterRow, person_id: int, worth: Worth) -> GoodRow | RowProblem:
        """Accept a row and count it in, or say why not."""
        key, centihours = (person_id, worth.occasion), worth.conversion.centihours
        issued = self._issued[person_id]
        problem = self._refusal(row, key, centihours, issued)
        if problem is not None:
            return problem
        revision = self._newest[key].credit.revision + 1 if key in self._newest else 0
        if not issued:
            self._people += 1
            self._taken_people += 1
        self._issued[person_id] = issued + centihours
        self._taken_centihours += centihours
        self._live.add(key)
        return GoodRow(row, person_id, revision, worth)

    @property
    def taking(self) -> Taking:
        """What the accepted rows take of the source."""
        return Taking(self._taken_people, self._taken_centihours)

    def is_credited(self, person_id: int, occasion: str) -> bool:
        """Tell whether somebody holds the hours of an occasion, under any of their linked keys."""
        return any((key, occasion) in self._live for key in self._groups[person_id])

    def _remember(self, state: CreditState) -> None:
        key = (state.credit.person_id, state.credit.occasion)
        known = self._newest.get(key)
        if known is None or known.credit.revision < state.credit.revision:
            self._newest[key] = state
        if not state.reversed:
            self._live.add(key)
            self._issued[state.credit.person_id] += state.credit.centihours

    def _refusal(
        self, row: RosterRow, key: tuple[int, str], centihours: int, issued: int
    ) -> RowProblem | None:
        person_id, allowed = key[0], self._allowed
        # Asked of every row, and hardly anybody has another key or is looked into.
        plain = len(self._groups[person_id]) == 1 and not self._investigated
        day = "" if plain and key not in self._live else self._day_problem(*key)
        if person_id not in self._secrets:
            return row_problem(row, Column.NUMBER, "roster-person-erased")
        if day:
            return row_problem(row, Column.DAY, day, day=row.day.isoformat())
        if centihours == 0:
            return row_problem(
                row, Column.MINUTES, "roster-nothing-earned", minutes=row.attended_minutes
            )
        if not issued and self._people == allowed.people_max:
            return row_problem(row, Column.NUMBER, "roster-seats-full", seats=allowed.people_max)
        if issued + centihours > allowed.person_centihours_max:
            found, wanted = map(hours_text, (issued + centihours, allowed.person_centihours_max))
            return row_problem(
                row, Column.MINUTES, "roster-person-bound", found=found, wanted=wanted
            )
        return None

    def _day_problem(self, person_id: int, occasion: str) -> str:
        if self.is_credited(person_id, occasion):
            return "roster-already-credited"
        if not self._investigated:
            return ""
        group = self._groups[person_id]
        covered = any(each.covers(group, occasion) for each in self._investigated)
        return "roster-investigated" if covered else ""
