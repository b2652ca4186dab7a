"""Certificates listed: those of a region, newest first, and those of one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from creditbank.certificates.models import Certificate
from creditbank.certificates.opening import CertificateUnknownError
from creditbank.people.register import linked_people
from creditbank.registry.lookups import within_jurisdiction


@dataclass(frozen=True, slots=True)
class CertificatesWanted:
    """Those of a jurisdiction and below; of one scheme, or of all if it is empty.

    `before` is the place of the last one already seen: the instant of issue, its number.
    """

    jurisdiction: str
    scheme: str
    before: tuple[datetime, str] | None
    limit: int


def certificates_page(session: Session, wanted: CertificatesWanted) -> Sequence[Certificate]:
    """Return certificates, newest first; one more than `limit` when there are further ones."""
    query = select(Certificate).order_by(Certificate.issued_at.desc(), Certificate.number.desc())
    query = query.where(within_jurisdiction(Certificate.jurisdiction, wanted.jurisdiction))
    if wanted.scheme:
        query = query.where(Certificate.scheme == wanted.scheme)
    if wanted.before is not None:
        at, number = wanted.before
        # Not as a row value: its parts would be bound without the column's type.
        earlier_number = and_(Certificate.issued_at == at, Certificate.number < number)
        query = query.where(or_(Certificate.issued_at < at, earlier_number))
    return session.scalars(query.limit(wanted.limit + 1)).all()


def certificates_of(session: Session, person_id: int) -> Sequence[Certificate]:
    """Return a person's certificates, over all linked keys, newest first."""
    people = linked_people(session, [person_id])[person_id]
    query = select(Certificate).where(Certificate.person_id.in_(people))
    return session.scalars(query.order_by(Certificate.issued_at.desc())).all()


def certificate_of(session: Session, person_id: int, number: str) -> Certificate:
    """Return one of a person's certificates, over all linked keys.

    Raises:
        CertificateUnknownError: there is none of this number, or it is somebody else's.
    """
    found = {each.number: each for each in certificates_of(session, person_id)}
    if number not in found:
        raise CertificateUnknownError
    return found[number]
