"""What `ledger fsck` checks of investigations: what is frozen is what an open one holds, whole.

It trusts no row: every act that opened or closed an investigation must have its row, and every row
its acts.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from creditbank.crediting.freezes import OPEN
from creditbank.crediting.investigations import CLOSED, OPENED
from creditbank.crediting.models import InvestigatedCredit, Investigation
from creditbank.ledger.audited import Since
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.models import Act, Entry, Movement
from creditbank.ledger.unreadable import unreadable_rows

#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000
_CreditKey = tuple[int, str, str, int]
_OF_ENTRY = (Entry.person_id, Entry.scheme, Entry.occasion, Entry.revision)
_OF_HOLD = (
    InvestigatedCredit.person_id, InvestigatedCredit.scheme, InvestigatedCredit.occasion,
    InvestigatedCredit.revision,
)  # fmt: skip


def check_investigations(
    session: Session, secrets: SecretStates, seen: Progress, since: Since | None = None
) -> Iterator[Disagreement]:
    """Check what is frozen against the open investigations, and investigations against their acts.

    Args:
        session: a snapshot.
        secrets: people's secrets; of those whose secret was erased no hours can be moved.
        seen: kept up to date.
        since: what has come since an earlier check, where only whom it touches is looked at, and
            whatever is under investigation.

    Yields:
        Each disagreement, by table and number.
    """
    seen.begin(
        "investigations", session.scalar(select(func.count()).select_from(Investigation)) or 0
    )
    readable = True
    for row in unreadable_rows(session, ("investigat",)):
        readable = False
        yield row
    if not readable:
        return
    held = _held(session)
    frozen = _frozen(session, sorted({*since.people, *(key[0] for key in held)}) if since else None)
    for key in sorted(frozen.keys() | held.keys(), key=str):
        if frozen.get(key, 0) != held.get(key, 0) and secrets([key[0]]).get(key[0]) is not None:
            person_id, scheme, occasion, revision = key
            name = f"{person_id} {scheme} {occasion} r{revision}"
            yield Disagreement("fsck-frozen", "ledger_entry", name)
    yield from _check_acts(session, seen)


def _frozen(session: Session, people: Sequence[int] | None) -> dict[_CreditKey, int]:
    """Return what the entries of these people leave frozen; of everybody if not given."""
    sign = case((Entry.movement == str(Movement.FREEZE), 1), else_=-1)
    net = func.sum(sign * Entry.centihours)
    moves = Entry.movement.in_([str(Movement.FREEZE), str(Movement.RELEASE)])
    query = select(*_OF_ENTRY, net).where(moves).group_by(*_OF_ENTRY).having(net != 0)
    parts = [query]
    if people is not None:
        chunks = (people[start : start + _CHUNK] for start in range(0, len(people), _CHUNK))
        parts = [query.where(Entry.person_id.in_(chunk)) for chunk in chunks]
    return {
        (row[0], row[1], row[2], row[3]): row[4] for part in parts for row in session.execute(part)
    }


def _held(session: Session) -> dict[_CreditKey, int]:
    """Return what open investigations hold: what is issued of each credit, 0 once reversed."""
    sign = case((Entry.movement == str(Movement.CREDIT), 1), else_=-1)
    open_holds = (
        select(*_OF_HOLD)
        .join(Investigation, Investigation.investigation_no == InvestigatedCredit.investigation_no)
        .where(Investigation.state == OPEN)
        .distinct()
        .subquery()
    )
    query = (
        select(*_OF_ENTRY, func.sum(sign * Entry.centihours))
        .join(
            open_holds,
            (Entry.person_id == open_holds.c.person_id)
            & (Entry.scheme == open_holds.c.scheme)
            & (Entry.occasion == open_holds.c.occasion)
            & (Entry.revision == open_holds.c.revision),
        )
        .where(Entry.movement.in_([str(Movement.CREDIT), str(Movement.REVERSE)]))
        .group_by(*_OF_ENTRY)
    )
    return {(row[0], row[1], row[2], row[3]): row[4] for row in session.execute(query)}


def _check_acts(session: Session, seen: Progress) -> Iterator[Disagreement]:
    said: dict[str, list[tuple[str, str]]] = {}
    query = select(Act.subject, Act.kind, Act.reason).where(Act.kind.in_([OPENED, CLOSED]))
    for subject, kind, reason in session.execute(query):
        said.setdefault(subject, []).append((kind, reason))
    for row in session.scalars(select(Investigation)):
        seen.done += 1
        wanted = [(OPENED, row.reason)]
        if row.state != OPEN:
            wanted.append((CLOSED, row.state))
        if sorted(said.pop(row.investigation_no, [])) != sorted(wanted):
            yield Disagreement("fsck-investigation-act", "investigation", row.investigation_no)
    for number in sorted(said):
        yield Disagreement("fsck-investigation-act", "investigation", number)
