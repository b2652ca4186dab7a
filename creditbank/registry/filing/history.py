"""What happened to a filing: each act on it, the first submission first."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.ledger.models import Act


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


def history_of(session: Session, filing_no: str) -> list[FilingAct]:
    """Return the acts on a filing itself in their order, with what each version said."""
    query = select(Act).where(Act.subject == filing_no, Act.kind.startswith("filing."))
    found: list[FilingAct] = []
    version = 0
    for act in session.scalars(query.order_by(Act.recorded_at, Act.act_id)):
        said = json.loads(act.details)
        if act.kind in ("filing.submitted", "filing.resubmitted"):
            version += 1
        found.append(
            FilingAct(
                act.kind, act.recorded_at, act.actor, said.get("reason_text", ""), version, said
            )
        )
    return found
