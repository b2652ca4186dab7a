"""The Merkle tree of a log (RFC 9162 §2.1): growth from tiles, proofs, and their verification.

An entry of a log is a 32-byte leaf; the tree stands over its leaf nodes, SHA-256(0x00 ‖ leaf). The
tree is kept as tiles: 256 neighbouring hashes of one level, each the root of 256 hashes a level
below. Nothing here stores: the caller hands in `read_tile` and keeps what comes back. What makes
proofs and what checks them share the two hash functions and nothing else, so that one cannot hide
a mistake of the other.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from creditbank.errors import CreditBankError

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES
#: No tree of fewer than 2^63 leaves needs a longer proof of either kind.
PROOF_HASHES_MAX = 64
#: The root of a tree without leaves.
EMPTY_ROOT = hashlib.sha256(b"").digest()

#: Gives the hashes known of the tile at (level, index), concatenated. At the right edge it may give
#: more than a smaller tree had: the prefix of a wider tile is the narrower one.
ReadTile = Callable[[int, int], bytes]


class TileTooShortError(CreditBankError):
    """A stored tile holds fewer hashes than the tree's size says; the store is damaged."""

    code = "tile-too-short"
    status = 500


class LeafNotInTreeError(CreditBankError):
    """An inclusion proof is asked for a position that the tree does not have."""

    code = "leaf-not-in-tree"
    status = 404


class TreeSizeNotReachedError(CreditBankError):
    """A consistency proof is asked from a size that the later tree has not reached."""

    code = "tree-size-not-reached"
    status = 404


@dataclass(frozen=True, slots=True)
class Growth:
    """A tree after growing.

    `tiles` holds, by (level, index), the whole new content of each tile that changed: 32 to 8,192
    bytes. They are to be stored before the root is published.
    """

    size: int
    root: bytes
    tiles: Mapping[tuple[int, int], bytes]


def leaf_node(leaf: bytes) -> bytes:
    """Return the tree's hash of a log entry."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(nodes: Sequence[bytes]) -> bytes:
    """Return the root over leaf nodes, straight from the definition (RFC 9162 §2.1.1)."""
    if not nodes:
        return EMPTY_ROOT
    if len(nodes) == 1:
        return nodes[0]
    split = _left_width(len(nodes))
    return node(root_of(nodes[:split]), root_of(nodes[split:]))


def tile_width(level: int, index: int, size: int) -> int:
    """Return how many hashes, 0 to 256, a tree of `size` leaves has in the tile (level, index)."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH))


def append(size: int, leaf_nodes: Sequence[bytes], read_tile: ReadTile) -> Growth:
    """Grow a tree of `size` leaves by more leaf nodes.

    Reads at most one tile a level. Hashes beyond `size` in a stored tile, left by a growth that was
    never published, are overwritten.

    Raises:
        TileTooShortError: a tile at the right edge holds less than `size` asks for.
    """
    assert size >= 0, "a tree's size counts its leaves"
    tiles: dict[tuple[int, int], bytes] = {}
    level, row = 0, b"".join(leaf_nodes)
    while row:
        index, width = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
        if width:
            row = _tile_at(size, level, index, read_tile) + row
        full: list[bytes] = []
        for start in range(0, len(row), TILE_BYTES):
            tile = row[start : start + TILE_BYTES]
            tiles[level, index + start // TILE_BYTES] = tile
            if len(tile) == TILE_BYTES:  # a partial tile has no place in the level above
                full.append(_folded(tile))
        level, row = level + 1, b"".join(full)

    def read_grown(level: int, index: int) -> bytes:
        return tiles.get((level, index)) or read_tile(level, index)

    grown = size + len(leaf_nodes)
    return Growth(grown, root_at(grown, read_grown), tiles)


def root_at(size: int, read_tile: ReadTile) -> bytes:
    """Return the root of the tree's first `size` leaves; reads one tile a level.

    Raises:
        TileTooShortError: a tile holds less than `size` asks for.
    """
    return _Subtrees(size, read_tile).root(0, size) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read_tile: ReadTile) -> tuple[bytes, ...]:
    """Prove that the leaf at `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1).

    Returns:
        The hashes from the leaf's sibling up to the root's child. Reads at most two tiles a level.

    Raises:
        LeafNotInTreeError: the tree has no such position.
        TileTooShortError: a tile holds less than `size` asks for.
    """
    if not 0 <= index < size:
        raise LeafNotInTreeError(index=index, size=size)
    subtrees = _Subtrees(size, read_tile)
    start, end = 0, size
    hashes: list[bytes] = []
    while end - start > 1:
        middle = start + _left_width(end - start)
        if index < middle:
            hashes.append(subtrees.root(middle, end))
            end = middle
        else:
            hashes.append(subtrees.root(start, middle))
            start = middle
    return tuple(reversed(hashes))


def consistency_proof(old_size: int, new_size: int, read_tile: ReadTile) -> tuple[bytes, ...]:
    """Prove that the tree of `old_size` leaves is a prefix of the newer one (RFC 9162 §2.1.4.1).

    Returns:
        The hashes from the lowest up; none where either tree is empty or both are one.

    Raises:
        TreeSizeNotReachedError: the older size is beyond the newer one.
        TileTooShortError: a tile holds less than `new_size` asks for.
    """
    if not 0 <= old_size <= new_size:
        raise TreeSizeNotReachedError(old_size=old_size, new_size=new_size)
    if old_size == 0:
        return ()
    subtrees = _Subtrees(new_size, read_tile)
    start, end = 0, new_size
    hashes: list[bytes] = []
    while end != old_size:
        middle = start + _left_width(end - start)
        if old_size <= middle:
            hashes.append(subtrees.root(middle, end))
            end = middle
        else:
            hashes.append(subtrees.root(start, middle))
            start = middle
    if start:  # otherwise the last subtree is the old tree, whose root the verifier has
        hashes.append(subtrees.root(start, end))
    return tuple(reversed(hashes))


def inclusion_holds(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Check an inclusion proof step by step as RFC 9162 §2.1.3.2 says.

    `size` and `root` belong together and must come from one signed checkpoint: a proof alone does
    not tell apart two sizes at which the way from the leaf up has the same turns.
    """
    if not 0 <= index < size or not _all_hashes(proof):
        return False
    position, last, found = index, size - 1, leaf_node(leaf)
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = node(sibling, found)
            position, last = _past_missing_siblings(position, last)
        else:
            found = node(found, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def consistency_holds(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Check a consistency proof step by step as RFC 9162 §2.1.4.2 says.

    Every tree grows out of the empty one, and itself out of itself, by an empty proof. Each size
    must come with its root from a signed checkpoint, as in `inclusion_holds`.
    """
    if not 0 <= old_size <= new_size or not _all_hashes((*proof, old_root, new_root)):
        return False
    if old_size == 0 and old_root != EMPTY_ROOT:
        return False
    if old_size in (0, new_size):
        return not proof and (old_size < new_size or old_root == new_root)
    if not proof:
        return False
    first, *rest = (old_root, *proof) if old_size.bit_count() == 1 else proof
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = first
    for sibling in rest:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node(sibling, old), node(sibling, new)
            position, last = _past_missing_siblings(position, last)
        else:
            new = node(new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


class _Subtrees:
    """Roots of ranges of a tree of `size` leaves, from its tiles; each tile is read once."""

    def __init__(self, size: int, read_tile: ReadTile) -> None:
        self._size = size
        self._read_tile = read_tile
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, end: int) -> bytes:
        """Return the root over the leaves start to end - 1, a range that the definition splits off.

        Such a range starts at a multiple of the largest power of two that fits into it, so it
        falls into complete subtrees, the largest first.
        """
        complete: list[bytes] = []
        while start < end:
            height = (end - start).bit_length() - 1
            complete.append(self._complete(height, start >> height))
            start += 1 << height
        root = complete.pop()
        while complete:
            root = node(complete.pop(), root)
        return root

    def _complete(self, height: int, position: int) -> bytes:
        level, rise = divmod(height, TILE_HEIGHT)
        index, offset = divmod(position << rise, TILE_WIDTH)
        if (level, index) not in self._tiles:
            self._tiles[level, index] = _tile_at(self._size, level, index, self._read_tile)
        end = offset + (1 << rise)
        return _folded(self._tiles[level, index][offset * HASH_BYTES : end * HASH_BYTES])


def _tile_at(size: int, level: int, index: int, read_tile: ReadTile) -> bytes:
    wanted = tile_width(level, index, size)
    tile = read_tile(level, index)
    if len(tile) < wanted * HASH_BYTES:
        raise TileTooShortError(
            level=level, index=index, wanted_hashes=wanted, found_hashes=len(tile) // HASH_BYTES
        )
    return tile[: wanted * HASH_BYTES]


def _folded(row: bytes) -> bytes:
    """Return the root over a row of 2^n concatenated hashes."""
    while len(row) > HASH_BYTES:
        row = b"".join(
            hashlib.sha256(b"\x01" + row[start : start + 2 * HASH_BYTES]).digest()
            for start in range(0, len(row), 2 * HASH_BYTES)
        )
    return row


def _left_width(width: int) -> int:
    """Return the largest power of two below `width`: where the definition splits a tree."""
    return 1 << (width - 1).bit_length() - 1


def _past_missing_siblings(position: int, last: int) -> tuple[int, int]:
    """Rise over the levels at which the last node of a level has no sibling to be hashed with."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _all_hashes(hashes: Sequence[bytes]) -> bool:
    return all(len(each) == HASH_BYTES for each in hashes)
