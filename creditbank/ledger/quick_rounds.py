"""A round of the sealer replayed at full speed: tells whether everything stands where it put it.

Like quick.py it only ever finds that rows stand as they should; what does not is looked at again in
fsck_logs.py, row by row.
"""

import hashlib
import struct
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from itertools import chain, repeat
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    case,
    cast,
    func,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.ledger.logs import LEAF_BYTES, REF_BYTES
from creditbank.ledger.merkle import TILE_WIDTH
from creditbank.ledger.models import Bundle, Seal, SealSpan
from creditbank.ledger.quick_sheets import as_it_is, by_hash, fetched, on_sqlite
from creditbank.ledger.seal import RowsOfRound, rows_between

#: The columns of `Pending` as the driver gives them, the instant as text.
_RawPending = tuple[int, int, int, int, bytes, str, str]
#: Jurisdiction, first and last instant, how many, then order, references and leaves.
_RawRun = tuple[str, str, str, int, bytes, bytes, bytes]
#: Epoch, transaction number, kind, jurisdiction and instant that rows have in common.
_RawKind = tuple[int, int, int, str, str]
#: Numbers and leaves one after another.
_RawPart = tuple[str, bytes]
#: A row's epoch, transaction number, kind and number, as `order_digest` writes them.
_PLACE = struct.Struct(">qqqq")
#: Chooses the log of a row from its jurisdiction and year; 0 where there is none.
ChooseLog = Callable[[str, int], int]


def round_stands(
    session: Session,
    before: Seal | None,
    seal: Seal,
    spans: Mapping[int, SealSpan],
    *,
    log_for: ChooseLog,
) -> bool:
    """Tell whether the rows between two rounds have the order and places that the later one gave.

    Args:
        session: a snapshot.
        before: the round before.
        seal: the round.
        spans: the runs that it gave, by log.
        log_for: chooses the log of a row.
    """
    queries = list(rows_between(session, before, seal))
    told = (_strung_together if on_sqlite(session) else _put_together)(session, queries)
    if told is not None:
        by_log = {log_for(run.jurisdiction, run.year): run for run in told}
        return by_log.keys() == spans.keys() and all(
            _run_stands(session, span, by_log[log_id]) for log_id, span in spans.items()
        )
    rows: list[_RawPending] = []
    for query in queries:
        columns = [as_it_is(session, column) for column in query.selected_columns]
        unsorted = query.with_only_columns(*columns).order_by(None)  # they are sorted here
        found: list[_RawPending] = fetched(session, unsorted)
        rows += found
    runs = _runs(sorted(rows), log_for)
    return runs.keys() == spans.keys() and all(
        _run_stands(session, span, _packed(runs[log_id])) for log_id, span in spans.items()
    )


class _Run(NamedTuple):
    """Rows of a round that go into one log, in their order, as bytes put together."""

    jurisdiction: str
    year: int
    size: int
    order: bytes
    refs: bytes
    leaves: bytes


def _put_together(session: Session, queries: Sequence[RowsOfRound]) -> Sequence[_Run] | None:
    """Let PostgreSQL put the rows of each jurisdiction together; None if they are of two years.

    It sorts them once, for all: to put together by hash leaves those of each in that order.
    """
    both = union_all(*(query.order_by(None) for query in queries)).subquery()
    *order, leaf, jurisdiction, recorded_at = (
        select(both).order_by(*list(both.c)[:4]).subquery().columns
    )
    ref = case((order[2] == 0, -order[3]), else_=order[3])
    instants = (as_it_is(session, each(recorded_at)) for each in (func.min, func.max))
    query = select(
        jurisdiction, *instants, func.count(),
        func.string_agg(_sent(order), b""), func.string_agg(_sent([ref]), b""),
        func.string_agg(leaf, b""),
    ).group_by(jurisdiction)  # fmt: skip
    with by_hash(session):
        found: list[_RawRun] = fetched(session, query)
    if any(_year(first) != _year(last) for _, first, last, *_ in found):
        return None
    return [
        _Run(place, _year(first), size, numbers, refs, leaves)
        for place, first, _, size, numbers, refs, leaves in found
    ]


def _strung_together(session: Session, queries: Sequence[RowsOfRound]) -> Sequence[_Run] | None:
    """Let SQLite put a round's rows together; None if they may go into several logs.

    It writes no number as bytes. But acts come before entries there, and either have one epoch and
    one transaction number, so that only their own numbers tell them apart.
    """
    order, refs, leaves, places, mixed = b"", b"", b"", set[tuple[str, int]](), False
    for query in queries:
        epoch, xid, kind, number, leaf, place, at = query.selected_columns
        alike = query.with_only_columns(epoch, xid, kind, place, at).order_by(None)
        kinds: list[_RawKind] = fetched(session, alike.distinct())
        if not kinds:
            continue
        mixed |= len({shared[:3] for shared in kinds}) > 1
        instants: dict[str, list[str]] = defaultdict(list)
        for *_, jurisdiction, instant in kinds:
            instants[jurisdiction].append(instant)
        for jurisdiction, told in instants.items():
            places |= {(jurisdiction, _year(min(told))), (jurisdiction, _year(max(told)))}
        ids, hashes = _in_one(session, query.with_only_columns(number, leaf))
        numbers = [*map(int, ids.split(","))]
        order += b"".join(map(_PLACE.pack, *map(repeat, kinds[0][:3]), numbers))
        named = numbers if kinds[0][2] else [-number for number in numbers]
        refs += struct.pack(f">{len(named)}q", *named)
        leaves += hashes
    if mixed or len(places) != 1:
        return None
    [(jurisdiction, year)] = places
    return [_Run(jurisdiction, year, len(refs) // REF_BYTES, order, refs, leaves)]


def _in_one(session: Session, query: Select[int, bytes]) -> _RawPart:
    """Ask for the rows of a query in one, in the order of their numbers: on SQLite that of rows."""
    number, leaf = query.order_by(None).order_by(query.selected_columns[0]).subquery().c
    strung = cast(func.group_concat(leaf, b""), LargeBinary)
    found: list[_RawPart] = fetched(session, select(func.group_concat(number, ","), strung))
    return found[0]


def _sent(numbers: Sequence[ColumnElement[int]]) -> ColumnElement[bytes]:
    """Write numbers one after another, eight bytes each, as `order_digest` does."""
    sent: list[ColumnElement[bytes]] = [
        func.int8send(number, type_=LargeBinary) for number in numbers
    ]
    return reduce(lambda one, other: one.op("||")(other), sent)


def _runs(rows: Sequence[_RawPending], log_for: ChooseLog) -> Mapping[int, Sequence[_RawPending]]:
    logs = {place: log_for(place[0], _year(place[1])) for place in {row[5:] for row in rows}}
    runs: dict[int, list[_RawPending]] = defaultdict(list)
    for row in rows:
        runs[logs[row[5:]]].append(row)
    return runs


def _year(recorded_at: str) -> int:
    return civil_day(datetime.fromisoformat(recorded_at)).year


def _packed(run: Sequence[_RawPending]) -> _Run:
    epochs, xids, kinds, ids, leaves, places, instants = zip(*run, strict=True)
    order = [*chain.from_iterable(zip(epochs, xids, kinds, ids, strict=True))]
    refs = [row_id if kind else -row_id for kind, row_id in zip(kinds, ids, strict=True)]
    numbers, named = (struct.pack(f">{len(each)}q", *each) for each in (order, refs))
    return _Run(places[0], _year(instants[0]), len(run), numbers, named, b"".join(leaves))


def _run_stands(session: Session, span: SealSpan, run: _Run) -> bool:
    return (
        hashlib.sha256(run.order).digest() == span.order_digest
        and span.count == run.size
        and _stored(session, span) == (run.leaves, run.refs)
    )


def _stored(session: Session, span: SealSpan) -> tuple[bytes, bytes]:
    """Return leaves and references at the places of a run."""
    first_no, skipped = divmod(span.first_index, TILE_WIDTH)
    last_no = (span.first_index + span.count - 1) // TILE_WIDTH
    bundles = select(Bundle.leaves, Bundle.refs).where(
        Bundle.log_id == span.log_id, Bundle.bundle_no.between(first_no, last_no)
    )
    found = session.execute(bundles.order_by(Bundle.bundle_no)).all()
    leaves, refs = (b"".join(parts) for parts in zip(*found, strict=True)) if found else (b"", b"")
    end = skipped + span.count
    return (
        leaves[skipped * LEAF_BYTES : end * LEAF_BYTES],
        refs[skipped * REF_BYTES : end * REF_BYTES],
    )
