"""Wrote check_in_pad.json once, from docs/formats.md §18 alone: it imports nothing of the bank.

Run it (`python tests/vectors/make_check_in_pad.py`) and compare: it prints the same bytes for ever.
Its signatures are those of RFC 6979; a pad's own may be any that hold.
"""

import hashlib
import json
import sys
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CHECK_IN, PAD = "K7K2M9QXAB", 1
RUN = "0123456789abcdef"
SIGNING, SEALING, ONCE = (
    ec.derive_private_key(int.from_bytes(bytes(range(first, first + 32))), ec.SECP256R1())
    for first in (1, 33, 65)
)


def written(value: Any) -> str:
    """Write canonical JSON (§1); nothing here needs escapes or normal forms."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(tag: str, content: bytes) -> str:
    """Digest a tag, a line feed and the content."""
    return hashlib.sha256(tag.encode() + b"\n" + content).hexdigest()


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half, uncompressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def signature(tag: str, text: str) -> str:
    """Sign a text under its tag: r and s, 32 bytes each."""
    how = ec.ECDSA(SHA256(), deterministic_signing=True)
    halves = decode_dss_signature(SIGNING.sign(f"{tag}\n{text}".encode(), how))
    return b"".join(each.to_bytes(32) for each in halves).hex()


def sealed() -> bytes:
    """Seal somebody invented."""
    said = written(["resident_id", "999999198505150018", "李示例"]).encode()
    shared = ONCE.exchange(ec.ECDH(), SEALING.public_key())
    info = f"creditbank/sealed-identity/v1\n{CHECK_IN}".encode() + point(ONCE) + point(SEALING)
    key = HKDF(SHA256(), 32, salt=None, info=info).derive(shared)
    return point(ONCE) + AESGCM(key).encrypt(bytes(12), said, None)


def scan(step: int, previous: str, direction: str, at: str, ticks: int) -> dict[str, Any]:
    """Sign one scan."""
    said = [CHECK_IN, PAD, step, previous, direction, at, RUN, ticks, WHO]
    body, tag = written(said), "creditbank/check-in-scan/v1"
    return {
        "body": body, "digest": sha256(tag, body.encode()), "signature": signature(tag, body),
    }  # fmt: skip


WHO = sha256("creditbank/sealed-identity/v1", sealed())
OPENED = ["2026-11-20T01:58:03.250000Z", RUN, 1200]
OPENING = written([CHECK_IN, PAD, point(SIGNING).hex(), *OPENED])
ROOT = sha256("creditbank/check-in-pad/v1", OPENING.encode())
SCANS = [scan(1, ROOT, "in", "2026-11-20T02:01:00.000000Z", 177_950)]
SCANS.append(scan(2, SCANS[0]["digest"], "out", "2026-11-20T05:02:30.500000Z", 11_068_450))
UPLOAD = written(
    [CHECK_IN, PAD, 2, SCANS[1]["digest"], "2026-11-20T06:00:00.000000Z", RUN, 14_518_000]
)
VECTOR = {
    "check_in_no": CHECK_IN, "pad_no": PAD, "public_key": point(SIGNING).hex(),
    "opened": OPENED, "opening": OPENING, "root": ROOT,
    "sealing_private": SEALING.private_numbers().private_value.to_bytes(32).hex(),
    "sealing_key": point(SEALING).hex(), "sealed": sealed().hex(), "who": WHO,
    "identity": ["resident_id", "999999198505150018", "李示例"], "scans": SCANS,
    "upload": UPLOAD, "upload_signature": signature("creditbank/check-in-upload/v1", UPLOAD),
}  # fmt: skip

if __name__ == "__main__":
    text = json.dumps(VECTOR, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    sys.stdout.buffer.write(text.encode())
