"""Opening a certificate: found by number or code, its facts decrypted, its state and its proof.

Facts and code lie encrypted under the person's secret. Once that is erased nothing of a certificate
can be read any more, and it is answered as unknown.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from creditbank.canonical import canonical_bytes
from creditbank.certificates.facts import Facts
from creditbank.certificates.models import Certificate, CertificateLookup
from creditbank.certificates.numbers import code_lookup, code_of_text, is_number, number_lookup
from creditbank.certificates.states import Standing, standing_of
from creditbank.errors import CreditBankError
from creditbank.ledger.logs import NotSealedError, place_of_act
from creditbank.ledger.models import Act, Log, Seal
from creditbank.ledger.proving import Inclusion, prove_inclusion
from creditbank.people.register import secrets_of
from creditbank.people.vault import Vault, lock_under, unlock_under


class CertificateUnknownError(CreditBankError):
    """There is no certificate of this number or code, or none that can be read any more."""

    code = "certificate-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class Proof:
    """That the act of issue stands in a public log, and when its checkpoint was sealed."""

    inclusion: Inclusion
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A certificate with all that there is to see of it; `proof` is None until it is sealed."""

    certificate: Certificate
    #: never printed by accident, nor the code: they name and open
    facts: Facts = field(repr=False)
    code: bytes = field(repr=False)
    standing: Standing
    act: Act
    proof: Proof | None


def certificate_numbered(session: Session, number: str) -> Certificate:
    """Return a certificate by its number.

    Raises:
        CertificateUnknownError: there is none.
    """
    if not is_number(number):
        raise CertificateUnknownError
    return _led_to(session, number_lookup(number))


def certificate_coded(session: Session, text: str) -> Certificate:
    """Return a certificate by its code, as it was typed or scanned.

    Raises:
        CertificateUnknownError: there is none; a text that is no code tells no more.
    """
    code = code_of_text(text)
    if code is None:
        raise CertificateUnknownError
    return _led_to(session, code_lookup(code))


def open_certificate(
    session: Session, vault: Vault, certificate: Certificate, *, now: datetime
) -> Opened:
    """Open a certificate.

    Raises:
        CertificateUnknownError: the person's secret was erased.
        VaultBrokenError: what is stored is not what was written there.
    """
    person_id = certificate.person_id
    secret = secrets_of(session, vault, [person_id]).get(person_id)
    if secret is None:
        raise CertificateUnknownError
    act = session.get_one(Act, certificate.act_id)
    return Opened(
        certificate=certificate,
        facts=open_facts(secret, certificate),
        code=open_code(secret, certificate),
        standing=standing_of(session, certificate, now=now),
        act=act,
        proof=_proof(session, act),
    )


def open_facts(person_secret: bytes, certificate: Certificate) -> Facts:
    """Decrypt a certificate's facts.

    Raises:
        VaultBrokenError: what is stored is not what was written there.
    """
    place = _place("facts", certificate.person_id, certificate.number)
    facts: Facts = json.loads(unlock_under(person_secret, certificate.facts_cipher, *place))
    return facts


def open_code(person_secret: bytes, certificate: Certificate) -> bytes:
    """Decrypt a certificate's code.

    Raises:
        VaultBrokenError: what is stored is not what was written there.
    """
    place = _place("code", certificate.person_id, certificate.number)
    return unlock_under(person_secret, certificate.code_cipher, *place)


def lock_facts(person_secret: bytes, facts: Facts, person_id: int, number: str) -> bytes:
    """Encrypt facts for their certificate."""
    return lock_under(person_secret, canonical_bytes(facts), *_place("facts", person_id, number))


def lock_code(person_secret: bytes, code: bytes, person_id: int, number: str) -> bytes:
    """Encrypt a code for its certificate."""
    return lock_under(person_secret, code, *_place("code", person_id, number))


def _led_to(session: Session, lookup: bytes) -> Certificate:
    lead = session.get(CertificateLookup, lookup)
    if lead is None:
        raise CertificateUnknownError
    return session.get_one(Certificate, (lead.person_id, lead.number))


def _proof(session: Session, act: Act) -> Proof | None:
    try:
        place = place_of_act(session, act)
    except NotSealedError:
        return None
    origin = session.get_one(Log, place.log_id).origin
    inclusion = prove_inclusion(session, origin, place.index)
    return Proof(inclusion, session.get_one(Seal, inclusion.head.seal_no).sealed_at)


def _place(column: str, person_id: int, number: str) -> tuple[str, str, int, int]:
    # Twenty digits; the check character follows from them.
    return "certificate", f"{column}_cipher", person_id, int(number[:-1])
