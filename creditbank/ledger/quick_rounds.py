"""A round of the sealer replayed at full speed: tells whether everything stands where it put it.

Like quick.py it only ever finds that rows stand as they should; what does not is looked at again in
fsck_logs.py, row by row.
"""

import hashlib
import struct
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.ledger.logs import LEAF_BYTES, REF_BYTES
from creditbank.ledger.merkle import TILE_WIDTH
from creditbank.ledger.models import Bundle, Seal, SealSpan
from creditbank.ledger.quick import as_it_is, fetched
from creditbank.ledger.seal import rows_between

#: The columns of `Pending` as the driver gives them, the instant as text.
_RawPending = tuple[int, int, int, int, bytes, str, str]
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
    rows: list[_RawPending] = []
    for query in rows_between(session, before, seal):
        columns = [as_it_is(session, column) for column in query.selected_columns]
        unsorted = query.with_only_columns(*columns).order_by(None)  # they are sorted here
        found: list[_RawPending] = fetched(session, unsorted)
        rows += found
    runs = _runs(sorted(rows), log_for)
    return runs.keys() == spans.keys() and all(
        _run_stands(session, span, runs[log_id]) for log_id, span in spans.items()
    )


def _runs(rows: Sequence[_RawPending], log_for: ChooseLog) -> Mapping[int, Sequence[_RawPending]]:
    logs = {place: log_for(place[0], _year(place[1])) for place in {row[5:] for row in rows}}
    if len(set(logs.values())) == 1:
        return dict.fromkeys(logs.values(), rows)
    runs: dict[int, list[_RawPending]] = defaultdict(list)
    for row in rows:
        runs[logs[row[5:]]].append(row)
    return runs


def _year(recorded_at: str) -> int:
    return civil_day(datetime.fromisoformat(recorded_at)).year


def _run_stands(session: Session, span: SealSpan, run: Sequence[_RawPending]) -> bool:
    epochs, xids, kinds, ids, leaves, *_ = zip(*run, strict=True)
    order = [*chain.from_iterable(zip(epochs, xids, kinds, ids, strict=True))]
    refs = [row_id if kind else -row_id for kind, row_id in zip(kinds, ids, strict=True)]
    return (
        hashlib.sha256(struct.pack(f">{len(order)}q", *order)).digest() == span.order_digest
        and span.count == len(run)
        and _stored(session, span) == (b"".join(leaves), struct.pack(f">{len(refs)}q", *refs))
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
