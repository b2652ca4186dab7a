"""Names and bytes of a log's static files (C2SP tlog-tiles): one resource has exactly one path.

Paths are relative to the log's prefix and do not start with a slash.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from creditbank.errors import CreditBankError
from creditbank.ledger.merkle import TILE_WIDTH

#: The level of a hash tile, or the word that stands in its place for the entries themselves.
Level = int | Literal["entries"]

LEVEL_MAX = 63
INDEX_MAX = 2**63 - 1

_LENGTH_BYTES = 2
_PATH = re.compile(
    r"tile/(entries|[0-5]?[0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?"
)


class TilePathInvalidError(CreditBankError):
    """A path is not the one name of a tile or a bundle of entries."""

    code = "tile-path-invalid"
    status = 404


class EntryBundleInvalidError(CreditBankError):
    """Bytes are not a bundle of 1 to 256 entries."""

    code = "entry-bundle-invalid"
    status = 422


@dataclass(frozen=True, slots=True)
class TileAddress:
    """Which tile or bundle: its level, its number within the level, and its width, 1 to 256."""

    level: Level
    index: int
    width: int

    def __post_init__(self) -> None:
        assert self.level == "entries" or 0 <= self.level <= LEVEL_MAX
        assert 0 <= self.index <= INDEX_MAX
        assert 0 < self.width <= TILE_WIDTH

    def path(self) -> str:
        """Return the one path of this resource."""
        groups: list[str] = []
        rest = self.index
        while True:
            rest, group = divmod(rest, 1000)
            groups.append(f"x{group:03}" if groups else f"{group:03}")
            if rest == 0:
                break
        partial = f".p/{self.width}" if self.width < TILE_WIDTH else ""
        return f"tile/{self.level}/{'/'.join(reversed(groups))}{partial}"


def tile_path(level: int, index: int, width: int) -> str:
    """Return the path of a hash tile of `width` hashes: tile/0/x001/x234/067.p/5."""
    return TileAddress(level, index, width).path()


def entries_path(index: int, width: int) -> str:
    """Return the path of a bundle of `width` entries: tile/entries/x001/x234/067.p/5."""
    return TileAddress("entries", index, width).path()


def parse_path(path: str) -> TileAddress:
    """Read the path of a hash tile or a bundle of entries.

    Raises:
        TilePathInvalidError: any text that `tile_path` and `entries_path` do not write.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise TilePathInvalidError(found=path[:60])
    word, groups, partial = match.groups()
    level: Level = "entries" if word == "entries" else int(word)
    index, width = int(re.sub("[x/]", "", groups)), int(partial or TILE_WIDTH)
    if index <= INDEX_MAX and 0 < width <= TILE_WIDTH:
        address = TileAddress(level, index, width)
        if address.path() == path:  # otherwise it has zeros in front, or .p/256
            return address
    raise TilePathInvalidError(found=path[:60])


def entry_bundle(leaves: Sequence[bytes]) -> bytes:
    """Return 1 to 256 entries as a bundle: each its length in two bytes, big-endian, and itself."""
    assert 0 < len(leaves) <= TILE_WIDTH
    return b"".join(len(leaf).to_bytes(_LENGTH_BYTES, "big") + leaf for leaf in leaves)


def parse_entry_bundle(bundle: bytes) -> tuple[bytes, ...]:
    """Read a bundle back into its entries.

    Raises:
        EntryBundleInvalidError: an entry is cut off, or there are none, or more than 256.
    """
    entries: list[bytes] = []
    offset = 0
    while offset < len(bundle) and len(entries) <= TILE_WIDTH:
        start = offset + _LENGTH_BYTES
        offset = start + int.from_bytes(bundle[offset:start], "big")
        entries.append(bundle[start:offset])
    if offset != len(bundle) or not 0 < len(entries) <= TILE_WIDTH:
        raise EntryBundleInvalidError(entries=len(entries), bundle_bytes=len(bundle))
    return tuple(entries)
