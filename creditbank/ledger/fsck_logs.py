"""The half of fsck that looks at the logs: replays the sealer's rounds, builds the trees again.

A round's digest vouches for what the round says and for the logs, freezes and epochs that it rests
on; a row of these that no intact round vouches for is named.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ledger.audited import Audited
from creditbank.ledger.checkpoint import Checkpoint, open_checkpoint
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.logs import LEAF_BYTES, REF_BYTES, spans_of, tile_reader
from creditbank.ledger.merkle import (
    TILE_WIDTH,
    consistency_holds,
    consistency_proof,
    root_at,
    root_of,
    tile_width,
)
from creditbank.ledger.models import (
    Act,
    Bundle,
    Entry,
    Epoch,
    Log,
    LogFreeze,
    Seal,
    SealSpan,
    SignedCheckpoint,
    Tile,
)
from creditbank.ledger.quick_rounds import ChooseLog, round_stands
from creditbank.ledger.seal import GrownSpan, Pending, order_digest, pending_after, seal_digest

#: A checkpoint's origin, size and root, an empty line, and one signature.
_NOTE_LINES = 5
_BUNDLES_AT_ONCE = 128
#: Size and root of a log of which nothing was checked.
_EMPTY = (0, b"")


def check_rounds(
    session: Session, seen: Progress, audited: Audited | None = None
) -> Iterator[Disagreement]:
    """Replay each round of the sealer, or each since a check, from the rows between two."""
    shelf = _Shelf(session, audited)
    seen.begin("rounds", len(shelf.rounds))
    yield from _check_strays(session, shelf)
    before: Seal | None = None
    if audited and audited.seal_no:
        yield from _check_begun(session, audited, shelf)
        before = session.get(Seal, audited.seal_no)
        if before is None:
            return
    for seal_no in shelf.rounds:
        seal = session.get_one(Seal, seal_no)
        expected = before.seal_no + 1 if before else 1
        if seal_no != expected:
            yield Disagreement("fsck-round-missing", "journal_seal", str(expected))
        yield from _check_round(session, before, seal, shelf)
        session.expunge_all()
        before = seal
        seen.rounds += 1
        seen.done = seen.rounds
    yield from shelf.unvouched(before)


def check_logs(
    session: Session, seen: Progress, audited: Audited | None = None
) -> Iterator[Disagreement]:
    """Build each log's tiles again from its leaves, and open each checkpoint under its key.

    Of what was checked before only the hashes over full bundles are taken as they stand: the tree
    built over them must have the root that the record has.
    """
    new = SealSpan.seal_no > (audited.seal_no if audited else 0)
    seen.begin(
        "logs", session.scalar(select(func.coalesce(func.sum(SealSpan.count), 0)).where(new)) or 0
    )
    logs = session.scalars(select(Log).order_by(Log.log_id)).all()
    for origin in sorted((audited.logs if audited else {}).keys() - {log.origin for log in logs}):
        yield Disagreement("fsck-log-missing", "journal_log", origin)
    for log in logs:
        size, root = audited.logs.get(log.origin, _EMPTY) if audited else _EMPTY
        if size and not _grows(session, log, size, root):
            yield Disagreement("fsck-log-parted", "journal_log", f"{log.origin} {size}")
        yield from _check_log(session, log, seen, size)
        session.expunge_all()


class _Shelf:
    """The small tables that every round rests on, and which of their rows a round vouched for."""

    def __init__(self, session: Session, audited: Audited | None) -> None:
        new = Seal.seal_no > (audited.seal_no if audited else 0)
        self.rounds = session.scalars(select(Seal.seal_no).where(new).order_by(Seal.seal_no)).all()
        self.logs = {log.log_id: log for log in session.scalars(select(Log).order_by(Log.origin))}
        self.freezes = session.scalars(select(LogFreeze)).all()
        self.epochs = session.scalars(select(Epoch).order_by(Epoch.epoch)).all()
        self.sizes: dict[int, int] = defaultdict(int)
        if audited:
            self.sizes.update(
                (log.log_id, audited.logs.get(log.origin, _EMPTY)[0]) for log in self.logs.values()
            )
        self._vouched: set[tuple[str, int]] = set()
        session.expunge_all()

    def digest_of(self, seal: Seal, before: Seal | None, grown: Sequence[GrownSpan]) -> bytes:
        """Compute a round's digest again; empty where its figures are no round's."""
        frozen = [each for each in self.freezes if each.seal_no == seal.seal_no]
        try:
            return seal_digest(
                seal,
                spans=sorted(grown, key=lambda span: span.origin),
                frozen=sorted((self.origin_of(each.log_id), each.size) for each in frozen),
                logs=[log for log in self.logs.values() if log.seal_no == seal.seal_no],
                epochs=[each for each in self.epochs if each.epoch <= seal.epoch],
                before=before.digest if before else b"",
            )
        except ValueError:
            return b""  # an integer beyond what canonical JSON holds

    def origin_of(self, log_id: int) -> str:
        """Return a log's origin, empty if there is no such log."""
        return self.logs[log_id].origin if log_id in self.logs else ""

    def chooser(self, seal_no: int) -> ChooseLog:
        """Return what chooses a row's log as the sealer did: of its year, or the next open one."""
        logs = {(log.jurisdiction, log.year): log.log_id for log in self.logs.values()}
        frozen = {freeze.log_id for freeze in self.freezes if freeze.seal_no < seal_no}

        def choose(jurisdiction: str, year: int) -> int:
            while (log_id := logs.get((jurisdiction, year), 0)) in frozen:
                year += 1
            return log_id

        return choose

    def vouch(self, seal: Seal) -> None:
        """Note what an intact round rests on."""
        self._vouched.update(
            [
                ("journal_log", log.log_id)
                for log in self.logs.values()
                if log.seal_no == seal.seal_no
            ]
            + [("journal_freeze", f.log_id) for f in self.freezes if f.seal_no == seal.seal_no]
            + [("ledger_epoch", e.epoch) for e in self.epochs if e.epoch <= seal.epoch]
        )

    def unvouched(self, last: Seal | None) -> Iterator[Disagreement]:
        """Name each log, freeze and epoch that no intact round rests on."""
        rows = [("journal_log", log_id) for log_id in self.logs]
        rows += [("journal_freeze", freeze.log_id) for freeze in self.freezes]
        for number, epoch in enumerate(self.epochs, start=1):
            # The newest epochs may have no round yet, but their numbers have no gap.
            if epoch.epoch != number or (last is not None and epoch.epoch <= last.epoch):
                rows.append(("ledger_epoch", epoch.epoch))
        for table, key in rows:
            if (table, key) not in self._vouched:
                yield Disagreement("fsck-unvouched", table, str(key))


def _check_begun(session: Session, audited: Audited, shelf: _Shelf) -> Iterator[Disagreement]:
    """Hold the last round that was checked against the record, and each that a small table names.

    Nothing is replayed: the digest of a round says by itself which logs, freezes and epochs it
    rests on.
    """
    last = session.get(Seal, audited.seal_no)
    if last is None:
        yield Disagreement("fsck-round-missing", "journal_seal", str(audited.seal_no))
        return
    said = (
        last.digest,
        (last.entry_epoch, last.entry_xid, last.entry_id),
        (last.act_epoch, last.act_xid, last.act_id),
    )
    if said != (audited.seal_digest, audited.entries_through, audited.acts_through):
        yield Disagreement("fsck-round-digest", "journal_seal", str(audited.seal_no))
    named = {log.seal_no for log in shelf.logs.values()} | {f.seal_no for f in shelf.freezes}
    for seal_no in sorted({each for each in named if each < audited.seal_no} | {audited.seal_no}):
        seal = session.get(Seal, seal_no)
        if seal is None:
            yield Disagreement("fsck-round-missing", "journal_seal", str(seal_no))
            continue
        grown = [_grown_span(session, span, shelf) for span in spans_of(session, seal_no)]
        if seal.digest == shelf.digest_of(seal, session.get(Seal, seal_no - 1), grown):
            shelf.vouch(seal)
        else:
            yield Disagreement("fsck-round-digest", "journal_seal", str(seal_no))


def _check_strays(session: Session, shelf: _Shelf) -> Iterator[Disagreement]:
    """Name what belongs to no log or to no round."""
    for table in (SealSpan, LogFreeze, Bundle, Tile, SignedCheckpoint):
        query = select(table.log_id).distinct().where(table.log_id.not_in(list(shelf.logs)))
        for log_id in session.scalars(query):
            yield Disagreement("fsck-log-missing", table.__tablename__, f"journal_log {log_id}")
    known = select(Seal.seal_no)
    for span in session.execute(
        select(SealSpan.seal_no, SealSpan.log_id).where(SealSpan.seal_no.not_in(known))
    ):
        yield Disagreement("fsck-span-stray", "journal_span", f"{span.seal_no} {span.log_id}")
        yield Disagreement("fsck-round-missing", "journal_seal", str(span.seal_no))


def _check_round(
    session: Session, before: Seal | None, seal: Seal, shelf: _Shelf
) -> Iterator[Disagreement]:
    epoch_known = seal.epoch in {each.epoch for each in shelf.epochs}
    spans = {span.log_id: span for span in spans_of(session, seal.seal_no)}
    choose = shelf.chooser(seal.seal_no)
    starts = {log_id: span.first_index for log_id, span in spans.items()}
    if (
        not epoch_known
        or any(shelf.sizes[log_id] != start for log_id, start in starts.items())
        or not round_stands(session, before, seal, spans, log_for=choose)
    ):
        yield from _check_spans(session, before, seal, spans, shelf)
    grown = [_grown_span(session, span, shelf) for _, span in sorted(spans.items())]
    shelf.sizes.update((log_id, span.first_index + span.count) for log_id, span in spans.items())
    if not epoch_known:
        yield Disagreement("fsck-round-epoch", "journal_seal", str(seal.seal_no))
    if seal.digest == shelf.digest_of(seal, before, grown):
        shelf.vouch(seal)
    else:
        yield Disagreement("fsck-round-digest", "journal_seal", str(seal.seal_no))


def _check_spans(
    session: Session, before: Seal | None, seal: Seal, spans: Mapping[int, SealSpan], shelf: _Shelf
) -> Iterator[Disagreement]:
    """Name what does not stand where the round put it."""
    known = seal.epoch in {each.epoch for each in shelf.epochs}
    rows = pending_after(session, before, through=seal) if known else []
    runs = _runs(rows, shelf.chooser(seal.seal_no))
    for log_id in sorted(runs.keys() - spans.keys()):
        yield Disagreement("fsck-span-missing", "journal_span", f"{seal.seal_no} {log_id}")
    for log_id, span in sorted(spans.items()):
        run = runs.get(log_id, [])
        name = f"{seal.seal_no} {log_id}"
        if (span.first_index, span.count) != (shelf.sizes[log_id], len(run)):
            yield Disagreement("fsck-span", "journal_span", name)
        if span.order_digest != order_digest(run):
            yield Disagreement("fsck-span-order", "journal_span", f"{name}: {_rows_named(run)}")
        yield from _check_run(session, span, run)


def _runs(rows: Sequence[Pending], log_for: ChooseLog) -> dict[int, list[Pending]]:
    runs: dict[int, list[Pending]] = defaultdict(list)
    for row in rows:
        runs[log_for(row.jurisdiction, row.year)].append(row)
    return runs


def _check_run(session: Session, span: SealSpan, run: Sequence[Pending]) -> Iterator[Disagreement]:
    """Hold the rows of a round against the places that it gave them."""
    places = _places(session, span)
    rows = {row.ref: row for row in run}
    for index, (ref, leaf) in enumerate(places, start=span.first_index):
        row = rows.get(ref)
        if row is None:
            yield Disagreement("fsck-place-empty", *_named(ref, f"{span.log_id}/{index}"))
        elif leaf != row.leaf:
            where = f"{span.log_id}/{index // TILE_WIDTH} {index} {' '.join(_named(ref))}"
            yield Disagreement("fsck-place-leaf", "journal_bundle", where)
    refs = [ref for ref, _ in places]
    for ref in rows.keys() - set(refs):
        yield Disagreement("fsck-place-missing", *_named(ref, f"{span.log_id}"))
    if rows.keys() == set(refs) and refs != list(rows):
        where = f"{span.log_id}/{span.first_index // TILE_WIDTH}"
        yield Disagreement("fsck-place-order", "journal_bundle", where)


def _places(session: Session, span: SealSpan) -> list[tuple[bytes, bytes]]:
    """Return reference and leaf at each place of a run, as far as there are bundles."""
    places: list[tuple[bytes, bytes]] = []
    index, end = span.first_index, span.first_index + span.count
    while index < end:
        bundle_no, start = divmod(index, TILE_WIDTH)
        bundle = session.get(Bundle, (span.log_id, bundle_no))
        if bundle is None:
            break
        stop = min(TILE_WIDTH, start + end - index)
        places += [
            (
                bundle.refs[place * REF_BYTES : (place + 1) * REF_BYTES],
                bundle.leaves[place * LEAF_BYTES : (place + 1) * LEAF_BYTES],
            )
            for place in range(start, min(stop, len(bundle.refs) // REF_BYTES))
        ]
        index += stop - start
    return places


def _rows_named(run: Sequence[Pending]) -> str:
    """Say which rows a run covers: one of them has another transaction number than it had."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in run:
        numbers[_named(row.ref)[0]].append(row.row_id)
    return ", ".join(f"{table} {min(ids)}–{max(ids)}" for table, ids in sorted(numbers.items()))


def _named(ref: bytes, where: str = "") -> tuple[str, str]:
    number = int.from_bytes(ref, "big", signed=True)
    table = Entry.__tablename__ if number > 0 else Act.__tablename__
    return table, f"{abs(number)} @ {where}" if where else str(abs(number))


def _grown_span(session: Session, span: SealSpan, shelf: _Shelf) -> GrownSpan:
    signed = session.get(SignedCheckpoint, (span.log_id, span.first_index + span.count))
    origin, root = shelf.origin_of(span.log_id), signed.root if signed else b""
    return GrownSpan(origin, span.first_index, span.count, span.order_digest, root)


def _grows(session: Session, log: Log, size: int, root: bytes) -> bool:
    """Tell whether a log's tiles still have the root that was checked, and lead from it to now."""
    query = select(SignedCheckpoint).where(SignedCheckpoint.log_id == log.log_id)
    newest = session.scalar(query.order_by(SignedCheckpoint.size.desc()).limit(1))
    if newest is None:
        return False
    read = tile_reader(session, log.log_id)
    try:
        proof = consistency_proof(size, newest.size, read)
        stands = root_at(size, read) == root
    except CreditBankError:
        return False
    return stands and consistency_holds(size, root, newest.size, newest.root, proof)


def _check_log(session: Session, log: Log, seen: Progress, checked: int) -> Iterator[Disagreement]:
    ends = dict(
        session.execute(
            select(SealSpan.first_index + SealSpan.count, SealSpan.seal_no).where(
                SealSpan.log_id == log.log_id, SealSpan.first_index >= checked
            )
        ).all()
    )
    freeze = session.get(LogFreeze, log.log_id)
    if freeze is not None and freeze.size == 0:
        ends[0] = freeze.seal_no  # closed before its first row, and signed as empty
    yield from _check_bundles(session, log, max(ends, default=checked), seen, checked)
    query = select(SignedCheckpoint).where(
        SignedCheckpoint.log_id == log.log_id,
        (SignedCheckpoint.size > checked) | (SignedCheckpoint.size == 0),
    )
    signed_sizes = set()
    for signed in session.scalars(query.order_by(SignedCheckpoint.size)).all():
        signed_sizes.add(signed.size)
        name = f"{log.origin} {signed.size}"
        if ends.get(signed.size) != signed.seal_no:
            yield Disagreement("fsck-checkpoint-round", "journal_checkpoint", name)
        if not _checkpoint_holds(session, log, signed):
            yield Disagreement("fsck-checkpoint", "journal_checkpoint", name)
    for missing in sorted(ends.keys() - signed_sizes):
        yield Disagreement(
            "fsck-checkpoint-missing", "journal_checkpoint", f"{log.origin} {missing}"
        )


def _checkpoint_holds(session: Session, log: Log, signed: SignedCheckpoint) -> bool:
    try:
        opened = open_checkpoint(signed.note, [log.vkey])
        if opened != Checkpoint(log.origin, signed.size, signed.root):
            return False
        root = root_at(signed.size, tile_reader(session, log.log_id))
    except CreditBankError:
        return False
    return root == signed.root and signed.note.count("\n") == _NOTE_LINES


def _check_bundles(
    session: Session, log: Log, size: int, seen: Progress, checked: int
) -> Iterator[Disagreement]:
    """Look at each bundle's width; then the tiles above are built again."""
    bundles = -(-size // TILE_WIDTH)
    stray = select(Bundle.bundle_no).where(
        Bundle.log_id == log.log_id, (Bundle.bundle_no >= bundles) | (Bundle.bundle_no < 0)
    )
    for bundle_no in session.scalars(stray):
        yield Disagreement("fsck-bundle", "journal_bundle", f"{log.log_id}/{bundle_no}")
    nodes = _nodes_over(session, log, checked // TILE_WIDTH)
    for start in range(len(nodes), bundles, _BUNDLES_AT_ONCE):
        found = _bundles(session, log, start, min(start + _BUNDLES_AT_ONCE, bundles))
        for bundle_no in range(start, min(start + _BUNDLES_AT_ONCE, bundles)):
            width = tile_width(0, bundle_no, size)
            leaves, ref_bytes = found.get(bundle_no, (b"", 0))
            if (len(leaves), ref_bytes) != (width * LEAF_BYTES, width * REF_BYTES):
                yield Disagreement("fsck-bundle", "journal_bundle", f"{log.log_id}/{bundle_no}")
                return
            if width == TILE_WIDTH:
                nodes.append(_root_of_bundle(leaves))
            seen.done += width
    yield from _check_tiles(session, log, _tiles_over(nodes))


def _nodes_over(session: Session, log: Log, bundles: int) -> list[bytes]:
    """Return the hashes over the first so many bundles, which were full, as their tiles say."""
    tiles = -(-bundles // TILE_WIDTH)
    query = select(Tile.hashes).where(
        Tile.log_id == log.log_id, Tile.level == 1, Tile.tile_no < tiles
    )
    hashes = b"".join(session.scalars(query.order_by(Tile.tile_no)))
    starts = range(0, min(bundles * LEAF_BYTES, len(hashes)), LEAF_BYTES)
    return [hashes[start : start + LEAF_BYTES] for start in starts]


def _bundles(session: Session, log: Log, start: int, end: int) -> dict[int, tuple[bytes, int]]:
    """Return the leaves of each bundle, and of how many bytes its references are."""
    columns = select(Bundle.bundle_no, Bundle.leaves, func.length(Bundle.refs))
    rows = columns.where(
        Bundle.log_id == log.log_id, Bundle.bundle_no >= start, Bundle.bundle_no < end
    )
    return {number: (leaves, ref_bytes) for number, leaves, ref_bytes in session.execute(rows)}


def _tiles_over(nodes: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """Return each tile above full bundles; a tile holds exactly the full subtrees so far."""
    tiles: dict[tuple[int, int], bytes] = {}
    level = 1
    while nodes:
        for start in range(0, len(nodes), TILE_WIDTH):
            tiles[level, start // TILE_WIDTH] = b"".join(nodes[start : start + TILE_WIDTH])
        full = len(nodes) // TILE_WIDTH
        nodes = [root_of(nodes[i * TILE_WIDTH : (i + 1) * TILE_WIDTH]) for i in range(full)]
        level += 1
    return tiles


def _check_tiles(
    session: Session, log: Log, wanted: Mapping[tuple[int, int], bytes]
) -> Iterator[Disagreement]:
    tiles = session.scalars(select(Tile).where(Tile.log_id == log.log_id))
    stored = {(tile.level, tile.tile_no): tile.hashes for tile in tiles}
    for level, tile_no in sorted(wanted.keys() | stored.keys()):
        if wanted.get((level, tile_no)) != stored.get((level, tile_no)):
            yield Disagreement("fsck-tile", "journal_tile", f"{log.log_id}/{level}/{tile_no}")


def _root_of_bundle(leaves: bytes) -> bytes:
    """Return the root over 256 leaves; written out, because this is done for every one there is."""
    sha256 = hashlib.sha256
    nodes = [
        sha256(b"\0" + leaves[start : start + LEAF_BYTES]).digest()
        for start in range(0, len(leaves), LEAF_BYTES)
    ]
    while len(nodes) > 1:
        nodes = [
            sha256(b"\1" + left + right).digest()
            for left, right in zip(nodes[::2], nodes[1::2], strict=True)
        ]
    return nodes[0]
