"""The part of fsck that looks at everybody's entries: hashes, facts, accounts, origins.

The quick reader (quick.py) finds that a person's rows are right; only where it does not are they
read again, one by one, and what is wrong is named.
"""

import json
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.ledger.bodies import LINE_COLUMNS, EntryLine, Named
from creditbank.ledger.bodies import body_of as entry_body
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.fsck_books import Books, acts_numbered
from creditbank.ledger.leaves import entry_leaf, entry_salt
from creditbank.ledger.models import CreditFacts, Entry, Movement, State
from creditbank.ledger.quick import QuickReader, SecretStates, UndecodableError, Whom
from creditbank.ledger.quick_order import OrderedReader, issued_but_to
from creditbank.ledger.quick_sums import added_up, is_usual
from creditbank.ledger.unreadable import unreadable_rows

#: Says whether rows were readable: no sum and no hash over others would mean anything.
Checking = Generator[Disagreement, None, bool]

#: Plain texts, because comparing an enum's costs more, once for each entry that there is.
_CREDIT, _REVERSE = str(Movement.CREDIT), str(Movement.REVERSE)
_ISSUED = str(State.ISSUED)
_HELD = tuple(str(state) for state in State if state != State.ISSUED)
#: Whose rows are read at once where people are given; one may have hundreds.
_PEOPLE_AT_ONCE = 100
_FIRST, _LAST = -(2**63), 2**63 - 1
_TABLES = (Entry.__tablename__, CreditFacts.__tablename__)

_CreditKey = tuple[str, str, int]


@dataclass(slots=True)
class _PersonRows:
    """Everything that one person has in the ledger."""

    entries: list[EntryLine] = field(default_factory=list)
    facts: dict[_CreditKey, str] = field(default_factory=dict)


def check_people(
    session: Session,
    secrets: SecretStates,
    books: Books,
    seen: Progress,
    *,
    rows_at_once: int,
    people: Sequence[int] | None,
) -> Checking:
    """Check entries and facts, and add up in the books what was taken of each source.

    Args:
        session: a snapshot.
        secrets: people's secrets.
        books: the small tables.
        seen: kept up to date.
        rows_at_once: entries to read at once, to the end of a person.
        people: whose rows are read; everybody's if not given.
    """
    look = _Look(session, secrets, books, seen)
    if people is None:
        seen.begin("people", _count(session, Entry))
    else:
        seen.begin("people", sum(_count(session, Entry, batch) for batch in _chunks(people)))
    if any(_count(session, table, _of_nobody) for table in (Entry, CreditFacts)):
        yield from unreadable_rows(session, _TABLES)
        return False
    try:
        for batch in look.batches(rows_at_once, people):
            yield from look.at(batch)
            if not look.readable:
                return False
    except UndecodableError:
        yield from unreadable_rows(session, _TABLES)
        return False
    yield from look.at_rest()
    return True


def _count(session: Session, table: type[Entry | CreditFacts], of: Whom = lambda _: true()) -> int:
    query = select(func.count()).select_from(table).where(of(table.person_id))
    return session.scalar(query) or 0


def _of_nobody(person_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return person_id > _LAST  # on SQLite whatever is no number has its place behind all numbers


def _everybody(session: Session, rows_at_once: int) -> Iterator[Whom]:
    """Give everybody, as many at once as have so many entries."""
    after = _FIRST
    while after < _LAST:
        ahead = select(Entry.person_id).where(Entry.person_id > after).order_by(Entry.person_id)
        through = session.scalars(ahead.offset(rows_at_once).limit(1)).first() or _LAST
        yield _between(after, through)
        after = through


def _between(after: int, through: int) -> Whom:
    return lambda person_id: and_(person_id > after, person_id <= through)


def _chunks(people: Sequence[int]) -> Iterator[Whom]:
    for start in range(0, len(people), _PEOPLE_AT_ONCE):
        yield _among(people[start : start + _PEOPLE_AT_ONCE])


def _among(people: Sequence[int]) -> Whom:
    return lambda person_id: person_id.in_(people)


class _Look:
    """Looks at some people after the others."""

    def __init__(
        self, session: Session, secrets: SecretStates, books: Books, seen: Progress
    ) -> None:
        self.readable = True
        self._session = session
        self._secrets = secrets
        self._books = books
        self._seen = seen
        self._quick = QuickReader(session, secrets, books.source_leaves, books.chains)
        #: who is left, where all entries were read in their order
        self._left: set[int] | None = None

    def batches(self, rows_at_once: int, people: Sequence[int] | None) -> Iterator[Whom]:
        """Give the people to look at: but those of whom their rows in order told enough."""
        if people is not None:
            return _chunks(people)
        if self._session.get_bind().dialect.name == "postgresql":
            return _everybody(self._session, rows_at_once)
        reader = OrderedReader(self._session, self._quick, self._books.recognised)
        for entries in reader.read(rows_at_once):
            self._count(entries)
        self._left = reader.unsure
        return _chunks(sorted(reader.unsure))

    def at_rest(self) -> Iterator[Disagreement]:
        """Add up what those who were left out took of each source."""
        if self._left is not None:
            for source_id, issued in issued_but_to(self._session, self._left):
                yield from _check_issued(source_id, issued, self._books)

    def at(self, whom: Whom) -> Iterator[Disagreement]:
        """Check some people."""
        rows = self._quick.read(whom(Entry.person_id), whom(CreditFacts.person_id))
        found = self._quick.check(rows)
        doubtful = found.doubtful | rows.lone()
        if doubtful:
            for row in unreadable_rows(self._session, _TABLES, people=sorted(doubtful)):
                self.readable = False
                yield row
            if not self.readable:
                return
        states = self._secrets(sorted(doubtful))
        sums = added_up(found.hashed, self._books.recognised)
        again = _rows_of(self._session, sorted(sums.apart | doubtful))
        for person_id, own in sorted(again.items()):
            if person_id in doubtful:
                yield from self._check_slowly(person_id, own, states)
            else:
                yield from _check_sums(person_id, own, self._books)
        for source_id, issued in sums.issued.items():
            rest = {each: issued[each] for each in issued.keys() - again.keys()}
            yield from _check_issued(source_id, rest, self._books)
        if self._left is None:
            self._count(rows.entries())
        self._session.expunge_all()

    def _count(self, entries: int) -> None:
        self._seen.entries += entries
        self._seen.done = self._seen.entries

    def _check_slowly(
        self, person_id: int, rows: _PersonRows, states: Mapping[int, bytes | None]
    ) -> Iterator[Disagreement]:
        acts = _ordering_acts(self._session, rows)
        yield from _check_person(person_id, rows, states, self._books, acts)
        if states.get(person_id, b"") is None:
            self._seen.erased_people.add(person_id)


def _rows_of(session: Session, people: Sequence[int]) -> dict[int, _PersonRows]:
    found: dict[int, _PersonRows] = defaultdict(_PersonRows)
    for entry in session.execute(select(*LINE_COLUMNS).where(Entry.person_id.in_(people))):
        line = EntryLine._make(entry)
        found[line.person_id].entries.append(line)
    facts = select(*_FACTS_COLUMNS).where(CreditFacts.person_id.in_(people))
    for person_id, scheme, occasion, revision, text in session.execute(facts):
        found[person_id].facts[scheme, occasion, revision] = text
    return found


_FACTS_COLUMNS = (
    CreditFacts.person_id, CreditFacts.scheme, CreditFacts.occasion, CreditFacts.revision,
    CreditFacts.facts,
)  # fmt: skip


def _ordering_acts(session: Session, rows: _PersonRows) -> dict[int, bytes]:
    ids = sorted({e.act_id for e in rows.entries if e.act_id is not None})
    return {act.act_id: act.leaf for act in acts_numbered(session, ids)}


def _check_person(
    person_id: int, rows: _PersonRows, states: Mapping[int, bytes | None], books: Books,
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
    yield from _check_sums(person_id, rows, books)


def _entry_holds(  # noqa: PLR0917 # what one entry rests on
    entry: EntryLine, credit: EntryLine, rows: _PersonRows, secret: bytes, books: Books,
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


def _check_sums(person_id: int, rows: _PersonRows, books: Books) -> Iterator[Disagreement]:
    """Check the accounts of somebody whose rows are as they were posted."""
    credits = {e.credit_key: e for e in rows.entries if e.movement == _CREDIT}
    for entry in rows.entries:
        credit = credits.get(entry.credit_key, entry)
        if not is_usual(entry) or _terms(entry) != _terms(credit):
            yield Disagreement("fsck-entry-terms", "ledger_entry", _entry_name(entry))
    yield from _check_accounts(person_id, rows, credits, books)
    yield from _check_origins(rows, credits, books)


def _terms(entry: EntryLine) -> tuple[object, ...]:
    return entry.source_id, entry.credited_year, entry.subject, entry.earned_on


def _check_accounts(
    person_id: int, rows: _PersonRows, credits: Mapping[_CreditKey, EntryLine], books: Books
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
        yield from _check_issued(source_id, {person_id: centihours}, books)


def _check_issued(
    source_id: int, issued: Mapping[int, int], books: Books
) -> Iterator[Disagreement]:
    """Hold what each person has of a source against its bound, and add it to what is taken."""
    source, allowed = books.sources.get(source_id), books.allowances.get(source_id)
    for person_id, centihours in issued.items():
        if source and allowed and centihours > allowed.person_centihours_max:
            yield Disagreement("fsck-bound", "ledger_source", f"{source.source_no} {person_id}")
    books.used_centihours[source_id] += sum(issued.values())
    books.used_people[source_id] += sum(map(bool, issued.values()))


def _check_origins(
    rows: _PersonRows, credits: Mapping[_CreditKey, EntryLine], books: Books
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
