"""Whose answer it is, to an asker who presented a code and typed neither number nor name."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from creditbank.people.register import identity_of
from creditbank.people.vault import Vault
from creditbank.verification.models import Verdict
from creditbank.verification.query_models import HolderCodeUse


@dataclass(frozen=True, slots=True)
class HolderName:
    """Kind of document, its last four characters, and the name on it."""

    document_kind: str
    last_four: str
    name: str = field(repr=False)


def holder_of(session: Session, vault: Vault, verdict: Verdict) -> HolderName | None:
    """Return whose answer it is where it was given by a code; None where the asker named them."""
    by_code = session.get(HolderCodeUse, verdict.verdict_no)
    if by_code is None or verdict.person_id is None:
        return None
    identity = identity_of(session, vault, verdict.person_id)
    document = identity.document
    return HolderName(str(document.kind), document.number[-4:], identity.name)
