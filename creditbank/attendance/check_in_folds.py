"""Scans of one person become spans: whichever way they came, and in whatever order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from creditbank.attendance.check_in_codes import Span, Unplugged
from creditbank.attendance.check_in_models import CheckInScan

_IN, _OUT = "in", "out"


@dataclass(frozen=True, slots=True)
class Fold:
    """What the scans of one person say together; `used` are the numbers of those that count."""

    spans: tuple[Span, ...]
    #: scans out before any scan in
    left_only: tuple[datetime, ...]
    used: frozenset[int]


def when(scan: CheckInScan) -> tuple[datetime, bool, int]:
    """Return by what scans are ordered: when they were made, in before out."""
    return scan.scanned_at, scan.direction == _OUT, scan.scan_no


def fold_scans(scans: Sequence[CheckInScan], unplugged: Mapping[int, Unplugged]) -> Fold:
    """Pair the scans of one person by when they were made, not by the order in which they came.

    Whoever is in is not in once more, and whoever has left leaves no second time.
    """
    spans: list[Span] = []
    left_only: list[datetime] = []
    used: set[int] = set()
    for scan in sorted(scans, key=when):
        found, is_there = unplugged.get(scan.scan_no), bool(spans) and spans[-1].ended_at is None
        if scan.direction == _IN and not is_there:
            spans.append(Span(scan.scanned_at, None, found))
        elif scan.direction == _OUT and is_there:
            spans[-1] = replace(spans[-1], ended_at=scan.scanned_at, left=found)
        elif scan.direction == _OUT and not spans and not left_only:
            left_only.append(scan.scanned_at)
        else:
            continue
        used.add(scan.scan_no)
    return Fold(tuple(spans), tuple(left_only), frozenset(used))
