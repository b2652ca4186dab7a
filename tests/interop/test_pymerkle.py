"""Another Python implementation of the tree makes the same roots and proofs, leaf for leaf."""

import json
from pathlib import Path

import pytest
from pymerkle import InmemoryTree  # type: ignore[import-untyped]

from tests.ledger.growing_log import GrowingLog, grown

LOG = grown(600)
GOLDEN = json.loads(
    (Path(__file__).parents[1] / "vectors" / "merkle.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def other() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for leaf in LOG.leaves:
        tree.append_entry(leaf)
    return tree


@pytest.mark.parametrize("size", [*range(1, 34), 255, 256, 257, 511, 512, 513, 600])
def test_pymerkle_makes_the_same_root(other: InmemoryTree, size: int) -> None:
    assert other.get_root(size) == grown(size).roots[size]


def test_pymerkle_makes_the_golden_roots() -> None:
    tree = InmemoryTree(algorithm="sha256")
    for leaf in GOLDEN["leaves"]:
        tree.append_entry(bytes.fromhex(leaf))

    found = {vector["size"]: tree.get_root(vector["size"]).hex() for vector in GOLDEN["roots"]}

    assert found == {vector["size"]: vector["root"] for vector in GOLDEN["roots"]}


def test_pymerkle_makes_another_root_of_other_leaves(other: InmemoryTree) -> None:
    changed = GrowingLog()
    changed.grow([*LOG.leaves[:-1], LOG.leaves[0]])

    assert other.get_root(600) != changed.roots[600]
