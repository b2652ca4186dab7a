"""Answers kept for idempotency keys: how long they stay, and how they go."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.registry.models import IdempotentWrite


def forget_answers(session: Session, *, before: datetime) -> int:
    """Delete the answers recorded before an instant; return how many there were."""
    gone = session.execute(delete(IdempotentWrite).where(IdempotentWrite.recorded_at < before))
    assert isinstance(gone, CursorResult)
    return gone.rowcount
