"""Issuing and revoking: each an official act in the log, each done once, whoever asks at once.

A certificate speaks of sealed entries only. Asking again for what was issued already, on the same
record, returns it; the person's lock makes two who ask at once one after the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.certificates.facts import (
    STATEMENT,
    Facts,
    Frame,
    Record,
    facts_digest,
    make_facts,
    record_commitment,
    record_digest,
)
from creditbank.certificates.models import Certificate, CertificateLookup, CertificateRevocation
from creditbank.certificates.numbers import (
    code_lookup,
    new_code,
    new_number,
    number_lookup,
)
from creditbank.certificates.opening import lock_code, lock_facts
from creditbank.certificates.states import is_over, revocations_of
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.logs import last_seal, sealed_by
from creditbank.ledger.models import Act, Entry, Seal
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import (
    identity_of,
    linked_people,
    lock_linked,
    name_counts,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank
from creditbank.registry.lawbook import law_of
from creditbank.rules.pack import PackChain, Value, distinct
from creditbank.verification.gathering import (
    CreditedYear,
    Gathered,
    gather,
    values_behind,
)

YEARS_MAX = 10
ISSUED, REVOKED = "certificate.issued", "certificate.revoked"


class RevocationReason(StrEnum):
    """Why a certificate ends before its time."""

    ISSUED_IN_ERROR = "issued-in-error"
    WRONG_PERSON = "wrong-person"
    FINDING = "finding"
    CODE_EXPOSED = "code-exposed"
    HOLDER_REQUEST = "holder-request"


class CertificateEmptyError(CreditBankError):
    """The person holds nothing sealed in these years, so there is nothing to certify."""

    code = "certificate-empty"
    status = 409


class CertificateRevokedError(CreditBankError):
    """The certificate was revoked before."""

    code = "certificate-revoked"
    status = 409


@dataclass(frozen=True, slots=True)
class Order:
    """Whose hours are to be certified, by which scheme, in which years.

    `valid_days` of 0 sets no end. `check` may refuse facts that could never be printed.
    """

    person_id: int
    scheme: str
    years: tuple[int, ...]
    valid_days: int = 0
    check: Callable[[Facts], None] = lambda _facts: None


@dataclass(frozen=True, slots=True)
class Issued:
    """The certificate, and whether it had been issued before."""

    certificate: Certificate
    before: bool


def entries_wait(session: Session, person_id: int, scheme: str) -> bool:
    """Tell whether something that the person holds is not sealed yet, and so would be left out."""
    people = linked_people(session, [person_id])[person_id]
    query = select(Entry.person_id).where(
        Entry.person_id.in_(people), Entry.scheme == scheme, ~sealed_by(last_seal(session))
    )
    return session.scalar(query.limit(1)) is not None


def issue_certificate(
    session: Session, vault: Vault, order: Order, *, actor: str, now: datetime
) -> Issued:
    """Issue a certificate, or return the one in force that stands on the same record.

    Raises:
        PackMissingError: the scheme has no published rules.
        CertificateEmptyError: nothing sealed stands in these years.
        PersonErasedError: the person's secret was erased.
    """
    assert 0 < len(order.years) <= YEARS_MAX, "the door bounds the years"
    people = lock_linked(session, [order.person_id])[order.person_id]
    law = law_of(session, order.scheme)
    record = _record(session, people, law, order.years)
    names = name_counts(session, [order.person_id])[order.person_id]
    digest = record_digest(record.leaves, names)
    earlier = _earlier(session, people, law.scheme, record.years)
    revoked = revocations_of(session, people)
    for each in earlier:
        ended = each.number in revoked or is_over(each, now)
        if each.record_digest == digest and not ended:
            return Issued(each, before=True)
    draft = _Draft(order, law, record, digest, earlier)
    return Issued(_write(session, vault, draft, actor=actor, now=now), before=False)


def revoke_certificate(
    session: Session,
    certificate: Certificate,
    reason: RevocationReason,
    *,
    case_no: str,
    actor: str,
    now: datetime,
) -> CertificateRevocation:
    """Revoke a certificate, for ever.

    Args:
        session: the unit of work.
        certificate: the one to end.
        reason: kept in the act, shown on the page.
        case_no: number of the office's file, empty where there is none.
        actor: the official.
        now: the instant.

    Raises:
        CertificateRevokedError: it was revoked before.
    """
    lock_linked(session, [certificate.person_id])
    key = (certificate.person_id, certificate.number)
    if session.get(CertificateRevocation, key) is not None:
        raise CertificateRevokedError(number=certificate.number)
    draft = ActDraft(
        kind=REVOKED,
        jurisdiction=certificate.jurisdiction,
        actor=actor,
        subject=certificate.number,
        details={"case_no": case_no},
        reason=str(reason),
        cites=(session.get_one(Act, certificate.act_id).leaf,),
    )
    act = record_act(session, draft, now=now)
    row = {
        "person_id": certificate.person_id, "number": certificate.number, "reason": str(reason),
        "revoked_at": now, "act_id": act.act_id,
    }  # fmt: skip
    made = insert(CertificateRevocation).returning(CertificateRevocation)
    return session.scalars(made, [row]).one()


def _record(
    session: Session, people: Sequence[int], law: PackChain, years: Sequence[int]
) -> Record:
    seal = last_seal(session)
    gathered = gather(session, people, law, seal)
    entries = [entry for entry in gathered.entries if entry.credited_year in years]
    if not entries:
        raise CertificateEmptyError(years=sorted(set(years)), pending=gathered.pending_entries)
    assert isinstance(seal, Seal), "a sealed entry has its seal"
    return Record(
        years=tuple(sorted(set(years))),
        credited=tuple(row for row in gathered.credited if row.year in years and _is_told(row)),
        leaves=tuple(sorted(entry.leaf for entry in entries)),
        values=_values(gathered, years),
        heads=gathered.heads,
        known_at=seal.sealed_at,
    )


def _is_told(row: CreditedYear) -> bool:
    """Tell whether a year and subject holds anything but what is frozen, which no paper tells."""
    return bool(row.counted_centihours or row.capped_centihours or not row.frozen_centihours)


def _values(gathered: Gathered, years: Sequence[int]) -> tuple[Value, ...]:
    """Return the rule values by which the hours of these years came about, and were cut."""
    chosen = [each for each in gathered.live if each.credit.credited_year in years]
    cutting = [cut.value for each in chosen for cut in gathered.cuts_of[each.credit.occasion]]
    behind = values_behind(chosen)
    return distinct([*behind, *(value for value in cutting if value is not None)])


def _earlier(
    session: Session, people: Sequence[int], scheme: str, years: Sequence[int]
) -> Sequence[Certificate]:
    """Return what was issued for the same person, scheme and years, the newest first."""
    query = select(Certificate).where(
        Certificate.person_id.in_(people),
        Certificate.scheme == scheme,
        Certificate.years == _years_text(years),
    )
    newest_first = query.order_by(Certificate.issued_at.desc(), Certificate.number.desc())
    return session.scalars(newest_first).all()


@dataclass(frozen=True, slots=True)
class _Draft:
    """A certificate about to be written, and those that were issued before it."""

    order: Order
    law: PackChain
    record: Record
    record_digest: bytes
    earlier: Sequence[Certificate]

    @property
    def edition(self) -> int:
        """How many of this person's stand on the same record already."""
        return sum(
            each.person_id == self.order.person_id and each.record_digest == self.record_digest
            for each in self.earlier
        )


def _write(
    session: Session, vault: Vault, draft: _Draft, *, actor: str, now: datetime
) -> Certificate:
    order, person_id = draft.order, draft.order.person_id
    secret = secrets_of(session, vault, [person_id]).get(person_id)
    if secret is None:
        raise PersonErasedError
    number = _free_number(session, draft.law.jurisdiction, civil_day(now).year)
    frame = Frame(
        host=the_bank(session).host,
        number=number,
        holder=identity_of(session, vault, person_id),
        issued_at=now,
        valid_through=_valid_through(order.valid_days, now),
        replaces=draft.earlier[0].number if draft.earlier else "",
        commitment=record_commitment(secret, number, draft.record_digest),
    )
    facts = make_facts(frame, draft.record, draft.law)
    order.check(facts)
    act = _record_issue(session, draft, frame, facts, actor=actor)
    code = new_code()
    row = {
        "person_id": person_id, "number": frame.number, "jurisdiction": draft.law.jurisdiction,
        "scheme": draft.law.scheme, "years": _years_text(draft.record.years),
        "record_digest": draft.record_digest, "edition": draft.edition, "issued_at": now,
        "valid_through": frame.valid_through, "facts_digest": facts_digest(facts),
        "facts_cipher": lock_facts(secret, facts, person_id, frame.number),
        "code_cipher": lock_code(secret, code, person_id, frame.number), "act_id": act.act_id,
    }  # fmt: skip
    certificate = session.scalars(insert(Certificate).returning(Certificate), [row]).one()
    leads = {"person_id": person_id, "number": frame.number}
    lookups = (number_lookup(frame.number), code_lookup(code))
    session.execute(insert(CertificateLookup), [{"lookup": each, **leads} for each in lookups])
    return certificate


def _record_issue(
    session: Session, draft: _Draft, frame: Frame, facts: Facts, *, actor: str
) -> RecordedAct:
    """Record the act of issue; it names the facts by a digest that nobody can guess a name from."""
    details: Canonical = {
        "statement": STATEMENT, "facts": facts_digest(facts).hex(), "scheme": draft.law.scheme,
        "years": list(draft.record.years), "edition": draft.edition, "replaces": frame.replaces,
    }  # fmt: skip
    return record_act(
        session,
        ActDraft(ISSUED, draft.law.jurisdiction, actor, frame.number, details),
        now=frame.issued_at,
    )


def _free_number(session: Session, jurisdiction: str, year: int) -> str:
    while True:
        number = new_number(jurisdiction, year)
        if session.get(CertificateLookup, number_lookup(number)) is None:
            return number


def _valid_through(valid_days: int, now: datetime) -> date | None:
    return civil_day(now) + timedelta(days=valid_days) if valid_days else None


def _years_text(years: Sequence[int]) -> str:
    return " ".join(map(str, years))
