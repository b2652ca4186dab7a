"""The public logs as static files: what a checkpoint covers is there, and nothing beyond it."""

import re
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from creditbank.app import create_app
from creditbank.config import Settings
from creditbank.ledger.checkpoint import open_checkpoint
from creditbank.ledger.merkle import consistency_holds, leaf_node, root_of
from creditbank.ledger.tiles import parse_entry_bundle
from tests.api.desk import Desk, problem_of, roster_rows
from tests.bank import invented_person


@pytest.fixture
def log(desk: Desk) -> str:
    """Seal a posting; return the path of its log."""
    filing_no = desk.approved_filing()
    people = [invented_person(number) for number in range(40)]
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows(people))
    assert desk.official.post("/api/v1/seals", retry="").get_json()["more"] is False
    logs = desk.nobody.get("/api/v1/logs").get_json()["logs"]
    largest = max(logs, key=lambda each: int(each["size"]))
    return "/" + str(largest["origin"]).partition("/")[2]


def size_of(desk: Desk, log: str) -> int:
    return int(desk.nobody.get(f"{log}/checkpoint").get_data(as_text=True).split("\n")[1])


def test_the_checkpoint_opens_under_the_listed_key(desk: Desk, log: str) -> None:
    response = desk.nobody.get(f"{log}/checkpoint")
    listed = desk.nobody.get("/api/v1/logs").get_json()["logs"]

    checkpoint = open_checkpoint(response.data, [each["vkey"] for each in listed])

    assert response.content_type == "text/plain; charset=utf-8"
    assert re.search(r"max-age=\d\b", response.headers["Cache-Control"])
    assert checkpoint.origin == f"bank.example{log}"
    assert checkpoint.size == size_of(desk, log)


def test_the_entries_of_all_bundles_lead_to_the_signed_root(desk: Desk, log: str) -> None:
    size = size_of(desk, log)
    leaves: list[bytes] = []
    while len(leaves) < size:
        width = min(256, size - len(leaves))
        partial = f".p/{width}" if width < 256 else ""
        bundle = desk.nobody.get(f"{log}/tile/entries/{len(leaves) // 256:03}{partial}")
        leaves += parse_entry_bundle(bundle.data)

    vkeys = [each["vkey"] for each in desk.nobody.get("/api/v1/logs").get_json()["logs"]]
    checkpoint = open_checkpoint(desk.nobody.get(f"{log}/checkpoint").data, vkeys)
    assert root_of([leaf_node(leaf) for leaf in leaves]) == checkpoint.root


def test_a_partial_tile_is_a_prefix_and_ends_with_the_log(desk: Desk, log: str) -> None:
    size = size_of(desk, log)
    assert size < 256

    whole = desk.nobody.get(f"{log}/tile/0/000.p/{size}").data
    prefix = desk.nobody.get(f"{log}/tile/0/000.p/1").data
    beyond = [
        desk.nobody.get(f"{log}/tile/0/000.p/{size + 1}"),
        desk.nobody.get(f"{log}/tile/0/000"),
        desk.nobody.get(f"{log}/tile/1/000.p/1"),
        desk.nobody.get(f"{log}/tile/entries/001.p/1"),
    ]

    assert len(whole) == 32 * size
    assert whole.startswith(prefix)
    assert {each.status_code for each in beyond} == {404}
    assert {problem_of(each)["code"] for each in beyond} == {"tile-unpublished"}


@pytest.mark.parametrize(
    "path", ["tile/0/000.p/0", "tile/0/0", "tile/64/000", "tile/x/000", "tile/0/000.p/256", "x"]
)
def test_another_spelling_of_a_tile_is_no_tile(desk: Desk, log: str, path: str) -> None:
    assert desk.nobody.get(f"{log}/{path}").status_code == 404


def test_a_log_that_is_not_there_is_not_found(desk: Desk) -> None:
    answers: list[TestResponse] = [
        desk.nobody.get("/ledger/cn-99/2026/checkpoint"),
        desk.nobody.get("/ledger/cn-3710/1999/checkpoint"),
        desk.nobody.get("/ledger/cn-99/2026/tile/0/000"),
    ]

    assert {problem_of(each)["code"] for each in answers} == {"log-unknown"}


def test_a_log_only_grows_between_its_checkpoints(desk: Desk, log: str) -> None:
    older = size_of(desk, log)
    desk.approved_filing()
    desk.official.post("/api/v1/seals", retry="")
    query = {"origin": f"bank.example{log}", "from": str(older)}

    proof = desk.nobody.get("/api/v1/consistency", query_string=query).get_json()

    assert proof["newer_size"] > older
    old, new = (
        open_checkpoint(proof[name], [proof["vkey"]])
        for name in ("older_checkpoint", "newer_checkpoint")
    )
    hashes = [bytes.fromhex(each) for each in proof["hashes"]]
    assert consistency_holds(old.size, old.root, new.size, new.root, hashes)


def test_a_proof_is_given_under_any_signed_checkpoint_and_no_other(desk: Desk, log: str) -> None:
    older = size_of(desk, log)
    desk.approved_filing()
    desk.official.post("/api/v1/seals", retry="")
    query = {"origin": f"bank.example{log}", "index": "0"}

    under_older = desk.nobody.get("/api/v1/proofs", query_string={**query, "size": str(older)})
    unsigned = desk.nobody.get("/api/v1/proofs", query_string={**query, "size": str(older + 1)})
    text = desk.nobody.get("/api/v1/proofs", query_string=query, headers={"Accept": "text/plain"})

    assert under_older.get_json()["size"] == older
    assert problem_of(unsigned)["code"] == "checkpoint-unknown"
    assert text.get_data(as_text=True).startswith("c2sp.org/tlog-proof@v1\n")


def test_the_bank_tells_how_it_is(desk: Desk, log: str) -> None:
    response = desk.nobody.get("/health")

    assert response.status_code == 200
    assert response.get_json()["status"] == "ok"
    assert response.get_json()["guards_missing"] == []
    assert response.get_json()["seal_age_seconds"] >= 0
    assert log


def test_looking_how_a_bank_is_makes_no_file_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite3"
    app = create_app(Settings(home=str(tmp_path), database_url=f"sqlite:///{path}"))

    answers = [app.test_client().get("/health") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[-1].get_json() == {
        "status": "unwell", "database": False, "migrations_current": False, "guards_missing": [],
        "guards_forbidden": [], "seal_age_seconds": None,
    }  # fmt: skip
    assert not path.exists()
