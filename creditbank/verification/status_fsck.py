"""What `ledger fsck` checks of status records: each row is what its act says."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from creditbank.crediting.fsck_records import Records, check_records
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.people.sealed_facts import facts_digest, open_facts
from creditbank.people.vault import VaultBrokenError
from creditbank.verification.status_events import RECORDED, TAKEN_BACK
from creditbank.verification.status_models import StatusRecord
from creditbank.verification.status_records import FACTS, SO


def check_statuses(session: Session, secrets: SecretStates) -> Iterator[Disagreement]:
    """Check every record against its act, and every such act against its record."""
    records = Records(StatusRecord, "fsck-status-record", (RECORDED, TAKEN_BACK), _agrees)
    yield from check_records(session, secrets, records)


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
        return facts_digest(FACTS, dict(open_facts(secret, row))).hex() == said.get("facts")
    except (VaultBrokenError, ValueError, TypeError, RecursionError):
        return False
