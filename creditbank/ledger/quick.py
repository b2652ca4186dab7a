"""Everybody's rows read and hashed at full speed: tells whose are as they were posted.

What fsck spends its time on. Rows come from the driver as they are, and what stands in thousands of
them is encoded once. It only ever finds that rows are right: those of anybody of whom it does not
are read again with care (fsck_people.py), and it is there that what is wrong gets its name.
"""

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Date, Executable, String, cast, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.canonical import canonical_bytes
from creditbank.clock import instant_text
from creditbank.ledger.bodies import EntryLine
from creditbank.ledger.leaves import Pins
from creditbank.ledger.models import Act, CreditFacts, Entry, Movement
from creditbank.ledger.unreadable import FIRST_DAY, LAST_DAY
from creditbank.orm import UtcDateTime

#: What is read of an entry: what names its credit, then whatever is a number, then the rest.
_NAMES = (
    "person_id", "scheme", "occasion", "revision", "entry_id", "source_id", "pins_id", "centihours",
    "credited_year", "step", "epoch", "xid", "act_id", "recorded_at", "earned_on", "subject",
    "from_state", "to_state", "movement", "reason", "leaf",
)  # fmt: skip
#: A row of these as the driver gives it, days and instants as text.
RawLine = tuple[
    int, str, str, int, int, int, int, int, int, int, int, int, int | None, str, str, str, str, str,
    str, str, bytes,
]  # fmt: skip
_ACT: Final = 12
_MOVEMENT: Final = 18
_LEAF: Final = 20
_NAMED = itemgetter(*(_NAMES.index(name) for name in EntryLine._fields))
#: Says whose rows are meant, by the column that holds the person.
Whom = Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]
#: Distinct values remembered of one column; then they are forgotten, so that memory is bounded.
_REMEMBERED_MAX = 16_384
_ACTS_AT_ONCE = 5_000
_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_CREDIT = str(Movement.CREDIT)


_Row = TypeVar("_Row")
_Value = TypeVar("_Value")
#: person, scheme, occasion, revision
_FactsKey = tuple[int, str, str, int]
_CreditKey = tuple[str, str, int]
_Keyed = tuple["hashlib._Hash", "hashlib._Hash"]


class UndecodableError(Exception):
    """The driver found a text that is none."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What some people have in the ledger: entries by person, and facts by the credit's key."""

    lines: Mapping[int, Sequence[RawLine]]
    facts: Mapping[_FactsKey, str]

    def named(self, person_id: int) -> list[EntryLine]:
        """Give one person's entries their names; days and instants stay text."""
        return [EntryLine._make(_NAMED(line)) for line in self.lines[person_id]]

    def credits(self, but_of: Container[int]) -> int:
        """Count the credits of everybody else."""
        lines = (each for person_id, each in self.lines.items() if person_id not in but_of)
        return sum([line[_MOVEMENT] for line in each].count(_CREDIT) for each in lines)

    def lone(self) -> set[int]:
        """Return whoever has facts without a credit."""
        lines = [line for each in self.lines.values() for line in each]
        credited = {line[:4] for line in lines if line[_MOVEMENT] == _CREDIT}
        return {key[0] for key in self.facts.keys() - credited}


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
        sources: leaf of the act that opened each source.
        chains: each pack chain that entries name; None where it is none any more.
    """

    def __init__(
        self, session: Session, sources: Mapping[int, bytes], chains: Mapping[int, Pins | None]
    ) -> None:
        self._session = session
        self._columns = [as_it_is(session, getattr(Entry, name)) for name in _NAMES]
        self._sources = {each: leaf.hex() for each, leaf in sources.items()}
        self._chains = _pieces(chains)
        self._texts = _Remembered[str](canonical_bytes)
        self._numbers = _Remembered[int](canonical_bytes)
        self._days, self._instants = _Remembered(_day), _Remembered(_instant)
        self._heads, self._origins = _Remembered(self._head), _Remembered(self._origin)
        self._orders: dict[int | None, str] = {None: ""}

    def read(self, of: Whom) -> Rows:
        """Return the entries of these people, and their facts.

        Two queries and no join: a server that joins two tables in partitions works twice as long.

        Raises:
            UndecodableError: a text is no text.
        """
        facts = select(*_FACTS).where(of(CreditFacts.person_id))
        try:
            rows: list[RawLine] = fetched(
                self._session, select(*self._columns).where(of(Entry.person_id))
            )
            known: list[tuple[int, str, str, int, str]] = fetched(self._session, facts)
        except sqlite3.OperationalError as error:
            raise UndecodableError from error
        lines: dict[int, list[RawLine]] = defaultdict(list)
        for row in rows:
            lines[row[0]].append(row)
        ids = {line[_ACT] for line in rows} - {None}
        self._orders = {None: "", **_leaves_of_acts(self._session, ids)}
        self._origins.clear()  # they rest on these
        return Rows(lines, {fact[:4]: fact[4] for fact in known})

    def issued(self, person_id: int, rows: Rows, secret: bytes) -> dict[int, int] | None:
        """Tell whether one person's entries are all as they were posted.

        Args:
            person_id: whose; somebody with entries.
            rows: at least all of the person's.
            secret: the person's.

        Returns:
            None if they are not; else the centihours credited out of each source, and nothing for
            whoever has more than first credits.
        """
        try:
            return self._hashed(rows.lines[person_id], rows.facts, _keyed(secret))
        except (KeyError, ValueError, TypeError, AttributeError):
            return None  # it names what is not there, or is not of the column's type

    def _hashed(
        self, lines: Sequence[RawLine], facts: Mapping[_FactsKey, str], keyed: _Keyed
    ) -> dict[int, int] | None:
        texts, numbers, days, instants = self._texts, self._numbers, self._days, self._instants
        heads, origins, chains, sha256 = self._heads, self._origins, self._chains, hashlib.sha256
        inner, outer = keyed
        join, plain = b",".join, True
        issued, targets = defaultdict[int, int](int), dict[_CreditKey, str]()
        for line in lines:
            (
                person_id, scheme, occasion, revision, _, source_id, pins_id, centihours, year,
                step, _, _, act_id, recorded_at, earned_on, subject, from_state, to_state, movement,
                reason, leaf,
            ) = line  # fmt: skip
            # A number that only passes for an integer keeps the sum from being one.
            if type(sum(line[3:12], person_id + (act_id or 0))) is not int:
                return None
            if movement == _CREDIT:
                said = b"creditbank/facts/v1\n" + facts[line[:4]].encode()
                digest, target = sha256(said).hexdigest().encode(), ""
                plain = plain and not revision and centihours > 0
            else:
                targets = targets or _targets(lines)
                digest, target = b"", targets[scheme, occasion, revision]
                plain = False
            on, no, nth = texts[occasion], numbers[revision], numbers[step]
            salted, salt = inner.copy(), outer.copy()
            salted.update(b"[" + join((texts[scheme], on, no, texts[movement], nth)) + b"]")
            salt.update(salted.digest())
            body = join((
                heads[movement, scheme, year, subject, from_state, to_state], numbers[centihours],
                days[earned_on], instants[recorded_at], on, no, nth,
                origins[source_id, target, act_id, reason],
            ))  # fmt: skip
            body = b"creditbank/entry/v1\n" + salt.digest() + body + digest + chains[pins_id]
            if sha256(body).digest() != leaf:
                return None
            issued[source_id] += centihours
        return issued if plain else {}

    def _head(self, said: tuple[str, str, int, str, str, str]) -> bytes:
        """Put together what stands first in thousands of bodies, and is looked up at once."""
        movement, scheme, year, *rest = said
        texts = self._texts
        first = (texts[movement], texts[scheme], self._numbers[year])
        return b"[" + b",".join((*first, *(texts[each] for each in rest)))

    def _origin(self, said: tuple[int, str, int | None, str]) -> bytes:
        """Put together what an entry rests on; the digest of its facts follows."""
        source_id, target, act_id, reason = said
        source, order = self._sources[source_id], self._orders[act_id]
        return f'"{source}","{target}",["{order}",'.encode() + self._texts[reason] + b'],["'


def _targets(lines: Sequence[RawLine]) -> dict[_CreditKey, str]:
    """Return the leaf of each credit that a person's other entries act on."""
    return {line[1:4]: line[_LEAF].hex() for line in lines if line[_MOVEMENT] == _CREDIT}


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
            pieces[pins_id] = b'",' + canonical_bytes(chain or "") + b"]]"
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
    sqlite = session.get_bind().dialect.name == "sqlite"
    if sqlite or not isinstance(column.type, Date | UtcDateTime):
        return column
    return cast(column, String)


_FACTS = (
    CreditFacts.person_id, CreditFacts.scheme, CreditFacts.occasion, CreditFacts.revision,
    CreditFacts.facts,
)  # fmt: skip


def _leaves_of_acts(session: Session, ids: Iterable[object]) -> dict[int | None, str]:
    wanted = [each for each in ids if type(each) is int]
    leaves: dict[int | None, str] = {}
    for start in range(0, len(wanted), _ACTS_AT_ONCE):
        chunk = wanted[start : start + _ACTS_AT_ONCE]
        found = session.execute(select(Act.act_id, Act.leaf).where(Act.act_id.in_(chunk)))
        leaves.update((act_id, leaf.hex()) for act_id, leaf in found)
    return leaves
