"""What officials looked up of somebody's hours: by whom, what for or by which file, what was shown.

It is kept before anything is shown, once a day for the same look: whoever opens a page again has
not looked at anything else. Questions of title systems are answers, and stand among those.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.registry.clients import Client, Role
from creditbank.verification.query_models import DeskLook

#: Who looks in an office's stead; organisations see what they themselves posted or filed.
OFFICES = frozenset({Role.OFFICIAL, Role.AUDITOR})
SHOWN_MAX = 100
#: Whoever sits at the bank's own machine: an account of the system, not of the bank.
OPERATOR = "cli:operator"


class Shown(StrEnum):
    """What of somebody was shown."""

    BALANCE = "balance"
    ENTRIES = "entries"
    STATEMENT = "statement"
    ITEM = "item"
    ATTENDANCE = "attendance"
    INVESTIGATION = "investigation"
    DISPUTE = "dispute"
    EXEMPTION = "exemption"
    STATUS = "status"
    CERTIFICATE = "certificate"
    QUERIES = "queries"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class LookDraft:
    """What is about to be shown: by the number of a file or matter, or for a purpose as typed."""

    shown: Shown
    matter: str = ""
    purpose: str = ""


def note_desk_looks(
    session: Session, people: Iterable[int], draft: LookDraft, client: Client, *, now: datetime
) -> None:
    """Keep that an official is shown something of some people; of nobody else."""
    if client.role not in OFFICES:
        return
    rows = [
        {
            "person_id": each, "client_id": client.client_id, "shown": str(draft.shown),
            "matter": draft.matter, "purpose": draft.purpose, "day": civil_day(now),
            "jurisdiction": client.jurisdiction, "looked_at": now,
        }
        for each in sorted(set(people))
    ]  # fmt: skip
    if rows:
        make = (
            postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        )
        session.execute(make(DeskLook).on_conflict_do_nothing(), rows)


def desk_looks_at(session: Session, people: Sequence[int]) -> list[DeskLook]:
    """Return the newest of what officials looked up of a person's linked keys."""
    query = select(DeskLook).where(DeskLook.person_id.in_(people))
    ordered = query.order_by(DeskLook.looked_at.desc(), DeskLook.shown, DeskLook.matter)
    return list(session.scalars(ordered.limit(SHOWN_MAX)))
