"""What `ledger fsck` checks of status records: each row is what its act says."""

from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.people.vault import VaultBrokenError
from creditbank.verification.status_events import RECORDED, TAKEN_BACK
from creditbank.verification.status_models import StatusRecord
from creditbank.verification.status_records import SO, open_status, status_digest

_TABLE = "status_record"
_CODE = "fsck-status-record"
_BATCH = 1_000


def check_statuses(session: Session, secrets: SecretStates) -> Iterator[Disagreement]:
    """Check every record against its act, and every such act against its record.

    Args:
        session: a snapshot.
        secrets: people's secrets; where one was erased what the record says is not looked at.

    Yields:
        Each disagreement, by its number.
    """
    readable = True
    for row in unreadable_rows(session, (_TABLE,)):
        readable = False
        yield row
    if not readable:
        return
    query = select(StatusRecord).order_by(StatusRecord.record_no)
    for batch in session.scalars(query).partitions(_BATCH):
        states = secrets(sorted({each.person_id for each in batch}))
        for each in batch:
            if not _agrees(session, each, states.get(each.person_id)):
                yield Disagreement(_CODE, _TABLE, each.record_no)
    lost = select(Act.subject).where(
        Act.kind.in_([RECORDED, TAKEN_BACK]), ~exists().where(StatusRecord.act_id == Act.act_id)
    )
    for record_no in session.scalars(lost.order_by(Act.subject)):
        yield Disagreement(_CODE, _TABLE, record_no)


def _agrees(session: Session, row: StatusRecord, secret: bytes | None) -> bool:
    act = session.get(Act, row.act_id)
    if act is None:
        return False
    said = details_of(act)
    found = (
        act.kind, act.subject, act.actor, act.jurisdiction, act.recorded_at,
        *(said.get(name) for name in ("kind", "supersedes", "reference_key", "as_of")),
    )  # fmt: skip
    if found != (
        RECORDED if row.says == SO else TAKEN_BACK, row.record_no, row.actor, row.jurisdiction,
        row.recorded_at, row.kind, row.supersedes, row.reference_key.hex(), row.as_of.isoformat(),
    ):  # fmt: skip
        return False
    if secret is None:
        return True
    try:
        return status_digest(dict(open_status(secret, row))).hex() == said.get("facts")
    except (VaultBrokenError, ValueError, TypeError, RecursionError):
        return False
