"""Shapes of the certificates of digital-technology engineer programmes."""

from typing import Any

from marshmallow import post_load

from creditbank.crediting.engineer_certificates import (
    CertificateDraft,
    EngineerPaper,
    Grade,
    Paper,
)
from creditbank.schemas.fields import Choice, Day, Inner, Instant, Shape, Text, public_number
from creditbank.schemas.people import IdentityShape, identity_of
from creditbank.schemas.registry import REASON_CHARACTERS_MAX

NUMBER_CHARACTERS_MAX = 60
ISSUER_CHARACTERS_MAX = 120
RECORD_CHARACTERS_MAX = 20


class PaperBody(Shape):
    """What a certificate says, and the record that it corrects, if any."""

    paper = Choice(Paper, required=True)
    number = Text(NUMBER_CHARACTERS_MAX, required=True)
    issuer = Text(
        ISSUER_CHARACTERS_MAX, required=True,
        metadata={"description": "The listed training institution, or the evaluation body."},
    )  # fmt: skip
    grade = Choice(Grade, required=True)
    issued_on = Day(required=True)
    supersedes = Text(
        RECORD_CHARACTERS_MAX, low=0, load_default=str,
        metadata={"description": "The record that this one corrects."},
    )  # fmt: skip
    reason = Text(REASON_CHARACTERS_MAX, low=0, load_default=str)


class EngineerCertificateBody(IdentityShape, PaperBody):
    """Whose certificate it is, and what it says."""

    @post_load
    def with_identity(self, loaded: dict[str, Any], **_kwargs: Any) -> CertificateDraft:
        """Make the draft."""
        return CertificateDraft(identity=identity_of(loaded), **loaded)


class TakingBackBody(Shape):
    """A record that never was so, and why."""

    record_no = Text(RECORD_CHARACTERS_MAX, required=True)
    reason = Text(REASON_CHARACTERS_MAX, required=True)


class EngineerCertificateAnswer(Shape):
    """A record that stands."""

    record_no = public_number("Z7K2M9QXAB")
    filing_no = public_number("F7K2M9QXAB")
    last_four = Text(4)
    paper = Choice(Paper)
    number = Text(NUMBER_CHARACTERS_MAX)
    issuer = Text(ISSUER_CHARACTERS_MAX)
    occupation = Text(120)
    grade = Choice(Grade)
    issued_on = Day()
    supersedes = Text(RECORD_CHARACTERS_MAX, low=0)
    recorded_at = Instant()


class EngineerCertificatesAnswer(Shape):
    """What stands recorded under a programme, the newest first."""

    certificates = Inner(EngineerCertificateAnswer, many=True)


def paper_shaped(paper: EngineerPaper) -> dict[str, Any]:
    """Return a record as it is answered."""
    return {name: getattr(paper, name) for name in EngineerCertificateAnswer().fields}
