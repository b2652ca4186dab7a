"""Erasing a person's record on request, by two officials: one proposes, another approves.

The rows of the ledger stay, blind: nothing can be hashed, proven or posted for these keys any more.
Kind and number stay in the vault under their keyed hash, so that nobody begins anew under them.
A proposal is an act and nothing more: it names nobody, so whoever approves states the person again,
and what is erased is the record that was proposed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from creditbank.canonical import canonical_bytes, tagged_digest
from creditbank.crediting.kept_files import erase_files_of
from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction, random_number
from creditbank.ledger.journal import ActDraft, details_of, record_act
from creditbank.ledger.models import Act
from creditbank.people.register import (
    Identity,
    erase_secret,
    find_person,
    lock_linked,
    secrets_of,
)
from creditbank.people.vault import Vault, row_key
from creditbank.registry.lookups import within_jurisdiction
from creditbank.registry.publishing import SecondPersonWantedError

PROPOSED, ERASED, WITHDRAWN = (
    "person.erasure-proposed", "person.erased", "person.erasure-withdrawn"
)  # fmt: skip
_TAG = "creditbank/erasure-person/v1"
#: With the number of an erasure it makes those take turns who end it.
_ADVISORY_LOCK = 0x65726173_00000000


class ErasureState(StrEnum):
    """How an erasure stands."""

    PROPOSED = "proposed"
    ERASED = "erased"
    WITHDRAWN = "withdrawn"


_STATES = {ERASED: ErasureState.ERASED, WITHDRAWN: ErasureState.WITHDRAWN}


class ErasureUnknownError(CreditBankError):
    """Nobody has proposed an erasure of this number, or it is another region's."""

    code = "erasure-unknown"
    status = 404


class ErasureOverError(CreditBankError):
    """The erasure was carried out, or taken back."""

    code = "erasure-over"
    status = 409


class ErasurePersonDiffersError(CreditBankError):
    """Whoever is stated has another record than the one that was proposed."""

    code = "erasure-person-differs"
    status = 409


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


@dataclass(frozen=True, slots=True)
class ErasureTold:
    """What is told of an erasure: of whom, nothing; `ended_by` is empty while it waits."""

    erasure_no: str
    jurisdiction: str
    case_no: str
    proposed_by: str
    proposed_at: datetime
    state: ErasureState
    ended_by: str
    ended_at: datetime | None
    #: of how many files the bytes went; or why it was taken back
    files: int
    reason: str


def propose_erasure(session: Session, vault: Vault, wanted: Erasure, *, now: datetime) -> str:
    """Propose to erase a person's record; return the number under which another approves it.

    Raises:
        JurisdictionInvalidError: the region has another form.
        PersonUnknownError, IdentityMismatchError: document and name lead to nobody.
    """
    keys = _keys(session, vault, wanted.identity)
    erasure_no = "E" + random_number(9)
    details = {"case_no": wanted.case_no, "person": _digest(vault, erasure_no, keys)}
    region = checked_jurisdiction(wanted.jurisdiction)
    record_act(session, ActDraft(PROPOSED, region, wanted.actor, erasure_no, details), now=now)
    return erasure_no


def approve_erasure(  # by whom, of whom
    session: Session, vault: Vault, erasure_no: str, identity: Identity, *, actor: str,
    now: datetime,
) -> Erased:  # fmt: skip
    """Erase the secrets of all keys of a person, and every kept file that speaks of them.

    Proposed and approved once more, it finds nothing that is left, and is an act all the same.

    Raises:
        ErasureUnknownError, ErasureOverError: it does not wait.
        SecondPersonWantedError: the actor proposed it.
        PersonUnknownError, IdentityMismatchError: document and name lead to nobody.
        ErasurePersonDiffersError: it was proposed of another record.
    """
    proposal = _waiting(session, erasure_no)
    if proposal.actor == actor:
        raise SecondPersonWantedError
    said = details_of(proposal)
    keys = _keys(session, vault, identity)
    if said["person"] != _digest(vault, erasure_no, keys):
        raise ErasurePersonDiffersError(erasure_no=erasure_no)
    for key in sorted(secrets_of(session, vault, keys)):
        erase_secret(session, key, now=now)
    files = erase_files_of(session, keys, now=now)
    draft = ActDraft(
        ERASED, proposal.jurisdiction, actor, erasure_no,
        {"case_no": str(said["case_no"]), "files": files}, cites=(proposal.leaf,),
    )  # fmt: skip
    return Erased(erasure_no, record_act(session, draft, now=now).leaf, files)


def withdraw_erasure(
    session: Session, erasure_no: str, *, actor: str, reason: str, now: datetime
) -> None:
    """Take a proposal back before it is approved, whoever made it.

    Raises:
        ErasureUnknownError, ErasureOverError: it does not wait.
    """
    proposal = _waiting(session, erasure_no)
    draft = ActDraft(
        WITHDRAWN, proposal.jurisdiction, actor, erasure_no, {"reason_text": reason},
        cites=(proposal.leaf,),
    )  # fmt: skip
    record_act(session, draft, now=now)


def erasure_numbered(session: Session, erasure_no: str) -> ErasureTold:
    """Return how an erasure stands.

    Raises:
        ErasureUnknownError: nobody has proposed it.
    """
    return _told(session, [_proposal(session, erasure_no)])[0]


def erasures_page(
    session: Session, jurisdiction: str, before: tuple[datetime, str] | None, limit: int
) -> list[ErasureTold]:
    """Return a region's erasures, the newest first; one more than `limit` when there are more."""
    query = select(Act).where(
        Act.kind == PROPOSED, within_jurisdiction(Act.jurisdiction, jurisdiction)
    )
    if before is not None:
        at, seen = before
        query = query.where(
            or_(Act.recorded_at < at, and_(Act.recorded_at == at, Act.subject < seen))
        )
    query = query.order_by(Act.recorded_at.desc(), Act.subject.desc()).limit(limit + 1)
    return _told(session, session.scalars(query).all())


def _told(session: Session, proposals: Sequence[Act]) -> list[ErasureTold]:
    numbers = [each.subject for each in proposals]
    query = select(Act).where(Act.kind.in_(_STATES), Act.subject.in_(numbers))
    ends = {each.subject: each for each in session.scalars(query)}
    told = []
    for each in proposals:
        end = ends.get(each.subject)
        said = {} if end is None else details_of(end)
        told.append(
            ErasureTold(
                each.subject, each.jurisdiction, str(details_of(each)["case_no"]), each.actor,
                each.recorded_at,
                ErasureState.PROPOSED if end is None else _STATES[end.kind],
                "" if end is None else end.actor, None if end is None else end.recorded_at,
                int(str(said.get("files", 0))), str(said.get("reason_text", "")),
            )
        )  # fmt: skip
    return told


def _waiting(session: Session, erasure_no: str) -> Act:
    """Return a proposal that nobody else ends until this transaction is over."""
    proposal = _proposal(session, erasure_no)
    if session.get_bind().dialect.name == "postgresql":
        key = _ADVISORY_LOCK ^ (row_key(erasure_no) & 0x7FFFFFFF)
        session.execute(select(func.pg_advisory_xact_lock(key)))
    ended = select(Act.kind).where(Act.kind.in_(_STATES), Act.subject == erasure_no)
    kind = session.scalar(ended.limit(1))
    if kind is not None:
        state = _STATES[kind]
        raise ErasureOverError(erasure_no=erasure_no, state_words=f"erasure-state-{state}")
    return proposal


def _proposal(session: Session, erasure_no: str) -> Act:
    query = select(Act).where(Act.kind == PROPOSED, Act.subject == erasure_no)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise ErasureUnknownError(erasure_no=erasure_no[:20])
    return found


def _keys(session: Session, vault: Vault, identity: Identity) -> list[int]:
    """Return all keys of a person, locked."""
    return sorted(lock_linked(session, [find_person(session, vault, identity)]))


def _digest(vault: Vault, erasure_no: str, keys: Sequence[int]) -> str:
    """Return what tells one record from another to whoever holds the vault's keys alone."""
    said = canonical_bytes([erasure_no, [str(key) for key in keys]])
    return vault.fingerprint(tagged_digest(_TAG, said)).hex()
