"""The fonts of the paper: found on the machine, and asked which characters they have.

Chinese type comes from the system (Noto CJK). What a font lacks would be printed as an empty box,
in a name of all places; so the cover of the fonts is read and asked before anything is printed.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING

from creditbank.errors import CreditBankError

if TYPE_CHECKING:
    import typst

#: Families that will do, the first that is found; Debian and Google name the same type otherwise.
SERIF = ("Noto Serif CJK SC", "Noto Serif SC", "Source Han Serif SC")
SANS = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC")
_COLLECTION = b"ttcf"
#: cmap subtables for Unicode, the fullest first: (platform, encoding) and the format.
_SUBTABLES = ((3, 10, 12), (0, 6, 12), (0, 4, 12), (3, 1, 4), (0, 3, 4))


class FontMissingError(CreditBankError):
    """No Chinese type is on this machine, so nothing can be printed."""

    code = "font-missing"
    status = 503


class CharacterUnprintableError(CreditBankError):
    """The fonts lack characters that the paper would bear."""

    code = "character-unprintable"
    status = 422


@dataclass(frozen=True, slots=True)
class Cover:
    """Which code points a set of fonts has: ascending runs, first and last."""

    firsts: tuple[int, ...]
    lasts: tuple[int, ...]

    def __contains__(self, character: str) -> bool:
        """Tell whether a character can be printed."""
        at = bisect_right(self.firsts, ord(character)) - 1
        return at >= 0 and ord(character) <= self.lasts[at]

    def lacking(self, text: str) -> list[str]:
        """Return the characters of a text that cannot be printed, each once."""
        return [each for each in dict.fromkeys(text) if not each.isspace() and each not in self]


@dataclass(frozen=True, slots=True)
class Typefaces:
    """The type at hand: two families, those that stand in for what they lack, and their cover."""

    serif: str
    sans: str
    fallback: tuple[str, ...]
    cover: Cover
    fonts: "typst.Fonts"


def find_typefaces(font_path: str) -> Typefaces:
    """Find the fonts of the machine; those in `font_path`, a directory, go first.

    Raises:
        FontMissingError: there is no Chinese type.
    """
    import typst  # when something is printed, so that other commands start quickly

    own = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[font_path] if font_path else [],
    )
    every = typst.Fonts(
        include_system_fonts=True,
        include_embedded_fonts=False,
        font_paths=[font_path] if font_path else [],
    )
    families = set(every.families())
    serif, sans = (next((f for f in names if f in families), "") for names in (SERIF, SANS))
    if not serif or not sans:
        raise FontMissingError
    fallback = tuple(sorted(set(own.families()) - {serif, sans}))
    faces = [f for f in every.fonts() if f.family in {serif, sans, *fallback} and f.path]
    places = {(Path(str(face.path)), face.index) for face in faces}
    return Typefaces(serif, sans, fallback, cover_of(places), every)


def cover_of(faces: Iterable[tuple[Path, int]]) -> Cover:
    """Return what any of these faces can print."""
    points: set[int] = set()
    for path, index in faces:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as font:
            points |= _points(font, index)
    return _runs(sorted(points))


def _runs(points: Sequence[int]) -> Cover:
    firsts, lasts = list[int](), list[int]()
    for point in points:
        if lasts and point == lasts[-1] + 1:
            lasts[-1] = point
        else:
            firsts.append(point)
            lasts.append(point)
    return Cover(tuple(firsts), tuple(lasts))


def _points(font: mmap, index: int) -> set[int]:
    """Read the code points of one face of an OpenType file (OpenType 1.9, `cmap`)."""
    start = 0
    if font[:4] == _COLLECTION:
        (start,) = struct.unpack_from(">I", font, 12 + 4 * index)
    (count,) = struct.unpack_from(">H", font, start + 4)
    for at in range(start + 12, start + 12 + 16 * count, 16):
        tag, _sum, offset, _length = struct.unpack_from(">4sIII", font, at)
        if tag == b"cmap":
            return set(_mapped(font, offset))
    return set()


def _mapped(font: mmap, cmap: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    found = {}
    for at in range(cmap + 4, cmap + 4 + 8 * count, 8):
        platform, encoding, offset = struct.unpack_from(">HHI", font, at)
        (form,) = struct.unpack_from(">H", font, cmap + offset)
        found[platform, encoding, form] = cmap + offset
    for each in _SUBTABLES:
        if each in found:
            read = _segments if each[2] == 4 else _groups  # noqa: PLR2004 # format 4
            yield from read(font, found[each])
            return


def _groups(font: mmap, at: int) -> Iterator[int]:
    """Format 12: runs of code points, each with its first glyph."""
    (count,) = struct.unpack_from(">I", font, at + 12)
    for group in range(at + 16, at + 16 + 12 * count, 12):
        first, last, glyph = struct.unpack_from(">III", font, group)
        yield from range(first if glyph else first + 1, last + 1)


def _segments(font: mmap, at: int) -> Iterator[int]:
    """Format 4: segments of the basic plane, mapped by a difference or by a list of glyphs."""
    (twice,) = struct.unpack_from(">H", font, at + 6)
    ends, starts = at + 14, at + 16 + twice
    for segment in range(0, twice, 2):
        (last,) = struct.unpack_from(">H", font, ends + segment)
        (first,) = struct.unpack_from(">H", font, starts + segment)
        (delta,) = struct.unpack_from(">H", font, starts + twice + segment)
        place = starts + 2 * twice + segment
        (offset,) = struct.unpack_from(">H", font, place)
        for point in range(first, last + 1):
            glyph = point + delta
            if offset:
                (glyph,) = struct.unpack_from(">H", font, place + offset + 2 * (point - first))
            if glyph % 0x10000 and point != 0xFFFF:  # noqa: PLR2004 # ends the table
                yield point
