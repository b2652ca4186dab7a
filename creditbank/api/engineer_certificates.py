"""Certificates of digital-technology engineer programmes: recorded, corrected, taken back, read."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.crediting.engineer_certificates import (
    EngineerCertificateDayError,
    EngineerCertificateGradeError,
    EngineerCertificateKnownError,
    EngineerNotAttendedError,
    EngineerRecordUnknownError,
    NotEngineerProgrammeError,
    certificates_under,
    record_certificate,
    take_back_certificate,
)
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import STATED_REFUSALS, PersonUnknownError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen
from creditbank.registry.filing.states import FilingNotApprovedError, FilingNotOpenError
from creditbank.schemas.engineer_certificates import (
    EngineerCertificateAnswer,
    EngineerCertificateBody,
    EngineerCertificatesAnswer,
    TakingBackBody,
    paper_shaped,
)
from creditbank.schemas.people import IDENTITY_EXAMPLE

engineer_certificates = Door(
    "engineer-certificates", __name__,
    description="Certificates of digital-engineer programmes (数字技术工程师证书).",
)  # fmt: skip

_SEEN = (FilingUnknownError, RegionForeignError, NotEngineerProgrammeError)
_TAKES = (FilingNotApprovedError, FilingNotOpenError, PersonErasedError)
_EXAMPLE = {
    **IDENTITY_EXAMPLE, "paper": "level", "number": "DJ20260001", "issuer": "示例评价机构",
    "grade": "intermediate", "issued_on": "2026-11-30",
}  # fmt: skip


@engineer_certificates.get(
    "/filings/<public:filing_no>/engineer-certificates",
    Scope.ATTENDANCE_WITHDRAW,
    answer=EngineerCertificatesAnswer(),
    refuses=_SEEN,
)
def list_engineer_certificates(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """List the training and level certificates that stand recorded under a programme."""
    filing = filing_seen(session, call.client, filing_no)
    found = certificates_under(session, current_house().vault, filing)
    return {"certificates": [paper_shaped(each) for each in found]}


@engineer_certificates.post(
    "/filings/<public:filing_no>/engineer-certificates",
    Scope.ROSTER_POST,
    status=201,
    body=JsonBody(EngineerCertificateBody(), _EXAMPLE),
    answer=EngineerCertificateAnswer(),
    refuses=(
        *_SEEN, *_TAKES, PersonUnknownError, *STATED_REFUSALS, EngineerCertificateDayError,
        EngineerCertificateGradeError, EngineerNotAttendedError, EngineerRecordUnknownError,
        EngineerCertificateKnownError,
    ),
)  # fmt: skip
def record_engineer_certificate(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Record a certificate for somebody with hours of the programme; nothing is credited by it.

    With `supersedes` it corrects the record of that number; both stay on record.
    """
    filing_seen(session, call.client, filing_no)
    actor, vault = call.client.client_id, current_house().vault
    done = record_certificate(session, vault, filing_no, call.body, actor=actor, now=call.now)
    return paper_shaped(done)


@engineer_certificates.post(
    "/filings/<public:filing_no>/engineer-certificates/removal",
    Scope.ROSTER_POST,
    body=JsonBody(TakingBackBody(), {"record_no": "Z7K2M9QXAB", "reason": "登记在他人名下"}),
    answer=EngineerCertificatesAnswer(),
    refuses=(*_SEEN, *_TAKES, EngineerRecordUnknownError),
)
def take_back_engineer_certificate(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Take a record back that never was so, as of somebody else's paper; both stay on record."""
    filing = filing_seen(session, call.client, filing_no)
    vault, said = current_house().vault, call.body
    take_back_certificate(
        session, vault, filing_no, said["record_no"], said["reason"],
        actor=call.client.client_id, now=call.now,
    )  # fmt: skip
    return {"certificates": [paper_shaped(x) for x in certificates_under(session, vault, filing)]}
