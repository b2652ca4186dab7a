"""Numbers, codes, facts and the act of issue agree with the golden vector of docs/formats.md."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from creditbank.canonical import canonical_text
from creditbank.certificates.facts import facts_digest, record_commitment, record_digest
from creditbank.certificates.numbers import check_character, code_of_text, code_text
from creditbank.clock import instant_from_text
from creditbank.ledger.leaves import ActBody, act_leaf

FOLDER = Path(__file__).parents[1] / "vectors"
VECTORS: dict[str, Any] = json.loads((FOLDER / "certificate.json").read_text(encoding="utf-8"))


def test_the_vector_can_be_made_again_without_the_bank() -> None:
    maker = FOLDER / "make_certificate.py"

    made = subprocess.run([sys.executable, "-I", maker], check=True, capture_output=True)

    assert "import creditbank" not in maker.read_text(encoding="utf-8")
    assert made.stdout == (FOLDER / "certificate.json").read_bytes()


@pytest.mark.parametrize("vector", VECTORS["numbers"], ids=lambda vector: vector["digits"])
def test_the_check_character_is_that_of_the_vector(vector: dict[str, str]) -> None:
    assert check_character(vector["digits"]) == vector["check"]


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: vector["text"])
def test_a_code_is_written_as_in_the_vector(vector: dict[str, str]) -> None:
    code = bytes.fromhex(vector["bytes"])

    assert code_text(code) == vector["text"]
    assert code_of_text(vector["text"]) == code


def test_the_facts_have_the_text_and_the_digest_of_the_vector() -> None:
    assert canonical_text(VECTORS["facts"]) == VECTORS["canonical"]
    assert facts_digest(VECTORS["facts"]).hex() == VECTORS["digest"]


def test_the_record_has_the_digest_and_the_commitment_of_the_vector() -> None:
    record = VECTORS["record"]
    digest = record_digest(map(bytes.fromhex, record["leaves"]), record["names"])

    commitment = record_commitment(
        bytes.fromhex(VECTORS["secret"]), VECTORS["facts"]["number"], digest
    )

    assert digest.hex() == record["digest"]
    assert commitment.hex() == record["commitment"]
    assert VECTORS["facts"]["record"]["commitment"] == record["commitment"]


def test_the_act_of_issue_has_the_leaf_of_the_vector() -> None:
    act = VECTORS["act"]
    kind, jurisdiction, recorded_at, actor, subject, reason, _details, _cites = act["body"]
    body = ActBody(
        kind, jurisdiction, instant_from_text(recorded_at), actor, subject, reason,
        canonical_text(act["details"]), (),
    )  # fmt: skip

    assert body.to_canonical() == act["body"]
    assert act_leaf(bytes.fromhex(act["salt"]), body).hex() == act["leaf"]
