"""Go's checksum-database verifiers judge our notes, proofs and tiles, and our forgeries."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from creditbank.ledger.checkpoint import Checkpoint, NoteKey, sign_note, signature_line, vkey
from tests.interop.go_verifier import (
    Consistency,
    Exhibit,
    Findings,
    GoVerifier,
    Inclusion,
    Record,
    Signing,
    go_verifier,
)
from tests.ledger.growing_log import GrowingLog, invented_leaf

__all__ = ["go_verifier"]

ORIGIN = "bank.example/ledger/cn-3710/2026"
SEED = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
VKEY = vkey(ORIGIN, KEY.public_key())
SIZES = (1, 2, 3, 5, 8, 200, 255, 256, 257, 511, 512, 600, 1300)
LONG = 70_000


def log_published_at(*sizes: int) -> tuple[GrowingLog, Exhibit]:
    """A log that published at each size; older partial tiles stay served beside the wider ones."""
    log = GrowingLog()
    tiles: dict[str, bytes] = {}
    notes: list[str] = []
    for size in sizes:
        log.grow_to(size)
        tiles |= log.published_tiles(size)
        notes.append(sign_note(Checkpoint(ORIGIN, size, log.roots[size]).body(), ORIGIN, KEY))
    return log, Exhibit(VKEY, notes, tiles, log.leaves)


def inclusion(log: GrowingLog, checkpoint: int, index: int, size: int) -> Inclusion:
    return Inclusion(checkpoint, index, log.leaves[index], log.inclusion_proof(index, size))


def edge_positions(size: int) -> list[int]:
    return sorted({0, size // 2, size - 1} | {edge for edge in (1, 255, 256, 511) if edge < size})


def all_hold(findings: list[str]) -> bool:
    return bool(findings) and not any(findings)


def all_fail(findings: list[str]) -> bool:
    return bool(findings) and all(findings)


def flipped(raw: bytes, position: int) -> bytes:
    return raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]


@pytest.fixture(scope="module")
def judged(go_verifier: GoVerifier) -> Findings:
    log, exhibit = log_published_at(*SIZES)
    exhibit = replace(
        exhibit,
        inclusions=[
            inclusion(log, number, index, size)
            for number, size in enumerate(SIZES)
            for index in edge_positions(size)
        ],
        consistencies=[
            Consistency(older, newer, log.consistency_proof(SIZES[older], SIZES[newer]))
            for newer in range(len(SIZES))
            for older in range(newer + 1)
        ],
        records=[
            Record(number, index, log.leaves[index])
            for number, size in enumerate(SIZES)
            for index in edge_positions(size)
        ],
    )
    return go_verifier([exhibit])[0]


def test_go_opens_our_signed_checkpoints(judged: Findings) -> None:
    assert all_hold(judged.checkpoints)


def test_go_makes_the_same_roots_and_tiles_of_our_leaves(judged: Findings) -> None:
    assert all_hold(judged.rebuilt)


def test_go_accepts_our_inclusion_proofs(judged: Findings) -> None:
    assert all_hold(judged.inclusions)


def test_go_accepts_our_consistency_proofs(judged: Findings) -> None:
    assert all_hold(judged.consistencies)


def test_go_finds_our_records_through_our_tiles(judged: Findings) -> None:
    assert all_hold(judged.records)


def test_go_agrees_on_a_log_of_three_levels(go_verifier: GoVerifier) -> None:
    log, exhibit = log_published_at(40_001, LONG)
    positions = [0, 39_999, 65_535, 65_536, LONG - 1]

    found = go_verifier(
        [
            replace(
                exhibit,
                inclusions=[inclusion(log, 1, index, LONG) for index in positions],
                consistencies=[Consistency(0, 1, log.consistency_proof(40_001, LONG))],
                records=[Record(1, index, log.leaves[index]) for index in positions],
            )
        ]
    )[0]

    assert all_hold(found.checkpoints)
    assert all_hold(found.rebuilt)
    assert all_hold(found.inclusions)
    assert all_hold(found.consistencies)
    assert all_hold(found.records)


def test_go_reads_a_full_tile_in_place_of_a_partial_one_that_is_gone(
    go_verifier: GoVerifier,
) -> None:
    log, exhibit = log_published_at(300, 600)
    assert len(exhibit.tiles.pop("tile/0/001.p/44")) == 44 * 32
    records = [Record(0, index, log.leaves[index]) for index in (0, 256, 299)]

    assert all_hold(go_verifier([replace(exhibit, records=records)])[0].records)


def test_go_signs_the_very_note_that_we_sign(go_verifier: GoVerifier) -> None:
    log, exhibit = log_published_at(7)
    public = NoteKey.parse(VKEY)
    encoded = base64.b64encode(b"\x01" + SEED).decode()
    skey = f"PRIVATE+KEY+{ORIGIN}+{public.key_id.hex()}+{encoded}"
    text = Checkpoint(ORIGIN, 7, log.roots[7]).body()

    found = go_verifier([replace(exhibit, signings=[Signing(skey, text, exhibit.checkpoints[0])])])

    assert all_hold(found[0].signings)


def test_go_opens_a_checkpoint_that_an_unknown_witness_signed_too(go_verifier: GoVerifier) -> None:
    log, exhibit = log_published_at(7)
    body = Checkpoint(ORIGIN, 7, log.roots[7]).body()
    cosigned = exhibit.checkpoints[0] + signature_line(body, "witness.example", WITNESS_KEY)

    assert all_hold(go_verifier([replace(exhibit, checkpoints=[cosigned])])[0].checkpoints)


def test_go_refuses_forged_checkpoints(go_verifier: GoVerifier) -> None:
    log, exhibit = log_published_at(600)
    honest = exhibit.checkpoints[0]
    body = Checkpoint(ORIGIN, 600, log.roots[600]).body()
    forged = [
        honest.replace("\n600\n", "\n601\n"),
        honest.replace(ORIGIN, "other.example", 1),
        honest.replace("\n\n", "\n"),
        honest.rstrip("\n"),
        sign_note(body, ORIGIN, WITNESS_KEY),
        sign_note(body.replace("\n600\n", "\n0600\n"), ORIGIN, KEY),
        sign_note(body.replace(ORIGIN, "other.example"), ORIGIN, KEY),
    ]

    assert all_fail(go_verifier([replace(exhibit, checkpoints=forged)])[0].checkpoints)


def test_go_refuses_forged_proofs(go_verifier: GoVerifier) -> None:
    log, exhibit = log_published_at(300, 600)
    honest = inclusion(log, 1, 300, 600)
    proof = tuple(honest.proof)
    older = log.consistency_proof(300, 600)

    found = go_verifier(
        [
            replace(
                exhibit,
                inclusions=[
                    replace(honest, leaf=invented_leaf(301)),
                    replace(honest, index=301),
                    replace(honest, index=600),
                    replace(honest, checkpoint=0),
                    replace(honest, proof=proof[:-1]),
                    replace(honest, proof=(*proof, proof[0])),
                    replace(honest, proof=proof[::-1]),
                    *(
                        replace(honest, proof=(*proof[:at], flipped(each, 31), *proof[at + 1 :]))
                        for at, each in enumerate(proof)
                    ),
                ],
                consistencies=[
                    Consistency(1, 0, older),
                    Consistency(0, 1, older[:-1]),
                    Consistency(0, 1, (*older, older[0])),
                    Consistency(0, 1, ()),
                    *(
                        Consistency(0, 1, (*older[:at], flipped(each, 0), *older[at + 1 :]))
                        for at, each in enumerate(older)
                    ),
                ],
            )
        ]
    )[0]

    assert all_fail(found.inclusions)
    assert all_fail(found.consistencies)


def test_go_refuses_every_kind_of_tile_with_one_bit_flipped(go_verifier: GoVerifier) -> None:
    log, exhibit = log_published_at(600)
    forgeries = [
        replace(
            exhibit,
            tiles=exhibit.tiles | {path: flipped(content, position)},
            records=[Record(0, index, log.leaves[index]) for index in read],
        )
        for path, read in [
            ("tile/0/000", [0, 255]),
            ("tile/0/001", [256, 511]),
            ("tile/0/002.p/88", [0, 512, 599]),
            ("tile/1/000.p/2", [0, 256, 599]),
        ]
        for content in [exhibit.tiles[path]]
        for position in range(0, len(content), max(33, len(content) // 12))
    ]

    found = go_verifier(forgeries)

    assert all(all_fail(each.records) for each in found)
    assert all(all_fail(each.rebuilt) for each in found)
