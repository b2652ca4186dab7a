"""Wrote certificate.json once, from docs/formats.md alone: it imports nothing of the bank.

Run it (`python tests/vectors/make_certificate.py`) and compare: it prints the same bytes for ever.
"""

import hashlib
import hmac
import json
import sys
from collections.abc import Mapping, Sequence

Json = str | int | bool | Sequence["Json"] | Mapping[str, "Json"]
SECRET = bytes(range(32))
ACT_SALT = bytes(range(32, 64))
NUMBERS = [
    "37100020260000000000", "37100020261234567800", "00000020261234567890", "65010420309999999999",
]  # fmt: skip
CODES = [bytes(16), bytes(range(16)), b"\xff" * 16]
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def written(value: Json) -> str:
    """Write canonical JSON (§1); nothing here needs escapes or normal forms."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(tag: str, *parts: bytes) -> bytes:
    """Digest a tag, a line feed and the parts."""
    return hashlib.sha256(tag.encode() + b"\n" + b"".join(parts)).digest()


def check_character(digits: str) -> str:
    """ISO 7064 MOD 11-2, by its weights from the right: 2, 4, 8, …"""
    total = sum(int(digit) * 2**place for place, digit in enumerate(reversed(digits), start=1))
    return "0123456789X"[(1 - total) % 11]


def code_text(code: bytes) -> str:
    """Write 128 bits, two zero bits before them, five at a time."""
    bits = f"{int.from_bytes(code, 'big'):0130b}"
    return "".join(ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, 130, 5))


NUMBER = NUMBERS[0] + check_character(NUMBERS[0])
RECORD_DIGEST = sha256("creditbank/certificate-record/v1", written([1]).encode(), b"\x01" * 32)
COMMITMENT = hmac.digest(
    SECRET,
    b"creditbank/certificate-commitment/v1\n" + NUMBER.encode() + RECORD_DIGEST,
    hashlib.sha256,
)
FACTS: Json = {
    "statement": "creditbank/certificate/v1",
    "iss": "bank.example",
    "number": NUMBER,
    "issued_at": "2026-11-21T03:32:42.000000Z",
    "valid_through": "2029-11-21",
    "replaces": "",
    "issuer": {"jurisdiction": "cn-3710", "zh": "山东省威海市", "en": "Weihai, Shandong"},
    "holder": {"name": "李示例", "document_kind": "resident_id", "last_four": "0018"},
    "scheme": "cn-3710",
    "years": [2025, 2026],
    "subjects": [{"id": "professional", "zh": "专业科目", "en": "professional subjects"}],
    "hours": [
        {
            "year": 2026,
            "subject": "professional",
            "counted": "24.00",
            "capped": "0.00",
            "migrated": "0.00",
        }
    ],
    "total": "24.00",
    "packs": [
        {"id": "cn-3710", "version": 1, "sha256": "37" * 32, "zh": "威海市规则", "en": "Weihai"},
        {"id": "cn", "version": 1, "sha256": "86" * 32, "zh": "全国规定", "en": "National"},
    ],
    "clauses": [
        {
            "scheme": "cn-3710",
            "reference": "weihai-2024-2-9",
            "document": "威人社字〔2024〕2号",
            "clause": "第9项",
        }
    ],
    "assumptions": [
        {
            "scheme": "cn-3710",
            "key": "conversion.enterprise_course",
            "reason": "通知未规定每天折算多少学时。",
            "reason_en": "No notice says how many hours a day counts.",
        }
    ],
    "record": {"entries": 1, "commitment": COMMITMENT.hex()},
    "heads": [{"origin": "bank.example/ledger/cn-3710/2026", "size": 7, "root": "ab" * 32}],
    "known_at": "2026-11-21T03:32:40.000000Z",
    "salt": bytes(range(16)).hex(),
}
DIGEST = sha256("creditbank/certificate/v1", written(FACTS).encode())
DETAILS: Json = {
    "statement": "creditbank/certificate/v1",
    "facts": DIGEST.hex(),
    "scheme": "cn-3710",
    "years": [2025, 2026],
    "edition": 0,
    "replaces": "",
}
BODY: Json = [
    "certificate.issued",
    "cn-3710",
    "2026-11-21T03:32:42.000000Z",
    "official-7k2m9qxa",
    NUMBER,
    "",
    sha256("creditbank/details/v1", written(DETAILS).encode()).hex(),
    [],
]

VECTORS = {
    "numbers": [{"digits": each, "check": check_character(each)} for each in NUMBERS],
    "codes": [{"bytes": each.hex(), "text": code_text(each)} for each in CODES],
    "secret": SECRET.hex(),
    "record": {
        "names": 1,
        "leaves": [(b"\x01" * 32).hex()],
        "digest": RECORD_DIGEST.hex(),
        "commitment": COMMITMENT.hex(),
    },
    "facts": FACTS,
    "canonical": written(FACTS),
    "digest": DIGEST.hex(),
    "act": {
        "salt": ACT_SALT.hex(),
        "details": DETAILS,
        "body": BODY,
        "leaf": sha256("creditbank/act/v1", ACT_SALT, written(BODY).encode()).hex(),
    },
}

if __name__ == "__main__":
    json.dump(VECTORS, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
