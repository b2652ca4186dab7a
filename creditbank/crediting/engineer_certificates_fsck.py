"""What `ledger fsck` checks of engineers' certificates: each row is what its act says."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from creditbank.crediting.engineer_certificates import FACTS, RECORDED, SO, TAKEN_BACK
from creditbank.crediting.fsck_records import Records, check_records
from creditbank.crediting.models import EngineerCertificate
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.people.sealed_facts import facts_digest, open_facts
from creditbank.people.vault import VaultBrokenError
from creditbank.registry.models import Filing


def check_engineer_certificates(session: Session, secrets: SecretStates) -> Iterator[Disagreement]:
    """Check every record against its act, and every such act against its record."""
    records = Records(
        EngineerCertificate, "fsck-engineer-certificate", (RECORDED, TAKEN_BACK), _agrees
    )
    yield from check_records(session, secrets, records)


def _agrees(session: Session, row: EngineerCertificate, secret: bytes | None) -> bool:
    act = session.get(Act, row.act_id)
    if act is None:
        return False
    said = details_of(act)
    kind = RECORDED if row.says == SO else TAKEN_BACK
    found = (
        act.kind, act.subject, act.actor, act.recorded_at,
        *(said.get(name) for name in ("filing", "supersedes", "number_key")),
        session.get_one(Filing, row.filing_no).scheme,
    )  # fmt: skip
    if found != (
        kind, row.record_no, row.actor, row.recorded_at, row.filing_no, row.supersedes,
        row.number_key.hex(), row.scheme,
    ):  # fmt: skip
        return False
    if secret is None:
        return True
    try:
        return facts_digest(FACTS, dict(open_facts(secret, row))).hex() == said.get("facts")
    except (VaultBrokenError, ValueError, TypeError, RecursionError):
        return False
