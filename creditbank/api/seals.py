"""Sealing on demand, and how the bank is."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from creditbank.answering import seal_what_waits
from creditbank.api.endpoints import Call, Door, Public, Reply, Unit
from creditbank.db import database_answers, db, snapshot
from creditbank.house import current_house
from creditbank.ledger.logs import last_seal
from creditbank.ledger.seal import Sealed
from creditbank.migrating import is_current, is_there
from creditbank.registry.bank import BankNotFoundedError
from creditbank.registry.clients import Scope
from creditbank.schemas.records import HealthAnswer, SealAnswer
from creditbank.standing import standing_guards

seals = Door("seals", __name__, description="Sealing on demand.")
health = Door("health", __name__, description="How the bank is.")


@seals.post(
    "/seals",
    Scope.LEDGER_SEAL,
    unit=Unit.OWN,
    writes=False,
    answer=SealAnswer(),
    refuses=(BankNotFoundedError,),
)
def seal_now(call: Call) -> Sealed:
    """Seal what waits. Sealing twice is sealing once, so no Idempotency-Key is wanted."""
    return seal_what_waits(current_house(), call.now)


@health.get(
    "/health",
    Public.ANYBODY,
    unit=Unit.OWN,
    writes=False,
    rate="",
    answer=HealthAnswer(),
)
def read_health(call: Call) -> Reply:
    """Tell whether the database answers, is migrated and guarded, and how old the last seal is."""
    members: dict[str, Any] = {
        "database": False, "migrations_current": False, "guards_missing": [],
        "guards_forbidden": [], "seal_age_seconds": None,
    }  # fmt: skip
    with suppress(SQLAlchemyError):
        # A file of SQLite's that is gone is not made anew by looking.
        members = _examined(call.now) if is_there(db.engine) else members
    well = members["database"] and members["migrations_current"] and not members["guards_missing"]
    status = "ok" if well else "unwell"
    return Reply({"status": status, **members}, status=200 if well else 503)


def _examined(now: datetime) -> dict[str, Any]:
    current = is_current(db.engine)
    with snapshot() as session:
        answers = database_answers(session)
        newest = last_seal(session) if current else None
    guards = standing_guards(db.engine)
    age = (now - newest.sealed_at).total_seconds() if newest else None
    return {
        "database": answers,
        "migrations_current": current,
        "guards_missing": guards.missing,
        "guards_forbidden": guards.forbidden,
        "seal_age_seconds": None if age is None else max(0, int(age)),
    }
