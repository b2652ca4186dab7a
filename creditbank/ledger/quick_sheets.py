"""Entries and facts read by the sheet: what many rows say the same comes from the database once.

A session that a thousand people attended is a thousand entries that differ in person and leaf
alone. PostgreSQL puts these together as bytes. SQLite first tells which sheets there are, and then
gives of each row only what is its own: to sort rows costs it more than to read them twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add, itemgetter
from struct import iter_unpack
from typing import Final, NamedTuple, TypeVar

import psycopg
from sqlalchemy import (
    ColumnElement,
    Date,
    Executable,
    Select,
    String,
    and_,
    cast,
    event,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from creditbank.ledger.models import CreditFacts, Entry, Movement
from creditbank.orm import UtcDateTime

#: scheme, occasion, revision
CreditKey = tuple[str, str, int]
#: scheme, occasion, revision, source, year, subject and day: a movement has those of its credit
CreditTerms = tuple[str, str, int, int, int, str, str]


class Sheet(NamedTuple):
    """Entries that differ in nothing but person, number and leaf, as the driver gives them.

    Days and instants are text. The first column tells most sheets apart.
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
    #: whether one of them is not of its columns' types, which comparing does not always tell
    odd: int | None

    @property
    def credit_key(self) -> CreditKey:
        """Name the credit that each entry is or acts on."""
        return self.scheme, self.occasion, self.revision

    @property
    def terms(self) -> CreditTerms:
        """Return what each entry has in common with the credit that it is or acts on."""
        return (*self.credit_key, self.source_id, self.credited_year, self.subject, self.earned_on)


class Statement(NamedTuple):
    """What credits of one kind rest on, but the facts themselves."""

    scheme: str
    occasion: str
    revision: int
    #: whether a text or a number among them is none
    odd: int | None


#: Whoever has an entry of a sheet, and their leaves in the same order.
Written = tuple[Sheet, Sequence[int], Sequence[bytes]]
#: Credits of the same terms, whoever has them, and their leaves in the same order.
Target = tuple[CreditTerms, Sequence[int], Sequence[bytes]]
#: Whoever has facts, and their facts in the same order; fewer where these are not told apart.
Stated = tuple[Statement, Sequence[int], Sequence[str]]

_Row = TypeVar("_Row")
_Value = TypeVar("_Value")
_Shared = tuple[object, ...]
_Kind = TypeVar("_Kind", bound=_Shared)
_Own = tuple[int, _Value, *tuple[object, ...]]
_Strung = tuple[*tuple[object, ...], str, _Value]
_Columns = list[InstrumentedAttribute[object]]

_SHARED: Final[_Columns] = [getattr(Entry, name) for name in Sheet._fields[:-1]]
_NUMBERS: Final[_Columns] = _SHARED[2:10]
_STATED: Final[_Columns] = [getattr(CreditFacts, name) for name in Statement._fields[:-1]]
_TERMS: Final[_Columns] = [
    Entry.scheme, Entry.occasion, Entry.revision, Entry.source_id, Entry.credited_year,
    Entry.subject, Entry.earned_on,
]  # fmt: skip
_CREDIT: Final = str(Movement.CREDIT)
_Target = aliased(Entry)
#: Joins to an entry the credit that it acts on.
_IS_TARGET: Final = and_(
    _Target.person_id == Entry.person_id,
    *(getattr(_Target, each.key) == each for each in _TERMS),
    _Target.movement == _CREDIT,
    _Target.step == 0,
)
_LEAF_BYTES: Final = 32
#: PostgreSQL knows nothing of how many sheets there are, and would sort rows by all their columns.
#: To put alike rows together by their hashes costs half of that; other processes are not called.
_BY_HASH: Final = {
    "enable_sort": "off", "work_mem": "32MB", "max_parallel_workers_per_gather": "0",
}  # fmt: skip
#: person and what is the person's own stand before what tells sheets apart
_OWN_COLUMNS: Final = 2


def fetched(session: Session, query: Executable) -> list[_Row]:
    """Return rows as the driver gives them: of what is read by the million nothing is made more."""
    with _in_binary(session):
        result = session.connection().execute(query)
    try:
        assert result.cursor is not None, "a query has rows"
        return list(result.cursor.fetchall())
    finally:
        result.close()


@contextmanager
def _in_binary(session: Session) -> Iterator[None]:
    """Have PostgreSQL send bytes and long texts as they are, which saves both sides a copy."""
    if on_sqlite(session):
        yield
        return
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", _ask_for_binary)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", _ask_for_binary)


def _ask_for_binary(_connection: object, cursor: psycopg.Cursor, *_: object) -> None:
    cursor.format = psycopg.pq.Format.BINARY


def as_it_is(session: Session, column: ColumnElement[object]) -> ColumnElement[object]:
    """Give a column to select so that the driver gives days and instants as text."""
    if on_sqlite(session) or not isinstance(column.type, Date | UtcDateTime):
        return column
    return cast(column, String)


def on_sqlite(session: Session) -> bool:
    """Tell which database this is."""
    return session.get_bind().dialect.name == "sqlite"


@contextmanager
def by_hash(session: Session) -> Iterator[None]:
    """Have PostgreSQL put alike rows together without sorting them."""
    if not on_sqlite(session):
        session.execute(select(*(func.set_config(*each, True) for each in _BY_HASH.items())))
    yield
    if not on_sqlite(session):
        session.execute(select(*(func.set_config(name, None, True) for name in _BY_HASH)))


class SheetReader:
    """Reads entries and facts by the sheet.

    Args:
        session: a snapshot.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._on_sqlite = on_sqlite(session)
        if self._on_sqlite:
            # A number with a fraction of nothing equals the whole one; a sum of them shows it.
            total = reduce(add, _NUMBERS, func.coalesce(Entry.act_id, 0))
            self._sheets = select(*_SHARED, func.typeof(total) != "integer").distinct()
            revision, text = func.typeof(CreditFacts.revision), func.typeof(CreditFacts.facts)
            odd = or_(text != "text", revision != "integer")
            self._statements = select(*_STATED, odd).distinct()
            return
        shown = [as_it_is(session, column.expression) for column in _SHARED]
        people, leaves = _strung(Entry.person_id), func.string_agg(Entry.leaf, b"")
        torn = func.bool_or(func.length(Entry.leaf) != _LEAF_BYTES)
        sheets = select(*shown, torn, people, leaves)
        self._sheets = sheets.group_by(*_SHARED)
        people, facts = _strung(CreditFacts.person_id), func.string_agg(CreditFacts.facts, "\n")
        absent = func.bool_or(CreditFacts.facts.is_(None))
        self._statements = select(*_STATED, absent, people, facts).group_by(*_STATED)

    def entries(self, meant: ColumnElement[bool]) -> Iterator[Written]:
        """Read the entries that are meant.

        Raises:
            ValueError: a person's key is no number.
            sqlite3.OperationalError: a text is no text.
        """
        if self._on_sqlite:
            kinds: list[_Shared] = fetched(self._session, self._sheets.where(meant))
            leaves_of = select(Entry.person_id, Entry.leaf).where(meant)
            for shared, people, leaves in self._apart(_odd_last(kinds), _SHARED, leaves_of):
                yield Sheet._make(shared), people, leaves
            return
        rows: list[_Strung[bytes]] = fetched(self._session, self._sheets.where(meant))
        for *alike, named, strung in rows:
            sheet = Sheet._make(alike)
            # Where one leaf is torn, nobody knows where the others begin.
            apart = () if sheet.odd else iter_unpack(f"{_LEAF_BYTES}s", strung)
            yield sheet, [*map(int, named.split(","))], [leaf for (leaf,) in apart]

    def facts(self, meant: ColumnElement[bool]) -> Iterator[Stated]:
        """Read the facts that are meant.

        Raises:
            ValueError: a person's key is no number.
            AttributeError: there is no text.
            sqlite3.OperationalError: a text is no text.
        """
        if self._on_sqlite:
            kinds: list[_Shared] = fetched(self._session, self._statements.where(meant))
            texts_of = select(CreditFacts.person_id, CreditFacts.facts).where(meant)
            for shared, people, texts in self._apart(_odd_last(kinds), _STATED, texts_of):
                yield Statement._make(shared), people, texts
            return
        rows: list[_Strung[str]] = fetched(self._session, self._statements.where(meant))
        for *alike, named, strung in rows:
            yield Statement._make(alike), [*map(int, named.split(","))], strung.split("\n")

    def targets(self, meant: ColumnElement[bool], among: Iterable[Written]) -> Iterator[Target]:
        """Read the leaves of the credits that the entries that are meant act on, on SQLite.

        Args:
            meant: which.
            among: the sheets of these entries.

        Raises:
            ValueError: a person's key is no number.
        """
        kinds = {sheet.terms for sheet, *_ in among if sheet.movement != _CREDIT}
        if not kinds:
            return
        leaves_of = select(Entry.person_id, _Target.leaf).join(_Target, _IS_TARGET)
        moved = leaves_of.where(meant, Entry.movement != _CREDIT)
        yield from self._apart([*kinds], _TERMS, moved)

    def _apart(
        self, kinds: Sequence[_Kind], shared: _Columns, own: Select[int, _Value]
    ) -> Iterator[tuple[_Kind, Sequence[int], Sequence[_Value]]]:
        """Read of each row its own values and what tells its kind; of equal kinds the last counts.

        Args:
            kinds: all that there are of the rows, each the shared columns' values and maybe more.
            shared: the columns.
            own: person and value of each row.
        """
        telling = [nth for nth in range(len(shared)) if len({kind[nth] for kind in kinds}) > 1]
        query = own.add_columns(*(shared[nth] for nth in telling))
        rows: list[_Own[_Value]] = fetched(self._session, query)
        by_telling = {tuple(kind[nth] for nth in telling): kind for kind in kinds}
        of_kind: dict[tuple[object, ...], list[_Own[_Value]]] = defaultdict(list)
        for row in rows:
            of_kind[row[_OWN_COLUMNS:]].append(row)
        for told, alike in of_kind.items():
            people = [row[0] for row in alike]
            if {*map(type, people)} != {int}:
                raise ValueError("a person's key is no number")
            yield by_telling[told], people, [row[1] for row in alike]


def _odd_last(kinds: Iterable[_Shared]) -> list[_Shared]:
    """An odd kind may equal one that is not; it is the odd one that counts."""
    return sorted(kinds, key=itemgetter(-1))


def _strung(people: InstrumentedAttribute[int]) -> ColumnElement[str]:
    return func.string_agg(cast(people, String), ",")
