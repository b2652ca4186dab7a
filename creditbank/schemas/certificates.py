"""Shapes of certificates: what is ordered, and what there is to see of one."""

from marshmallow import fields

from creditbank.certificates.issuing import YEARS_MAX, RevocationReason
from creditbank.certificates.numbers import NUMBER_PATTERN
from creditbank.certificates.states import State
from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Truth,
    Whole,
    jurisdiction,
    scheme,
)
from creditbank.schemas.people import IdentityShape
from creditbank.schemas.records import ProofAnswer

_HEX_MAX = 64
_LOOKS_MAX = 2**53 - 1


def certificate_number() -> Code:
    """Return the field of a certificate's number."""
    return Code(NUMBER_PATTERN, "371000202600000000000")


class CertificateBody(IdentityShape):
    """Whose hours are to be certified, by which scheme, in which years."""

    scheme = scheme(required=True)
    years = Several(Whole(1990, 2200), low=1, high=YEARS_MAX, required=True)


class CertificateRevocationBody(Shape):
    """Why a certificate is revoked."""

    reason = Choice(RevocationReason, required=True)
    case_no = Text(60, low=0, load_default=str)


class CertificateLine(Shape):
    """A certificate in a list."""

    number = certificate_number()
    state = Choice(State)
    jurisdiction = jurisdiction()
    scheme = scheme()
    years = Several(Whole(1990, 2200))
    issued_at = Instant()
    valid_through = Day(allow_none=True, metadata={"description": "`null` where there is no end."})


class CertificatesQuery(Shape):
    """Which certificates, and where the page begins."""

    scheme = scheme(load_default=str)
    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"[A-Za-z0-9_-]{8,120}", "next_cursor", load_default=str)


class CertificatesAnswer(Shape):
    """One page of certificates, newest first."""

    certificates = Inner(CertificateLine, many=True)
    next_cursor = Text(120, low=0, metadata={"description": "Empty on the last page."})


class CertificateRevocationAnswer(Shape):
    """When and why a certificate was revoked."""

    reason = Choice(RevocationReason)
    revoked_at = Instant()
    act_leaf = Text(_HEX_MAX, metadata={"description": "Leaf of the act, hex."})


class ActAnswer(Shape):
    """The act of issue, and what rebuilds its leaf (docs/formats.md §4)."""

    leaf = Text(_HEX_MAX)
    salt = Text(_HEX_MAX)
    body = fields.Raw(metadata={"type": "array", "items": {}})
    details = fields.Raw(metadata={"type": "object"})


class CertificateProof(ProofAnswer):
    """Where the act of issue stands in a public log, and when that was sealed."""

    sealed_at = Instant()


class CertificateAnswer(CertificateLine):
    """A certificate in full."""

    issued_before = Truth(
        metadata={"description": "It stood already when it was asked for, on the same record."}
    )
    address = Text(200, metadata={"description": "Of its public page, as in the QR code."})
    facts = fields.Raw(metadata={"type": "object", "description": "docs/formats.md §8"})
    facts_digest = Text(_HEX_MAX)
    newer = Text(21, low=0, metadata={"description": "Number of a newer one, or empty."})
    revocation = Inner(CertificateRevocationAnswer, allow_none=True)
    act = Inner(ActAnswer)
    proof = Inner(
        CertificateProof,
        allow_none=True,
        metadata={"description": "`null` until the act of issue is sealed, within seconds."},
    )
    views = Whole(0, _LOOKS_MAX, metadata={"description": "Looks at its public page."})
