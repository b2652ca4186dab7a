"""What `ledger fsck` checks of certificates: each rests on its act and says what the act names.

It trusts no row: facts are opened and digested again, numbers and codes looked up again, and every
act of issue or revocation must have its row.
"""

import json
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from creditbank.certificates.facts import Facts, facts_digest, record_commitment
from creditbank.certificates.issuing import ISSUED, REVOKED
from creditbank.certificates.models import Certificate, CertificateLookup, CertificateRevocation
from creditbank.certificates.numbers import code_lookup, number_lookup
from creditbank.certificates.opening import open_code, open_facts
from creditbank.certificates.states import years_of
from creditbank.clock import instant_text
from creditbank.ledger.audited import Since
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.people.vault import VaultBrokenError

_BATCH = 1_000


def check_certificates(
    session: Session, secrets: SecretStates, seen: Progress, since: Since | None = None
) -> Iterator[Disagreement]:
    """Check every certificate against its acts, and every such act against its certificate.

    Args:
        session: a snapshot.
        secrets: people's secrets; where one was erased only the anchors are checked.
        seen: kept up to date.
        since: what has come since an earlier check, where only people are looked at who have had a
            certificate since.

    Yields:
        Each disagreement, by table and number.
    """
    new = since.acts if since else true()
    anchored = (
        select(func.count()).select_from(Certificate).join(Act, Act.act_id == Certificate.act_id)
    )
    seen.begin("certificates", session.scalar(anchored.where(new)) or 0)
    readable = True
    for row in unreadable_rows(session, ("certificate",)):
        readable = False
        yield row
    if not readable:
        return
    for batch in _certificates(session, new):
        states = secrets(sorted({each.person_id for each in batch}))
        for each in batch:
            yield from _check(session, each, states.get(each.person_id))
            seen.done += 1
        session.expunge_all()
    yield from _check_revocations(session, new)
    yield from _check_acts(session)


def _certificates(session: Session, new: ColumnElement[bool]) -> Iterator[Sequence[Certificate]]:
    """Yield certificates in batches of whole people."""
    last_person = -(2**63)
    while True:
        ahead = (
            select(Certificate.person_id)
            .outerjoin(Act, Act.act_id == Certificate.act_id)
            .where(Certificate.person_id > last_person, new)
        )
        people = session.scalars(ahead.distinct().order_by("person_id").limit(_BATCH)).all()
        if not people:
            return
        yield session.scalars(select(Certificate).where(Certificate.person_id.in_(people))).all()
        last_person = people[-1]


def _check(
    session: Session, certificate: Certificate, secret: bytes | None
) -> Iterator[Disagreement]:
    number = certificate.number
    act = session.get(Act, certificate.act_id)
    if act is None or not _issues(act, certificate):
        yield Disagreement("fsck-certificate-act", "certificate", number)
    lookups = [number_lookup(number)]
    if secret is not None:
        try:
            facts, code = open_facts(secret, certificate), open_code(secret, certificate)
        except (VaultBrokenError, ValueError):
            yield Disagreement("fsck-certificate-facts", "certificate", number)
        else:
            lookups.append(code_lookup(code))
            if not _says(facts, certificate, secret):
                yield Disagreement("fsck-certificate-facts", "certificate", number)
    for lookup in lookups:
        lead = session.get(CertificateLookup, lookup)
        if lead is None or (lead.person_id, lead.number) != (certificate.person_id, number):
            yield Disagreement("fsck-certificate-lookup", "certificate_lookup", number)


def _issues(act: Act, certificate: Certificate) -> bool:
    details = json.loads(act.details)
    named = {name: details.get(name) for name in ("facts", "scheme", "years", "edition")}
    return (act.kind, act.subject, act.jurisdiction, act.recorded_at, named) == (
        ISSUED,
        certificate.number,
        certificate.jurisdiction,
        certificate.issued_at,
        {
            "facts": certificate.facts_digest.hex(),
            "scheme": certificate.scheme,
            "years": list(years_of(certificate)),
            "edition": certificate.edition,
        },
    )


def _says(facts: Facts, certificate: Certificate, secret: bytes) -> bool:
    """Tell whether the facts are those of the digest, and the columns those of the facts."""
    through = certificate.valid_through
    columns = {
        "number": certificate.number,
        "issued_at": instant_text(certificate.issued_at),
        "valid_through": through.isoformat() if through else "",
        "scheme": certificate.scheme,
        "years": list(years_of(certificate)),
    }
    said = {name: facts.get(name) for name in columns}
    commitment = record_commitment(secret, certificate.number, certificate.record_digest)
    rests = isinstance(facts["record"], dict) and facts["record"]["commitment"] == commitment.hex()
    return rests and facts_digest(facts) == certificate.facts_digest and said == columns


def _check_revocations(session: Session, new: ColumnElement[bool]) -> Iterator[Disagreement]:
    anchored = select(CertificateRevocation).outerjoin(
        Act, Act.act_id == CertificateRevocation.act_id
    )
    for row in session.scalars(anchored.where(new)):
        act = session.get(Act, row.act_id)
        said = act and (act.kind, act.subject, act.reason, act.recorded_at)
        ended = session.get(Certificate, (row.person_id, row.number))
        if ended is None or said != (REVOKED, row.number, row.reason, row.revoked_at):
            yield Disagreement("fsck-certificate-act", "certificate_revocation", row.number)


def _check_acts(session: Session) -> Iterator[Disagreement]:
    """A certificate or revocation that was deleted still has its act."""
    for kind, table in ((ISSUED, Certificate), (REVOKED, CertificateRevocation)):
        query = (
            select(Act.subject)
            .outerjoin(table, table.act_id == Act.act_id)
            .where(Act.kind == kind, table.act_id.is_(None))
            .order_by(Act.act_id)
        )
        for number in session.scalars(query):
            yield Disagreement("fsck-certificate-missing", table.__tablename__, number)
