"""What `ledger fsck` checks of sealed records beside the ledger: each row is what its act says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows

_BATCH = 1_000


class _Record(Protocol):
    """A row of which an act says the same, and whose facts lie under the person's secret."""

    __tablename__: str
    record_no: Any
    person_id: Any
    act_id: Any


_Row = TypeVar("_Row", bound=_Record)


@dataclass(frozen=True, slots=True)
class Records(Generic[_Row]):
    """Records of one kind: their table, the kinds of their acts, how a row is held to its act."""

    model: type[_Row]
    code: str
    acts: Sequence[str]
    #: a secret is None where it was erased; what the record says is not looked at then
    agrees: Callable[[Session, _Row, bytes | None], bool]


def check_records(
    session: Session, secrets: SecretStates, records: Records[_Row]
) -> Iterator[Disagreement]:
    """Check every record against its act, and every such act against its record.

    Args:
        session: a snapshot.
        secrets: people's secrets.
        records: which records.

    Yields:
        Each disagreement, by the record's number.
    """
    model, table = records.model, records.model.__tablename__
    readable = True
    for row in unreadable_rows(session, (table,)):
        readable = False
        yield row
    if not readable:
        return
    for batch in session.scalars(select(model).order_by(model.record_no)).partitions(_BATCH):
        states = secrets(sorted({each.person_id for each in batch}))
        for each in batch:
            if not records.agrees(session, each, states.get(each.person_id)):
                yield Disagreement(records.code, table, each.record_no)
    lost = select(Act.subject).where(
        Act.kind.in_(records.acts), ~exists().where(model.act_id == Act.act_id)
    )
    for record_no in session.scalars(lost.order_by(Act.subject)):
        yield Disagreement(records.code, table, record_no)
