"""Wrote leaves.json once, from docs/formats.md §1–§4 and §6 alone: it imports nothing of the bank.

Run it (`python tests/vectors/make_leaves.py`) and compare: it prints the same bytes for ever.
"""

import hashlib
import hmac
import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence

Json = str | int | bool | Sequence["Json"] | Mapping[str, "Json"]

SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def written(value: Json) -> str:
    """Write canonical JSON (§1) without the help of a JSON library."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        signs = unicodedata.normalize("NFC", value)
        return (
            '"' + "".join(SHORT.get(s, f"\\u{ord(s):04x}" if s < " " else s) for s in signs) + '"'
        )
    if isinstance(value, Mapping):
        pairs = sorted((unicodedata.normalize("NFC", key), item) for key, item in value.items())
        return "{" + ",".join(f"{written(key)}:{written(item)}" for key, item in pairs) + "}"
    return "[" + ",".join(written(item) for item in value) + "]"


def sha256(tag: str, *parts: bytes) -> bytes:
    """Digest a tag, a line feed and the parts."""
    return hashlib.sha256(tag.encode() + b"\n" + b"".join(parts)).digest()


SECRET = bytes(range(32))
ACT_SALT = bytes(range(32, 64))
PACK = '# 一个例子\nid = "cn-3710"\n'.encode()
PACK_DIGEST = hashlib.sha256(PACK).hexdigest()
PINS: Json = [["cn-3710", 2, PACK_DIGEST], ["cn-37", 1, "37" * 32], ["cn", 1, "86" * 32]]

CANONICAL: list[Json] = [
    [],
    {},
    "",
    0,
    -(2**53 - 1),
    2**53 - 1,
    True,
    False,
    ["学时", "e\u0301", "\u00e9", "ﬁ", "\U00020000"],
    '"\\/\b\t\n\f\r\u0000\u001f\u007f\u2028\ufeff',
    {"b": 1, "a": 2, "B": 3, "年": 4, "\uff21": 5, "\U0001f600": 6, "": 7, "aa": 8},
    {"e\u0301": {"z": [], "a": {}}, "days": ["2026-11-10", "2026-11-11"], "open": False},
]

FACTS: Json = {
    "kind": "attendance",
    "filing": "F7K2M9QXAB",
    "day": "2026-11-10",
    "attended_minutes": 360,
    "steps": [{"code": "rules-step-per-day", "centihours": 800}],
}
FACTS_DIGEST = sha256("creditbank/facts/v1", written(FACTS).encode())
DETAILS: Json = {"seats": 40, "title": "碳纤维复合材料成型工艺研修", "days": ["2026-11-10"]}


def act(kind: str, subject: str, reason: str, details: Json, cites: list[str]) -> list[Json]:
    """Build the body of an act (§4)."""
    digest = sha256("creditbank/details/v1", written(details).encode()).hex()
    at = "2026-11-20T02:00:00.000000Z"
    return [kind, "cn-3710", at, "official-test", subject, reason, digest, cites]


def act_leaf(body: Json) -> bytes:
    """Digest an act (§4)."""
    return sha256("creditbank/act/v1", ACT_SALT, written(body).encode())


APPROVAL = act("filing.approved", "F7K2M9QXAB", "", DETAILS, [])
APPROVAL_LEAF = act_leaf(APPROVAL)
ORDER = act("attendance.withdrawn", "F7K2M9QXAB", "not-present", {}, [APPROVAL_LEAF.hex()])
ORDER_LEAF = act_leaf(ORDER)


def salt(body: list[Json]) -> bytes:
    """Derive the salt of an entry (§3) from scheme, occasion, revision, movement and step."""
    key = written([body[1], body[9], body[10], body[0], body[11]]).encode()
    return hmac.digest(SECRET, b"creditbank/salt/v1\n" + key, "sha256")


def entry_leaf(body: list[Json]) -> bytes:
    """Digest an entry (§3)."""
    return sha256("creditbank/entry/v1", salt(body), written(body).encode())


def credit(occasion: str, revision: int, centihours: int, subject: str) -> list[Json]:
    """Build the body of a credit."""
    return [
        "credit", "cn-3710", 2026, subject, "issued", "live", centihours, "2026-11-10",
        "2026-11-21T03:32:42.000000Z", occasion, revision, 0, APPROVAL_LEAF.hex(), "",
        ["", ""], [FACTS_DIGEST.hex(), PINS],
    ]  # fmt: skip


def later(  # noqa: PLR0917 # the elements in the order of §3
    of: list[Json], movement: str, origin: str, reached: str, centihours: int, step: int,
    order: list[Json],
) -> list[Json]:  # fmt: skip
    """Build the body of a movement on a credit: it repeats what §3 says, and names the credit."""
    return [
        movement, *of[1:4], origin, reached, centihours, of[7], "2026-11-21T04:00:00.123456Z",
        *of[9:11], step, of[12], entry_leaf(of).hex(), order, ["", PINS],
    ]  # fmt: skip


FIRST = credit("F7K2M9QXAB/1", 0, 800, "professional")
ENTRIES: list[list[Json]] = [
    FIRST,
    credit("F7K2M9QXAB/1", 1, 1, "public.general"),
    credit("论文·é/2", 0, 100_000_000, "professional.results"),
    later(FIRST, "cap", "live", "capped", 200, 0, ["", "cap-year"]),
    later(FIRST, "uncap", "capped", "live", 200, 0, ["", "cap-year"]),
    later(FIRST, "cap", "live", "capped", 150, 1, ["", "cap-year"]),
    later(FIRST, "freeze", "live", "frozen", 650, 0, [ORDER_LEAF.hex(), "sampling"]),
    later(FIRST, "release", "frozen", "live", 650, 0, [ORDER_LEAF.hex(), "sampling"]),
    later(FIRST, "reverse", "live", "issued", 800, 0, [ORDER_LEAF.hex(), "not-present"]),
]


def vectors() -> Json:
    """Gather every example with what was computed of it."""
    return {
        "canonical": [
            {"value": value, "text_hex": written(value).encode().hex()} for value in CANONICAL
        ],
        "facts": [{"facts": FACTS, "digest": FACTS_DIGEST.hex()}],
        "pack": {"content_hex": PACK.hex(), "sha256": PACK_DIGEST},
        "acts": [
            {"salt": ACT_SALT.hex(), "details": details, "body": body, "leaf": act_leaf(body).hex()}
            for details, body in ((DETAILS, APPROVAL), ({}, ORDER))
        ],
        "secret": SECRET.hex(),
        "entries": [
            {"body": body, "salt": salt(body).hex(), "leaf": entry_leaf(body).hex()}
            for body in ENTRIES
        ],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(vectors(), indent=1) + "\n")
