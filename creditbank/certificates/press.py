"""The press: prints a certificate on one page of A4; one typst compiler is kept.

The same facts, code and leaf give the same bytes: the page holds no clock and no chance.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from creditbank.catalogue import text
from creditbank.certificates.facts import Facts
from creditbank.certificates.fonts import (
    CharacterUnprintableError,
    FontMissingError,
    Typefaces,
    find_typefaces,
)
from creditbank.certificates.opening import Opened
from creditbank.certificates.paper import page_of

if TYPE_CHECKING:
    import typst

TEMPLATE = Path(__file__).with_name("certificate.typ")
#: Layouts tried in turn until all fits one page: whether the page is drawn together, and the size
#: of grounds and caveats in tenths of a point.
_LAYOUTS = ((False, 85), *((True, size) for size in (85, 80, 75, 70, 65, 60)))
#: What the template says when there is more than one page.
_FULL = "page full"
Sections = Sequence[dict[str, Any]]
_NO_SECTION: dict[str, Any] = {"title": "", "lead": "", "items": []}


class Press:
    """The fonts, found when first asked for, and the compiler, made when first printing."""

    def __init__(self, font_path: str) -> None:
        """Keep where further fonts lie: a directory, or empty for those of the system alone."""
        self._font_path = font_path
        self._lock = Lock()

    def check(self, facts: Facts) -> None:
        """Refuse facts that could not be printed; without fonts there is nothing to ask.

        Raises:
            CharacterUnprintableError: naming each character that the fonts lack.
        """
        with suppress(FontMissingError):
            self._require(json.dumps(facts, ensure_ascii=False))

    def print(self, opened: Opened) -> bytes:
        """Print a certificate as PDF.

        Raises:
            FontMissingError: there is no Chinese type on this machine.
            CharacterUnprintableError: naming each character that the fonts lack.
        """
        page = page_of(opened)
        self._require(json.dumps(page, ensure_ascii=False))
        for layout in _attempts(page["sections"]):
            made = self._compiled({**page, **layout})
            if made is not None:
                return made
        raise AssertionError("without its grounds a certificate fits one page")

    def _require(self, wanted: str) -> None:
        lacking = self.typefaces.cover.lacking(wanted)
        if lacking:
            # By code point too: what cannot be printed may not be seen on the screen either.
            named = [f"{each} U+{ord(each):04X}" for each in lacking]
            raise CharacterUnprintableError(characters=named)

    def _compiled(self, page: dict[str, Any]) -> bytes | None:
        """Compile a page; None when there is too much for one."""
        import typst  # when something is printed, so that other commands start quickly

        inputs = inputs_of(page, self.typefaces)
        try:
            with self._lock:
                made = self._compiler.compile(format="pdf", sys_inputs=inputs)
        except typst.TypstError as error:
            if _FULL in error.message:
                return None
            raise
        assert isinstance(made, bytes), "one page, one file"
        return made

    @cached_property
    def typefaces(self) -> Typefaces:
        """The fonts of this machine.

        Raises:
            FontMissingError: there is no Chinese type.
        """
        return find_typefaces(self._font_path)

    @cached_property
    def _compiler(self) -> "typst.Compiler":
        import typst

        return typst.Compiler(
            input=str(TEMPLATE),
            root=str(TEMPLATE.parent),
            font_paths=self.typefaces.fonts,
            ignore_system_fonts=True,
        )


def inputs_of(page: Mapping[str, Any], faces: Typefaces) -> dict[str, str]:
    """Write a page and its fonts as the template reads them."""
    families = {
        "serif": [faces.serif, faces.sans, *faces.fallback],
        "sans": [faces.sans, faces.serif, *faces.fallback],
    }
    return {"page": json.dumps({**page, **families}, ensure_ascii=False)}


def _attempts(sections: Sections) -> Iterator[dict[str, Any]]:
    """Yield tighter layouts, and then fewer lines: the page of the certificate has them all."""
    for tight, size in _LAYOUTS:
        yield {"sections": sections, "tight": tight, "size": size}
    for dropped in range(1, sum(len(each["items"]) for each in sections) + 1):
        yield {"sections": _without_last(sections, dropped), "tight": True, "size": size}


def _without_last(sections: Sections, dropped: int) -> Sections:
    """Leave lines out from the end, and say how many."""
    left, kept = dropped, []
    for each in reversed(sections):
        items = each["items"][: max(0, len(each["items"]) - left)]
        left -= len(each["items"]) - len(items)
        kept.append({**each, "items": items})
    more = text("certificate-more", "zh", count=dropped)
    return [*(each for each in reversed(kept) if each["items"]), {**_NO_SECTION, "lead": more}]
