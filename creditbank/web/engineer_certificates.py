"""Certificates of digital-technology engineer programmes by pages."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.engineer_certificates import (
    CertificateDraft,
    Grade,
    Paper,
    certificates_under,
    record_certificate,
    take_back_certificate,
)
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind
from creditbank.registry.clients import Scope
from creditbank.registry.filing.filings import filing_seen
from creditbank.registry.filing.states import takes_rosters
from creditbank.schemas.engineer_certificates import (
    ISSUER_CHARACTERS_MAX,
    NUMBER_CHARACTERS_MAX,
    RECORD_CHARACTERS_MAX,
)
from creditbank.schemas.registry import REASON_CHARACTERS_MAX
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.filings import reason_typed
from creditbank.web.pages import page

_TYPED = ("paper", "number", "issuer", "grade", "issued_on", "supersedes", "reason")
_PLACE = "/filings/<public:filing_no>/engineer-certificates"

engineer_certificates = Pages("engineer_certificates", __name__)


@engineer_certificates.shown(_PLACE, able(Scope.ATTENDANCE_WITHDRAW))
def overview(visit: Visit, session: Session, filing_no: str, record_no: str = "") -> Response:
    """List what stands recorded, and show the form for another certificate.

    `record_no` stands in the address of a form that was refused; the page is the same.
    """
    filing = filing_seen(session, visit.client, filing_no)
    records = Scope.ROSTER_POST in visit.client.scopes
    return page(
        "engineer_certificates.html", filing=filing,
        papers=certificates_under(session, current_house().vault, filing),
        records=records and takes_rosters(filing, civil_day(visit.now), corrects=True),
        kinds=list(map(str, DocumentKind)), which=list(map(str, Paper)),
        grades=list(map(str, Grade)), typed=forms.all_typed(_TYPED),
    )  # fmt: skip


@engineer_certificates.sent(_PLACE, able(Scope.ROSTER_POST), shows=overview)
def record(visit: Visit, session: Session, filing_no: str) -> Response:
    """Record a certificate, or correct the record of one."""
    filing_seen(session, visit.client, filing_no)
    issued_on = forms.day("issued_on")
    if issued_on is None:
        raise fields.empty("engineer-issued-on")
    draft = CertificateDraft(
        forms.identity(), forms.chosen("paper", Paper),
        fields.text("number", "engineer-number", NUMBER_CHARACTERS_MAX),
        fields.text("issuer", "engineer-issuer", ISSUER_CHARACTERS_MAX),
        forms.chosen("grade", Grade), issued_on,
        fields.text("supersedes", "engineer-supersedes", RECORD_CHARACTERS_MAX, wanted=False),
        fields.text("reason", "engineer-reason", REASON_CHARACTERS_MAX, wanted=False),
    )  # fmt: skip
    vault, actor = current_house().vault, visit.client.client_id
    record_certificate(session, vault, filing_no, draft, actor=actor, now=visit.now)
    return see("web.engineer_certificates.overview", "engineer-recorded", filing_no=filing_no)


@engineer_certificates.sent(
    f"{_PLACE}/<public:record_no>/removal", able(Scope.ROSTER_POST), shows=overview
)
def take_back(visit: Visit, session: Session, filing_no: str, record_no: str) -> Response:
    """Take back what never was so."""
    filing_seen(session, visit.client, filing_no)
    take_back_certificate(
        session, current_house().vault, filing_no, record_no, reason_typed(),
        actor=visit.client.client_id, now=visit.now,
    )  # fmt: skip
    return see("web.engineer_certificates.overview", "engineer-taken-back", filing_no=filing_no)
