"""The typesetter: sets what the bank prints; one typst compiler and its fonts are kept.

The same template and page give the same bytes: a page holds no clock and no chance.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from creditbank.certificates.fonts import Typefaces, find_typefaces

if TYPE_CHECKING:
    import typst

#: Templates lie beside the rooms that fill them.
_ROOT = Path(__file__).parents[1]
#: The compiler remembers what it set (some 180 MB for a list of 2,000) and forgets what the last
#: ten papers did not use. After a paper so large it sets empty ones, or a few lists would fill the
#: memory.
_LARGE_BYTES = 500_000
_FORGOTTEN_AFTER = 11


class Typesetter:
    """The fonts, found when first asked for, and the compiler, made when first printing."""

    def __init__(self, font_path: str) -> None:
        """Keep where further fonts lie: a directory, or empty for those of the system alone."""
        self._font_path = font_path
        self._lock = Lock()

    def lacking(self, text: str) -> list[str]:
        """Return the characters of a text that the fonts lack, each once.

        Raises:
            FontMissingError: there is no Chinese type.
        """
        return self.typefaces.cover.lacking(text)

    def typeset(self, template: Path, page: Mapping[str, Any]) -> bytes:
        """Set a page, or several, as PDF.

        Raises:
            FontMissingError: there is no Chinese type.
            typst.TypstError: the template refuses the page.
        """
        inputs = inputs_of(page, self.typefaces)
        with self._lock:
            made = self._compiler.compile(input=str(template), format="pdf", sys_inputs=inputs)
            assert isinstance(made, bytes), "one document, one file"
            if len(made) >= _LARGE_BYTES:
                for _ in range(_FORGOTTEN_AFTER):
                    self._compiler.compile(input=b"", format="pdf", sys_inputs={})
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
        import typst  # when something is printed, so that other commands start quickly

        return typst.Compiler(
            root=str(_ROOT), font_paths=self.typefaces.fonts, ignore_system_fonts=True
        )


def inputs_of(page: Mapping[str, Any], faces: Typefaces) -> dict[str, str]:
    """Write a page and its fonts as a template reads them."""
    families = {
        "serif": [faces.serif, faces.sans, *faces.fallback],
        "sans": [faces.sans, faces.serif, *faces.fallback],
    }
    return {"page": json.dumps({**page, **families}, ensure_ascii=False)}
