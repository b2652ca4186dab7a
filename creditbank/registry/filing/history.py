"""What happened to a filing: each act on it, the first submission first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.ledger.models import Act

_SUBMISSIONS = ("filing.submitted", "filing.resubmitted")
#: Acts on an amendment, which name the version that they are about.
_AMENDMENTS = (
    "filing.amendment-asked", "filing.amendment-refused", "filing.amendment-withdrawn",
    "filing.amended",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FilingAct:
    """One act: what was done, when, by whom, why; `said` is what it tells of the filing."""

    kind: str
    recorded_at: datetime
    actor: str
    reason: str
    #: the submission that it is or speaks of
    version: int
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Late:
    """A day of a filing that had passed when it was filed, the first of them."""

    day: date
    submitted_on: date


def history_of(session: Session, filing_no: str) -> list[FilingAct]:
    """Return the acts on a filing itself in their order, with what each version said."""
    query = select(Act).where(Act.subject == filing_no, Act.kind.startswith("filing."))
    found: list[FilingAct] = []
    version = 0
    for act in session.scalars(query.order_by(Act.recorded_at, Act.act_id)):
        said = json.loads(act.details)
        if act.kind in _SUBMISSIONS:
            version += 1
        about = said["version"] if act.kind in _AMENDMENTS else version
        if act.kind == "filing.amended":
            version = about
        found.append(
            FilingAct(
                act.kind, act.recorded_at, act.actor, said.get("reason_text", ""), about, said
            )
        )
    return found


def late_of(history: Sequence[FilingAct]) -> Late | None:
    """Tell whether a filing came late, as its latest version stands.

    Each day is filed with the submission that first named it: a return and a mended version take
    that day back from nobody, and a day that only a later version names was not filed before.
    """
    filed_on: dict[date, date] = {}
    for act in history:
        if act.kind in _SUBMISSIONS:
            on = civil_day(act.recorded_at)
            days = [date.fromisoformat(planned[0]) for planned in act.said["sessions"]]
            filed_on = {day: filed_on.get(day, on) for day in days}
    passed = [Late(day, on) for day, on in filed_on.items() if on > day]
    return min(passed, key=lambda late: late.day, default=None)
