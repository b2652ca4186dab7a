"""News (变动提醒): what was posted to a person's record, and taken from it, since they last looked.

The ledger is all there is to tell from, so nothing that moves hours can forget to say so. Movements
of one key are recorded one after another, under the lock of its person: whatever comes later has a
greater number. So one number a key says how far its owner has read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from creditbank.crediting.fold import FactsKey, facts_key
from creditbank.crediting.models import NewsRead
from creditbank.crediting.telling import Line, moves_of, tell
from creditbank.ledger.models import Entry, Movement


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One movement, and whether it came after what was read."""

    line: Line
    is_new: bool


@dataclass(frozen=True, slots=True)
class News:
    """Some movements, the latest first; how many there are, how many unread, and the latest leaves.

    `latest` is a leaf for each key that has any movement, to be handed back once these are read.
    """

    items: tuple[NewsItem, ...]
    count: int
    unread: int
    latest: tuple[str, ...]


def unread_of(session: Session, people: Sequence[int]) -> int:
    """Count the movements that nobody has read yet; `people` are all keys of the person."""
    return _count(session, _after(_read_by(session, people)))


def news_of(session: Session, people: Sequence[int], shown: slice) -> News:
    """Return movements over every scheme, the latest first.

    Args:
        session: any reading session.
        people: all keys of the person.
        shown: which of them.
    """
    read = _read_by(session, people)
    theirs = Entry.person_id.in_(people)
    query = select(Entry).where(theirs).order_by(Entry.recorded_at.desc(), Entry.entry_id.desc())
    entries = session.scalars(query.slice(shown.start, shown.stop)).all()
    moves = [(move, 0) for move in moves_of(entries)]
    lines = tell(session, moves, _credits_of(session, entries))
    items = (
        NewsItem(line, entry.entry_id > read[entry.person_id])
        for line, entry in zip(lines, entries, strict=True)
    )
    latest = select(func.max(Entry.entry_id)).where(theirs).group_by(Entry.person_id)
    leaves = session.scalars(select(Entry.leaf).where(theirs, Entry.entry_id.in_(latest)))
    return News(
        tuple(items), _count(session, theirs), _count(session, _after(read)),
        tuple(leaf.hex() for leaf in leaves),
    )  # fmt: skip


def mark_read(
    session: Session, people: Sequence[int], leaves: Sequence[bytes], *, now: datetime
) -> None:
    """Note that movements up to these were read; what is not the person's own changes nothing."""
    query = select(Entry).where(Entry.person_id.in_(people), Entry.leaf.in_(leaves))
    for entry in session.scalars(query):
        row = session.get(NewsRead, entry.person_id, with_for_update=True)
        if row is None:
            session.add(NewsRead(person_id=entry.person_id, entry_id=entry.entry_id, read_at=now))
        elif row.entry_id < entry.entry_id:
            row.entry_id, row.read_at = entry.entry_id, now
    session.flush()


def _read_by(session: Session, people: Sequence[int]) -> Mapping[int, int]:
    rows = session.scalars(select(NewsRead).where(NewsRead.person_id.in_(people)))
    return dict.fromkeys(people, 0) | {row.person_id: row.entry_id for row in rows}


def _after(read: Mapping[int, int]) -> ColumnElement[bool]:
    return or_(
        *(and_(Entry.person_id == key, Entry.entry_id > entry_id) for key, entry_id in read.items())
    )


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Entry).where(condition)) or 0


def _credits_of(session: Session, entries: Sequence[Entry]) -> dict[FactsKey, bytes]:
    """Return the leaf of the credit that each movement is on."""
    query = select(Entry).where(
        Entry.person_id.in_({entry.person_id for entry in entries}),
        Entry.occasion.in_({entry.occasion for entry in entries}),
        Entry.movement == str(Movement.CREDIT),
    )
    return {facts_key(credit): credit.leaf for credit in session.scalars(query)}
