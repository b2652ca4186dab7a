"""npm's jose checks what the bank signed: the tree of a list, and a verdict shown in part.

Node's packages are not the project's: the tests run where `CREDITBANK_TEST_NODE` names a directory
in which `npm install jose` was run, and `node` is there.
"""

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from creditbank.answering import signed_lines
from creditbank.jobs.batches import run_batches
from creditbank.keys import public_jwk
from creditbank.verification.kept import statement_of
from creditbank.verification.models import Verdict
from tests.bank import TestBank, invented_person
from tests.interop.test_sd_jwt import desk, issued, verdict_no
from tests.verification.test_batches import MET, client, listed
from tests.verification.test_list_trees import sent

__all__ = ["client", "desk", "verdict_no"]  # fixtures
SCRIPT = Path(__file__).parent / "node" / "check.mjs"
KEYS = ("verdict-ed25519", "verdict-es256")


def judged(bank: TestBank, kind: str, given: Any, *, algorithms: list[str]) -> Any:
    """Ask the script; None where a signature is not good."""
    node, place = shutil.which("node"), os.environ.get("CREDITBANK_TEST_NODE", "")
    if node is None or not (Path(place) / "node_modules" / "jose").is_dir():
        pytest.skip("no node, or no jose where CREDITBANK_TEST_NODE points")
    keys = [public_jwk(key) for name in KEYS for key in bank.house.keys.every(name)]
    asked = {"kind": kind, "jwks": {"keys": keys}, "algorithms": algorithms, "given": given}
    done = subprocess.run(
        [node, str(SCRIPT), place], input=json.dumps(asked), capture_output=True, text=True,
        timeout=120, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return json.loads(done.stdout)
    assert "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" in done.stderr, done.stderr
    return None


def test_jose_checks_the_root_of_a_list_and_the_place_of_each_row(
    bank: TestBank, client: Any
) -> None:
    people = listed(MET, *(invented_person(40 + n) for n in range(6)))
    batch_no = sent(bank, client, people)
    run_batches(threading.Event())
    rows = [json.loads(line)["listed"] for line in signed_lines(batch_no, client)]

    told = judged(bank, "listed", rows, algorithms=["Ed25519"])
    elsewhere = [{**rows[0], "index": 1}, {**rows[0], "payload": rows[1]["payload"]}]
    moved = judged(bank, "listed", elsewhere, algorithms=["Ed25519"])
    head, payload, _signature = rows[0]["tree"].split(".")
    forged = [{**rows[0], "tree": f"{head}.{payload}.{'A' * 86}"}]

    assert len(told) == 7
    assert {(t["holds"], t["alg"], t["typ"], t["list"], t["size"]) for t in told} == {
        (True, "Ed25519", "creditbank-verdict-tree+jwt", batch_no, 7)
    }
    assert {t["statement"] for t in told} == {"creditbank/verdict/v1"}
    assert [t["holds"] for t in moved] == [False, False]
    assert judged(bank, "listed", forged, algorithms=["Ed25519"]) is None


def test_jose_checks_a_verdict_that_is_shown_in_part(desk: Any, verdict_no: str) -> None:
    token = issued(desk, verdict_no)
    with desk.bank.reading() as session:
        statement = statement_of(session.get_one(Verdict, verdict_no))

    whole = judged(desk.bank, "shown", token, algorithms=["ES256"])
    first, disclosure, *rest = token.split("~")
    bare = judged(desk.bank, "shown", f"{first}~", algorithms=["ES256"])
    foreign = judged(desk.bank, "shown", f"{first}~{disclosure[:-2]}AA~", algorithms=["ES256"])
    head, payload, signature = first.split(".")
    forged = f"{head}.{payload}.{signature[::-1]}~{'~'.join(rest)}"

    assert (whole["known"], whole["typ"], whole["alg"]) == (
        True, "creditbank-verdict+sd-jwt", "ES256",
    )  # fmt: skip
    assert whole["members"]["outcome"] == statement["outcome"]
    assert whole["lines"] == statement["credited"]
    assert (bare["members"], bare["lines"]) == ({}, [])
    assert foreign["known"] is False
    assert judged(desk.bank, "shown", forged, algorithms=["ES256"]) is None
