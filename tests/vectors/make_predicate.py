"""Wrote predicate.json once, from docs/formats.md alone: it imports nothing of the bank.

Run it (`python tests/vectors/make_predicate.py`) and compare: it prints the same bytes for ever.
"""

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED = bytes(range(32))
#: The log, its head, the packs and the published key are those of the golden verdict.
VERDICT: dict[str, Any] = json.loads(
    (Path(__file__).parent / "verdict.json").read_text(encoding="utf-8")
)
PERSON = {"kind": "resident_id", "number": "999999199003070012", "name": "林知夏"}
CODE = "K7M2-9QXA-B3TD-08VF"
NONCES = [bytes(range(32, 64)), bytes(range(64, 96))]


def written(value: object) -> bytes:
    """Write canonical JSON (§1); nothing here needs escapes or normal forms."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def base64url(raw: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def payload_of(by: str, nonce: bytes, of: list[str], **changed: object) -> dict[str, Any]:
    """Return the members of §16."""
    digest = hmac.new(nonce, b"creditbank/predicate-subject/v1\n" + written(of), hashlib.sha256)
    mandate = {"mandate": "M7K2M9QXAB"} if by == "mandate" else {}
    return {
        "iss": "bank.example", "jti": "Y0123456789ABCDEFGHJ", "iat": 1_803_900_000,
        "statement": "creditbank/predicate/v1",
        "asker": {
            "by": by, "client": "title-system-k3v9x2m7", "legal_basis": "人社部令第25号",
            "purpose": "人才引进", **mandate,
        },
        "question": {
            "scheme": "cn-3710", "subject": "professional", "at_least": "60.00",
            "first_year": 2021, "last_year": 2025, "per": "year",
        },
        "subject": {"of": of[0], "digest": digest.hexdigest()},
        "answer": "yes", "reasons": [],
        "words": {
            "zh": "按 cn-3710，2021–2025 年每年“专业科目”已计学时均不少于 60.00",
            "en": "By cn-3710, at least 60.00 hours of professional subjects counted in each year "
            "2021–2025",
        },
        "packs": VERDICT["payload"]["packs"], "heads": VERDICT["payload"]["heads"][-1:],
        "known_at": VERDICT["payload"]["known_at"], **changed,
    }  # fmt: skip


def signed(payload: dict[str, Any]) -> str:
    """Sign as a compact JWS of the type of §16."""
    header = {
        "alg": "Ed25519", "kid": VERDICT["jwks"]["keys"][0]["kid"],
        "typ": "creditbank-predicate+jwt",
    }  # fmt: skip
    said = f"{base64url(json.dumps(header, separators=(',', ':')).encode())}"
    said = f"{said}.{base64url(written(payload))}"
    signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(said.encode())
    return f"{said}.{base64url(signature)}"


def main() -> None:
    """Print the vectors."""
    titled = {"series": "engineering", "level": "associate_senior"}
    document = ["document", PERSON["kind"], PERSON["number"], PERSON["name"]]
    by_mandate = payload_of("mandate", NONCES[0], document)
    by_mandate["question"] |= titled
    unsaid = {
        "code": "verdict-no-record", "zh": "没有记录", "en": "no record",
    }  # fmt: skip
    code = ["code", CODE.replace("-", "")]
    by_code = payload_of("code", NONCES[1], code, answer="undetermined", reasons=[unsaid])
    by_code["question"] |= {"subject": "", "per": "window", "at_least": "300.00"}
    meant: list[dict[str, str]] = [PERSON, {"code": CODE}]
    vectors = {
        "about": "creditbank/predicate/v1 (docs/formats.md §16): a yes under a mandate, bound to a "
        "document, and an undetermined by a code. Invented person; the seed is public.",
        "seed": SEED.hex(), "jwks": VERDICT["jwks"],
        "predicates": [
            {
                "subject": {**of, "nonce": nonce.hex()}, "payload": payload, "jws": signed(payload),
            }
            for of, nonce, payload in zip(meant, NONCES, [by_mandate, by_code], strict=True)
        ],
    }  # fmt: skip
    sys.stdout.buffer.write(
        json.dumps(vectors, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
    )


if __name__ == "__main__":
    main()
