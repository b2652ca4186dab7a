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

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "verdict.json").read_text(encoding="utf-8")
)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR["seed"]))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "verdict-ed25519.0001.key").write_bytes(pem)
    return KeyStore(tmp_path)


def test_the_golden_verdict_is_signed_again_byte_for_byte(keys: KeyStore) -> None:
    subject = VECTOR["subject"]
    document = read_document(DocumentKind(subject["kind"]), subject["number"])
    identity = Identity(document, subject["name"])
    ask = Ask(identity, "cn-3710", "engineering", "associate_senior", date(2027, 3, 15), "", "")
    client = Client("title_system-test", Role.TITLE_SYSTEM, frozenset(), "cn", None)
    statement = VECTOR["payload"]
    prepared = Prepared(ask, client, "", None, Outcome(statement["outcome"]), b"", statement)

    signed = sign(prepared, keys, "Ed25519")

    assert signed.jws == VECTOR["jws"]
    assert signed.verdict_no == statement["jti"]


def test_the_offline_checker_finds_all_of_the_golden_verdict_true(checker: ModuleType) -> None:
    report = checker.examine(
        VECTOR["jws"].encode(),
        json.dumps(VECTOR["jwks"]).encode(),
        subject=json.dumps(VECTOR["subject"]).encode(),
    )

    assert not report.failed
    assert {finding.state for finding in report.findings} == {checker.State.OK}


def test_the_golden_verdict_speaks_of_every_movement_there_is_yet() -> None:
    movements = {entry["body"][0] for entry in VECTOR["payload"]["entries"]}

    assert movements == {"credit", "cap", "reverse"}
