"""Status records (身份状况登记): dated facts of a person as a source states them, and pledges.

A record is never changed: the next one corrects it or takes it back. What it says opens with the
person's secret alone. The same source's reference names the same record: equal again it is the
first one, different it has to say that it corrects.
"""

import hashlib
import secrets as random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.ledger.posting import PersonErasedError
from creditbank.orm import among
from creditbank.people.documents import last_characters
from creditbank.people.names import agrees
from creditbank.people.register import (
    Identity,
    IdentityMismatchError,
    ensure_people,
    lock_linked,
    names_of,
    secrets_of,
)
from creditbank.people.sealed_facts import facts_digest, open_facts, seal_facts
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client, organisation_seen
from creditbank.verification.status_events import RECORDED, TAKEN_BACK, tell_of_record
from creditbank.verification.status_kinds import Mark, StatusKind, claim_members, claim_role
from creditbank.verification.status_models import StatusRecord

SO, NOT_SO = "so", "not_so"
#: The format of what a record says, by which its act names it.
FACTS = "creditbank/status/v1"
_SALT_BYTES = 16


class StatusRecordUnknownError(CreditBankError):
    """No such record stands, or it is not the asker's."""

    code = "status-record-unknown"
    status = 404


class StatusRecordPastError(CreditBankError):
    """The record was corrected or taken back already."""

    code = "status-record-past"
    status = 409


class StatusReferenceError(CreditBankError):
    """The source stated something else under this reference, and does not say that it corrects."""

    code = "status-reference"
    status = 409


class StatusNotPassedError(CreditBankError):
    """Only an examination that was passed, and stands so on record, is declared for recognition."""

    code = "status-not-passed"
    status = 409


class StatusDayError(CreditBankError):
    """The days of a record lie backwards, or in days to come."""

    code = "status-day"
    status = 422


@dataclass(frozen=True, slots=True)
class StatusDraft:
    """What is stated of whom: by which source, as of which day, and what proves it.

    `said` has the members of its kind (`status_kinds`), as texts; `reference` is the source's own
    name for it. With the record that it corrects, and why, or neither.
    """

    identity: Identity
    kind: StatusKind
    reference: str
    source: str
    as_of: date
    valid_from: date
    said: Mapping[str, str]
    valid_through: date | None = None
    evidence_sha256: str = ""
    supersedes: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """A record as it says; whose, by the last four; `stands` until another supersedes it."""

    record_no: str
    person_id: int
    kind: StatusKind
    reference: str
    source: str
    as_of: date
    valid_from: date
    valid_through: date | None
    said: Mapping[str, str]
    evidence_sha256: str
    last_four: str
    jurisdiction: str
    supersedes: str
    recorded_at: datetime
    stands: bool = True

    def holds_on(self, day: date) -> bool:
        """Tell whether it is so on a day."""
        over = self.valid_through is not None and self.valid_through < day
        return self.valid_from <= day and not over


def record_status(
    session: Session, vault: Vault, draft: StatusDraft, client: Client, *, now: datetime
) -> Status:
    """Record what a client states of a person, or correct what it stated.

    Raises:
        StatusMembersError, StatusRoleError, StatusDayError: it cannot be stated so, or by others.
        IdentityMismatchError, DemoOnlyError, InventedOnlyError, PersonErasedError: nobody of this
            number and name can be recorded of.
        StatusRecordUnknownError: what is corrected is another's, or another person's.
        StatusRecordPastError: it was corrected or taken back already.
        StatusReferenceError: the reference names another record.
    """
    claim_role(draft.kind, client.role)
    claim_members(draft.kind, draft.said, ends=draft.valid_through is not None)
    _claim_days(draft, civil_day(now))
    identity = draft.identity
    person_id = ensure_people(session, vault, [identity], now=now)[identity.document]
    if not agrees(identity.name, names_of(session, vault, [person_id])[person_id]):
        raise IdentityMismatchError
    group = lock_linked(session, [person_id])[person_id]
    known = _read(session, vault, StatusRecord.person_id.in_(group))
    facts = _facts_of(draft)
    key = _reference_key(vault, client, draft.reference)
    if not draft.supersedes:
        same = _same_reference(session, known, group, key)
        if same is not None:
            return _repeated(same, facts)
    earlier = _standing(session, draft.supersedes, client) if draft.supersedes else None
    if earlier is not None and (earlier.person_id not in group or earlier.kind != draft.kind):
        raise StatusRecordUnknownError(record_no=draft.supersedes[:20])
    owner = earlier.person_id if earlier else person_id
    new = _New(owner, draft.kind, SO, key, facts, draft.as_of, earlier, draft.reason)
    return _write(session, vault, new, client, now=now)


def take_back_status(
    session: Session, vault: Vault, record_no: str, reason: str, client: Client, *, now: datetime
) -> Status:
    """Say that what was recorded never was so; return what was taken back.

    Raises:
        StatusRecordUnknownError, StatusRecordPastError: it is another's, or stands no more.
        PersonErasedError: the person's secret is gone.
    """
    earlier = _standing(session, record_no, client)
    lock_linked(session, [earlier.person_id])
    _standing(session, record_no, client)  # whoever waited for the lock looks again
    kind, key, today = StatusKind(earlier.kind), earlier.reference_key, civil_day(now)
    new = _New(earlier.person_id, kind, NOT_SO, key, {}, today, earlier, reason)
    _write(session, vault, new, client, now=now)
    return status_numbered(session, vault, record_no, client)


def status_numbered(session: Session, vault: Vault, record_no: str, client: Client) -> Status:
    """Return a record to whoever stated it, or an official of its region, standing or not.

    Raises:
        StatusRecordUnknownError: there is none that says something, or it is another's.
        RegionForeignError: it lies outside an official's region.
        PersonErasedError: nothing opens what it says any more.
    """
    row = _row(session, record_no, client)
    for each in _read(session, vault, StatusRecord.person_id == row.person_id):
        if each.record_no == record_no:
            return each
    raise PersonErasedError


def statuses_held(
    session: Session, vault: Vault, people: Iterable[int], known_at: datetime | None = None
) -> list[Status]:
    """Return every record of people, with those that no longer stand, the newest first.

    Args:
        session: a snapshot.
        vault: opens what they say; those of an erased person are left out.
        people: keys.
        known_at: as it was known at this instant; None for now.
    """
    keys = list(people)
    if not keys:
        return []
    return _read(session, vault, among(session, StatusRecord.person_id, keys), known_at)


def claim_passed(status: Status) -> None:
    """Say that a record is of an examination that was passed, and stands.

    Raises:
        StatusNotPassedError: it is not.
    """
    passed = status.said.get("result") == Mark.PASSED
    if status.kind is not StatusKind.EXAMINATION or not passed or not status.stands:
        raise StatusNotPassedError(record_no=status.record_no)


@dataclass(frozen=True, slots=True)
class _New:
    """A record about to be written, and the one that it follows."""

    person_id: int
    kind: StatusKind
    says: str
    reference_key: bytes
    facts: Mapping[str, str]
    as_of: date
    earlier: StatusRecord | None
    reason: str = field(repr=False)


def _claim_days(draft: StatusDraft, today: date) -> None:
    through = draft.valid_through
    if draft.as_of > today or draft.valid_from > draft.as_of or (
        through is not None and through < draft.valid_from
    ):  # fmt: skip
        raise StatusDayError(
            found=[draft.valid_from.isoformat(), through.isoformat() if through else "–",
                   draft.as_of.isoformat()],
            today=today.isoformat(),
        )  # fmt: skip


def _facts_of(draft: StatusDraft) -> dict[str, str]:
    through = draft.valid_through.isoformat() if draft.valid_through else ""
    return {
        **draft.said, "reference": draft.reference, "source": draft.source,
        "valid_from": draft.valid_from.isoformat(), "valid_through": through,
        "evidence_sha256": draft.evidence_sha256,
        "last_four": last_characters(draft.identity.document),
    }  # fmt: skip


def _reference_key(vault: Vault, client: Client, reference: str) -> bytes:
    """Recognise a reference of the same source again, whichever of its clients states it."""
    by = str(client.organisation_id) if client.organisation_id else client.client_id
    said = canonical_bytes([by, reference])
    return vault.fingerprint(hashlib.sha256(b"creditbank/status-reference/v1\n" + said).digest())


def _same_reference(
    session: Session, known: Sequence[Status], group: Sequence[int], key: bytes
) -> Status | None:
    """Return the newest record of a reference that stands."""
    query = select(StatusRecord.record_no).where(
        StatusRecord.person_id.in_(group), StatusRecord.reference_key == key
    )
    numbers = set(session.scalars(query))
    return next((each for each in known if each.record_no in numbers and each.stands), None)


def _repeated(same: Status, facts: Mapping[str, str]) -> Status:
    through = same.valid_through.isoformat() if same.valid_through else ""
    before = {
        **same.said, "reference": same.reference, "source": same.source,
        "valid_from": same.valid_from.isoformat(), "valid_through": through,
        "evidence_sha256": same.evidence_sha256, "last_four": same.last_four,
    }  # fmt: skip
    if before != facts:
        raise StatusReferenceError(record_no=same.record_no)
    return same


def _row(session: Session, record_no: str, client: Client) -> StatusRecord:
    query = select(StatusRecord).where(StatusRecord.record_no == record_no, StatusRecord.says == SO)
    found, own = session.scalar(query), organisation_seen(client)
    if found is None or own not in (None, found.organisation_id):
        raise StatusRecordUnknownError(record_no=record_no[:20])
    if own is None:
        client.require_region(found.jurisdiction)
    return found


def _standing(session: Session, record_no: str, client: Client) -> StatusRecord:
    row = _row(session, record_no, client)
    later = exists().where(
        StatusRecord.person_id == row.person_id, StatusRecord.supersedes == record_no
    )
    if session.scalar(select(later)):
        raise StatusRecordPastError(record_no=record_no)
    return row


def _write(session: Session, vault: Vault, new: _New, client: Client, *, now: datetime) -> Status:
    secret = secrets_of(session, vault, [new.person_id]).get(new.person_id)
    if secret is None:
        raise PersonErasedError
    record_no, earlier = "C" + random_number(9), new.earlier
    facts = {**new.facts, "salt": random.token_bytes(_SALT_BYTES).hex()}
    supersedes = earlier.record_no if earlier else ""
    jurisdiction = earlier.jurisdiction if earlier else client.jurisdiction
    details: dict[str, Canonical] = {
        "facts": facts_digest(FACTS, facts).hex(), "kind": str(new.kind), "supersedes": supersedes,
        "reference_key": new.reference_key.hex(), "as_of": new.as_of.isoformat(),
        "reason_text": new.reason,
    }  # fmt: skip
    cites = (session.get_one(Act, earlier.act_id).leaf,) if earlier else ()
    act_kind = RECORDED if new.says == SO else TAKEN_BACK
    draft = ActDraft(act_kind, jurisdiction, client.client_id, record_no, details, cites=cites)
    act = record_act(session, draft, now=now)
    row = {
        "person_id": new.person_id, "record_no": record_no, "kind": str(new.kind),
        "says": new.says, "supersedes": supersedes, "reference_key": new.reference_key,
        "facts_cipher": seal_facts(
            secret, facts, StatusRecord.__tablename__, record_no, new.person_id
        ),
        "jurisdiction": jurisdiction,
        "organisation_id": earlier.organisation_id if earlier else client.organisation_id,
        "actor": client.client_id, "as_of": new.as_of, "recorded_at": now, "act_id": act.act_id,
    }  # fmt: skip
    made = session.scalars(insert(StatusRecord).returning(StatusRecord), [row]).one()
    tell_of_record(session, made, earlier, says_so=new.says == SO, now=now)
    return _opened(made, facts, stands=True) if new.says == SO else _nothing(made)


def _nothing(made: StatusRecord) -> Status:
    """Return what a record that takes another back says: nothing."""
    return _opened(
        made, {"reference": "", "source": "", "valid_from": made.as_of.isoformat(),
               "valid_through": "", "evidence_sha256": "", "last_four": "", "salt": ""},
        stands=False,
    )  # fmt: skip


def _read(
    session: Session, vault: Vault, chosen: ColumnElement[bool], known_at: datetime | None = None
) -> list[Status]:
    query = select(StatusRecord).where(chosen)
    if known_at is not None:
        query = query.where(StatusRecord.recorded_at <= known_at)
    newest = (StatusRecord.recorded_at.desc(), StatusRecord.record_no)
    rows = session.scalars(query.order_by(*newest)).all()
    if not rows:
        return []
    later = {(each.person_id, each.supersedes) for each in rows}
    opens = secrets_of(session, vault, sorted({each.person_id for each in rows}))
    return [
        _opened(
            each, open_facts(opens[each.person_id], each),
            stands=(each.person_id, each.record_no) not in later,
        )
        for each in rows
        if each.says == SO and each.person_id in opens
    ]  # fmt: skip


_OWN = ("reference", "source", "valid_from", "valid_through", "evidence_sha256", "last_four",
        "salt")  # fmt: skip


def _opened(row: StatusRecord, facts: Mapping[str, str], *, stands: bool) -> Status:
    through = facts["valid_through"]
    return Status(
        record_no=row.record_no, person_id=row.person_id, kind=StatusKind(row.kind),
        reference=facts["reference"], source=facts["source"], as_of=row.as_of,
        valid_from=date.fromisoformat(facts["valid_from"]),
        valid_through=date.fromisoformat(through) if through else None,
        said={name: text for name, text in facts.items() if name not in _OWN},
        evidence_sha256=facts["evidence_sha256"], last_four=facts["last_four"],
        jurisdiction=row.jurisdiction, supersedes=row.supersedes, recorded_at=row.recorded_at,
        stands=stands,
    )  # fmt: skip
