"""Erasing a person's record on request: the secret behind its leaves, and files that tell of them.

The rows of the ledger stay, blind: nothing can be hashed, proven or posted for these keys any more.
Kind and number stay in the vault under their keyed hash, so that nobody begins anew under them.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from creditbank.crediting.kept_files import erase_files_of
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.people.register import (
    Identity,
    erase_secret,
    find_person,
    lock_linked,
    secrets_of,
)
from creditbank.people.vault import Vault

ERASED = "person.erased"


@dataclass(frozen=True, slots=True)
class Erasure:
    """Whose record an office erases, by which file of theirs."""

    identity: Identity
    jurisdiction: str
    actor: str
    case_no: str


@dataclass(frozen=True, slots=True)
class Erased:
    """Number and leaf of the act, and of how many files the bytes went."""

    erasure_no: str
    act_leaf: bytes
    files: int


def erase_person(session: Session, vault: Vault, wanted: Erasure, *, now: datetime) -> Erased:
    """Erase the secrets of all keys of a person, and every kept file that speaks of them.

    The act names nobody. Erasing again finds nothing that is left, and is an act all the same.

    Raises:
        PersonUnknownError, IdentityMismatchError: document and name lead to nobody.
    """
    keys = sorted(lock_linked(session, [find_person(session, vault, wanted.identity)]))
    for key in sorted(secrets_of(session, vault, keys)):
        erase_secret(session, key, now=now)
    files = erase_files_of(session, keys, now=now)
    erasure_no = "E" + random_number(9)
    draft = ActDraft(
        ERASED, wanted.jurisdiction, wanted.actor, erasure_no,
        {"case_no": wanted.case_no, "files": files},
    )  # fmt: skip
    act = record_act(session, draft, now=now)
    return Erased(erasure_no, act.leaf, files)
