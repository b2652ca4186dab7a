"""First answers: a write that comes twice is done once, and answered twice.

The key is claimed in the transaction of the act itself, so that there is never an act without its
answer or an answer without its act.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from creditbank.errors import CreditBankError
from creditbank.readymade import Asked, ReadyMade
from creditbank.registry.models import IdempotentWrite

_COLUMNS = (
    "client_id", "idempotency_key", "content_digest", "status", "answer", "recorded_at",
)  # fmt: skip


def claiming(dialect: str, prefix: str = "") -> ReturningInsert[tuple[str]]:
    """Write how a key is claimed: a row comes of it if it was; `prefix` is of its parameters."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    insertion = make(IdempotentWrite).values({name: bindparam(prefix + name) for name in _COLUMNS})
    before = bindparam(f"{prefix}forgotten_before", type_=IdempotentWrite.recorded_at.type)
    taken = insertion.on_conflict_do_update(
        index_elements=["client_id", "idempotency_key"],
        set_={name: insertion.excluded[name] for name in _COLUMNS},
        where=IdempotentWrite.recorded_at < before,
    )
    return taken.returning(IdempotentWrite.idempotency_key)


_CLAIM = ReadyMade(claiming)
_FIRST = ReadyMade(
    select(IdempotentWrite.content_digest, IdempotentWrite.status, IdempotentWrite.answer).where(
        IdempotentWrite.client_id == bindparam("client_id"),
        IdempotentWrite.idempotency_key == bindparam("key"),
    )
)


class IdempotencyKeyReusedError(CreditBankError):
    """The key came with another content before."""

    code = "idempotency-key-reused"
    status = 409


@dataclass(frozen=True, slots=True)
class WriteKey:
    """One write as its sender names it.

    `digests` are keyed digests of the content, the newest key's first: a plain digest of a number
    and a name could be guessed by trying every number.
    """

    client_id: str
    key: str
    digests: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What was answered the first time."""

    status: int
    answer: Mapping[str, object]


def claim(
    session: Session, write: WriteKey, *, forgotten_before: datetime, now: datetime
) -> FirstAnswer | None:
    """Claim a key for this transaction; None says that the write is to be done.

    `keep` follows. A key that was claimed before `forgotten_before` is taken as if it were new.

    On PostgreSQL a second sender of the same key waits here until the first has committed, and then
    gets its answer; on SQLite it waits before its transaction begins.

    Raises:
        IdempotencyKeyReusedError: the key stands for another content.
    """
    unknown = FirstAnswer(0, {})
    statement, values = claim_asked(write, unknown, forgotten_before=forgotten_before, now=now)
    if statement.rows(session, **values):
        return None
    first = first_answer(session, write)
    assert first is not None, "a key that could not be claimed has an answer"
    return first


def claim_asked(
    write: WriteKey, answer: FirstAnswer, *, forgotten_before: datetime, now: datetime
) -> Asked:
    """Say what `claim` asks the database for an answer that is known; no row: it was claimed."""
    return _CLAIM, {
        "client_id": write.client_id, "idempotency_key": write.key,
        "content_digest": write.digests[0], "status": answer.status, "answer": _written(answer),
        "recorded_at": now, "forgotten_before": forgotten_before,
    }  # fmt: skip


def answer_asked(write: WriteKey) -> Asked:
    """Say what `first_answer` is about to ask the database, for whoever asks it ahead."""
    return _FIRST, {"client_id": write.client_id, "key": write.key}


def first_answer(session: Session, write: WriteKey) -> FirstAnswer | None:
    """Return the answer that a key already has, without claiming it.

    Raises:
        IdempotencyKeyReusedError: the key stands for another content.
    """
    statement, values = answer_asked(write)
    found = statement.rows(session, **values)
    if not found:
        return None
    [(digest, status, answer)] = found
    if digest not in write.digests:
        raise IdempotencyKeyReusedError
    return FirstAnswer(status, json.loads(answer))


def keep(session: Session, write: WriteKey, answer: FirstAnswer) -> None:
    """Keep the answer of a claimed key; the caller's transaction makes it and the act one."""
    session.execute(
        update(IdempotentWrite)
        .where(
            IdempotentWrite.client_id == write.client_id,
            IdempotentWrite.idempotency_key == write.key,
        )
        .values(status=answer.status, answer=_written(answer))
    )


def forget_answers(session: Session, *, before: datetime) -> int:
    """Delete the answers recorded before an instant; return how many there were."""
    gone = session.execute(delete(IdempotentWrite).where(IdempotentWrite.recorded_at < before))
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _written(answer: FirstAnswer) -> str:
    return json.dumps(answer.answer, ensure_ascii=False)
