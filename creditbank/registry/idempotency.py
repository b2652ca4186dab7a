"""First answers: a write that comes twice is done once, and answered twice.

The key is claimed in the transaction of the act itself, so that there is never an act without its
answer or an answer without its act.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.registry.models import IdempotentWrite


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
    session: Session, write: WriteKey, answer: FirstAnswer | None = None, *,
    forgotten_before: datetime, now: datetime,
) -> FirstAnswer | None:  # fmt: skip
    """Claim a key for this transaction; None says that the write is to be done.

    Where the answer is known already it is kept at once; else `keep` follows. A key that was
    claimed before `forgotten_before` is taken as if it were new.

    On PostgreSQL a second sender of the same key waits here until the first has committed, and then
    gets its answer; on SQLite it waits before its transaction begins.

    Raises:
        IdempotencyKeyReusedError: the key stands for another content.
    """
    if _inserted(session, write, answer or FirstAnswer(0, {}), forgotten_before, now):
        return None
    first = session.get_one(IdempotentWrite, (write.client_id, write.key))
    return _same_answer(first, write.digests)


def first_answer(session: Session, write: WriteKey) -> FirstAnswer | None:
    """Return the answer that a key already has, without claiming it.

    Raises:
        IdempotencyKeyReusedError: the key stands for another content.
    """
    first = session.get(IdempotentWrite, (write.client_id, write.key))
    return None if first is None else _same_answer(first, write.digests)


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


def _inserted(
    session: Session,
    write: WriteKey,
    answer: FirstAnswer,
    forgotten_before: datetime,
    now: datetime,
) -> bool:
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = {
        "client_id": write.client_id, "idempotency_key": write.key,
        "content_digest": write.digests[0], "status": answer.status,
        "answer": _written(answer), "recorded_at": now,
    }  # fmt: skip
    insertion = make(IdempotentWrite).values(row)
    taken = insertion.on_conflict_do_update(
        index_elements=["client_id", "idempotency_key"],
        set_={name: insertion.excluded[name] for name in row},
        where=IdempotentWrite.recorded_at < forgotten_before,
    )
    return session.scalar(taken.returning(IdempotentWrite.idempotency_key)) is not None


def _written(answer: FirstAnswer) -> str:
    return json.dumps(answer.answer, ensure_ascii=False)


def _same_answer(first: IdempotentWrite, digests: Collection[bytes]) -> FirstAnswer:
    if first.content_digest not in digests:
        raise IdempotencyKeyReusedError
    return FirstAnswer(first.status, json.loads(first.answer))
