"""QR codes, drawn as one path: the address of a certificate's page, and what pages show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: Any mask makes a valid symbol. Trying all eight costs five times as much, and what is encoded is
#: random: none of them is better for all.
_MASK = 3


def page_address(host: str, code: str) -> str:
    """Return the address that the QR code holds; in capitals it takes the smallest symbol."""
    return f"HTTPS://{host.upper()}/C/{code}"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A square of `modules` by `modules` without the quiet zone, and the path of its dark ones."""

    modules: int
    path: str


def drawn(text: str) -> Drawing:
    """Draw a text as a QR code, one unit a module."""
    # Imported when something is drawn, so that commands which draw nothing start quickly.
    from qrcode import QRCode
    from qrcode.constants import ERROR_CORRECT_M

    symbol = QRCode(error_correction=ERROR_CORRECT_M, mask_pattern=_MASK, border=0)
    symbol.add_data(text)
    symbol.make()
    modules: Sequence[Sequence[bool | None]] = symbol.modules
    return Drawing(len(modules), "".join(_runs(modules)))


def qr_drawing(text: str) -> str:
    """Draw a text as a QR code: SVG without the quiet zone."""
    drawing = drawn(text)
    size = drawing.modules
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"'
        f' shape-rendering="crispEdges"><path d="{drawing.path}"/></svg>'
    )


def _runs(modules: Sequence[Sequence[bool | None]]) -> Iterator[str]:
    """Draw each run of dark modules of a row as one rectangle."""
    for y, row in enumerate(modules):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                yield f"M{start} {y}h{x - start}v1H{start}z"
            x += 1
