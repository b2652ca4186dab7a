"""QR codes as one path of SVG, drawn in the page itself."""

from dataclasses import dataclass

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

#: Light modules around the code; readers ask for four.
_QUIET = 4


@dataclass(frozen=True, slots=True)
class Drawing:
    """A square of `modules` by `modules`, and the path of its dark ones."""

    modules: int
    path: str


def drawn(text: str) -> Drawing:
    """Draw a text."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=_QUIET)
    code.add_data(text)
    code.make(fit=True)
    matrix = code.get_matrix()
    dark = (
        f"M{x},{y}h1v1h-1z"
        for y, row in enumerate(matrix)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return Drawing(len(matrix), "".join(dark))
