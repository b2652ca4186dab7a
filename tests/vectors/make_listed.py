"""Makes `listed_verdict.json` from docs/formats.md §15 alone: nothing of the bank's code is used.

Run it to see that the vector follows from the document; the file itself is never edited.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FOLDER = Path(__file__).parent
LIST, HOST = "B7K2M9QXABCD", "bank.example"


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def split_of(count):
    """The largest power of two below a count (RFC 9162 §2.1.1)."""
    width = 1
    while 2 * width < count:
        width *= 2
    return width


def root_of(nodes):
    if len(nodes) == 1:
        return nodes[0]
    width = split_of(len(nodes))
    return digest(b"\x01", root_of(nodes[:width]), root_of(nodes[width:]))


def proof_of(index, nodes):
    """RFC 9162 §2.1.3.1."""
    if len(nodes) == 1:
        return []
    width = split_of(len(nodes))
    if index < width:
        return [*proof_of(index, nodes[:width]), root_of(nodes[width:])]
    return [*proof_of(index - width, nodes[width:]), root_of(nodes[:width])]


def refusal(row, codes, salt):
    return {
        "iss": HOST, "statement": "creditbank/list-refusal/v1", "list": LIST, "row": row,
        "codes": codes, "salt": salt,
    }  # fmt: skip


def main():
    verdict = json.loads((FOLDER / "verdict.json").read_text(encoding="utf-8"))
    others = [
        json.loads((FOLDER / name).read_text(encoding="utf-8"))["payload"]
        for name in ("verdict_as_of.json", "verdict_registered.json")
    ]
    said = [
        verdict["payload"], *others,
        refusal(5, ["identity-mismatch"], "5a" * 16),
        refusal(9, ["roster-number-missing", "roster-name-missing"], "a5" * 16),
    ]  # fmt: skip
    payloads = [canonical(each) for each in said]
    leaves = [digest(b"creditbank/list-leaf/v1\n", each) for each in payloads]
    nodes = [digest(b"\x00", leaf) for leaf in leaves]
    root = {
        "iss": HOST, "iat": 1793232000, "statement": "creditbank/verdict-tree/v1", "list": LIST,
        "size": len(leaves), "root": root_of(nodes).hex(),
    }  # fmt: skip
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(verdict["seed"]))
    header = {
        "alg": "Ed25519", "kid": verdict["jwks"]["keys"][0]["kid"],
        "typ": "creditbank-verdict-tree+jwt",
    }  # fmt: skip
    signed = f"{base64url(canonical(header))}.{base64url(canonical(root))}"
    tree = f"{signed}.{base64url(key.sign(signed.encode()))}"
    made = {
        "about": "A list of five rows that is signed as a whole: the three golden verdicts and two"
        " refusals, signed with the key of verdict.json.",
        "jwks": verdict["jwks"],
        "subject": verdict["subject"],
        "leaves": [leaf.hex() for leaf in leaves],
        "root": root,
        "listed": [
            {
                "statement": "creditbank/listed-verdict/v1",
                "payload": base64url(payload),
                "index": index,
                "proof": [each.hex() for each in proof_of(index, nodes)],
                "tree": tree,
            }
            for index, payload in enumerate(payloads)
        ],
    }
    sys.stdout.buffer.write(json.dumps(made, ensure_ascii=False, indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
