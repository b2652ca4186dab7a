"""Wrote review_export.json once, from docs/formats.md alone: it imports nothing of the bank.

Run it (`python tests/vectors/make_review_export.py`) and compare: the bytes are the same for ever.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED = bytes(range(32))
VERDICT: dict[str, Any] = json.loads(
    (Path(__file__).parent / "verdict.json").read_text(encoding="utf-8")
)
ROWS = [
    {
        "verdict_no": VERDICT["payload"]["jti"], "asked_at": "2026-11-21T03:32:42.000000Z",
        "name": "王＊", "document_kind": "resident_id", "last_four": "007X", "scheme": "cn-3710",
        "series": "engineering", "specialty": "", "level": "associate_senior",
        "application_day": "2026-11-20", "outcome": "met", "result": "passed",
        "result_day": "2026-12-15", "reported_at": "2026-12-16T01:00:00.000000Z",
        "answer_sha256": hashlib.sha256(VERDICT["jws"].encode()).hexdigest(),
    }
]  # fmt: skip


def written(value: object) -> bytes:
    """Write canonical JSON (§1); nothing here needs escapes or normal forms."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def base64url(raw: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def main() -> None:
    """Print the vector."""
    payload = {
        "iss": VERDICT["payload"]["iss"], "iat": VERDICT["payload"]["iat"],
        "statement": "creditbank/review-export/v1", "uscc": "91371000MA3DEM0H24", "year": 2026,
        "rows": len(ROWS), "sha256": hashlib.sha256(written(ROWS)).hexdigest(),
    }  # fmt: skip
    kid = VERDICT["jwks"]["keys"][0]["kid"]
    header = {"alg": "Ed25519", "kid": kid, "typ": "creditbank-review-export+jwt"}
    said = base64url(json.dumps(header, separators=(",", ":")).encode())
    said = f"{said}.{base64url(written(payload))}"
    signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(said.encode())
    vector = {
        "about": "creditbank/review-export/v1 (docs/formats.md §19) of one answer.",
        "seed": SEED.hex(), "jwks": VERDICT["jwks"], "rows": ROWS, "payload": payload,
        "jws": f"{said}.{base64url(signature)}",
    }  # fmt: skip
    text = json.dumps(vector, ensure_ascii=False, indent=1, sort_keys=True)
    sys.stdout.buffer.write(text.encode() + b"\n")


if __name__ == "__main__":
    main()
