"""fsck: recomputes everything from the rows and names each disagreement (law 10).

It trusts nothing stored: leaves are hashed again from what the rows say, uses are summed again; the
sealer's rounds, trees and checkpoints are in fsck_logs.py. It reads in batches of whole people or
whole rounds, so that memory does not grow with the ledger.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from creditbank.ledger.bodies import LINE_COLUMNS, EntryLine, Named
from creditbank.ledger.bodies import body_of as entry_body
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.fsck_logs import check_logs, check_rounds
from creditbank.ledger.journal import body_of as act_body
from creditbank.ledger.leaves import Pins, act_leaf, entry_leaf, entry_salt
from creditbank.ledger.models import (
    Act,
    CreditFacts,
    Entry,
    Movement,
    PackPins,
    Source,
    SourceKind,
    SourceUse,
    State,
)
from creditbank.ledger.posting import pins_from_text
from creditbank.ledger.sources import Bounds, source_bounds_details
from creditbank.ledger.unreadable import unreadable_rows

__all__ = ["Disagreement", "Progress", "SecretStates", "check_ledger"]

_BATCH = 5_000
#: Plain texts, because comparing an enum's costs more, once for each entry that there is.
_CREDIT, _REVERSE = str(Movement.CREDIT), str(Movement.REVERSE)
_ISSUED = str(State.ISSUED)
_HELD = tuple(str(state) for state in State if state != State.ISSUED)

#: Gives each person's secret; None where it was erased on purpose; absent where it is lost.
SecretStates = Callable[[Sequence[int]], Mapping[int, bytes | None]]


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
    readable = True
    for row in unreadable_rows(session):
        readable = False
        yield row
    if not readable:
        return  # no sum and no hash over such rows would mean anything
    books = _Books(session)
    yield from _check_acts(session, books, seen)
    yield from _check_pins(session, books)
    yield from _check_sources(session, books)
    yield from _check_people(session, secrets, books, seen)
    yield from _check_uses(session, books)
    yield from check_rounds(session, seen)
    yield from check_logs(session)


class _Books:
    """Small tables that every entry refers to, and what its use adds up to."""

    def __init__(self, session: Session) -> None:
        self.sources = {row.source_id: row for row in session.scalars(select(Source))}
        self.pins = {row.pins_id: row.pins for row in session.scalars(select(PackPins))}
        self.chains = {pins_id: _chain_of(text) for pins_id, text in self.pins.items()}
        opening = {source.act_id for source in self.sources.values()}
        self.opening_acts: dict[int, Act] = {
            act.act_id: act for act in _in_chunks(session, Act, sorted(opening))
        }
        self.recognised = {
            source_id
            for source_id, source in self.sources.items()
            if source.kind == SourceKind.RECOGNISED
        }
        #: leaf of the act that opened each source, empty if there is none
        self.source_leaves: dict[int, bytes] = defaultdict(bytes)
        for source in self.sources.values():
            if source.act_id in self.opening_acts:
                self.source_leaves[source.source_id] = self.opening_acts[source.act_id].leaf
        self.used_people: dict[int, int] = defaultdict(int)
        self.used_centihours: dict[int, int] = defaultdict(int)


def _chain_of(text: str) -> Pins | None:
    """Read a pack chain; None where it is none."""
    try:
        return tuple(tuple(each) for each in pins_from_text(text))
    except (ValueError, TypeError, RecursionError):
        return None


def _in_chunks(session: Session, table: type[Act], ids: Sequence[int]) -> Iterator[Act]:
    for start in range(0, len(ids), _BATCH):
        yield from session.scalars(
            select(table).where(table.act_id.in_(ids[start : start + _BATCH]))
        )


def _check_acts(session: Session, books: _Books, seen: Progress) -> Iterator[Disagreement]:
    opened = {source.act_id for source in books.sources.values()}
    last_id = -(2**63)
    while True:
        query = select(Act).where(Act.act_id > last_id).order_by(Act.act_id).limit(_BATCH)
        acts = session.scalars(query).all()
        for act in acts:
            if not _act_holds(act):
                yield Disagreement("fsck-act-leaf", "journal_act", f"{act.act_id} {act.kind}")
            if act.act_id not in opened and "source_kind" in _details(act):
                yield Disagreement("fsck-source-missing", "ledger_source", act.subject)
        if not acts:
            return
        seen.acts += len(acts)
        last_id = acts[-1].act_id
        session.expunge_all()


def _act_holds(act: Act) -> bool:
    try:
        return act_leaf(act.salt, act_body(act)) == act.leaf
    except (ValueError, TypeError, RecursionError):
        return False  # the cites are no JSON any more


def _check_pins(session: Session, books: _Books) -> Iterator[Disagreement]:
    published = {
        (act.subject, _details(act).get("sha256"))
        for act in session.scalars(select(Act).where(Act.kind == "rules.published"))
    }
    for pins_id, text in books.pins.items():
        try:
            pins = [(f"{pack}@{version}", digest) for pack, version, digest in json.loads(text)]
        except (ValueError, TypeError, RecursionError):
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
    except (ValueError, RecursionError):
        return {}
    return details if isinstance(details, dict) else {}


_CreditKey = tuple[str, str, int]


@dataclass(slots=True)
class _PersonRows:
    """Everything that one person has in the ledger."""

    entries: list[EntryLine] = field(default_factory=list)
    facts: dict[_CreditKey, str] = field(default_factory=dict)


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
    last_person = -(2**63)
    while True:
        bounds = select(Entry.person_id).where(Entry.person_id > last_person)
        of_facts = select(CreditFacts.person_id).where(CreditFacts.person_id > last_person)
        ends = [
            session.scalars(query.order_by("person_id").offset(_BATCH).limit(1)).first()
            for query in (bounds, of_facts)
        ]
        end = min((each for each in ends if each is not None), default=2**63 - 1)
        people: dict[int, _PersonRows] = defaultdict(_PersonRows)
        for entry in session.execute(
            select(*LINE_COLUMNS).where(*_between(Entry, last_person, end))
        ):
            line = EntryLine._make(entry)
            people[line.person_id].entries.append(line)
        for person_id, scheme, occasion, revision, facts in session.execute(
            select(*_FACTS_COLUMNS).where(*_between(CreditFacts, last_person, end))
        ):
            people[person_id].facts[scheme, occasion, revision] = facts
        if people:
            yield people
        if end == 2**63 - 1:
            return
        last_person = end


_FACTS_COLUMNS = (
    CreditFacts.person_id, CreditFacts.scheme, CreditFacts.occasion, CreditFacts.revision,
    CreditFacts.facts,
)  # fmt: skip


def _between(
    table: type[Entry | CreditFacts], last_person: int, end: int
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.person_id > last_person, table.person_id <= end


def _ordering_acts(session: Session, people: Mapping[int, _PersonRows]) -> dict[int, bytes]:
    ids = {e.act_id for rows in people.values() for e in rows.entries if e.act_id is not None}
    return {act.act_id: act.leaf for act in _in_chunks(session, Act, sorted(ids))}


def _check_person(
    person_id: int, rows: _PersonRows, states: Mapping[int, bytes | None], books: _Books,
    acts: Mapping[int, bytes],
) -> Iterator[Disagreement]:  # fmt: skip
    credits = {e.credit_key: e for e in rows.entries if e.movement == _CREDIT}
    for key in rows.facts.keys() - credits.keys():
        yield Disagreement("fsck-facts-orphan", "ledger_facts", f"{person_id} {key}")
    if person_id not in states:
        yield Disagreement("fsck-secret-lost", "person_secret", str(person_id))
    for pins_id in {entry.pins_id for entry in rows.entries} - books.pins.keys():
        yield Disagreement("fsck-pins-missing", "ledger_pack_pins", str(pins_id))
    secret = states.get(person_id)
    for entry in rows.entries:
        key = entry.credit_key
        credit = credits.get(key)
        if entry.movement == _CREDIT and key not in rows.facts:
            yield Disagreement("fsck-facts-missing", "ledger_facts", _entry_name(entry))
            yield Disagreement("fsck-entry-leaf", "ledger_entry", _entry_name(entry))
        elif credit is None:
            yield Disagreement("fsck-target-missing", "ledger_entry", _entry_name(entry))
        elif secret is not None and not _entry_holds(entry, credit, rows, secret, books, acts):
            yield Disagreement("fsck-entry-leaf", "ledger_entry", _entry_name(entry))
    yield from _check_accounts(person_id, rows, credits, books)
    yield from _check_origins(rows, credits, books)


def _entry_holds(  # noqa: PLR0917 # what one entry rests on
    entry: EntryLine, credit: EntryLine, rows: _PersonRows, secret: bytes, books: _Books,
    acts: Mapping[int, bytes],
) -> bool:  # fmt: skip
    is_credit = entry.movement == _CREDIT
    chain = books.chains.get(entry.pins_id)
    if chain is None:
        return False
    try:
        named = Named(
            source=books.source_leaves[entry.source_id],
            target=b"" if is_credit else credit.leaf,
            order=acts[entry.act_id] if entry.act_id is not None else b"",
            facts=rows.facts[entry.credit_key] if is_credit else "",
            pins=chain,
        )
        body = entry_body(entry, named)
        return entry_leaf(entry_salt(secret, body), body) == entry.leaf
    except (ValueError, KeyError, TypeError):
        return False  # an enum, a chain or a text that no poster ever wrote


def _check_accounts(
    person_id: int, rows: _PersonRows, credits: Mapping[_CreditKey, EntryLine], books: _Books
) -> Iterator[Disagreement]:
    """No account of a credit is below zero; a new revision follows a reversal."""
    nets: dict[tuple[_CreditKey, str], int] = defaultdict(int)
    for entry in rows.entries:
        key = entry.credit_key
        nets[key, entry.to_state] += entry.centihours
        nets[key, entry.from_state] -= entry.centihours
    issued: dict[int, int] = defaultdict(int)
    for key, credit in credits.items():
        if any(nets.get((key, state), 0) < 0 for state in _HELD):
            yield Disagreement("fsck-account-negative", "ledger_entry", _entry_name(credit))
        scheme, occasion, revision = key
        earlier = (scheme, occasion, revision - 1)
        if revision and (earlier not in credits or nets[earlier, _ISSUED] != 0):
            yield Disagreement("fsck-revision-early", "ledger_entry", _entry_name(credit))
        issued[credit.source_id] -= nets[key, _ISSUED]
    for source_id, centihours in issued.items():
        source = books.sources.get(source_id)
        if source is not None and centihours > source.person_centihours_max:
            yield Disagreement("fsck-bound", "ledger_source", f"{source.source_no} {person_id}")
        books.used_centihours[source_id] += centihours
        books.used_people[source_id] += bool(centihours)


def _check_origins(
    rows: _PersonRows, credits: Mapping[_CreditKey, EntryLine], books: _Books
) -> Iterator[Disagreement]:
    """What was recognised from another entry stands only as long as that entry does."""
    copies = {key for key, each in credits.items() if each.source_id in books.recognised}
    if not copies:
        return
    gone = {each.credit_key for each in rows.entries if each.movement == _REVERSE}
    leaves = {credit.leaf.hex() for key, credit in credits.items() if key not in gone}
    for key in sorted(copies - gone):
        if _origin_leaf(rows.facts.get(key, "")) not in leaves:
            yield Disagreement("fsck-origin", "ledger_entry", _entry_name(credits[key]))


def _origin_leaf(facts: str) -> str:
    try:
        return str(json.loads(facts)["origin"]["leaf"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""  # gone or no longer JSON, which is named elsewhere too


def _entry_name(entry: EntryLine) -> str:
    return (
        f"{entry.entry_id} {entry.person_id} {entry.scheme} {entry.occasion} r{entry.revision}"
        f" {entry.movement} {entry.step}"
    )


def _check_uses(session: Session, books: _Books) -> Iterator[Disagreement]:
    uses = {use.source_id: use for use in session.scalars(select(SourceUse))}
    for source_id in sorted(uses.keys() | books.sources.keys() | books.used_centihours.keys()):
        source, use = books.sources.get(source_id), uses.get(source_id)
        people, centihours = books.used_people[source_id], books.used_centihours[source_id]
        if source is None or use is None:
            yield Disagreement("fsck-source-missing", "ledger_source_use", str(source_id))
            if source is None:
                yield Disagreement("fsck-source-missing", "ledger_source", str(source_id))
            continue
        if (use.people, use.centihours) != (people, centihours):
            yield Disagreement("fsck-use", "ledger_source_use", source.source_no)
        beyond_people = source.people_max is not None and people > source.people_max
        beyond_hours = source.centihours_max is not None and centihours > source.centihours_max
        if beyond_people or beyond_hours:
            yield Disagreement("fsck-bound", "ledger_source", source.source_no)
