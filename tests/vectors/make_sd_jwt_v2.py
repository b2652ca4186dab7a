"""Wrote verdict_sd_v2.json once, from docs/formats.md alone: it imports nothing of the bank.

Run it (`python tests/vectors/make_sd_jwt_v2.py`) and compare: it prints the same bytes for ever.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED = bytes(range(32))
#: The verdict that is shown in part, and the published key.
VERDICT: dict[str, Any] = json.loads(
    (Path(__file__).parent / "verdict.json").read_text(encoding="utf-8")
)
MEMBERS = ("asker", "outcome", "question", "subject")


def written(value: object) -> bytes:
    """Write canonical JSON (§1); nothing here needs escapes or normal forms."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def base64url(raw: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def invented(number: int) -> bytes:
    """Return 32 bytes in the place of random ones."""
    return hashlib.sha256(f"verdict_sd {number}".encode()).digest()


def digests(disclosures: list[str], step: int) -> list[str]:
    """Return sorted digests, with decoys up to the next multiple."""
    found = [base64url(hashlib.sha256(each.encode()).digest()) for each in disclosures]
    decoys = step - len(found) % step
    return sorted(found + [base64url(invented(100 * step + each)) for each in range(decoys)])


def signed(payload: dict[str, Any]) -> str:
    """Sign as a compact JWS of the type of §17."""
    kid = VERDICT["jwks"]["keys"][0]["kid"]
    header = {"alg": "Ed25519", "kid": kid, "typ": "creditbank-verdict+sd-jwt"}
    said = base64url(json.dumps(header, separators=(",", ":")).encode())
    said = f"{said}.{base64url(written(payload))}"
    return f"{said}.{base64url(Ed25519PrivateKey.from_private_bytes(SEED).sign(said.encode()))}"


def main() -> None:
    """Print the vector."""
    said = VERDICT["payload"]
    salts = [base64url(invented(number)[:16]) for number in range(100)]
    members = [
        base64url(written([salt, name, said[name]]))
        for salt, name in zip(salts, MEMBERS, strict=False)
    ]
    lines = [
        base64url(written([salt, row]))
        for salt, row in zip(salts[len(MEMBERS) :], said["credited"], strict=False)
    ]
    members.append(base64url(written([salts[99], "requirement", said["requirement"]])))
    payload = {
        **{name: said[name] for name in ("iss", "jti", "iat", "known_at", "packs")},
        "statement": "creditbank/verdict-sd/v2", "scheme": said["question"]["scheme"],
        "_sd_alg": "sha-256", "_sd": digests(members, 8),
        "credited": [{"...": each} for each in digests(lines, 16)],
    }  # fmt: skip
    vector = {
        "about": "creditbank/verdict-sd/v2 (docs/formats.md §17) of verdict.json, with every "
        "disclosure: the members by name, then each line of credited.",
        "seed": SEED.hex(), "jwks": VERDICT["jwks"], "subject": VERDICT["subject"],
        "payload": payload, "disclosures": [*members, *lines],
        "sd_jwt": "~".join([signed(payload), *members, *lines, ""]),
    }  # fmt: skip
    text = json.dumps(vector, ensure_ascii=False, indent=1, sort_keys=True)
    sys.stdout.buffer.write(text.encode() + b"\n")


if __name__ == "__main__":
    main()
