"""The golden predicates: signed again byte for byte, and found true by the offline checker, which
catches each lie about them."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from creditbank.keys import KeyStore, signed_jws
from creditbank.verification.predicates import TOKEN_TYPE, subject_digest
from tests.vectors.make_predicate import signed

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "predicate.json").read_text(encoding="utf-8")
)
PREDICATES: list[dict[str, Any]] = VECTORS["predicates"]
EVERY = pytest.mark.parametrize("vector", PREDICATES, ids=["by-mandate", "by-code"])
JWKS = json.dumps(VECTORS["jwks"]).encode()


def report_on(checker: ModuleType, token: str, subject: dict[str, Any] | None = None) -> Any:
    meant = None if subject is None else json.dumps(subject).encode()
    return checker.examine_predicate(token.encode(), JWKS, subject=meant)


@EVERY
def test_the_golden_predicate_is_signed_again_byte_for_byte(
    tmp_path: Path, vector: dict[str, Any]
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["seed"]))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "verdict-ed25519.0001.key").write_bytes(pem)

    token = signed_jws(KeyStore(tmp_path), "Ed25519", TOKEN_TYPE, vector["payload"])

    assert token == vector["jws"]


def test_the_bank_binds_as_the_golden_predicates_are_bound() -> None:
    person, code = (each["subject"] for each in PREDICATES)
    of = [
        ["document", person["kind"], person["number"], person["name"]],
        ["code", code["code"].replace("-", "")],
    ]

    assert [
        subject_digest(bytes.fromhex(each["subject"]["nonce"]), said)
        for each, said in zip(PREDICATES, of, strict=True)
    ] == [each["payload"]["subject"]["digest"] for each in PREDICATES]


@EVERY
def test_the_checker_finds_the_golden_predicate_true(
    checker: ModuleType, vector: dict[str, Any]
) -> None:
    report = report_on(checker, vector["jws"], vector["subject"])

    assert not report.failed
    open_ = {each.check for each in report.findings if each.state is not checker.State.OK}
    assert open_ == {"published-keys"}
    for language in ("zh", "en"):
        assert vector["payload"]["words"][language] in "\n".join(
            checker.predicate_lines(report, language)
        )


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda said: said.update(answer="perhaps"), "claim"),
        (lambda said: said.update(answer="undetermined"), "claim"),
        (lambda said: said["question"].update(per="month"), "claim"),
        (lambda said: said["question"].update(last_year=2020), "claim"),
        (lambda said: said["question"].update(at_least="0.00"), "claim"),
        (lambda said: said["asker"].update(by="code"), "claim"),
        (lambda said: said["question"].update(scheme="cn-33"), "packs"),
        (lambda said: said.update(hours="61.00"), "members"),
        (lambda said: said["subject"].update(digest="00" * 32), "binding"),
        (lambda said: said["subject"].update(of="code"), "binding"),
        (lambda said: said["heads"][0].update(size=8), "head-content"),
        (lambda said: said.update(heads=[]), "heads"),
    ],
)
def test_a_lie_that_is_signed_is_caught(
    checker: ModuleType, change: Callable[[dict[str, Any]], None], check: str
) -> None:
    [honest, _] = PREDICATES
    lie = json.loads(json.dumps(honest["payload"]))
    change(lie)

    report = report_on(checker, signed(lie), honest["subject"])

    assert report.failed == (check,)


def test_another_answer_under_the_same_signature_another_person_and_another_nonce_fail(
    checker: ModuleType,
) -> None:
    [yes, other] = PREDICATES
    header, _, signature = yes["jws"].split(".")
    forged = ".".join([header, signed(yes["payload"] | {"answer": "no"}).split(".")[1], signature])
    person = yes["subject"]

    assert report_on(checker, forged).failed == ("signature",)
    assert report_on(checker, yes["jws"], person | {"name": "王示例"}).failed == ("binding",)
    assert report_on(checker, yes["jws"], person | {"nonce": "00" * 32}).failed == ("binding",)
    assert report_on(checker, yes["jws"], other["subject"]).failed == ("binding",)


def test_the_command_line_tells_a_predicate_by_its_type(
    checker: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [yes, _] = PREDICATES
    files = {
        "said.jws": yes["jws"], "jwks.json": json.dumps(VECTORS["jwks"]),
        "subject.json": json.dumps(yes["subject"]),
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    said, jwks, subject = (str(tmp_path / name) for name in files)

    ended = checker.main([said, "--jwks", jwks, "--subject", subject, "--language", "en"])

    told = capsys.readouterr().out
    assert ended == 0
    assert "yes" in told.splitlines()[0]
    assert yes["subject"]["number"] not in told
