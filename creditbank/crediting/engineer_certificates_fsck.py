"""What `ledger fsck` checks of engineers' certificates: each row is what its act says."""

from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from creditbank.crediting.engineer_certificates import (
    RECORDED,
    SO,
    TAKEN_BACK,
    facts_digest,
    open_paper,
)
from creditbank.crediting.models import EngineerCertificate
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.people.vault import VaultBrokenError
from creditbank.registry.models import Filing

_TABLE = "engineer_certificate"
_CODE = "fsck-engineer-certificate"
_BATCH = 1_000


def check_engineer_certificates(session: Session, secrets: SecretStates) -> Iterator[Disagreement]:
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
    query = select(EngineerCertificate).order_by(EngineerCertificate.record_no)
    for batch in session.scalars(query).partitions(_BATCH):
        states = secrets(sorted({each.person_id for each in batch}))
        for each in batch:
            if not _agrees(session, each, states.get(each.person_id)):
                yield Disagreement(_CODE, _TABLE, each.record_no)
    lost = select(Act.subject).where(
        Act.kind.in_([RECORDED, TAKEN_BACK]),
        ~exists().where(EngineerCertificate.act_id == Act.act_id),
    )
    for record_no in session.scalars(lost.order_by(Act.subject)):
        yield Disagreement(_CODE, _TABLE, record_no)


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
        return facts_digest(dict(open_paper(secret, row))).hex() == said.get("facts")
    except (VaultBrokenError, ValueError, TypeError, RecursionError):
        return False
