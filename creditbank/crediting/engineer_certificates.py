"""Certificates of digital-technology engineer programmes (威人社字〔2022〕32号, 第六条).

The training certificate (培训合格证书) and the level certificate (专业技术等级证书) are two papers,
recorded apart, by whoever held the programme, for somebody who attended it, once it is over.
Nothing is credited by them. A record is never changed: the next supersedes it or takes it back.
"""

import hashlib
import json
import secrets as random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes
from creditbank.clock import civil_day
from creditbank.crediting.models import EngineerCertificate
from creditbank.crediting.weighing import occasion_of
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.ledger.posting import PersonErasedError, credit_states, credits_of
from creditbank.ledger.sources import lock_source
from creditbank.people.documents import last_characters
from creditbank.people.register import Identity, find_person, lock_linked, secrets_of
from creditbank.people.sealed_facts import facts_digest, open_facts, seal_facts
from creditbank.people.vault import Vault
from creditbank.registry.filing.filings import locked_filing, sessions_of
from creditbank.registry.filing.kinds import FilingKind
from creditbank.registry.filing.states import require_open
from creditbank.registry.models import Filing

RECORDED, TAKEN_BACK = "engineer-certificate.recorded", "engineer-certificate.taken-back"
#: As a row says it.
SO, NOT_SO = "so", "not_so"
#: The format of what a record says, by which its act names it.
FACTS = "creditbank/engineer-certificate/v1"
_SALT_BYTES = 16


class Paper(StrEnum):
    """Which of the two certificates."""

    TRAINING = "training"
    LEVEL = "level"


class Grade(StrEnum):
    """Of an engineer of digital technology."""

    JUNIOR = "junior"
    INTERMEDIATE = "intermediate"
    SENIOR = "senior"


class NotEngineerProgrammeError(CreditBankError):
    """Only programmes for engineers of digital technology have such certificates."""

    code = "engineer-programme-wanted"
    status = 422


class EngineerCertificateDayError(CreditBankError):
    """The programme is not over, or the paper is older than its end or of a day to come."""

    code = "engineer-certificate-day"
    status = 422


class EngineerCertificateGradeError(CreditBankError):
    """A training certificate is of another grade than the programme."""

    code = "engineer-certificate-grade"
    status = 422


class EngineerNotAttendedError(CreditBankError):
    """The person holds no hours of the programme."""

    code = "engineer-not-attended"
    status = 409


class EngineerCertificateKnownError(CreditBankError):
    """A paper of this kind, issuer and number is on record already."""

    code = "engineer-certificate-known"
    status = 409


class EngineerRecordUnknownError(CreditBankError):
    """No such record stands under the filing, or it is another person's."""

    code = "engineer-record-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class CertificateDraft:
    """A paper as it is to be recorded; with the record that it corrects, and why, or neither."""

    identity: Identity
    paper: Paper
    number: str
    issuer: str
    grade: Grade
    issued_on: date
    supersedes: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EngineerPaper:
    """A record that stands: whose (by the last four), of which programme; what the paper says."""

    record_no: str
    filing_no: str
    scheme: str
    last_four: str
    paper: str
    number: str
    issuer: str
    occupation: str
    grade: str
    issued_on: date
    supersedes: str
    recorded_at: datetime


def record_certificate(
    session: Session, vault: Vault, filing_no: str, draft: CertificateDraft, *, actor: str,
    now: datetime,
) -> EngineerPaper:  # fmt: skip
    """Record a paper, or correct the record of one.

    Raises:
        FilingUnknownError, FilingNotApprovedError, FilingNotOpenError: the filing takes nothing.
        NotEngineerProgrammeError, EngineerCertificateDayError, EngineerCertificateGradeError: the
            paper cannot be one of the programme.
        PersonUnknownError, IdentityMismatchError, EngineerNotAttendedError, PersonErasedError:
            nobody of this number and name has hours of it.
        EngineerRecordUnknownError: what is corrected does not stand, or is another person's.
        EngineerCertificateKnownError: the same paper is on record.
    """
    filing, opened = _programme(session, filing_no, civil_day(now))
    last_day = max(each.day for each in sessions_of(session, filing_no))
    if not last_day <= draft.issued_on <= civil_day(now):
        raise EngineerCertificateDayError(
            found=draft.issued_on.isoformat(), first=last_day.isoformat(),
            last=civil_day(now).isoformat(),
        )  # fmt: skip
    said = json.loads(filing.facts)
    if draft.paper is Paper.TRAINING and draft.grade != said["grade"]:
        raise EngineerCertificateGradeError(
            found_words=f"filing-word-{draft.grade}", wanted_words=f"filing-word-{said['grade']}"
        )
    person_id, group = _attendee(session, vault, filing, draft.identity)
    earlier = None
    if draft.supersedes:
        earlier = _standing(session, filing_no, draft.supersedes)
        if earlier.person_id not in group:
            raise EngineerRecordUnknownError(record_no=draft.supersedes[:20])
        person_id = earlier.person_id
    facts: dict[str, Canonical] = {
        "paper": str(draft.paper), "number": draft.number, "issuer": draft.issuer,
        "grade": str(draft.grade), "issued_on": draft.issued_on.isoformat(),
        "occupation": said["occupation"], "last_four": last_characters(draft.identity.document),
    }  # fmt: skip
    key = _number_key(vault, draft)
    _refuse_known(session, key, draft.supersedes)
    new = _New(filing, opened, person_id, SO, key, facts, earlier, draft.reason, actor)
    row, secret = _write(session, vault, new, now=now)
    return _opened(row, secret)


def take_back_certificate(
    session: Session, vault: Vault, filing_no: str, record_no: str, reason: str, *, actor: str,
    now: datetime,
) -> None:  # fmt: skip
    """Say that what was recorded never was so, as of somebody else's paper.

    Raises:
        FilingUnknownError, FilingNotApprovedError, FilingNotOpenError: the filing takes nothing.
        NotEngineerProgrammeError, EngineerRecordUnknownError: nothing such stands under it.
    """
    filing, opened = _programme(session, filing_no, civil_day(now))
    earlier = _standing(session, filing_no, record_no)
    lock_linked(session, [earlier.person_id])
    key = earlier.number_key
    new = _New(filing, opened, earlier.person_id, NOT_SO, key, {}, earlier, reason, actor)
    _write(session, vault, new, now=now)


def certificates_under(session: Session, vault: Vault, filing: Filing) -> list[EngineerPaper]:
    """Return what stands recorded under a programme, the newest first.

    Raises:
        NotEngineerProgrammeError: it is none.
    """
    _require_programme(filing)
    return _papers(session, vault, EngineerCertificate.filing_no == filing.filing_no)


def certificates_held(
    session: Session, vault: Vault, people: Iterable[int], *, scheme: str = "",
    known_at: datetime | None = None, as_of: date | None = None,
) -> list[EngineerPaper]:  # fmt: skip
    """Return what stands recorded for one person, over all linked keys, the newest first.

    Args:
        session: a snapshot.
        vault: opens what the papers say; those of an erased person are left out.
        people: every key of the person.
        scheme: of the programmes; empty for any.
        known_at: as it was known at this instant; None for now.
        as_of: only papers issued by this day; None for any.
    """
    found = _papers(
        session, vault, EngineerCertificate.person_id.in_(list(people)), known_at=known_at
    )
    return [
        each
        for each in found
        if scheme in ("", each.scheme) and (as_of is None or each.issued_on <= as_of)
    ]


@dataclass(frozen=True, slots=True)
class _New:
    """A record about to be written, and what it rests on."""

    filing: Filing
    opened: bytes
    person_id: int
    says: str
    number_key: bytes
    facts: Mapping[str, Canonical]
    earlier: EngineerCertificate | None
    reason: str
    actor: str


def _programme(session: Session, filing_no: str, today: date) -> tuple[Filing, bytes]:
    """Return an open programme, and the leaf of its approval."""
    filing = locked_filing(session, filing_no)
    _require_programme(filing)
    require_open(filing, today, corrects=True)
    source, _use = lock_source(session, filing_no)
    return filing, session.get_one(Act, source.act_id).leaf


def _require_programme(filing: Filing) -> None:
    if filing.kind != FilingKind.DIGITAL_ENGINEER_PROGRAMME:
        raise NotEngineerProgrammeError(
            filing_no=filing.filing_no, kind_words=f"filing-kind-{filing.kind.replace('_', '-')}"
        )


def _attendee(
    session: Session, vault: Vault, filing: Filing, identity: Identity
) -> tuple[int, Sequence[int]]:
    """Return the key of somebody who holds hours of the programme, with those linked to it."""
    person_id = find_person(session, vault, identity)
    group = lock_linked(session, [person_id])[person_id]
    occasions = [occasion_of(each) for each in sessions_of(session, filing.filing_no)]
    states = credit_states(credits_of(session, group, filing.scheme, occasions=occasions))
    holders = {each.credit.person_id for each in states if not each.reversed}
    if not holders:
        raise EngineerNotAttendedError(filing_no=filing.filing_no)
    return person_id if person_id in holders else min(holders), group


def _standing(session: Session, filing_no: str, record_no: str) -> EngineerCertificate:
    query = select(EngineerCertificate).where(
        EngineerCertificate.filing_no == filing_no, EngineerCertificate.record_no == record_no
    )
    found = session.scalar(query)
    if found is None or found.says != SO or _next_of(session, found):
        raise EngineerRecordUnknownError(record_no=record_no[:20])
    return found


def _next_of(session: Session, row: EngineerCertificate) -> bool:
    later = exists().where(
        EngineerCertificate.person_id == row.person_id,
        EngineerCertificate.supersedes == row.record_no,
    )
    return bool(session.scalar(select(later)))


def _refuse_known(session: Session, number_key: bytes, supersedes: str) -> None:
    query = select(EngineerCertificate).where(EngineerCertificate.number_key == number_key)
    for each in session.scalars(query):
        if each.says == SO and each.record_no != supersedes and not _next_of(session, each):
            raise EngineerCertificateKnownError


def _number_key(vault: Vault, draft: CertificateDraft) -> bytes:
    said = canonical_bytes([str(draft.paper), draft.issuer, draft.number.upper()])
    return vault.fingerprint(hashlib.sha256(b"creditbank/engineer-number/v1\n" + said).digest())


def _write(
    session: Session, vault: Vault, new: _New, *, now: datetime
) -> tuple[EngineerCertificate, bytes]:
    secret = secrets_of(session, vault, [new.person_id]).get(new.person_id)
    if secret is None:
        raise PersonErasedError
    record_no = "Z" + random_number(9)
    facts = {**new.facts, "salt": random.token_bytes(_SALT_BYTES).hex()}
    supersedes = new.earlier.record_no if new.earlier else ""
    details: dict[str, Canonical] = {
        "facts": facts_digest(FACTS, facts).hex(), "filing": new.filing.filing_no,
        "supersedes": supersedes, "number_key": new.number_key.hex(), "reason_text": new.reason,
    }  # fmt: skip
    cites = [new.opened]
    if new.earlier:
        cites.append(session.get_one(Act, new.earlier.act_id).leaf)
    kind = RECORDED if new.says == SO else TAKEN_BACK
    draft = ActDraft(
        kind, new.filing.jurisdiction, new.actor, record_no, details, cites=tuple(cites)
    )
    act = record_act(session, draft, now=now)
    row = {
        "person_id": new.person_id, "record_no": record_no, "filing_no": new.filing.filing_no,
        "scheme": new.filing.scheme, "says": new.says, "supersedes": supersedes,
        "number_key": new.number_key,
        "facts_cipher": seal_facts(
            secret, facts, EngineerCertificate.__tablename__, record_no, new.person_id
        ),
        "actor": new.actor, "recorded_at": now, "act_id": act.act_id,
    }  # fmt: skip
    made = session.scalars(insert(EngineerCertificate).returning(EngineerCertificate), [row]).one()
    return made, secret


def _papers(
    session: Session, vault: Vault, chosen: ColumnElement[bool], *,
    known_at: datetime | None = None,
) -> list[EngineerPaper]:  # fmt: skip
    query = select(EngineerCertificate).where(chosen)
    if known_at is not None:
        query = query.where(EngineerCertificate.recorded_at <= known_at)
    rows = session.scalars(
        query.order_by(EngineerCertificate.recorded_at.desc(), EngineerCertificate.record_no)
    ).all()
    later = {(each.person_id, each.supersedes) for each in rows}
    secrets = secrets_of(session, vault, sorted({each.person_id for each in rows}))
    return [
        _opened(each, secrets[each.person_id])
        for each in rows
        if each.says == SO
        and (each.person_id, each.record_no) not in later
        and each.person_id in secrets
    ]


def _opened(row: EngineerCertificate, secret: bytes) -> EngineerPaper:
    facts = open_facts(secret, row)
    return EngineerPaper(
        record_no=row.record_no, filing_no=row.filing_no, scheme=row.scheme,
        last_four=facts["last_four"], paper=facts["paper"], number=facts["number"],
        issuer=facts["issuer"], occupation=facts["occupation"], grade=facts["grade"],
        issued_on=date.fromisoformat(facts["issued_on"]), supersedes=row.supersedes,
        recorded_at=row.recorded_at,
    )  # fmt: skip
