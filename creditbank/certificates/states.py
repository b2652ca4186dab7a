"""The state of a certificate on a day, which follows from what is on record and is never stored.

A revoked certificate is revoked for ever. One whose record has become another since is superseded,
whether or not a newer one was issued: what it says was right, and no longer is the record. Then
comes the end of its validity. A number or code that leads nowhere is unknown, and has no state.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.certificates.facts import record_digest
from creditbank.certificates.models import Certificate, CertificateRevocation
from creditbank.clock import civil_day
from creditbank.ledger.logs import last_seal, sealed_by
from creditbank.ledger.models import Entry
from creditbank.people.register import linked_people, name_counts


class State(StrEnum):
    """What a certificate is worth."""

    VALID = "valid"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Standing:
    """A certificate's state; with its revocation, and the number that stands in its place."""

    state: State
    revocation: CertificateRevocation | None
    #: number of the newest unrevoked certificate on the same person, scheme and years, if another
    newer: str


def standing_of(session: Session, certificate: Certificate, *, now: datetime) -> Standing:
    """Return the standing of one certificate."""
    return standings_of(session, [certificate], now=now)[certificate.number]


def standings_of(
    session: Session, certificates: Sequence[Certificate], *, now: datetime
) -> dict[str, Standing]:
    """Return the standing of each certificate, by number, in a fixed number of queries."""
    groups = linked_people(session, {each.person_id for each in certificates})
    digests = _records_now(session, certificates, groups)
    siblings = _siblings(session, groups)
    revoked = revocations_of(session, groups)
    standings = {}
    for each in certificates:
        newest = _newest(each, siblings, groups, revoked)
        standings[each.number] = Standing(
            _state(each, digests[each.number], revoked, now=now), revoked.get(each.number), newest
        )
    return standings


def years_of(certificate: Certificate) -> tuple[int, ...]:
    """Return the years that a certificate speaks of, ascending."""
    return tuple(map(int, certificate.years.split()))


def is_over(certificate: Certificate, now: datetime) -> bool:
    """Tell whether a certificate's last day has passed."""
    return certificate.valid_through is not None and certificate.valid_through < civil_day(now)


def revocations_of(session: Session, people: Iterable[int]) -> dict[str, CertificateRevocation]:
    """Return the revocations of these people's certificates, by number."""
    query = select(CertificateRevocation).where(CertificateRevocation.person_id.in_(list(people)))
    return {row.number: row for row in session.scalars(query)}


def _state(
    certificate: Certificate,
    record_now: bytes,
    revoked: Mapping[str, CertificateRevocation],
    *,
    now: datetime,
) -> State:
    if certificate.number in revoked:
        return State.REVOKED
    if certificate.record_digest != record_now:
        return State.SUPERSEDED
    return State.EXPIRED if is_over(certificate, now) else State.VALID


def _records_now(
    session: Session, certificates: Sequence[Certificate], groups: Mapping[int, Sequence[int]]
) -> dict[str, bytes]:
    """Return, for each certificate, the digest of the record as it is sealed now."""
    rows = session.execute(
        select(Entry.person_id, Entry.scheme, Entry.credited_year, Entry.leaf).where(
            Entry.person_id.in_(groups), sealed_by(last_seal(session))
        )
    )
    leaves: dict[tuple[int, str, int], list[bytes]] = defaultdict(list)
    for person_id, scheme, year, leaf in rows:
        leaves[person_id, scheme, year].append(leaf)
    names = name_counts(session, groups)
    return {
        each.number: record_digest(
            (
                leaf
                for person_id in groups[each.person_id]
                for year in years_of(each)
                for leaf in leaves[person_id, each.scheme, year]
            ),
            names[each.person_id],
        )
        for each in certificates
    }


def _siblings(session: Session, people: Iterable[int]) -> Sequence[Certificate]:
    query = select(Certificate).where(Certificate.person_id.in_(list(people)))
    return session.scalars(query.order_by(Certificate.issued_at, Certificate.number)).all()


def _newest(
    certificate: Certificate,
    siblings: Sequence[Certificate],
    groups: Mapping[int, Sequence[int]],
    revoked: Mapping[str, CertificateRevocation],
) -> str:
    group = groups[certificate.person_id]
    newer = [
        each.number
        for each in siblings
        if each.person_id in group
        and (each.scheme, each.years) == (certificate.scheme, certificate.years)
        and each.number not in revoked
        and (each.issued_at, each.number) > (certificate.issued_at, certificate.number)
    ]
    return newer[-1] if newer else ""
