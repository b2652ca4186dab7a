"""Status records as an office finds them: a region's list without what they say, and how one came
to stand as it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.registry.lookups import within_jurisdiction
from creditbank.verification.status_kinds import StatusKind
from creditbank.verification.status_models import StatusRecord
from creditbank.verification.status_records import SO, Status


@dataclass(frozen=True, slots=True)
class StatusesWanted:
    """Which records of a region and below: of one kind or of all, by a number or any.

    `before` is the place of the last record already seen: when it was recorded, its number.
    """

    jurisdiction: str
    kind: StatusKind | None
    number: str
    before: tuple[datetime, str] | None
    limit: int


@dataclass(frozen=True, slots=True)
class StatusLine:
    """A record in a list: nobody's name, and nothing that it says."""

    record_no: str
    kind: StatusKind
    as_of: date
    actor: str
    recorded_at: datetime
    stands: bool


@dataclass(frozen=True, slots=True)
class StatusStep:
    """One record of a chain: stated first, corrected, or (`says_so` false) taken back, and why."""

    record_no: str
    says_so: bool
    actor: str
    recorded_at: datetime
    reason: str


def statuses_page(session: Session, wanted: StatusesWanted) -> list[StatusLine]:
    """Return records, the newest first; one more than `limit` where there are further ones."""
    row, later = StatusRecord, aliased(StatusRecord)
    past = exists().where(later.person_id == row.person_id, later.supersedes == row.record_no)
    query = select(
        row.record_no, row.kind, row.as_of, row.actor, row.recorded_at, ~past
    ).where(row.says == SO, within_jurisdiction(row.jurisdiction, wanted.jurisdiction))  # fmt: skip
    if wanted.kind is not None:
        query = query.where(row.kind == str(wanted.kind))
    if wanted.number:
        query = query.where(row.record_no == wanted.number)
    if wanted.before is not None:
        at, seen = wanted.before
        same = and_(row.recorded_at == at, row.record_no < seen)
        query = query.where(or_(row.recorded_at < at, same))
    newest = query.order_by(row.recorded_at.desc(), row.record_no.desc())
    return [
        StatusLine(number, StatusKind(word), as_of, actor, recorded_at, stands)
        for number, word, as_of, actor, recorded_at, stands in session.execute(
            newest.limit(wanted.limit + 1)
        )
    ]


def status_history(session: Session, status: Status) -> list[StatusStep]:
    """Return every record of the chain in which one stands, the first one first."""
    query = select(StatusRecord).where(StatusRecord.person_id == status.person_id)
    rows = {each.record_no: each for each in session.scalars(query)}
    following = {each.supersedes: each for each in rows.values() if each.supersedes}
    first = rows[status.record_no]
    while first.supersedes:
        first = rows[first.supersedes]
    chain = [first]
    while (after := following.get(chain[-1].record_no)) is not None:
        chain.append(after)
    return _steps(session, chain)


def _steps(session: Session, chain: Sequence[StatusRecord]) -> list[StatusStep]:
    query = select(Act).where(Act.act_id.in_([each.act_id for each in chain]))
    said = {act.act_id: details_of(act) for act in session.scalars(query)}
    return [
        StatusStep(
            each.record_no, each.says == SO, each.actor, each.recorded_at,
            str(said.get(each.act_id, {}).get("reason_text", "")),
        )
        for each in chain
    ]  # fmt: skip
