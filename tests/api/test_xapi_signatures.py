"""Signed statements: what a signature has to be, and what of it is refused."""

import base64
import json
import uuid
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    CertificateBuilder,
    Name,
    NameAttribute,
    NameOID,
    random_serial_number,
)

from creditbank.clock import utc_now
from creditbank.schemas.xapi_signatures import SIGNATURE
from tests.api.desk import Desk
from tests.api.test_xapi_attachments import about, body, part, send
from tests.api.test_xapi_files import told

#: What is asked here is said of the form of requests, on either database alike.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
OCTETS = "application/octet-stream"
HASHES = {"RS256": SHA256, "RS384": SHA384, "RS512": SHA512}


@cache
def key(number: int = 0) -> rsa.RSAPrivateKey:
    assert number in (0, 1)
    return rsa.generate_private_key(65_537, 2048)


def certificate(of: Any) -> str:
    """Return a certificate that its own key signed, as JWS has it."""
    name = Name([NameAttribute(NameOID.COMMON_NAME, "lms.example.com")])
    made = (
        CertificateBuilder().subject_name(name).issuer_name(name).public_key(of.public_key())
        .serial_number(random_serial_number()).not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1)).sign(of, SHA256())
    )  # fmt: skip
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def jws(payload: Any, algorithm: str = "RS256", **header: Any) -> bytes:
    said = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = encoded(json.dumps({"alg": algorithm, **header}).encode())
    signed = f"{head}.{encoded(said)}"
    check = HASHES.get(algorithm, SHA256)()
    return f"{signed}.{encoded(key().sign(signed.encode(), PKCS1v15(), check))}".encode()


def sent(desk: Desk, statement: dict[str, Any], signature: bytes, kind: str = OCTETS) -> Any:
    said = about(signature, usageType=SIGNATURE, contentType=kind)
    others = statement.get("attachments", [])
    whole = {**statement, "attachments": [*others, said]}
    return send(desk, body(whole, part(signature, Content_Type=kind)))


@pytest.mark.parametrize("algorithm", HASHES)
def test_a_signed_statement_is_kept(desk: Desk, algorithm: str) -> None:
    plain, shown = told(), told(attachments=[about(fileUrl="http://example.com/file.pdf")])

    bare = sent(desk, plain, jws(plain, algorithm))
    proved = sent(desk, shown, jws(shown, algorithm, x5c=[certificate(key())]))

    assert (bare.status_code, proved.status_code) == (200, 200), bare.get_json()


def test_a_signature_that_lies_elsewhere_is_not_looked_at(desk: Desk) -> None:
    said = about(b"", usageType=SIGNATURE, contentType=OCTETS, fileUrl="http://example.com/jws")

    assert send(desk, body(told(attachments=[said]))).status_code == 200


def test_a_signature_that_is_none_is_refused_with_its_reason(desk: Desk) -> None:
    plain = told()
    other = {**plain, "verb": {"id": "http://example.com/verbs/other"}}
    elliptic = ec.generate_private_key(ec.SECP256R1())
    cases = [
        (jws(plain), "text/plain", "xapi-signature-type"),
        (jws(plain, "HS256"), OCTETS, "xapi-signature-algorithm"),
        (jws(plain, "none"), OCTETS, "xapi-signature-algorithm"),
        (b"not a signature", OCTETS, "xapi-signature-form"),
        (jws(plain) + b".more", OCTETS, "xapi-signature-form"),
        ("签名".encode(), OCTETS, "xapi-signature-form"),
        (jws(plain, x5c=["AAAA"]), OCTETS, "xapi-signature-form"),
        (jws(plain, x5c=[]), OCTETS, "xapi-signature-form"),
        (b".".join([*jws(plain).split(b".")[:2], b""]), OCTETS, "xapi-signature-false"),
        (jws(plain, x5c=[certificate(key(1))]), OCTETS, "xapi-signature-false"),
        (jws(plain, x5c=[certificate(elliptic)]), OCTETS, "xapi-signature-false"),
        (jws(b'{"actor": '), OCTETS, "xapi-signature-other"),
        (jws([plain, plain]), OCTETS, "xapi-signature-other"),
        (jws(other), OCTETS, "xapi-signature-other"),
        (jws({**plain, "id": str(uuid.uuid4())}), OCTETS, "xapi-signature-other"),
    ]

    for signature, kind, why in cases:
        refused = sent(desk, plain, signature, kind)
        assert refused.status_code == 400
        assert refused.get_json()["facts"]["why_words"] == why, why

    assert desk.row_counts()["xapi_statement"] == 0
