"""Looks at certificates' public pages: a row for each, so that the holder can see them."""

import secrets
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from creditbank.certificates.models import Certificate, CertificateView


def record_view(session: Session, certificate: Certificate, *, now: datetime) -> None:
    """Note that a certificate's page was looked at; not by whom or from where."""
    row = {
        "person_id": certificate.person_id,
        "viewed_at": now,
        "view_id": secrets.randbits(63),
        "number": certificate.number,
    }
    session.execute(insert(CertificateView), [row])


def count_views(session: Session, certificate: Certificate) -> int:
    """Return how often a certificate's page was looked at."""
    query = select(func.count()).where(
        CertificateView.person_id == certificate.person_id,
        CertificateView.number == certificate.number,
    )
    return session.scalar(query) or 0
