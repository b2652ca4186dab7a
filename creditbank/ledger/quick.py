"""Everybody's rows read and hashed at full speed: tells whose are as they were posted.

What fsck spends its time on. Rows come from the driver as they are, and what stands in thousands of
them is encoded once. It only ever finds that rows are right: those of anybody of whom it does not
are read again with care (fsck_people.py), and it is there that what is wrong gets its name.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Date,
    Executable,
    Select,
    String,
    and_,
    cast,
    func,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.canonical import canonical_text
from creditbank.clock import instant_text
from creditbank.ledger.bodies import EntryLine
from creditbank.ledger.leaves import Pins
from creditbank.ledger.models import Act, CreditFacts, Entry, Movement
from creditbank.ledger.unreadable import FIRST_DAY, LAST_DAY
from creditbank.orm import UtcDateTime

#: A row as the driver gives it: the columns of `EntryLine` with days and instants as text, whether
#: the numbers are numbers, and a credit's facts.
RawLine = tuple[
    int, str, str, int, int, str, int | None, int, int, int, str, int, int, str, str, str, str, str,
    bytes, int, str | None,
]  # fmt: skip
#: Says whose rows are meant, by the column that holds the person.
Whom = Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]
#: Distinct texts remembered of one column; then they are forgotten, so that memory is bounded.
_REMEMBERED_MAX = 16_384
_ACTS_AT_ONCE = 5_000
_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_CREDIT = str(Movement.CREDIT)
#: Joins facts to their credit.
_OF_CREDIT = and_(
    Entry.movement == _CREDIT,
    CreditFacts.person_id == Entry.person_id,
    CreditFacts.scheme == Entry.scheme,
    CreditFacts.occasion == Entry.occasion,
    CreditFacts.revision == Entry.revision,
)


_Row = TypeVar("_Row")
_CreditKey = tuple[str, str, int]
_Keyed = tuple["hashlib._Hash", "hashlib._Hash"]


class UndecodableError(Exception):
    """The driver found a text that is none."""


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
        self._query = _query(session)
        self._sources = {each: leaf.hex() for each, leaf in sources.items()}
        self._chains = _pieces(chains)
        self._texts = _Remembered(canonical_text)
        self._days = _Remembered(_day)
        self._instants = _Remembered(_instant)
        self._orders: dict[int | None, str] = {None: ""}

    def read(self, of: Whom) -> dict[int, list[RawLine]]:
        """Return the entries of these people by person, in the order of their keys.

        Raises:
            UndecodableError: a text is no text.
        """
        try:
            rows: list[RawLine] = fetched(self._session, self._query.where(of(Entry.person_id)))
        except sqlite3.OperationalError as error:
            raise UndecodableError from error
        grouped = {key: list(lines) for key, lines in groupby(rows, itemgetter(0))}
        ids = {line[6] for line in rows} - {None}
        self._orders = {None: "", **_leaves_of_acts(self._session, ids)}
        return grouped

    def holds(self, lines: Sequence[RawLine], secret: bytes) -> bool:
        """Tell whether one person's entries are all as they were posted.

        Args:
            lines: every entry of the person.
            secret: the person's.
        """
        targets = {
            line[1:4]: line[18].hex() if type(line[18]) is bytes else ""
            for line in (lines if any(line[16] != _CREDIT for line in lines) else ())
            if line[16] == _CREDIT
        }
        try:
            return self._hashed(lines, _keyed(secret), targets)
        except (KeyError, ValueError, TypeError, AttributeError):
            return False  # it names what is not there, or is not of the column's type

    def _hashed(
        self, lines: Sequence[RawLine], keyed: _Keyed, targets: Mapping[_CreditKey, str]
    ) -> bool:
        texts, days, instants = self._texts, self._days, self._instants
        inner, outer = keyed
        sources, chains, orders, sha256 = self._sources, self._chains, self._orders, hashlib.sha256
        for (
            _, scheme, occasion, revision, _, recorded_at, act_id, source_id, pins_id, centihours,
            earned_on, year, step, subject, from_state, to_state, movement, reason, leaf, numbers,
            facts,
        ) in lines:  # fmt: skip
            if facts is not None:
                digest = sha256(b"creditbank/facts/v1\n" + facts.encode()).hexdigest()
                target = ""
            elif movement == _CREDIT:
                return False
            else:
                digest, target = "", targets[scheme, occasion, revision]
            of, on, what = texts[scheme], texts[occasion], texts[movement]
            body = (
                f"[{what},{of},{year},{texts[subject]},{texts[from_state]},{texts[to_state]},"
                f"{centihours},{days[earned_on]},{instants[recorded_at]},{on},{revision},{step},"
                f'"{sources[source_id]}","{target}",["{orders[act_id]}",{texts[reason]}],'
                f'["{digest}",{chains[pins_id]}]]'
            )
            salted, salt = inner.copy(), outer.copy()
            salted.update(f"[{of},{on},{revision},{what},{step}]".encode())
            salt.update(salted.digest())
            said = b"creditbank/entry/v1\n" + salt.digest() + body.encode()
            if sha256(said).digest() != leaf or not numbers:
                return False
        return True

    def facts_of(self, of: Whom) -> int:
        """Return how many facts these people have."""
        query = select(func.count()).select_from(CreditFacts).where(of(CreditFacts.person_id))
        return self._session.scalar(query) or 0

    def people_with_lone_facts(self, of: Whom) -> set[int]:
        """Return whoever has facts without a credit."""
        query = (
            select(CreditFacts.person_id)
            .outerjoin(Entry, _OF_CREDIT)
            .where(of(CreditFacts.person_id), Entry.entry_id.is_(None))
        )
        return set(self._session.scalars(query))


def _keyed(secret: bytes) -> _Keyed:
    """Return the two halves of HMAC-SHA-256 under a secret, its blocks hashed once (RFC 2104)."""
    key = secret.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(key.translate(_INNER) + b"creditbank/salt/v1\n")
    return inner, hashlib.sha256(key.translate(_OUTER))


class _Remembered(dict[str, str]):
    """Canonical texts of the few distinct values of a column, each made once."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: str) -> str:
        if type(value) is not str:
            raise TypeError("a text is wanted")
        if len(self) >= _REMEMBERED_MAX:
            self.clear()
        made = self[value] = self._make(value)
        return made


def _pieces(chains: Mapping[int, Pins | None]) -> dict[int, str]:
    pieces = {}
    for pins_id, chain in chains.items():
        with suppress(TypeError, ValueError):  # what is no chain, no entry was posted under
            pieces[pins_id] = canonical_text(chain or "")
    return pieces


def _day(text: str) -> str:
    if not FIRST_DAY <= text <= LAST_DAY or date.fromisoformat(text).isoformat() != text:
        raise ValueError("no day")
    return canonical_text(text)


def _instant(text: str) -> str:
    """Read an instant as SQLite keeps it, or as PostgreSQL writes it."""
    said = instant_text(datetime.fromisoformat(text))
    if not FIRST_DAY <= said <= LAST_DAY or ("T" in text and said != text):
        raise ValueError("no instant")
    return canonical_text(said)


def _query(session: Session) -> Select[*tuple[object, ...]]:
    sqlite = session.get_bind().dialect.name == "sqlite"
    columns = [_as_it_is(getattr(Entry, name), sqlite=sqlite) for name in EntryLine._fields]
    return (
        select(*columns, _numbers() if sqlite else true(), CreditFacts.facts)
        .outerjoin(CreditFacts, _OF_CREDIT)
        .order_by(Entry.person_id)
    )


def _as_it_is(column: InstrumentedAttribute[object], *, sqlite: bool) -> ColumnElement[object]:
    if sqlite or not isinstance(column.type, Date | UtcDateTime):
        return column.expression
    return cast(column, String)


def _numbers() -> ColumnElement[bool]:
    """Ask SQLite for the types of numbers that no hash covers, or not to the last point."""
    unhashed = (
        Entry.person_id, Entry.source_id, Entry.pins_id, Entry.epoch, Entry.xid,
        func.coalesce(Entry.act_id, 0),
    )  # fmt: skip
    return and_(*(func.typeof(each) == "integer" for each in unhashed))


def _leaves_of_acts(session: Session, ids: Iterable[object]) -> dict[int | None, str]:
    wanted = [each for each in ids if type(each) is int]
    leaves: dict[int | None, str] = {}
    for start in range(0, len(wanted), _ACTS_AT_ONCE):
        chunk = wanted[start : start + _ACTS_AT_ONCE]
        found = session.execute(select(Act.act_id, Act.leaf).where(Act.act_id.in_(chunk)))
        leaves.update((act_id, leaf.hex()) for act_id, leaf in found)
    return leaves
