"""XLS files for the tests, written record by record: the workbook of Excel 97 in its container."""

import struct
from collections.abc import Mapping, Sequence

_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def xls(
    sheets: Mapping[str, Sequence[Sequence[object]]],
    *,
    hidden_sheets: Sequence[str] = (),
    hidden_rows: Sequence[int] = (),
    epoch_1904: bool = False,
    more: bytes = b"",
    storage: str = "",
) -> bytes:
    """Write sheets of texts and numbers; `hidden_rows` are hidden in each, `more` ends each.

    A `storage` of that name stands beside the workbook, as one of macros does.
    """
    bodies = [_sheet(rows, hidden_rows, more) for rows in sheets.values()]
    names = [_bound(0, title, hidden=title in hidden_sheets) for title in sheets]
    first = _begin(5) + record(0x42, struct.pack("<H", 1200))
    first += record(0x22, struct.pack("<H", epoch_1904))
    place = len(first) + sum(map(len, names)) + len(record(0x0A, b""))
    bounds = b""
    for title, body in zip(sheets, bodies, strict=True):
        bounds += _bound(place, title, hidden=title in hidden_sheets)
        place += len(body)
    return container(first + bounds + record(0x0A, b"") + b"".join(bodies), storage)


def record(kind: int, data: bytes) -> bytes:
    """Write one record."""
    return struct.pack("<HH", kind, len(data)) + data


def container(stream: bytes, storage: str = "") -> bytes:
    """Put the stream of a workbook into a compound file."""
    size = max(len(stream), 4096)
    sectors = -(-size // _SECTOR)
    table = [*range(1, sectors), _END, _END, _FAT]
    assert len(table) <= _SECTOR // 4, "one sector of the table is enough for a test"
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, sectors, 0, 4096,
                          _END, 0, _END, 0, sectors + 1)  # fmt: skip
    header += struct.pack("<I", _FREE) * 108
    beside = 2 if storage else _FREE
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry(
        "Workbook", 2, _FREE, 0, size, after=beside
    )
    directory += _entry(storage, 1, _FREE, 0, 0) if storage else b""
    fat = b"".join(struct.pack("<I", each) for each in table).ljust(_SECTOR, b"\xff")
    body = stream.ljust(sectors * _SECTOR, b"\0")
    return header + body + directory.ljust(_SECTOR, b"\0") + fat


def _begin(kind: int) -> bytes:
    return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 1996, 0, 6))


def _bound(place: int, title: str, *, hidden: bool) -> bytes:
    name = title.encode("utf-16-le")
    return record(0x85, struct.pack("<IBBBB", place, hidden, 0, len(title), 1) + name)


def _sheet(rows: Sequence[Sequence[object]], hidden_rows: Sequence[int], more: bytes) -> bytes:
    width = max((len(row) for row in rows), default=0)
    body = _begin(16) + record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for line, cells in enumerate(rows):
        flags = 0x20 if line + 1 in hidden_rows else 0
        body += record(0x208, struct.pack("<HHHHHHHH", line, 0, width, 255, 0, 0, flags, 0xF))
        for place, cell in enumerate(cells):
            at = struct.pack("<HHH", line, place, 0)
            if isinstance(cell, int | float):
                body += record(0x203, at + struct.pack("<d", cell))
            elif cell:
                text = str(cell)
                said = struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")
                body += record(0x204, at + said)
    return body + more + record(0x0A, b"")


def _entry(name: str, kind: int, child: int, start: int, size: int, *, after: int = _FREE) -> bytes:
    spelled = (name + "\0").encode("utf-16-le")
    head = spelled.ljust(64, b"\0") + struct.pack("<HBB", len(spelled), kind, 1)
    return (
        head
        + struct.pack("<III", _FREE, after, child)
        + bytes(36)
        + struct.pack("<III", start, size, 0)
    )
