"""Official acts: recorded in the transaction of what they decide, so that neither exists alone."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_text
from creditbank.ledger.leaves import ActBody, act_leaf
from creditbank.ledger.models import Act


@dataclass(frozen=True, slots=True)
class ActDraft:
    """An act about to be recorded: who did what about which public number, and why.

    `details` may hold anything canonical except identity numbers, names and secrets of people.
    """

    kind: str
    jurisdiction: str
    actor: str
    subject: str
    details: Canonical
    reason: str = ""
    cites: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """An act as the journal holds it: its row, and the leaf by which others name it."""

    act_id: int
    leaf: bytes


def record_act(session: Session, draft: ActDraft, *, now: datetime) -> RecordedAct:
    """Append an act to the journal; the caller owns the transaction."""
    body = ActBody(
        kind=draft.kind,
        jurisdiction=draft.jurisdiction,
        recorded_at=now,
        actor=draft.actor,
        subject=draft.subject,
        reason=draft.reason,
        details=canonical_text(draft.details),
        cites=draft.cites,
    )
    salt = secrets.token_bytes(32)
    leaf = act_leaf(salt, body)
    row = {
        "kind": body.kind,
        "jurisdiction": body.jurisdiction,
        "recorded_at": now,
        "actor": body.actor,
        "subject": body.subject,
        "reason": body.reason,
        "details": body.details,
        "cites": canonical_text([cited.hex() for cited in body.cites]),
        "salt": salt,
        "leaf": leaf,
    }
    act_id = session.scalars(insert(Act).returning(Act.act_id), [row]).one()
    return RecordedAct(act_id, leaf)


def body_of(act: Act) -> ActBody:
    """Rebuild what was hashed from an act's row.

    Raises:
        ValueError: the row's `cites` are not what any act has; somebody changed them by force.
    """
    return ActBody(
        kind=act.kind,
        jurisdiction=act.jurisdiction,
        recorded_at=act.recorded_at,
        actor=act.actor,
        subject=act.subject,
        reason=act.reason,
        details=act.details,
        cites=tuple(bytes.fromhex(leaf) for leaf in json.loads(act.cites)),
    )


def details_of(act: Act) -> dict[str, object]:
    """Return the details of an act; none where they are no object of JSON any more."""
    try:
        details = json.loads(act.details)
    except (ValueError, RecursionError):
        return {}
    return details if isinstance(details, dict) else {}
