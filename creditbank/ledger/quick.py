"""Everybody's rows read and hashed at full speed: tells whose are as they were posted.

What fsck spends its time on. Rows that say the same of many people (a session that they all
attended) come from the database as one sheet (quick_sheets.py), and are spelled once. It only ever
finds that rows are right: those of anybody of whom it does not are read again with care
(fsck_people.py), and it is there that what is wrong gets its name.
"""

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import repeat
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.canonical import canonical_bytes
from creditbank.clock import instant_text
from creditbank.ledger.leaves import ENTRY_TAG, FACTS_TAG, Pins, salt_states
from creditbank.ledger.models import Act, Movement
from creditbank.ledger.quick_sheets import (
    CreditKey,
    CreditTerms,
    Sheet,
    SheetReader,
    Stated,
    Target,
    Written,
    by_hash,
)
from creditbank.ledger.unreadable import FIRST_DAY, LAST_DAY

#: Gives each person's secret; None where it was erased on purpose; absent where it is lost.
SecretStates = Callable[[Sequence[int]], Mapping[int, bytes | None]]
#: Says whose rows are meant, by the column that holds the person.
Whom = Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]
#: Distinct values remembered of one column; then they are forgotten, so that memory is bounded.
_REMEMBERED_MAX = 16_384
_ACTS_AT_ONCE = 5_000
#: People whose keys are remembered, some 40 MB of them.
_KEYED_MAX = 65_536
_CREDIT = str(Movement.CREDIT)
_ENTRY, _FACTS = (tag.encode() + b"\n" for tag in (ENTRY_TAG, FACTS_TAG))

_Value = TypeVar("_Value")
_Keyed = tuple["hashlib._Hash", "hashlib._Hash"]
#: What stands in an entry's body for one person alone, by person: digest of facts, or target.
Pieces = dict[int, bytes]


class UndecodableError(Exception):
    """The driver found a text that is none, or a person's key that is no number."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What some people have in the ledger."""

    sheets: Sequence[Written]
    #: digest of each person's facts as hex, by the credit's key
    facts: dict[CreditKey, Pieces]
    #: whose facts are not told apart
    unclear: set[int]
    #: leaf of each credit that was moved, as hex, by its terms; None if it is among the sheets
    targets: dict[CreditTerms, Pieces] | None = None

    def people(self) -> set[int]:
        """Return whoever has an entry."""
        return {person_id for _, people, _ in self.sheets for person_id in people}

    def lone(self) -> set[int]:
        """Return whoever has facts that no credit has used up."""
        return {person_id for pieces in self.facts.values() for person_id in pieces}

    def entries(self) -> int:
        """Count the entries."""
        return sum(len(people) for _, people, _ in self.sheets)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose rows are as they were posted: of everybody not `doubtful`."""

    doubtful: set[int]
    #: the entries whose values are of their columns' types
    hashed: list[Written] = field(default_factory=list)


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
        self._sheets = SheetReader(session)
        self._sources = {each: leaf.hex() for each, leaf in sources.items()}
        self._chains = _pieces(chains)
        self._texts = _Remembered[str](canonical_bytes)
        self._numbers = _Remembered[int](canonical_bytes)
        self._days, self._instants = _Remembered(_day), _Remembered(_instant)
        self._orders: dict[int | None, str] = {None: ""}

    def read(
        self, entries: ColumnElement[bool], facts: ColumnElement[bool], *, whole: bool = True
    ) -> Rows:
        """Return the entries that are meant, and digests of the facts that are.

        Two queries and no join: a server that joins two tables in partitions works twice as long.

        Args:
            entries: which.
            facts: which.
            whole: whether these are all entries of whomever they are of; otherwise the credits that
                they act on are asked for.

        Raises:
            UndecodableError: a text is no text, or a person's key no number.
        """
        try:
            with by_hash(self._session):
                told = [*self._sheets.entries(entries)]
                digests, unclear = _digests(self._sheets.facts(facts))
                targets = None if whole else _leaves_by_terms(self._sheets.targets(entries, told))
        except (sqlite3.OperationalError, ValueError, AttributeError) as error:
            raise UndecodableError from error
        ids = {sheet.act_id for sheet, _, _ in told} - {None}
        self._orders = {None: "", **_leaves_of_acts(self._session, ids)}
        return Rows(told, digests, unclear, targets)

    def check(self, rows: Rows) -> Found:
        """Tell whose entries are all as they were posted; facts of credits are used up."""
        self._fetch_keys(rows.people())
        found = Found(doubtful=set(rows.unclear))
        targets = _credits_moved(rows.sheets) if rows.targets is None else rows.targets
        for written in rows.sheets:
            sheet, people, _ = written
            credits = sheet.movement == _CREDIT
            try:
                own = rows.facts[sheet.credit_key] if credits else targets[sheet.terms]
                # Facts are used up by their credits; a credit may be moved more than once.
                pieces = map(own.pop if credits else own.get, people, repeat(None))
                self._hash(written, pieces, found.doubtful)
                found.hashed.append(written)
            except (KeyError, ValueError, TypeError, AttributeError):
                found.doubtful.update(people)  # it names what is not there, or not of its type
        return found

    def _fetch_keys(self, people: set[int]) -> None:
        if len(self._keyed) + len(people) > _KEYED_MAX:
            self._keyed.clear()
        new = sorted(people - self._keyed.keys())
        secrets = self._secrets(new)
        for person_id in new:
            secret = secrets.get(person_id)
            self._keyed[person_id] = None if secret is None else salt_states(secret)

    def _hash(self, written: Written, pieces: Iterator[bytes | None], doubtful: set[int]) -> None:
        sheet, people, leaves = written
        # A number that only passes for an integer keeps the sum from being one.
        if sheet.odd or type(sum(sheet[2:10])) is not int:
            raise TypeError("a value is not of its column's type")
        key, head, tail = self._spelled(sheet)
        sha256, keyed = hashlib.sha256, self._keyed
        for person_id, leaf, piece in zip(people, leaves, pieces, strict=True):
            halves = keyed[person_id]
            if halves is None or piece is None:
                doubtful.add(person_id)
                continue
            salted, salt = halves[0].copy(), halves[1].copy()
            salted.update(key)
            salt.update(salted.digest())
            if sha256(b"".join((_ENTRY, salt.digest(), head, piece, tail))).digest() != leaf:
                doubtful.add(person_id)

    def _spelled(self, sheet: Sheet) -> tuple[bytes, bytes, bytes]:
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


def _credits_moved(sheets: Sequence[Written]) -> dict[CreditTerms, Pieces]:
    """Return the leaves of the credits that other entries act on."""
    moved = {sheet.terms for sheet, *_ in sheets if sheet.movement != _CREDIT}
    credits = (each for each in sheets if each[0].movement == _CREDIT)
    return _leaves_by_terms(
        (sheet.terms, people, leaves) for sheet, people, leaves in credits if sheet.terms in moved
    )


def _leaves_by_terms(told: Iterable[Target]) -> dict[CreditTerms, Pieces]:
    """Return the leaf of each person's credit as hex."""
    targets: dict[CreditTerms, Pieces] = defaultdict(dict)
    for terms, people, leaves in told:
        pairs = zip(people, leaves, strict=True)
        with suppress(AttributeError, ValueError):  # whoever's leaf is none is found by its entry
            targets[terms].update((person_id, leaf.hex().encode()) for person_id, leaf in pairs)
    return targets


def _digests(told: Iterable[Stated]) -> tuple[dict[CreditKey, Pieces], set[int]]:
    """Return digests of facts as hex, and the people whose facts are not told apart."""
    digests: dict[CreditKey, Pieces] = {}
    unclear: set[int] = set()
    sha256 = hashlib.sha256
    for statement, people, facts in told:
        if statement.odd or len(people) != len(facts):
            unclear.update(people)
            continue
        hexes = [sha256(_FACTS + each.encode()).hexdigest().encode() for each in facts]
        digests[statement[:3]] = dict(zip(people, hexes, strict=True))
    return digests, unclear


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


def _leaves_of_acts(session: Session, ids: Iterable[object]) -> dict[int | None, str]:
    wanted = [each for each in ids if type(each) is int]
    leaves: dict[int | None, str] = {}
    for start in range(0, len(wanted), _ACTS_AT_ONCE):
        chunk = wanted[start : start + _ACTS_AT_ONCE]
        found = session.execute(select(Act.act_id, Act.leaf).where(Act.act_id.in_(chunk)))
        leaves.update((act_id, leaf.hex()) for act_id, leaf in found)
    return leaves
