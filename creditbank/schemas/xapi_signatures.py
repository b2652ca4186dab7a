"""Signed xAPI statements (IEEE 9274.1.1 §4.2.6; 1.0.3 Data 2.6): the signature is what it says.

A signature is an attachment: a JWS in compact form, whose payload is the statement before it was
signed. Where it brings its certificate, it is checked with the key of that; whether to trust that
certificate is the reader's matter, as the standard has it.
"""

import base64
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.x509 import load_der_x509_certificate

from creditbank.attendance.statements import comparable
from creditbank.errors import CreditBankError
from creditbank.schemas.xapi import check_statements
from creditbank.schemas.xapi_terms import StatementInvalidError

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
_MEDIA_TYPE = "application/octet-stream"
#: The standard allows these, and no others.
_ALGORITHMS: Mapping[str, Callable[[], HashAlgorithm]] = {
    "RS256": SHA256, "RS384": SHA384, "RS512": SHA512,
}  # fmt: skip


class XapiSignatureError(CreditBankError):
    """The signature of a statement is none, or of something else."""

    code = "xapi-signature"
    status = 400


def check_signatures(statements: list[dict[str, Any]], files: Mapping[str, bytes]) -> None:
    """Check the signatures that came with checked statements.

    Args:
        statements: as they came.
        files: attachments that were sent along, by their SHA-2 in hex, lower case.

    Raises:
        XapiSignatureError: by the statement's place, from 1, and why.
    """
    for number, statement in enumerate(statements, 1):
        for said in statement.get("attachments", ()):
            if said["usageType"] == SIGNATURE:
                content = files.get(str(said["sha2"]).lower())
                why = _wrong(statement, said, content)
                if why:
                    raise XapiSignatureError(place=number, why_words=why)


def _wrong(statement: dict[str, Any], said: Mapping[str, Any], content: bytes | None) -> str:
    """Say what is wrong with a signature; empty where nothing is, or it lies elsewhere."""
    if said["contentType"].strip().lower() != _MEDIA_TYPE:
        return "xapi-signature-type"
    if content is None:
        return ""
    try:
        head, payload, signature = content.decode("ascii").strip().split(".")
        header, signed = json.loads(_bytes(head)), _bytes(payload)
        checks = _ALGORITHMS.get(header["alg"])
        if checks is None:
            return "xapi-signature-algorithm"
        if not _fits(header, f"{head}.{payload}".encode("ascii"), _bytes(signature), checks()):
            return "xapi-signature-false"
    except (ValueError, LookupError, TypeError, RecursionError, UnsupportedAlgorithm):
        return "xapi-signature-form"
    return "" if _says(signed, statement) else "xapi-signature-other"


def _fits(
    header: Mapping[str, Any], signed: bytes, signature: bytes, algorithm: HashAlgorithm
) -> bool:
    """Check a signature by the certificate that it brings; without one there is no key to it."""
    chain = header.get("x5c")
    if chain is None:
        return bool(signature)
    key = load_der_x509_certificate(base64.b64decode(chain[0], validate=True)).public_key()
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(signature, signed, PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _says(payload: bytes, statement: dict[str, Any]) -> bool:
    """Tell whether the payload is the statement but for its signatures."""
    try:
        [signed] = check_statements(json.loads(payload, parse_float=Decimal), _Anything())
    except (ValueError, RecursionError, StatementInvalidError):
        return False
    return comparable(_unsigned(signed)) == comparable(_unsigned(statement)) and (
        "id" not in signed or str(signed["id"]).lower() == str(statement.get("id", "")).lower()
    )


def _unsigned(statement: dict[str, Any]) -> dict[str, Any]:
    others = [each for each in statement.get("attachments", ()) if each["usageType"] != SIGNATURE]
    rest = {name: inner for name, inner in statement.items() if name != "attachments"}
    return rest | ({"attachments": others} if others else {})


class _Anything:
    """Holds every digest: what the payload says of attachments was not sent with it."""

    def __contains__(self, _digest: object) -> bool:
        return True


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
