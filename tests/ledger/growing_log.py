"""A log in memory for tests: its leaves, the tiles that growth leaves behind, published files."""

import hashlib
from collections.abc import Sequence

from creditbank.ledger import merkle, tiles


def invented_leaf(position: int) -> bytes:
    return hashlib.sha256(f"invented entry {position}".encode()).digest()


class GrowingLog:
    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.roots: dict[int, bytes] = {0: merkle.EMPTY_ROOT}
        self.tiles_read: list[tuple[int, int]] = []

    @property
    def size(self) -> int:
        return len(self.leaves)

    def read_tile(self, level: int, index: int) -> bytes:
        self.tiles_read.append((level, index))
        return self.tiles[level, index]

    def grow(self, leaves: Sequence[bytes]) -> merkle.Growth:
        growth = merkle.append(
            self.size, [merkle.leaf_node(leaf) for leaf in leaves], self.read_tile
        )
        self.leaves.extend(leaves)
        self.tiles.update(growth.tiles)
        self.roots[growth.size] = growth.root
        return growth

    def grow_to(self, size: int) -> merkle.Growth:
        return self.grow([invented_leaf(position) for position in range(self.size, size)])

    def inclusion_proof(self, index: int, size: int) -> tuple[bytes, ...]:
        return merkle.inclusion_proof(index, size, self.read_tile)

    def consistency_proof(self, old_size: int, new_size: int) -> tuple[bytes, ...]:
        return merkle.consistency_proof(old_size, new_size, self.read_tile)

    def published_tiles(self, size: int) -> dict[str, bytes]:
        """The hash tiles, by path, that a log whose checkpoint says `size` must serve."""
        found: dict[str, bytes] = {}
        for (level, index), content in self.tiles.items():
            width = merkle.tile_width(level, index, size)
            if width:
                found[tiles.tile_path(level, index, width)] = content[: width * merkle.HASH_BYTES]
        return found


def grown(size: int) -> GrowingLog:
    log = GrowingLog()
    log.grow_to(size)
    return log
