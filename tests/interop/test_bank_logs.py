"""A real bank's public files, fetched as anybody would, before Go's log verifiers."""

from collections.abc import Sequence
from dataclasses import replace

from creditbank.ledger.checkpoint import parse_checkpoint
from creditbank.ledger.merkle import TILE_WIDTH, tile_width
from creditbank.ledger.tiles import entries_path, parse_entry_bundle, tile_path
from tests.bank import TestBank, attendance, invented_person
from tests.interop.go_verifier import (
    Consistency,
    Exhibit,
    Findings,
    GoVerifier,
    Inclusion,
    Record,
    go_verifier,
)

__all__ = ["go_verifier"]

ORIGIN = "bank.example/ledger/cn-3710/2026"
PREFIX = "/ledger/cn-3710/2026"


def fetched(bank: TestBank, path: str) -> bytes:
    response = bank.app.test_client().get(path)
    assert response.status_code == 200, response.text
    return response.data


def published_log(bank: TestBank) -> Exhibit:
    """Fetch what the bank publishes at three sizes: a few rows, several tiles, and one more."""
    filing_no = bank.approved_filing(seats=500)
    notes = []
    for people in (range(3), range(3, 230), range(230, 231)):
        bank.post(filing_no, attendance([invented_person(number) for number in people]))
        bank.seal()
        notes.append(fetched(bank, f"{PREFIX}/checkpoint").decode())
    [log] = [
        each
        for each in bank.app.test_client().get("/api/v1/logs").get_json()["logs"]
        if each["origin"] == ORIGIN
    ]
    sizes = [size_of(note) for note in notes]
    return Exhibit(
        vkey=log["vkey"],
        checkpoints=notes,
        tiles={path: fetched(bank, f"{PREFIX}/{path}") for path in tile_paths(sizes)},
        leaves=all_leaves(bank, sizes[-1]),
    )


def size_of(note: str) -> int:
    return parse_checkpoint(note.split("\n\n", maxsplit=1)[0] + "\n").size


def tile_paths(sizes: Sequence[int]) -> set[str]:
    return {
        tile_path(level, index, width)
        for size in sizes
        for level in range(3)
        for index in range(-(-size // TILE_WIDTH))
        if (width := tile_width(level, index, size))
    }


def all_leaves(bank: TestBank, size: int) -> list[bytes]:
    paths = [
        entries_path(index, tile_width(0, index, size)) for index in range(-(-size // TILE_WIDTH))
    ]
    return [
        leaf for path in paths for leaf in parse_entry_bundle(fetched(bank, f"{PREFIX}/{path}"))
    ]


def proof(bank: TestBank, index: int, size: int) -> tuple[bytes, ...]:
    answer = bank.app.test_client().get(
        "/api/v1/proofs", query_string={"origin": ORIGIN, "index": index, "size": size}
    )
    return tuple(bytes.fromhex(each) for each in answer.get_json()["hashes"])


def growth(bank: TestBank, older: int, newer: int) -> tuple[bytes, ...]:
    answer = bank.app.test_client().get(
        "/api/v1/consistency", query_string={"origin": ORIGIN, "from": older, "to": newer}
    )
    return tuple(bytes.fromhex(each) for each in answer.get_json()["hashes"])


def with_proofs(bank: TestBank, exhibit: Exhibit) -> Exhibit:
    sizes = [size_of(note) for note in exhibit.checkpoints]
    places = [
        (number, index) for number, size in enumerate(sizes) for index in {0, size // 2, size - 1}
    ]
    return replace(
        exhibit,
        inclusions=[
            Inclusion(number, index, exhibit.leaves[index], proof(bank, index, sizes[number]))
            for number, index in places
        ],
        consistencies=[
            Consistency(older, newer, growth(bank, sizes[older], sizes[newer]))
            for newer in range(len(sizes))
            for older in range(newer)
        ],
        records=[Record(number, index, exhibit.leaves[index]) for number, index in places],
    )


def holds(findings: Findings) -> bool:
    parts = (
        findings.checkpoints, findings.rebuilt, findings.inclusions, findings.consistencies,
        findings.records,
    )  # fmt: skip
    return all(part and not any(part) for part in parts)


def test_go_reads_the_banks_checkpoints_tiles_and_proofs(
    bank: TestBank, go_verifier: GoVerifier
) -> None:
    exhibit = with_proofs(bank, published_log(bank))

    [findings] = go_verifier([exhibit])

    assert holds(findings), findings


def test_go_refuses_the_log_when_one_leaf_was_changed(
    bank: TestBank, go_verifier: GoVerifier
) -> None:
    exhibit = with_proofs(bank, published_log(bank))
    forged = bytes(32)

    [findings] = go_verifier([replace(exhibit, leaves=[forged, *exhibit.leaves[1:]])])

    assert all(findings.rebuilt)
