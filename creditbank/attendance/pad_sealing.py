"""Who was scanned without network, sealed so that only the bank opens it (formats.md §18).

A teacher's page keeps numbers and names until there is network. It keeps them encrypted to a key of
the bank that was made for this pad alone, so that a lost telephone gives nobody's number away.
"""

import json

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from creditbank.attendance.pad_signing import POINT_BYTES
from creditbank.errors import CreditBankError
from creditbank.people.documents import DocumentKind, read_document, read_name
from creditbank.people.register import Identity

#: Of a sealed identity, with a name of any length that is read.
SEALED_BYTES_MAX = 1_000
_TAG = b"creditbank/sealed-identity/v1\n"
_KEY_BYTES, _SCALAR_BYTES = 32, 32
#: Each key encrypts once.
_NONCE = bytes(12)


class SealedUnreadableError(CreditBankError):
    """A sealed identity does not open with the pad's key, or holds none."""

    code = "pad-sealed-unreadable"
    status = 422


def new_sealing_key() -> bytes:
    """Make the private half of a pad's sealing key: a scalar of P-256, big-endian."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return number.to_bytes(_SCALAR_BYTES)


def public_half(private: bytes) -> bytes:
    """Return the public half as an uncompressed point."""
    return _point(_private(private).public_key())


def seal_identity(identity: Identity, public: bytes, check_in_no: str) -> bytes:
    """Encrypt who somebody is to a pad's sealing key."""
    recipient = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    once = ec.generate_private_key(ec.SECP256R1())
    point, document = _point(once.public_key()), identity.document
    said = json.dumps([str(document.kind), document.number, identity.name], ensure_ascii=False)
    key = _key(once.exchange(ec.ECDH(), recipient), check_in_no, point, public)
    return point + AESGCM(key).encrypt(_NONCE, said.encode("utf-8"), None)


def open_identity(sealed: bytes, private: bytes, check_in_no: str) -> Identity:
    """Return who was sealed.

    Raises:
        SealedUnreadableError: it does not open, or holds no identity.
        DocumentInvalidError, NameInvalidError: it holds what nobody has.
    """
    point, mine = sealed[:POINT_BYTES], _private(private)
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key = _key(mine.exchange(ec.ECDH(), theirs), check_in_no, point, _point(mine.public_key()))
        said = json.loads(AESGCM(key).decrypt(_NONCE, sealed[POINT_BYTES:], None))
        kind, number, name = map(str, said)
        document_kind = DocumentKind(kind)
    except (InvalidTag, ValueError, TypeError) as error:
        raise SealedUnreadableError from error
    return Identity(read_document(document_kind, number), read_name(name))


def _key(shared: bytes, check_in_no: str, once: bytes, public: bytes) -> bytes:
    info = _TAG + check_in_no.encode("ascii") + once + public
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(shared)


def _private(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(scalar), ec.SECP256R1())


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
