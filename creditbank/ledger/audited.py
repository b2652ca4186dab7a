"""The record of a check in which everything agreed, and what has come since.

The record is a small file that the operator keeps apart from the database. A later check may begin
where it ends: what it rests on is in the file, never in a row that could have been changed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select, true, tuple_
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes
from creditbank.clock import instant_from_text, instant_text
from creditbank.errors import CreditBankError
from creditbank.ledger.logs import last_seal
from creditbank.ledger.models import (
    Act,
    CreditFacts,
    Entry,
    Log,
    Movement,
    Seal,
    SignedCheckpoint,
    SourceUse,
)

_STATEMENT = "creditbank/audit/v1"
_CHUNK = 5_000
#: epoch, transaction and number of a row
Place = tuple[int, int, int]


class AuditRecordUnusableError(CreditBankError):
    """A file is no record of an earlier check."""

    code = "audit-record-unusable"
    status = 422


@dataclass(frozen=True, slots=True)
class Audited:
    """What was checked, up to the last round of the sealer, and how it stood then.

    `whole_at` says when everything was last looked at; `logs` gives size and root by origin, `rows`
    how many entries, acts and facts had their place, `uses` people and centihours by source.
    """

    checked_at: datetime
    whole_at: datetime
    seal_no: int
    seal_digest: bytes
    entries_through: Place
    acts_through: Place
    logs: Mapping[str, tuple[int, bytes]]
    rows: tuple[int, int, int]
    uses: Mapping[int, tuple[int, int]]

    def to_bytes(self) -> bytes:
        """Write it down, as docs/formats.md says."""
        said: Canonical = {
            "statement": _STATEMENT,
            "checked_at": instant_text(self.checked_at),
            "whole_at": instant_text(self.whole_at),
            "seal": [self.seal_no, self.seal_digest.hex()],
            "entries_through": self.entries_through,
            "acts_through": self.acts_through,
            "logs": [[name, size, root.hex()] for name, (size, root) in sorted(self.logs.items())],
            "rows": self.rows,
            "uses": [[number, *use] for number, use in sorted(self.uses.items())],
        }
        return canonical_bytes(said) + b"\n"

    @classmethod
    def from_bytes(cls, content: bytes) -> "Audited":
        """Read what `to_bytes` wrote.

        Raises:
            AuditRecordUnusableError: anything else.
        """
        try:
            said = json.loads(content)
            read = cls(
                checked_at=instant_from_text(said["checked_at"]),
                whole_at=instant_from_text(said["whole_at"]),
                seal_no=said["seal"][0],
                seal_digest=bytes.fromhex(said["seal"][1]),
                entries_through=_three(said["entries_through"]),
                acts_through=_three(said["acts_through"]),
                logs={name: (size, bytes.fromhex(root)) for name, size, root in said["logs"]},
                rows=_three(said["rows"]),
                uses={number: (people, taken) for number, people, taken in said["uses"]},
            )
            if read.to_bytes() != content:
                raise ValueError("written in another way")
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise AuditRecordUnusableError from error
        return read


def _three(numbers: Sequence[int]) -> tuple[int, int, int]:
    first, second, third = numbers
    return first, second, third


class Since:
    """What has come since a check: rows without a place in it, and whose they are."""

    def __init__(self, session: Session, audited: Audited) -> None:
        self.audited = audited
        self.entries = _behind(session, Entry, audited.entries_through)
        self.acts = _behind(session, Act, audited.acts_through)
        new = select(Entry.person_id).where(self.entries).distinct().order_by(Entry.person_id)
        #: everybody with an entry that had no place
        self.people = session.scalars(new).all()


def audited_now(session: Session, *, before: Audited | None, now: datetime) -> Audited:
    """Make the record of a check in which everything agreed.

    Args:
        session: the snapshot that was checked.
        before: the record that it began from; None if everything was looked at.
        now: the instant.
    """
    seal = last_seal(session) or Seal(
        seal_no=0, digest=b"", entry_epoch=0, entry_xid=0, entry_id=0, act_epoch=0, act_xid=0,
        act_id=0,
    )  # fmt: skip
    entries_through = (seal.entry_epoch, seal.entry_xid, seal.entry_id)
    acts_through = (seal.act_epoch, seal.act_xid, seal.act_id)
    waiting = taken_behind(session, entries_through)
    uses = {
        use.source_id: (use.people, use.centihours) for use in session.scalars(select(SourceUse))
    }
    for source_id, (people, centihours) in waiting.items():
        uses[source_id] = (uses[source_id][0] - people, uses[source_id][1] - centihours)
    return Audited(
        checked_at=now,
        whole_at=before.whole_at if before else now,
        seal_no=seal.seal_no,
        seal_digest=seal.digest,
        entries_through=entries_through,
        acts_through=acts_through,
        logs=_heads(session),
        rows=placed_rows(session, entries_through, acts_through),
        uses=uses,
    )


def _heads(session: Session) -> dict[str, tuple[int, bytes]]:
    sizes = (
        select(SignedCheckpoint.log_id, func.max(SignedCheckpoint.size).label("size"))
        .group_by(SignedCheckpoint.log_id)
        .subquery()
    )
    heads = (
        select(Log.origin, SignedCheckpoint.size, SignedCheckpoint.root)
        .join(SignedCheckpoint, SignedCheckpoint.log_id == Log.log_id)
        .join(
            sizes,
            (sizes.c.log_id == SignedCheckpoint.log_id) & (sizes.c.size == SignedCheckpoint.size),
        )
    )
    return {origin: (size, root) for origin, size, root in session.execute(heads)}


def placed_rows(session: Session, entries: Place, acts: Place) -> tuple[int, int, int]:
    """Count the entries and acts up to a round, and the facts of the credits among them."""
    new_entries, new_acts = _behind(session, Entry, entries), _behind(session, Act, acts)
    is_credit = Entry.movement == str(Movement.CREDIT)
    return (
        _count(session, Entry, true()) - _count(session, Entry, new_entries),
        _count(session, Act, true()) - _count(session, Act, new_acts),
        _count(session, CreditFacts, true()) - _count(session, Entry, and_(new_entries, is_credit)),
    )


def taken_behind(session: Session, place: Place) -> dict[int, tuple[int, int]]:
    """Sum what entries behind a place took of each source: people and centihours, or gave back."""
    behind = _behind(session, Entry, place)
    credit, reverse = str(Movement.CREDIT), str(Movement.REVERSE)
    signed = case((Entry.movement == credit, Entry.centihours), else_=-Entry.centihours)
    new = case((behind, signed), else_=0)
    sums = (
        select(Entry.source_id, func.sum(signed), func.sum(new))
        .where(Entry.movement.in_([credit, reverse]))
        .group_by(Entry.person_id, Entry.source_id)
    )
    people = session.scalars(select(Entry.person_id).where(behind).distinct()).all()
    taken: dict[int, tuple[int, int]] = {}
    for start in range(0, len(people), _CHUNK):
        theirs = sums.where(Entry.person_id.in_(people[start : start + _CHUNK]))
        for source_id, issued, newly in session.execute(theirs):
            before = taken.get(source_id, (0, 0))
            moved = bool(issued) - bool(issued - newly)
            taken[source_id] = (before[0] + moved, before[1] + int(newly))
    return taken


def _behind(session: Session, table: type[Entry | Act], place: Place) -> ColumnElement[bool]:
    """Hold for rows that had no place when a round ended."""
    row_id = Entry.entry_id if table is Entry else Act.act_id
    if session.get_bind().dialect.name != "postgresql":
        return row_id > place[2]
    return and_(table.epoch >= place[0], tuple_(table.epoch, table.xid, row_id) > tuple_(*place))


def _count(
    session: Session, table: type[Entry | Act | CreditFacts], condition: ColumnElement[bool]
) -> int:
    return session.scalar(select(func.count()).select_from(table).where(condition)) or 0
