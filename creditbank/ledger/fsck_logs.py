"""The half of fsck that looks at the logs: replays the sealer's rounds, builds the trees again.

A round's digest vouches for what the round says and for the logs, freezes and epochs that it rests
on; a row of these that no intact round vouches for is named.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ledger.checkpoint import Checkpoint, open_checkpoint
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.logs import LEAF_BYTES, REF_BYTES, spans_of, tile_reader
from creditbank.ledger.merkle import TILE_WIDTH, leaf_node, root_at, root_of, tile_width
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
from creditbank.ledger.seal import GrownSpan, Pending, order_digest, pending_after, seal_digest

#: A checkpoint's origin, size and root, an empty line, and one signature.
_NOTE_LINES = 5


def check_rounds(session: Session, seen: Progress) -> Iterator[Disagreement]:
    """Replay each round of the sealer from the rows between two watermarks."""
    shelf = _Shelf(session)
    yield from _check_strays(session, shelf)
    before: Seal | None = None
    for seal_no in shelf.rounds:
        seal = session.get_one(Seal, seal_no)
        expected = before.seal_no + 1 if before else 1
        if seal_no != expected:
            yield Disagreement("fsck-round-missing", "journal_seal", str(expected))
        yield from _check_round(session, before, seal, shelf)
        session.expunge_all()
        before = seal
        seen.rounds += 1
    yield from shelf.unvouched(before)


def check_logs(session: Session) -> Iterator[Disagreement]:
    """Build each log's tiles again from its leaves, and open each checkpoint under its key."""
    for log in session.scalars(select(Log).order_by(Log.log_id)).all():
        yield from _check_log(session, log)
        session.expunge_all()


class _Shelf:
    """The small tables that every round rests on, and which of their rows a round vouched for."""

    def __init__(self, session: Session) -> None:
        self.rounds = session.scalars(select(Seal.seal_no).order_by(Seal.seal_no)).all()
        self.logs = {log.log_id: log for log in session.scalars(select(Log).order_by(Log.origin))}
        self.freezes = session.scalars(select(LogFreeze)).all()
        self.epochs = session.scalars(select(Epoch).order_by(Epoch.epoch)).all()
        self.sizes: dict[int, int] = defaultdict(int)
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
    rows = pending_after(session, before, through=seal) if epoch_known else []
    spans = {span.log_id: span for span in spans_of(session, seal.seal_no)}
    runs = _runs(rows, seal.seal_no, shelf)
    for log_id in sorted(runs.keys() - spans.keys()):
        yield Disagreement("fsck-span-missing", "journal_span", f"{seal.seal_no} {log_id}")
    grown = []
    for log_id, span in sorted(spans.items()):
        run = runs.get(log_id, [])
        name = f"{seal.seal_no} {log_id}"
        if (span.first_index, span.count) != (shelf.sizes[log_id], len(run)):
            yield Disagreement("fsck-span", "journal_span", name)
        if span.order_digest != order_digest(run):
            yield Disagreement("fsck-span-order", "journal_span", f"{name}: {_rows_named(run)}")
        yield from _check_run(session, span, run)
        shelf.sizes[log_id] = span.first_index + span.count
        grown.append(_grown_span(session, span, shelf))
    if not epoch_known:
        yield Disagreement("fsck-round-epoch", "journal_seal", str(seal.seal_no))
    if seal.digest == shelf.digest_of(seal, before, grown):
        shelf.vouch(seal)
    else:
        yield Disagreement("fsck-round-digest", "journal_seal", str(seal.seal_no))


def _runs(rows: Sequence[Pending], seal_no: int, shelf: _Shelf) -> dict[int, list[Pending]]:
    """Choose each row's log as the sealer did: of its year, or the next that was not frozen."""
    logs = {(log.jurisdiction, log.year): log for log in shelf.logs.values()}
    frozen = {freeze.log_id for freeze in shelf.freezes if freeze.seal_no < seal_no}
    runs: dict[int, list[Pending]] = defaultdict(list)
    for row in rows:
        year = row.year
        while (log := logs.get((row.jurisdiction, year))) and log.log_id in frozen:
            year += 1
        runs[log.log_id if log else 0].append(row)
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


def _check_log(session: Session, log: Log) -> Iterator[Disagreement]:
    ends = dict(
        session.execute(
            select(SealSpan.first_index + SealSpan.count, SealSpan.seal_no).where(
                SealSpan.log_id == log.log_id
            )
        ).all()
    )
    yield from _check_bundles(session, log, max(ends, default=0))
    query = select(SignedCheckpoint).where(SignedCheckpoint.log_id == log.log_id)
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


def _check_bundles(session: Session, log: Log, size: int) -> Iterator[Disagreement]:
    """Look at each bundle's width; then the tiles above are built again."""
    bundles = -(-size // TILE_WIDTH)
    stray = select(Bundle.bundle_no).where(
        Bundle.log_id == log.log_id, (Bundle.bundle_no >= bundles) | (Bundle.bundle_no < 0)
    )
    for bundle_no in session.scalars(stray):
        yield Disagreement("fsck-bundle", "journal_bundle", f"{log.log_id}/{bundle_no}")
    nodes: list[bytes] = []
    for bundle_no in range(bundles):
        bundle = session.get(Bundle, (log.log_id, bundle_no))
        width = tile_width(0, bundle_no, size)
        wanted = (width * LEAF_BYTES, width * REF_BYTES)
        if bundle is None or (len(bundle.leaves), len(bundle.refs)) != wanted:
            yield Disagreement("fsck-bundle", "journal_bundle", f"{log.log_id}/{bundle_no}")
            return
        if width == TILE_WIDTH:
            nodes.append(_root_of_bundle(bundle.leaves))
        session.expunge(bundle)
    yield from _check_tiles(session, log, _tiles_over(nodes))


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
    starts = range(0, len(leaves), LEAF_BYTES)
    return root_of([leaf_node(leaves[start : start + LEAF_BYTES]) for start in starts])
