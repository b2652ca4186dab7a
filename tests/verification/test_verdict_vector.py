"""The golden verdict: its bytes come out again, and the offline checker finds all of it true."""

import json
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from creditbank.keys import KeyStore
from creditbank.people.documents import DocumentKind, read_document
from creditbank.people.register import Identity
from creditbank.registry.clients import Client, Role
from creditbank.rules.requirement import Outcome
from creditbank.verification.answers import Prepared, sign
from creditbank.verification.questions import Ask

FOLDER = Path(__file__).parents[1] / "vectors"
VECTOR, AS_OF, REGISTERED = (
    json.loads((FOLDER / name).read_text(encoding="utf-8"))
    for name in ("verdict.json", "verdict_as_of.json", "verdict_registered.json")
)
EVERY = pytest.mark.parametrize(
    "vector", [VECTOR, AS_OF, REGISTERED], ids=["plain", "as-of", "registered"]
)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR["seed"]))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "verdict-ed25519.0001.key").write_bytes(pem)
    return KeyStore(tmp_path)


@EVERY
def test_the_golden_verdict_is_signed_again_byte_for_byte(
    keys: KeyStore, vector: dict[str, Any]
) -> None:
    subject = vector["subject"]
    document = read_document(DocumentKind(subject["kind"]), subject["number"])
    identity = Identity(document, subject["name"])
    ask = Ask(identity, "cn-3710", "engineering", "associate_senior", date(2027, 3, 15), "", "")
    client = Client("title_system-test", Role.TITLE_SYSTEM, frozenset(), "cn", None)
    statement = vector["payload"]
    prepared = Prepared(ask, client, "", None, Outcome(statement["outcome"]), b"", statement)

    signed = sign(prepared, keys, "Ed25519")

    assert signed.jws == vector["jws"]
    assert signed.verdict_no == statement["jti"]


@EVERY
def test_the_offline_checker_finds_all_of_the_golden_verdict_true(
    checker: ModuleType, vector: dict[str, Any]
) -> None:
    report = checker.examine(
        vector["jws"].encode(),
        json.dumps(vector["jwks"]).encode(),
        subject=json.dumps(vector["subject"]).encode(),
    )

    assert not report.failed
    open_ = {each.check for each in report.findings if each.state is not checker.State.OK}
    # What a law that asks nothing of this title decides, no requirement says.
    decided = vector["payload"]["outcome"] in ("met", "not_met")
    assert open_ == (set() if decided else {"outcome"})


def test_the_golden_verdict_as_of_a_day_has_differences_of_both_kinds() -> None:
    told = AS_OF["payload"]["worked_out"]

    assert {each["movement"] for each in told} == {"cap", "uncap"}
    assert any(each["cuts"] for each in told)


def test_the_golden_verdict_speaks_of_every_movement_there_is_yet() -> None:
    movements = {entry["body"][0] for entry in VECTOR["payload"]["entries"]}

    assert movements == {"credit", "cap", "reverse"}
