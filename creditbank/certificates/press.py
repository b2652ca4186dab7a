"""The press: prints a certificate on one page of A4.

The same facts, code and leaf give the same bytes: the page holds no clock and no chance.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from creditbank.catalogue import text
from creditbank.certificates.facts import Facts
from creditbank.certificates.fonts import CharacterUnprintableError, FontMissingError
from creditbank.certificates.opening import Opened
from creditbank.certificates.paper import page_of
from creditbank.certificates.typesetter import Typesetter

TEMPLATE = Path(__file__).with_name("certificate.typ")
#: Layouts tried in turn until all fits one page: whether the page is drawn together, and the size
#: of grounds and caveats in tenths of a point.
_LAYOUTS = ((False, 85), *((True, size) for size in (85, 80, 75, 70, 65, 60)))
#: What the template says when there is more than one page.
_FULL = "page full"
Sections = Sequence[dict[str, Any]]
_NO_SECTION: dict[str, Any] = {"title": "", "lead": "", "items": []}


class Press:
    """Prints certificates; the typesetter behind it sets other papers too."""

    def __init__(self, font_path: str) -> None:
        """Keep where further fonts lie: a directory, or empty for those of the system alone."""
        self.typesetter = Typesetter(font_path)

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
        lacking = self.typesetter.lacking(wanted)
        if lacking:
            # By code point too: what cannot be printed may not be seen on the screen either.
            named = [f"{each} U+{ord(each):04X}" for each in lacking]
            raise CharacterUnprintableError(characters=named)

    def _compiled(self, page: dict[str, Any]) -> bytes | None:
        """Compile a page; None when there is too much for one."""
        import typst  # when something is printed, so that other commands start quickly

        try:
            return self.typesetter.typeset(TEMPLATE, page)
        except typst.TypstError as error:
            if _FULL in error.message:
                return None
            raise


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
