"""Everybody's rows read and hashed at full speed: tells whose are as they were posted.

What fsck spends its time on. Rows that say the same of many people (a session that they all
attended) come from the database as one sheet, with who and which leaf put together in bytes, and
are spelled once. It only ever finds that rows are right: those of anybody of whom it does not are
read again with care (fsck_people.py), and it is there that what is wrong gets its name.
"""

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from operator import add
from struct import error as StructError  # noqa: N812 # an exception, whatever it is called
from struct import iter_unpack
from typing import Final, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    ColumnElement,
    Date,
    Executable,
    LargeBinary,
    SQLColumnExpression,
    String,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.canonical import canonical_bytes
from creditbank.clock import instant_text
from creditbank.ledger.leaves import Pins
from creditbank.ledger.models import Act, CreditFacts, Entry, Movement
from creditbank.ledger.unreadable import FIRST_DAY, LAST_DAY
from creditbank.orm import UtcDateTime


class _Sheet(NamedTuple):
    """Entries that differ in nothing but person, number and leaf, as the driver gives them.

    Days and instants are text. The database sorts by the columns in this order, and the first one
    tells most sheets apart.
    """

    occasion: str
    scheme: str
    revision: int
    source_id: int
    pins_id: int
    centihours: int
    credited_year: int
    step: int
    epoch: int
    xid: int
    act_id: int | None
    recorded_at: str
    earned_on: str
    subject: str
    from_state: str
    to_state: str
    movement: str
    reason: str
    #: whether an entry among them is not of its columns' types, which sorting does not always tell
    odd: int | None
    people: str
    #: in the order of the people
    leaves: bytes

    @property
    def credit_key(self) -> "CreditKey":
        """Name the credit that each entry is or acts on."""
        return self.scheme, self.occasion, self.revision


_SHARED: Final = _Sheet._fields[: _Sheet._fields.index("odd")]
_NUMBERS: Final = _SHARED[2:10]
#: scheme, occasion, revision, whether one of them is odd, people and their facts
_FactsSheet = tuple[str, str, int, int | None, str, str]
#: Gives each person's secret; None where it was erased on purpose; absent where it is lost.
SecretStates = Callable[[Sequence[int]], Mapping[int, bytes | None]]
#: Says whose rows are meant, by the column that holds the person.
Whom = Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]
#: Distinct values remembered of one column; then they are forgotten, so that memory is bounded.
_REMEMBERED_MAX = 16_384
_ACTS_AT_ONCE = 5_000
#: People whose keys are remembered, some 40 MB of them.
_KEYED_MAX = 65_536
_BLOCK, _LEAF_BYTES = 64, 32
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_CREDIT = str(Movement.CREDIT)


_Row = TypeVar("_Row")
_Value = TypeVar("_Value")
CreditKey = tuple[str, str, int]
_Keyed = tuple["hashlib._Hash", "hashlib._Hash"]
#: What stands in an entry's body for one person alone, by person: digest of facts, or target.
Pieces = dict[int, bytes]
_Take = Callable[[int, None], bytes | None]


class UndecodableError(Exception):
    """The driver found a text that is none, or a person's key that is no number."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What some people have in the ledger."""

    sheets: Sequence[tuple[_Sheet, Sequence[int]]]
    #: digest of each person's facts as hex, by the credit's key
    facts: dict[CreditKey, Pieces]
    #: whose facts are not told apart
    unclear: set[int]

    def people(self) -> set[int]:
        """Return whoever has an entry."""
        return {person_id for _, people in self.sheets for person_id in people}

    def lone(self) -> set[int]:
        """Return whoever has facts that no credit has used up."""
        return {person_id for pieces in self.facts.values() for person_id in pieces}

    def entries(self) -> int:
        """Count the entries."""
        return sum(len(people) for _, people in self.sheets)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose rows are as they were posted: of everybody not `doubtful`."""

    doubtful: set[int]
    #: who has more than first credits
    moved: set[int] = field(default_factory=set)
    #: centihours of first credits, by source and person
    issued: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))


def fetched(session: Session, query: Executable) -> list[_Row]:
    """Return rows as the driver gives them: of what is read by the million nothing is made more."""
    result = session.connection().execute(query)
    try:
        assert result.cursor is not None, "a query has rows"
        return list(result.cursor.fetchall())
    finally:
        result.close()


class QuickReader:
    """Reads the rows of a range of people, and hashes them.

    Args:
        session: a snapshot.
        secrets: people's secrets.
        sources: leaf of the act that opened each source.
        chains: each pack chain that entries name; None where it is none any more.
    """

    def __init__(
        self,
        session: Session,
        secrets: SecretStates,
        sources: Mapping[int, bytes],
        chains: Mapping[int, Pins | None],
    ) -> None:
        self._session = session
        self._secrets = secrets
        self._keyed: dict[int, _Keyed | None] = {}
        shared = [getattr(Entry, name) for name in _SHARED]
        self._entries = select(
            *(as_it_is(session, each) for each in shared), _odd_entries(session),
            _strung(session, cast(Entry.person_id, String), ","), _strung(session, Entry.leaf, b""),
        ).group_by(*shared)  # fmt: skip
        key = (CreditFacts.scheme, CreditFacts.occasion, CreditFacts.revision)
        self._facts = select(
            *key, _odd_facts(session), _strung(session, cast(CreditFacts.person_id, String), ","),
            _strung(session, CreditFacts.facts, "\n"),
        ).group_by(*key)  # fmt: skip
        self._sources = {each: leaf.hex() for each, leaf in sources.items()}
        self._chains = _pieces(chains)
        self._texts = _Remembered[str](canonical_bytes)
        self._numbers = _Remembered[int](canonical_bytes)
        self._days, self._instants = _Remembered(_day), _Remembered(_instant)
        self._orders: dict[int | None, str] = {None: ""}

    def read(self, entries: ColumnElement[bool], facts: ColumnElement[bool]) -> Rows:
        """Return the entries that are meant, and digests of the facts that are.

        Two queries and no join: a server that joins two tables in partitions works twice as long.

        Raises:
            UndecodableError: a text is no text, or a person's key no number.
        """
        try:
            sheets = map(_Sheet._make, fetched(self._session, self._entries.where(entries)))
            told = [(sheet, [*map(int, sheet.people.split(","))]) for sheet in sheets]
            digests, unclear = _digests(fetched(self._session, self._facts.where(facts)))
        except (sqlite3.OperationalError, ValueError, AttributeError) as error:
            raise UndecodableError from error
        ids = {sheet.act_id for sheet, _ in told} - {None}
        self._orders = {None: "", **_leaves_of_acts(self._session, ids)}
        return Rows(told, digests, unclear)

    def check(self, rows: Rows) -> Found:
        """Tell whose entries are all as they were posted; facts of credits are used up."""
        self._fetch_keys(rows.people())
        found = Found(doubtful=set(rows.unclear))
        later = {sheet.credit_key for sheet, _ in rows.sheets if sheet.movement != _CREDIT}
        targets: dict[CreditKey, Pieces] = defaultdict(dict)
        for sheet, people in sorted(rows.sheets, key=lambda each: each[0].movement != _CREDIT):
            credits = sheet.movement == _CREDIT
            try:
                if credits and sheet.credit_key in later:
                    targets[sheet.credit_key].update(_targets(sheet, people))
                pieces = (rows.facts if credits else targets)[sheet.credit_key]
                # Facts are used up by their credits; a credit may be moved more than once.
                take: _Take = pieces.pop if credits else pieces.get
                self._hash(sheet, people, take, found.doubtful)
                _note(sheet, people, found)
            except (KeyError, ValueError, TypeError, AttributeError, StructError):
                found.doubtful.update(people)  # it names what is not there, or not of its type
        return found

    def _fetch_keys(self, people: set[int]) -> None:
        if len(self._keyed) + len(people) > _KEYED_MAX:
            self._keyed.clear()
        new = sorted(people - self._keyed.keys())
        secrets = self._secrets(new)
        for person_id in new:
            secret = secrets.get(person_id)
            self._keyed[person_id] = None if secret is None else _keyed(secret)

    def _hash(self, sheet: _Sheet, people: Sequence[int], take: _Take, doubtful: set[int]) -> None:
        # A number that only passes for an integer keeps the sum from being one.
        if sheet.odd or type(sum(sheet[2:10])) is not int:
            raise TypeError("a value is not of its column's type")
        key, head, tail = self._spelled(sheet)
        sha256, keyed = hashlib.sha256, self._keyed
        leaves = iter_unpack(f"{_LEAF_BYTES}s", sheet.leaves)
        for person_id, (leaf,) in zip(people, leaves, strict=True):
            halves, piece = keyed[person_id], take(person_id, None)
            if halves is None or piece is None:
                doubtful.add(person_id)
                continue
            salted, salt = halves[0].copy(), halves[1].copy()
            salted.update(key)
            salt.update(salted.digest())
            body = b"creditbank/entry/v1\n" + salt.digest() + head + piece + tail
            if sha256(body).digest() != leaf:
                doubtful.add(person_id)

    def _spelled(self, sheet: _Sheet) -> tuple[bytes, bytes, bytes]:
        """Return what all salts are made from, and the body before and behind what is one's own."""
        texts, numbers = self._texts, self._numbers
        on, no, nth = texts[sheet.occasion], numbers[sheet.revision], numbers[sheet.step]
        scheme, movement = texts[sheet.scheme], texts[sheet.movement]
        key = b"[" + b",".join((scheme, on, no, movement, nth)) + b"]"
        said = (
            movement, scheme, numbers[sheet.credited_year], texts[sheet.subject],
            texts[sheet.from_state], texts[sheet.to_state], numbers[sheet.centihours],
            self._days[sheet.earned_on], self._instants[sheet.recorded_at], on, no, nth,
        )  # fmt: skip
        head = b"[" + b",".join(said) + f',"{self._sources[sheet.source_id]}","'.encode()
        order = f'",["{self._orders[sheet.act_id]}",'.encode() + texts[sheet.reason] + b'],["'
        tail = b'",' + self._chains[sheet.pins_id] + b"]]"
        if sheet.movement == _CREDIT:
            return key, head + order, tail  # between them the digest of its facts; it has no target
        return key, head, order + tail  # between them its target; it has no facts


def _targets(sheet: _Sheet, people: Sequence[int]) -> dict[int, bytes]:
    """Return the leaf of each person's credit as hex."""
    leaves = iter_unpack(f"{_LEAF_BYTES}s", sheet.leaves)
    return {
        person_id: leaf.hex().encode() for person_id, (leaf,) in zip(people, leaves, strict=True)
    }


def _note(sheet: _Sheet, people: Sequence[int], found: Found) -> None:
    """Add up what first credits took of their source; whoever has anything else has moved."""
    if sheet.movement != _CREDIT or sheet.revision or sheet.centihours <= 0:
        found.moved.update(people)
        return
    of_source = found.issued[sheet.source_id]
    for person_id in people:
        of_source[person_id] = of_source.get(person_id, 0) + sheet.centihours


def _digests(sheets: Iterable[_FactsSheet]) -> tuple[dict[CreditKey, Pieces], set[int]]:
    """Return digests of facts as hex, and the people whose facts are not told apart."""
    digests: dict[CreditKey, Pieces] = {}
    unclear: set[int] = set()
    for scheme, occasion, revision, odd, named, said in sheets:
        people = [*map(int, named.split(","))]
        facts = said.encode().split(b"\n") if not odd else ()
        if len(people) != len(facts):
            unclear.update(people)
            continue
        digests[scheme, occasion, revision] = {
            person_id: hashlib.sha256(b"creditbank/facts/v1\n" + each).hexdigest().encode()
            for person_id, each in zip(people, facts, strict=True)
        }
    return digests, unclear


def _keyed(secret: bytes) -> _Keyed:
    """Return the two halves of HMAC-SHA-256 under a secret, its blocks hashed once (RFC 2104)."""
    key = secret.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(key.translate(_INNER) + b"creditbank/salt/v1\n")
    return inner, hashlib.sha256(key.translate(_OUTER))


class _Remembered(dict[_Value, bytes], Generic[_Value]):
    """Canonical bytes of the few distinct values of a column, each made once."""

    def __init__(self, make: Callable[[_Value], bytes]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: _Value) -> bytes:
        if len(self) >= _REMEMBERED_MAX:
            self.clear()
        made = self[value] = self._make(value)
        return made


def _pieces(chains: Mapping[int, Pins | None]) -> dict[int, bytes]:
    pieces = {}
    for pins_id, chain in chains.items():
        with suppress(TypeError, ValueError):  # what is no chain, no entry was posted under
            pieces[pins_id] = canonical_bytes(chain or "")
    return pieces


def _day(text: str) -> bytes:
    if not FIRST_DAY <= text <= LAST_DAY or date.fromisoformat(text).isoformat() != text:
        raise ValueError("no day")
    return canonical_bytes(text)


def _instant(text: str) -> bytes:
    """Read an instant as SQLite keeps it, or as PostgreSQL writes it."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no instant, but a time of day somewhere")
    said = instant_text(instant)
    if not FIRST_DAY <= said <= LAST_DAY or ("T" in text and said != text):
        raise ValueError("no instant")
    return canonical_bytes(said)


def as_it_is(session: Session, column: ColumnElement[object]) -> ColumnElement[object]:
    """Give a column to select so that the driver gives days and instants as text."""
    if _on_sqlite(session) or not isinstance(column.type, Date | UtcDateTime):
        return column
    return cast(column, String)


def _on_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _strung(
    session: Session, column: SQLColumnExpression[_Value], separator: _Value
) -> ColumnElement[object]:
    """Put the values of a group one after another; those of two columns come in one order."""
    if not _on_sqlite(session):
        return func.string_agg(column, separator)
    strung = func.group_concat(column, separator)
    return cast(strung, LargeBinary) if isinstance(separator, bytes) else strung


def _odd_entries(session: Session) -> ColumnElement[object]:
    """Tell whether one of a group is not of its columns' types.

    On SQLite a number with a fraction of nothing sorts with the whole ones, and a sum shows it; and
    what is strung together no longer tells where bytes, or texts, were none.
    """
    length = func.length(Entry.leaf) != _LEAF_BYTES
    if not _on_sqlite(session):
        return func.bool_or(length)
    total = reduce(add, (getattr(Entry, name) for name in _NUMBERS), func.coalesce(Entry.act_id, 0))
    return func.max(or_(length, func.typeof(Entry.leaf) != "blob", func.typeof(total) != "integer"))


def _odd_facts(session: Session) -> ColumnElement[object]:
    if not _on_sqlite(session):
        return func.bool_or(CreditFacts.facts.is_(None))
    text, number = func.typeof(CreditFacts.facts), func.typeof(CreditFacts.revision)
    return func.max(or_(text != "text", number != "integer"))


def _leaves_of_acts(session: Session, ids: Iterable[object]) -> dict[int | None, str]:
    wanted = [each for each in ids if type(each) is int]
    leaves: dict[int | None, str] = {}
    for start in range(0, len(wanted), _ACTS_AT_ONCE):
        chunk = wanted[start : start + _ACTS_AT_ONCE]
        found = session.execute(select(Act.act_id, Act.leaf).where(Act.act_id.in_(chunk)))
        leaves.update((act_id, leaf.hex()) for act_id, leaf in found)
    return leaves
