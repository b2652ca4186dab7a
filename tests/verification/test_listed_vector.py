"""The golden list that is signed as a whole: its bytes come out again, and lies about it fail."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import OKPKey

from creditbank.keys import KeyStore
from creditbank.ledger.merkle import append, leaf_node
from creditbank.verification.list_trees import leaf_of, shown, signed_root, signer_of_trees

FOLDER = Path(__file__).parents[1] / "vectors"
VECTOR = json.loads((FOLDER / "listed_verdict.json").read_text(encoding="utf-8"))
SEED = json.loads((FOLDER / "verdict.json").read_text(encoding="utf-8"))["seed"]
JWKS = json.dumps(VECTOR["jwks"]).encode()
TYPE = "creditbank-verdict-tree+jwt"
Listed = dict[str, Any]


def listed(index: int = 0) -> Listed:
    return dict(VECTOR["listed"][index])


def payload_of(item: Listed) -> bytes:
    return base64.urlsafe_b64decode(item["payload"] + "==")


def signed(said: dict[str, Any], *, typ: str = TYPE, seed: str = SEED) -> str:
    """Sign another root with the bank's key, as nobody but the bank could."""
    raw = base64.urlsafe_b64encode(bytes.fromhex(seed)).rstrip(b"=").decode()
    key = OKPKey.import_key({**VECTOR["jwks"]["keys"][0], "d": raw})
    header = {"alg": "Ed25519", "kid": VECTOR["jwks"]["keys"][0]["kid"], "typ": typ}
    return jws.serialize_compact(header, json.dumps(said).encode(), key, algorithms=["Ed25519"])


def changed_letter(item: Listed) -> Listed:
    said = payload_of(item).replace(b'"outcome":"not_met"', b'"outcome":"met"')
    assert said != payload_of(item)
    return item | {"payload": base64.urlsafe_b64encode(said).rstrip(b"=").decode()}


def test_the_vector_can_be_made_again_without_the_bank() -> None:
    maker = FOLDER / "make_listed.py"

    made = subprocess.run([sys.executable, "-I", maker], check=True, capture_output=True)

    assert made.stdout == (FOLDER / "listed_verdict.json").read_bytes()
    assert "creditbank" not in {
        line.split()[1]
        for line in maker.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }


def test_the_golden_list_is_signed_again_byte_for_byte(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SEED))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "verdict-ed25519.0001.key").write_bytes(pem)
    root = VECTOR["root"]

    leaves = [leaf_of(payload_of(item)) for item in VECTOR["listed"]]
    growth = append(0, [leaf_node(each) for each in leaves], lambda _level, _index: b"")
    by = signer_of_trees(KeyStore(tmp_path), "Ed25519")
    token = signed_root(
        by, root["iss"], root["list"], growth, now=datetime.fromtimestamp(root["iat"], UTC)
    )

    assert [leaf.hex() for leaf in leaves] == VECTOR["leaves"]
    for item in VECTOR["listed"]:
        proof = map(bytes.fromhex, item["proof"])
        assert shown(token, item["index"], proof, payload_of(item)) == item


def test_the_offline_checker_finds_all_of_the_golden_list_true(checker: ModuleType) -> None:
    subject = json.dumps(VECTOR["subject"]).encode()
    reports = [
        checker.examine_listed(json.dumps(item).encode(), JWKS, subject=subject if n == 0 else None)
        for n, item in enumerate(VECTOR["listed"])
    ]
    line = {"row_no": 5, "verdict_no": "", "outcome": "refused", "listed": listed(3)}
    by_line = checker.examine_listed(json.dumps(line).encode(), JWKS)

    assert [report.failed for report in reports] == [()] * 5
    assert by_line == reports[3]
    assert (by_line.refusal.row, by_line.refusal.codes) == (5, ("identity-mismatch",))


LIES: dict[str, tuple[str, Callable[[], Listed]]] = {
    "a changed letter": ("place", lambda: changed_letter(listed())),
    "another index": ("place", lambda: listed() | {"index": 1}),
    "an index beyond the list": ("place", lambda: listed() | {"index": 5}),
    "the proof of another row": ("place", lambda: listed() | {"proof": listed(1)["proof"]}),
    "a proof that is cut short": ("place", lambda: listed() | {"proof": listed()["proof"][:-1]}),
    "a proof that goes on": (
        "place", lambda: listed() | {"proof": [*listed()["proof"], "00" * 32]}
    ),
    "an inner node for a leaf": ("place", lambda: listed() | {"proof": listed()["proof"][1:]}),
    "the root of another list": (
        "place", lambda: listed() | {"tree": signed(VECTOR["root"] | {"root": "00" * 32})}
    ),
    "a root that says another size": (
        "place", lambda: listed() | {"tree": signed(VECTOR["root"] | {"size": 2})}
    ),
    "a refusal of another list": (
        "list", lambda: listed(3) | {"tree": signed(VECTOR["root"] | {"list": "B00000000000"})}
    ),
    "the root of another bank": (
        "list", lambda: listed() | {"tree": signed(VECTOR["root"] | {"iss": "other.example"})}
    ),
    "more than the format knows": (
        "list", lambda: listed() | {"tree": signed(VECTOR["root"] | {"note": "x"})}
    ),
    "a root under the type of a verdict": (
        "header", lambda: listed() | {"tree": signed(VECTOR["root"], typ="creditbank-verdict+jwt")}
    ),
    "a root that another key signed": (
        "signature", lambda: listed() | {"tree": signed(VECTOR["root"], seed="77" * 32)}
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_the_offline_checker_sees_each_lie(checker: ModuleType, lie: str) -> None:
    check, told = LIES[lie]

    report = checker.examine_listed(json.dumps(told()).encode(), JWKS)

    assert check in report.failed


def test_a_root_is_no_verdict_and_a_verdict_is_no_root(checker: ModuleType) -> None:
    verdict = json.loads((FOLDER / "verdict.json").read_text(encoding="utf-8"))["jws"]

    with pytest.raises(checker.UnreadableError):
        checker.examine(listed()["tree"].encode(), JWKS)
    with pytest.raises(checker.UnreadableError):
        checker.examine_listed(json.dumps(listed() | {"tree": verdict}).encode(), JWKS)


@pytest.mark.parametrize(("index", "told"), [(0, "以及|第 0 项"), (3, "identity-mismatch")])
def test_the_command_checks_a_line_of_the_answers(tmp_path: Path, index: int, told: str) -> None:
    (tmp_path / "jwks.json").write_bytes(JWKS)
    line = json.dumps({"row_no": 2, "listed": listed(index)})
    tool = Path(__file__).parents[2] / "tools" / "check_verdict.py"

    def run(text: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-I", "-S", "-X", "utf8", str(tool), "-", "--jwks", "jwks.json"],
            input=text.encode(), capture_output=True, cwd=tmp_path, check=False, timeout=60,
        )  # fmt: skip

    good, bad = run(line), run(line.replace('"index": ', '"index": 1'))

    assert (good.returncode, good.stderr) == (0, b"")
    assert told.rpartition("|")[2] in good.stdout.decode()
    assert (bad.returncode, "[失败] 在名单树中的位置" in bad.stdout.decode()) == (1, True)
