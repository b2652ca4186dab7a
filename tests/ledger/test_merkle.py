import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditbank import catalogue
from creditbank.ledger.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    LeafNotInTreeError,
    TileTooShortError,
    TreeSizeNotReachedError,
    append,
    consistency_holds,
    consistency_proof,
    inclusion_holds,
    inclusion_proof,
    leaf_node,
    node,
    root_at,
    root_of,
    tile_width,
)
from tests.ledger.growing_log import GrowingLog, grown, invented_leaf

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "merkle.json").read_text(encoding="utf-8")
)
LOG = grown(600)
NODES = [leaf_node(leaf) for leaf in LOG.leaves]


def defined_inclusion_proof(index: int, nodes: list[bytes]) -> list[bytes]:
    """PATH(m, D_n), word for word from RFC 9162 §2.1.3.1."""
    if len(nodes) == 1:
        return []
    k = max(1 << power for power in range(64) if 1 << power < len(nodes))
    if index < k:
        return [*defined_inclusion_proof(index, nodes[:k]), root_of(nodes[k:])]
    return [*defined_inclusion_proof(index - k, nodes[k:]), root_of(nodes[:k])]


def defined_consistency_proof(old_size: int, nodes: list[bytes]) -> list[bytes]:
    """PROOF(m, D_n), word for word from RFC 9162 §2.1.4.1."""

    def subproof(m: int, part: list[bytes], *, old_root_known: bool) -> list[bytes]:
        if m == len(part):
            return [] if old_root_known else [root_of(part)]
        k = max(1 << power for power in range(64) if 1 << power < len(part))
        if m <= k:
            return [*subproof(m, part[:k], old_root_known=old_root_known), root_of(part[k:])]
        return [*subproof(m - k, part[k:], old_root_known=False), root_of(part[:k])]

    return subproof(old_size, nodes, old_root_known=True)


def flipped(raw: bytes, bit: int) -> bytes:
    position, shift = divmod(bit % (len(raw) * 8), 8)
    return raw[:position] + bytes([raw[position] ^ 1 << shift]) + raw[position + 1 :]


def turns(index: int, size: int) -> list[bool]:
    """The way from a leaf up to the root: at each step, whether the sibling stands to the left."""
    taken: list[bool] = []
    start, end = 0, size
    while end - start > 1:
        k = max(1 << power for power in range(64) if 1 << power < end - start)
        taken.append(index >= start + k)
        start, end = (start + k, end) if index >= start + k else (start, start + k)
    return taken[::-1]


@st.composite
def positions(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, LOG.size))
    return draw(st.integers(0, size - 1)), size


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, int]:
    """An older and a newer size between which a proof has at least one hash."""
    new_size = draw(st.integers(2, LOG.size))
    return draw(st.integers(1, new_size - 1)), new_size


# The tree


@pytest.mark.parametrize("vector", VECTORS["published"], ids=lambda vector: str(vector["size"]))
def test_roots_equal_those_that_certificate_transparency_publishes(
    vector: dict[str, str | int],
) -> None:
    size = int(vector["size"])
    entries = [bytes.fromhex(entry) for entry in VECTORS["published_entries"][:size]]

    assert root_of([leaf_node(entry) for entry in entries]).hex() == vector["root"]


@pytest.mark.parametrize("size", range(601))
def test_a_tree_grown_in_two_batches_has_the_defined_root(size: int) -> None:
    first = size // 3
    log = grown(first)

    growth = log.grow_to(size)

    assert growth.root == root_of(NODES[:size])


@given(st.lists(st.integers(0, 300), max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_tree_does_not_remember_the_batches_it_grew_by(batches: list[int]) -> None:
    log = GrowingLog()

    for batch in batches:
        log.grow_to(log.size + batch)

    at_once = grown(sum(batches))
    assert log.tiles == at_once.tiles
    assert log.roots[log.size] == at_once.roots[log.size]


@given(st.integers(0, LOG.size))
@settings(max_examples=60, deadline=None)
def test_every_earlier_root_is_read_from_the_wider_tiles_of_today(size: int) -> None:
    assert root_at(size, LOG.read_tile) == root_of(NODES[:size])


def test_a_tree_without_leaves_has_the_hash_of_nothing_as_its_root() -> None:
    assert root_at(0, LOG.read_tile) == EMPTY_ROOT == root_of([])


def test_a_partial_tile_is_not_hashed_upward() -> None:
    assert set(grown(255).tiles) == {(0, 0)}
    assert set(grown(256).tiles) == {(0, 0), (1, 0)}
    assert len(grown(257).tiles[1, 0]) == HASH_BYTES


def test_seventy_thousand_leaves_make_the_tiles_that_the_specification_counts() -> None:
    log = grown(70_000)

    full = [place for place, tile in log.tiles.items() if len(tile) == 256 * HASH_BYTES]
    partial = {p: len(t) // HASH_BYTES for p, t in log.tiles.items() if p not in full}

    assert len([place for place in full if place[0] == 0]) == 273
    assert [place for place in full if place[0] > 0] == [(1, 0)]
    assert partial == {(0, 273): 112, (1, 1): 17, (2, 0): 1}


@pytest.mark.parametrize(
    ("level", "index", "size", "width"),
    [
        (0, 0, 0, 0),
        (0, 0, 255, 255),
        (0, 0, 256, 256),
        (0, 0, 257, 256),
        (0, 1, 256, 0),
        (0, 1, 257, 1),
        (1, 0, 255, 0),
        (1, 0, 256, 1),
        (2, 0, 70_000, 1),
        (1, 1, 70_000, 17),
    ],
)
def test_the_width_of_a_tile_follows_from_the_size(
    level: int, index: int, size: int, width: int
) -> None:
    assert tile_width(level, index, size) == width


def test_growing_by_nothing_changes_no_tile() -> None:
    growth = append(600, [], LOG.read_tile)

    assert (growth.size, growth.root, growth.tiles) == (600, LOG.roots[600], {})


def test_hashes_of_a_growth_never_published_are_overwritten() -> None:
    log = grown(300)
    abandoned = append(300, [leaf_node(b"?" * 32)] * 20, log.read_tile)
    log.tiles.update(abandoned.tiles)

    log.grow_to(310)

    assert log.roots[310] == root_of(NODES[:310])
    assert len(log.tiles[0, 1]) == 54 * HASH_BYTES


def test_growing_and_proving_read_a_few_tiles_of_a_long_log() -> None:
    log = grown(70_000)

    log.tiles_read.clear()
    log.grow_to(71_000)
    assert len(log.tiles_read) <= 6

    log.tiles_read.clear()
    log.inclusion_proof(123, 71_000)
    assert len(log.tiles_read) <= 6

    log.tiles_read.clear()
    log.consistency_proof(40_001, 71_000)
    assert len(log.tiles_read) <= 6


@pytest.mark.parametrize("lost", [(0, 2), (1, 0)])
def test_a_tile_that_lost_hashes_is_named_and_nothing_is_made_of_it(lost: tuple[int, int]) -> None:
    log = grown(600)
    log.tiles[lost] = log.tiles[lost][:-HASH_BYTES]

    with pytest.raises(TileTooShortError) as refused:
        root_at(600, log.read_tile)

    assert (refused.value.facts["level"], refused.value.facts["index"]) == lost
    assert refused.value.facts["found_hashes"] == refused.value.facts["wanted_hashes"] - 1  # type: ignore[operator]


# Proofs as defined


@given(positions())
@settings(max_examples=150, deadline=None)
def test_an_inclusion_proof_is_the_one_defined_and_holds(at: tuple[int, int]) -> None:
    index, size = at

    proof = LOG.inclusion_proof(index, size)

    assert list(proof) == defined_inclusion_proof(index, NODES[:size])
    assert inclusion_holds(LOG.leaves[index], index, size, proof, root_of(NODES[:size]))


@given(histories())
@settings(max_examples=150, deadline=None)
def test_a_consistency_proof_is_the_one_defined_and_holds(at: tuple[int, int]) -> None:
    old_size, new_size = at
    old_root, new_root = root_of(NODES[:old_size]), root_of(NODES[:new_size])

    proof = LOG.consistency_proof(old_size, new_size)

    assert list(proof) == defined_consistency_proof(old_size, NODES[:new_size])
    assert consistency_holds(old_size, old_root, new_size, new_root, proof)


@pytest.mark.parametrize("size", range(1, 66))
def test_every_leaf_and_every_earlier_size_of_a_small_tree_is_proven(size: int) -> None:
    root = root_of(NODES[:size])

    included = [
        inclusion_holds(LOG.leaves[i], i, size, LOG.inclusion_proof(i, size), root)
        for i in range(size)
    ]
    consistent = [
        consistency_holds(old, root_of(NODES[:old]), size, root, LOG.consistency_proof(old, size))
        for old in range(size + 1)
    ]

    assert all(included)
    assert all(consistent)


def test_every_tree_grows_out_of_the_empty_one_and_out_of_itself() -> None:
    assert LOG.consistency_proof(0, 600) == LOG.consistency_proof(600, 600) == ()

    assert consistency_holds(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    assert consistency_holds(0, EMPTY_ROOT, 600, LOG.roots[600], ())
    assert consistency_holds(600, LOG.roots[600], 600, LOG.roots[600], ())

    assert not consistency_holds(0, LOG.roots[600], 600, LOG.roots[600], ())
    assert not consistency_holds(0, LOG.roots[600], 0, LOG.roots[600], ())
    assert not consistency_holds(0, EMPTY_ROOT, 600, LOG.roots[600], (EMPTY_ROOT,))
    assert not consistency_holds(0, EMPTY_ROOT, 0, LOG.roots[600], ())
    assert not consistency_holds(600, LOG.roots[600], 600, EMPTY_ROOT, ())
    assert not consistency_holds(600, LOG.roots[600], 600, LOG.roots[600], (EMPTY_ROOT,))


@pytest.mark.parametrize("index", [-1, 600, 601])
def test_a_position_outside_the_tree_has_no_proof(index: int) -> None:
    with pytest.raises(LeafNotInTreeError) as refused:
        inclusion_proof(index, 600, LOG.read_tile)

    assert refused.value.facts == {"index": index, "size": 600}


@pytest.mark.parametrize("old_size", [-1, 601])
def test_a_size_not_reached_has_no_proof(old_size: int) -> None:
    with pytest.raises(TreeSizeNotReachedError) as refused:
        consistency_proof(old_size, 600, LOG.read_tile)

    assert refused.value.facts == {"old_size": old_size, "new_size": 600}


# Forgeries


@given(positions(), st.data())
@settings(max_examples=200, deadline=None)
def test_an_inclusion_proof_with_any_bit_flipped_is_refused(
    at: tuple[int, int], data: st.DataObject
) -> None:
    index, size = at
    proof, root = LOG.inclusion_proof(index, size), root_of(NODES[:size])
    told = [LOG.leaves[index], root, *proof]

    place = data.draw(st.integers(0, len(told) - 1))
    told[place] = flipped(told[place], data.draw(st.integers(0, 255)))

    assert not inclusion_holds(told[0], index, size, told[2:], told[1])


@given(positions(), st.data())
@settings(max_examples=100, deadline=None)
def test_an_inclusion_proof_with_a_hash_lost_added_or_moved_is_refused(
    at: tuple[int, int], data: st.DataObject
) -> None:
    index, size = at
    proof, root = LOG.inclusion_proof(index, size), root_of(NODES[:size])
    place = data.draw(st.integers(0, len(proof)))
    forged = [
        (*proof[:place], data.draw(st.binary(min_size=32, max_size=32)), *proof[place:]),
        (*proof[:place], *proof[place + 1 :]),
        (*proof[:place], proof[place][:-1], *proof[place + 1 :]) if place < len(proof) else (b"",),
        proof[::-1],
    ]

    held = [
        inclusion_holds(LOG.leaves[index], index, size, each, root)
        for each in forged
        if each != proof
    ]

    assert not any(held)


@given(positions(), st.integers(-2, 700))
@settings(max_examples=200, deadline=None)
def test_a_leaf_is_proven_at_its_own_position_only(at: tuple[int, int], other: int) -> None:
    index, size = at

    held = inclusion_holds(
        LOG.leaves[index], other, size, LOG.inclusion_proof(index, size), root_of(NODES[:size])
    )

    assert held == (other == index)


@given(positions(), st.integers(-2, 700))
@settings(max_examples=200, deadline=None)
def test_a_false_size_is_refused_wherever_the_way_up_to_the_root_differs(
    at: tuple[int, int], other: int
) -> None:
    index, size = at

    held = inclusion_holds(
        LOG.leaves[index], index, other, LOG.inclusion_proof(index, size), root_of(NODES[:size])
    )

    assert held == (other > index and turns(index, other) == turns(index, size))


@given(histories(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_consistency_proof_with_any_bit_flipped_is_refused(
    at: tuple[int, int], data: st.DataObject
) -> None:
    old_size, new_size = at
    proof = LOG.consistency_proof(old_size, new_size)
    told = [root_of(NODES[:old_size]), root_of(NODES[:new_size]), *proof]

    place = data.draw(st.integers(0, len(told) - 1))
    told[place] = flipped(told[place], data.draw(st.integers(0, 255)))

    assert not consistency_holds(old_size, told[0], new_size, told[1], told[2:])


@given(histories(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_consistency_proof_with_a_hash_lost_added_or_moved_is_refused(
    at: tuple[int, int], data: st.DataObject
) -> None:
    old_size, new_size = at
    old_root, new_root = root_of(NODES[:old_size]), root_of(NODES[:new_size])
    proof = LOG.consistency_proof(old_size, new_size)
    place = data.draw(st.integers(0, len(proof) - 1))
    forged = [
        (*proof[:place], data.draw(st.binary(min_size=32, max_size=32)), *proof[place:]),
        (*proof, data.draw(st.binary(min_size=32, max_size=32))),
        (*proof[:place], *proof[place + 1 :]),
        (*proof[:place], proof[place][:-1], *proof[place + 1 :]),
        proof[::-1],
        (),
    ]

    held = [
        consistency_holds(old_size, old_root, new_size, new_root, each)
        for each in forged
        if each != proof
    ]

    assert not any(held)


@given(histories(), st.integers(-2, 700))
@settings(max_examples=200, deadline=None)
def test_an_old_root_is_consistent_at_its_own_size_only(at: tuple[int, int], other: int) -> None:
    old_size, new_size = at

    held = consistency_holds(
        other,
        root_of(NODES[:old_size]),
        new_size,
        root_of(NODES[:new_size]),
        LOG.consistency_proof(old_size, new_size),
    )

    assert held == (other == old_size)


@given(histories(), st.integers(-2, 700))
@settings(max_examples=200, deadline=None)
def test_a_false_new_size_is_refused_wherever_the_way_up_to_the_root_differs(
    at: tuple[int, int], other: int
) -> None:
    old_size, new_size = at

    held = consistency_holds(
        old_size,
        root_of(NODES[:old_size]),
        other,
        root_of(NODES[:new_size]),
        LOG.consistency_proof(old_size, new_size),
    )

    last = old_size - 1
    assert held == (other > old_size and turns(last, other) == turns(last, new_size))


def test_a_rewritten_leaf_breaks_every_later_consistency() -> None:
    forked = GrowingLog()
    forked.grow([*LOG.leaves[:99], invented_leaf(9999), *LOG.leaves[100:]])

    held = [
        consistency_holds(
            old, LOG.roots.get(old) or root_of(NODES[:old]), new, forked.roots[600], proof
        )
        for old, new in [(100, 600), (256, 600), (599, 600)]
        for proof in (forked.consistency_proof(old, new), LOG.consistency_proof(old, new))
    ]

    assert not any(held)


# What never changes


@pytest.mark.parametrize("vector", VECTORS["roots"], ids=lambda vector: str(vector["size"]))
def test_the_golden_roots_stay(vector: dict[str, str | int]) -> None:
    leaves = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]
    log = GrowingLog()

    growth = log.grow(leaves[: int(vector["size"])])

    assert growth.root.hex() == vector["root"]


def test_the_golden_proofs_stay() -> None:
    log = GrowingLog()
    log.grow([bytes.fromhex(leaf) for leaf in VECTORS["leaves"]])

    inclusions = [
        [each.hex() for each in log.inclusion_proof(vector["index"], vector["size"])]
        for vector in VECTORS["inclusion_proofs"]
    ]
    consistencies = [
        [each.hex() for each in log.consistency_proof(vector["old_size"], vector["new_size"])]
        for vector in VECTORS["consistency_proofs"]
    ]

    assert inclusions == [vector["proof"] for vector in VECTORS["inclusion_proofs"]]
    assert consistencies == [vector["proof"] for vector in VECTORS["consistency_proofs"]]


def test_leaf_nodes_and_inner_nodes_never_meet() -> None:
    left, right = leaf_node(b"a"), leaf_node(b"b")

    assert node(left, right) != leaf_node(left + right)
    assert all(one != other for one, other in pairwise([left, right, node(left, right)]))


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_refusal_of_the_tree_has_its_words(language: catalogue.Language) -> None:
    refusals = [
        TileTooShortError(level=0, index=2, wanted_hashes=88, found_hashes=87),
        LeafNotInTreeError(index=600, size=600),
        TreeSizeNotReachedError(old_size=601, new_size=600),
    ]

    details = [catalogue.problem(refusal, language).detail for refusal in refusals]

    assert all(details)
