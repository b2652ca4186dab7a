"""fsck: recomputes everything from the rows and names each disagreement (law 10).

It trusts nothing stored: leaves are hashed again from what the rows say, uses are summed again, the
sealer's rounds are replayed from the rows, trees are built again from the leaves, and each
checkpoint is opened under its log's key. It reads in batches of whole people or whole rounds, so
that memory does not grow with the ledger.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ledger.bodies import Named
from creditbank.ledger.bodies import body_of as entry_body
from creditbank.ledger.checkpoint import open_checkpoint
from creditbank.ledger.journal import body_of as act_body
from creditbank.ledger.leaves import act_leaf, entry_leaf, entry_salt
from creditbank.ledger.logs import LEAF_BYTES, REF_BYTES, spans_of, tile_reader
from creditbank.ledger.merkle import TILE_WIDTH, leaf_node, root_at, root_of, tile_width
from creditbank.ledger.models import (
    Act,
    Bundle,
    CreditFacts,
    Entry,
    Epoch,
    Log,
    LogFreeze,
    Movement,
    PackPins,
    Seal,
    SealSpan,
    SignedCheckpoint,
    Source,
    SourceUse,
    State,
    Tile,
)
from creditbank.ledger.posting import pins_from_text
from creditbank.ledger.seal import GrownSpan, Pending, order_digest, pending_after, seal_digest
from creditbank.ledger.sources import Bounds, source_bounds_details

_BATCH = 5_000

#: Gives each person's secret; None where it was erased on purpose; absent where it is lost.
SecretStates = Callable[[Sequence[int]], Mapping[int, bytes | None]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that does not agree: which, in which table, in which row."""

    code: str
    table: str
    key: str


@dataclass(slots=True)
class Progress:
    """How far a check has come, for whoever waits for it."""

    entries: int = 0
    acts: int = 0
    rounds: int = 0
    #: people whose secret was erased: their leaves are blind, which is no disagreement
    erased_people: set[int] = field(default_factory=set)


def check_ledger(
    session: Session,
    secrets: SecretStates,
    progress: Progress | None = None,
) -> Iterator[Disagreement]:
    """Check the whole ledger and journal, row by row, sum by sum, log by log.

    Args:
        session: a snapshot, so that postings at the same time do not disturb.
        secrets: people's secrets, by which leaves are hashed again.
        progress: kept up to date while the check runs.

    Yields:
        Each disagreement, by table and row.
    """
    seen = progress or Progress()
    books = _Books(session)
    yield from _check_acts(session, seen)
    yield from _check_pins(session, books)
    yield from _check_sources(session, books)
    yield from _check_people(session, secrets, books, seen)
    yield from _check_uses(session, books)
    yield from _check_rounds(session, seen)
    yield from _check_logs(session)


class _Books:
    """Small tables that every entry refers to, and what its use adds up to."""

    def __init__(self, session: Session) -> None:
        self.sources = {row.source_id: row for row in session.scalars(select(Source))}
        self.pins = {row.pins_id: row.pins for row in session.scalars(select(PackPins))}
        opening = {source.act_id for source in self.sources.values()}
        self.opening_acts: dict[int, Act] = {
            act.act_id: act for act in _in_chunks(session, Act, sorted(opening))
        }
        self.used_people: dict[int, int] = defaultdict(int)
        self.used_centihours: dict[int, int] = defaultdict(int)

    def source_leaf(self, source_id: int) -> bytes:
        """Return the leaf of the act that opened a source, empty if there is none."""
        source = self.sources.get(source_id)
        act = self.opening_acts.get(source.act_id) if source else None
        return act.leaf if act else b""


def _in_chunks(session: Session, table: type[Act], ids: Sequence[int]) -> Iterator[Act]:
    for start in range(0, len(ids), _BATCH):
        yield from session.scalars(
            select(table).where(table.act_id.in_(ids[start : start + _BATCH]))
        )


def _check_acts(session: Session, seen: Progress) -> Iterator[Disagreement]:
    last_id = 0
    while True:
        query = select(Act).where(Act.act_id > last_id).order_by(Act.act_id).limit(_BATCH)
        acts = session.scalars(query).all()
        for act in acts:
            if not _act_holds(act):
                yield Disagreement("fsck-act-leaf", "journal_act", f"{act.act_id} {act.kind}")
        if not acts:
            return
        seen.acts += len(acts)
        last_id = acts[-1].act_id
        session.expunge_all()


def _act_holds(act: Act) -> bool:
    try:
        return act_leaf(act.salt, act_body(act)) == act.leaf
    except (ValueError, TypeError):
        return False  # the cites are no JSON any more


def _check_pins(session: Session, books: _Books) -> Iterator[Disagreement]:
    published = {
        (act.subject, _details(act).get("sha256"))
        for act in session.scalars(select(Act).where(Act.kind == "rules.published"))
    }
    for pins_id, text in books.pins.items():
        try:
            pins = [(f"{pack}@{version}", digest) for pack, version, digest in json.loads(text)]
        except (ValueError, TypeError):
            pins = [("", None)]
        if not pins or not published.issuperset(pins):
            yield Disagreement("fsck-pins-unpublished", "ledger_pack_pins", str(pins_id))


def _check_sources(session: Session, books: _Books) -> Iterator[Disagreement]:
    for source in books.sources.values():
        act = books.opening_acts.get(source.act_id)
        if act is None or not _opens(act, source):
            yield Disagreement("fsck-source-act", "ledger_source", source.source_no)


def _opens(act: Act, source: Source) -> bool:
    bounds = Bounds(source.people_max, source.person_centihours_max)
    wanted = {
        **source_bounds_details(bounds, source.centihours_max),
        "scheme": source.scheme,
        "source_kind": source.kind,
    }
    details = _details(act)
    said = {key: details.get(key) for key in wanted}
    return said == wanted and (act.subject, act.jurisdiction) == (
        source.source_no,
        source.jurisdiction,
    )


def _details(act: Act) -> dict[str, object]:
    try:
        details = json.loads(act.details)
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


@dataclass(slots=True)
class _PersonRows:
    """Everything that one person has in the ledger."""

    entries: list[Entry] = field(default_factory=list)
    facts: dict[tuple[str, str, int], str] = field(default_factory=dict)


def _check_people(
    session: Session, secrets: SecretStates, books: _Books, seen: Progress
) -> Iterator[Disagreement]:
    for people in _people_in_batches(session):
        states = secrets(sorted(people))
        acts = _ordering_acts(session, people)
        for person_id, rows in people.items():
            seen.entries += len(rows.entries)
            yield from _check_person(person_id, rows, states, books, acts)
            if person_id in states and states[person_id] is None:
                seen.erased_people.add(person_id)
        session.expunge_all()


def _people_in_batches(session: Session) -> Iterator[dict[int, _PersonRows]]:
    last_person = 0
    while True:
        bounds = select(Entry.person_id).where(Entry.person_id > last_person)
        of_facts = select(CreditFacts.person_id).where(CreditFacts.person_id > last_person)
        ends = [
            session.scalars(query.order_by("person_id").offset(_BATCH).limit(1)).first()
            for query in (bounds, of_facts)
        ]
        end = min((each for each in ends if each is not None), default=2**63 - 1)
        people: dict[int, _PersonRows] = defaultdict(_PersonRows)
        for entry in session.scalars(
            select(Entry).where(Entry.person_id > last_person, Entry.person_id <= end)
        ):
            people[entry.person_id].entries.append(entry)
        for facts in session.scalars(
            select(CreditFacts).where(
                CreditFacts.person_id > last_person, CreditFacts.person_id <= end
            )
        ):
            key = (facts.scheme, facts.occasion, facts.revision)
            people[facts.person_id].facts[key] = facts.facts
        if people:
            yield people
        if end == 2**63 - 1:
            return
        last_person = end


def _ordering_acts(session: Session, people: Mapping[int, _PersonRows]) -> dict[int, bytes]:
    ids = {e.act_id for rows in people.values() for e in rows.entries if e.act_id is not None}
    return {act.act_id: act.leaf for act in _in_chunks(session, Act, sorted(ids))}


def _check_person(
    person_id: int, rows: _PersonRows, states: Mapping[int, bytes | None], books: _Books,
    acts: Mapping[int, bytes],
) -> Iterator[Disagreement]:  # fmt: skip
    credits = {_credit_key(e): e for e in rows.entries if e.movement == Movement.CREDIT}
    for key in rows.facts.keys() - credits.keys():
        yield Disagreement("fsck-facts-orphan", "ledger_facts", f"{person_id} {key}")
    if person_id not in states:
        yield Disagreement("fsck-secret-lost", "person_secret", str(person_id))
    secret = states.get(person_id)
    for entry in rows.entries:
        credit = credits.get(_credit_key(entry))
        if entry.movement == Movement.CREDIT and _credit_key(entry) not in rows.facts:
            yield Disagreement("fsck-facts-missing", "ledger_facts", _entry_name(entry))
        elif credit is None:
            yield Disagreement("fsck-target-missing", "ledger_entry", _entry_name(entry))
        elif secret is not None and not _entry_holds(entry, credit, rows, secret, books, acts):
            yield Disagreement("fsck-entry-leaf", "ledger_entry", _entry_name(entry))
    yield from _check_accounts(person_id, rows, credits, books)


def _entry_holds(  # noqa: PLR0917 # what one entry rests on
    entry: Entry, credit: Entry, rows: _PersonRows, secret: bytes, books: _Books,
    acts: Mapping[int, bytes],
) -> bool:  # fmt: skip
    is_credit = entry.movement == Movement.CREDIT
    try:
        named = Named(
            source=books.source_leaf(entry.source_id),
            target=b"" if is_credit else credit.leaf,
            order=acts[entry.act_id] if entry.act_id is not None else b"",
            facts=rows.facts[_credit_key(entry)] if is_credit else "",
            pins=pins_from_text(books.pins[entry.pins_id]),
        )
        body = entry_body(entry, named)
        return entry_leaf(entry_salt(secret, body), body) == entry.leaf
    except (ValueError, KeyError, TypeError):
        return False  # an enum, a chain or a text that no poster ever wrote


def _check_accounts(
    person_id: int, rows: _PersonRows, credits: Mapping[tuple[str, str, int], Entry],
    books: _Books,
) -> Iterator[Disagreement]:  # fmt: skip
    """No account of a credit is below zero; a new revision follows a reversal."""
    nets: dict[tuple[str, str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for entry in rows.entries:
        nets[_credit_key(entry)][entry.to_state] += entry.centihours
        nets[_credit_key(entry)][entry.from_state] -= entry.centihours
    live_sources = set()
    for key, credit in credits.items():
        net = nets[key]
        if any(net[str(state)] < 0 for state in (State.LIVE, State.CAPPED, State.FROZEN)):
            yield Disagreement("fsck-account-negative", "ledger_entry", _entry_name(credit))
        issued = -net[str(State.ISSUED)]
        scheme, occasion, revision = key
        earlier = (scheme, occasion, revision - 1)
        if revision and (earlier not in credits or nets[earlier][str(State.ISSUED)] != 0):
            yield Disagreement("fsck-revision-early", "ledger_entry", _entry_name(credit))
        books.used_centihours[credit.source_id] += issued
        if issued:
            live_sources.add(credit.source_id)
    for source_id in live_sources:
        books.used_people[source_id] += 1


def _credit_key(entry: Entry) -> tuple[str, str, int]:
    return entry.scheme, entry.occasion, entry.revision


def _entry_name(entry: Entry) -> str:
    return (
        f"{entry.entry_id} {entry.scheme} {entry.occasion} r{entry.revision}"
        f" {entry.movement} {entry.step}"
    )


def _check_uses(session: Session, books: _Books) -> Iterator[Disagreement]:
    uses = {use.source_id: use for use in session.scalars(select(SourceUse))}
    for source_id in sorted(uses.keys() | books.sources.keys() | books.used_centihours.keys()):
        source, use = books.sources.get(source_id), uses.get(source_id)
        people, centihours = books.used_people[source_id], books.used_centihours[source_id]
        if source is None or use is None:
            yield Disagreement("fsck-source-missing", "ledger_source", str(source_id))
            continue
        if (use.people, use.centihours) != (people, centihours):
            yield Disagreement("fsck-use", "ledger_source_use", source.source_no)
        beyond_people = source.people_max is not None and people > source.people_max
        beyond_hours = source.centihours_max is not None and centihours > source.centihours_max
        if beyond_people or beyond_hours:
            yield Disagreement("fsck-bound", "ledger_source", source.source_no)


def _check_rounds(session: Session, seen: Progress) -> Iterator[Disagreement]:
    """Replay each round of the sealer from the rows between two watermarks."""
    before: Seal | None = None
    sizes: dict[int, int] = defaultdict(int)
    for seal_no in session.scalars(select(Seal.seal_no).order_by(Seal.seal_no)).all():
        seal = session.get_one(Seal, seal_no)
        if seal_no != (before.seal_no + 1 if before else 1):
            yield Disagreement("fsck-round-missing", "journal_seal", str(seal_no))
        yield from _check_round(session, before, seal, sizes)
        session.expunge_all()
        before = seal
        seen.rounds += 1
    counted = set(session.scalars(select(Seal.seal_no)))
    for span in session.scalars(select(SealSpan)):
        if span.seal_no not in counted:
            yield Disagreement("fsck-span-stray", "journal_span", f"{span.seal_no} {span.log_id}")


def _check_round(
    session: Session, before: Seal | None, seal: Seal, sizes: dict[int, int]
) -> Iterator[Disagreement]:
    rows = pending_after(session, before, through=seal)
    spans = {span.log_id: span for span in spans_of(session, seal.seal_no)}
    runs = _runs(session, rows, seal.seal_no)
    if runs.keys() != spans.keys():
        yield Disagreement("fsck-round-logs", "journal_seal", str(seal.seal_no))
    grown = []
    for log_id, span in sorted(spans.items()):
        run = runs.get(log_id, [])
        name = f"{seal.seal_no} {log_id}"
        if (span.first_index, span.count) != (sizes[log_id], len(run)):
            yield Disagreement("fsck-span", "journal_span", name)
        if span.order_digest != order_digest(run):
            yield Disagreement("fsck-span-order", "journal_span", name)
        yield from _check_run(session, span, run)
        sizes[log_id] = span.first_index + span.count
        grown.append(_grown_span(session, span))
    if seal.digest != _digest_again(session, seal, before, grown):
        yield Disagreement("fsck-round-digest", "journal_seal", str(seal.seal_no))


def _runs(session: Session, rows: Sequence[Pending], seal_no: int) -> dict[int, list[Pending]]:
    """Choose each row's log as the sealer did: of its year, or the next that was not frozen."""
    logs = {(log.jurisdiction, log.year): log for log in session.scalars(select(Log))}
    frozen = {
        freeze.log_id for freeze in session.scalars(select(LogFreeze)) if freeze.seal_no < seal_no
    }
    runs: dict[int, list[Pending]] = defaultdict(list)
    for row in rows:
        year = row.year
        while (log := logs.get((row.jurisdiction, year))) and log.log_id in frozen:
            year += 1
        runs[log.log_id if log else 0].append(row)
    return runs


def _check_run(session: Session, span: SealSpan, run: Sequence[Pending]) -> Iterator[Disagreement]:
    for offset, row in enumerate(run):
        index = span.first_index + offset
        bundle_no, place = divmod(index, TILE_WIDTH)
        bundle = session.get(Bundle, (span.log_id, bundle_no))
        leaves, refs = (bundle.leaves, bundle.refs) if bundle else (b"", b"")
        table = "ledger_entry" if row.kind else "journal_act"
        if leaves[place * LEAF_BYTES : (place + 1) * LEAF_BYTES] != row.leaf:
            yield Disagreement("fsck-place-leaf", table, f"{row.row_id} @ {span.log_id}/{index}")
        if refs[place * REF_BYTES : (place + 1) * REF_BYTES] != row.ref:
            yield Disagreement("fsck-place-ref", table, f"{row.row_id} @ {span.log_id}/{index}")


def _grown_span(session: Session, span: SealSpan) -> GrownSpan:
    log = session.get_one(Log, span.log_id)
    signed = session.get(SignedCheckpoint, (span.log_id, span.first_index + span.count))
    root = signed.root if signed else b""
    return GrownSpan(log.origin, span.first_index, span.count, span.order_digest, root)


def _digest_again(
    session: Session, seal: Seal, before: Seal | None, grown: Sequence[GrownSpan]
) -> bytes:
    origins = {log.log_id: log for log in session.scalars(select(Log).order_by(Log.origin))}
    frozen = session.scalars(select(LogFreeze).where(LogFreeze.seal_no == seal.seal_no))
    epochs = select(Epoch).where(Epoch.epoch <= seal.epoch).order_by(Epoch.epoch)
    return seal_digest(
        seal,
        spans=sorted(grown, key=lambda span: span.origin),
        frozen=sorted((origins[each.log_id].origin, each.size) for each in frozen),
        logs=[log for log in origins.values() if log.seal_no == seal.seal_no],
        epochs=session.scalars(epochs),
        before=before.digest if before else b"",
    )


def _check_logs(session: Session) -> Iterator[Disagreement]:
    for log in session.scalars(select(Log).order_by(Log.log_id)).all():
        yield from _check_log(session, log)
        session.expunge_all()


def _check_log(session: Session, log: Log) -> Iterator[Disagreement]:
    size = session.scalar(
        select(func.max(SealSpan.first_index + SealSpan.count)).where(SealSpan.log_id == log.log_id)
    )
    yield from _check_tiles(session, log, size or 0)
    ends = dict(
        session.execute(
            select(SealSpan.first_index + SealSpan.count, SealSpan.seal_no).where(
                SealSpan.log_id == log.log_id
            )
        ).all()
    )
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
        root = root_at(signed.size, tile_reader(session, log.log_id))
    except CreditBankError:
        return False
    said = (opened.origin, opened.size, opened.root)
    return said == (log.origin, signed.size, signed.root) and root == signed.root


def _check_tiles(session: Session, log: Log, size: int) -> Iterator[Disagreement]:
    """Build each level again from the one below; a tile holds exactly the full subtrees so far."""
    bundles = -(-size // TILE_WIDTH)
    wanted_bundles = set(range(bundles))
    nodes: list[bytes] = []
    for bundle_no in range(bundles):
        bundle = session.get(Bundle, (log.log_id, bundle_no))
        width = tile_width(0, bundle_no, size)
        if bundle is None or len(bundle.leaves) != width * LEAF_BYTES:
            yield Disagreement("fsck-bundle", "journal_bundle", f"{log.origin} {bundle_no}")
            return
        if width == TILE_WIDTH:
            nodes.append(_root_of_bundle(bundle.leaves))
        session.expunge(bundle)
    stored_bundles = select(Bundle.bundle_no).where(Bundle.log_id == log.log_id)
    for stray in set(session.scalars(stored_bundles)) - wanted_bundles:
        yield Disagreement("fsck-bundle", "journal_bundle", f"{log.origin} {stray}")
    wanted: dict[tuple[int, int], bytes] = {}
    level = 1
    while nodes:
        for start in range(0, len(nodes), TILE_WIDTH):
            wanted[level, start // TILE_WIDTH] = b"".join(nodes[start : start + TILE_WIDTH])
        full = len(nodes) // TILE_WIDTH
        nodes = [root_of(nodes[i * TILE_WIDTH : (i + 1) * TILE_WIDTH]) for i in range(full)]
        level += 1
    tiles = session.scalars(select(Tile).where(Tile.log_id == log.log_id))
    stored = {(tile.level, tile.tile_no): tile.hashes for tile in tiles}
    for key in sorted(wanted.keys() | stored.keys()):
        if wanted.get(key) != stored.get(key):
            yield Disagreement("fsck-tile", "journal_tile", f"{log.origin} {key[0]}/{key[1]}")


def _root_of_bundle(leaves: bytes) -> bytes:
    starts = range(0, len(leaves), LEAF_BYTES)
    return root_of([leaf_node(leaves[start : start + LEAF_BYTES]) for start in starts])
