"""On SQLite everybody's rows are read in the order in which they were recorded.

What one posting wrote lies together there, and so do its facts, in the same order; whoever reads by
person fetches each row from somewhere else, and finds few that say the same. A person whose entries
are first credits alone is done with then. All others are read again, person by person.
"""

from collections.abc import Iterator
from functools import partial
from itertools import chain, groupby
from operator import itemgetter

from sqlalchemy import ColumnElement, Integer, and_, case, func, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from creditbank.ledger.models import ACCOUNTS_OF, CreditFacts, Entry, Movement, State
from creditbank.ledger.quick import Pieces, QuickReader
from creditbank.ledger.quick_sheets import CreditKey
from creditbank.ledger.quick_sums import rare_shapes
from creditbank.orm import Base

#: Facts that wait for an entry; beyond that whoever they are of is unsure.
_WAITING_MAX = 20_000
_SUMS_AT_ONCE = 5_000
_FIRST, _LAST = -(2**63), 2**63 - 1
#: SQLite's own number of each row of a table without one
_FACTS_ROW: ColumnElement[int] = literal_column("ledger_facts.rowid", Integer)
_CREDITS = Entry.movement == str(Movement.CREDIT)
_Column = InstrumentedAttribute[int] | ColumnElement[int]


class OrderedReader:
    """Reads everybody's rows, and notes of whom they do not tell enough.

    Args:
        session: a snapshot.
        quick: reads and hashes.
        copied: the sources of what was recognised of other entries.
    """

    def __init__(self, session: Session, quick: QuickReader, copied: set[int]) -> None:
        self.unsure: set[int] = set()
        self._session = session
        self._quick = quick
        self._copied = copied
        self._waiting: dict[CreditKey, Pieces] = {}

    def read(self, rows_at_once: int) -> Iterator[int]:
        """Read all rows, batch by batch; give how many entries each has.

        Raises:
            UndecodableError: as the quick reader says.
        """
        after = facts_after = _FIRST
        while after < _LAST:
            through = self._ahead(Entry, Entry.entry_id, after, rows_at_once)
            entries = _between(Entry.entry_id, after, through)
            facts_through = _LAST
            if through < _LAST:
                credits = self._session.scalar(select(func.count()).where(entries, _CREDITS)) or 0
                facts_through = self._ahead(CreditFacts, _FACTS_ROW, facts_after, credits)
            yield self._look(entries, _between(_FACTS_ROW, facts_after, facts_through))
            after, facts_after = through, facts_through
        self._give_up_waiting()
        self.unsure.update(*map(self._session.scalars, (_OVERDRAWN, _EARLY)))

    def _ahead(self, table: type[Base], column: _Column, after: int, count: int) -> int:
        """Return the number of the row that is so many rows ahead, or the last there can be."""
        behind = select(column).select_from(table).where(column > after).order_by(column)
        ahead = behind.offset(count - 1).limit(1)
        return (self._session.scalar(ahead) or _LAST) if count else after

    def _look(self, entries: ColumnElement[bool], facts: ColumnElement[bool]) -> int:
        rows = self._quick.read(entries, facts, whole=False)
        for key, pieces in self._waiting.items():
            rows.facts.setdefault(key, {}).update(pieces)
        found = self._quick.check(rows)
        self.unsure.update(found.doubtful, rare_shapes(found.hashed, self._copied))
        self._waiting = {key: pieces for key, pieces in rows.facts.items() if pieces}
        if sum(map(len, self._waiting.values())) > _WAITING_MAX:
            self._give_up_waiting()
        return rows.entries()

    def _give_up_waiting(self) -> None:
        self.unsure.update(*self._waiting.values())
        self._waiting.clear()


def issued_but_to(session: Session, but_to: set[int]) -> Iterator[tuple[int, dict[int, int]]]:
    """Sum what each person has of each source.

    Args:
        session: a snapshot.
        but_to: who is left out.
    """
    taken = select(Entry.source_id, Entry.person_id, _ISSUED)
    query = taken.group_by(Entry.source_id, Entry.person_id)
    result = session.connection().execute(query)
    assert result.cursor is not None, "a query has rows"
    batches = iter(partial(result.cursor.fetchmany, _SUMS_AT_ONCE), [])
    told = (row for row in chain.from_iterable(batches) if row[1] not in but_to)
    for source_id, of_source in groupby(told, key=itemgetter(0)):
        yield source_id, {person_id: int(centihours) for _, person_id, centihours in of_source}
    result.close()


def _net(state: State) -> ColumnElement[int]:
    """Sum what an account gained and lost; `total`, unlike `sum`, takes whatever a column holds."""
    signs = {
        str(each): (to is state) - (given is state) for each, (given, to) in ACCOUNTS_OF.items()
    }
    signed = case(
        *(
            (Entry.movement == name, sign * Entry.centihours)
            for name, sign in signs.items()
            if sign
        ),
        else_=0,
    )
    return func.total(signed, type_=Integer)


_ISSUED = -_net(State.ISSUED)
_KEY = (Entry.person_id, Entry.scheme, Entry.occasion, Entry.revision)
#: Whoever has an account of a credit below zero.
_OVERDRAWN = (
    select(Entry.person_id)
    .group_by(*_KEY)
    .having(or_(*(_net(state) < 0 for state in State if state is not State.ISSUED)))
)
_Later = aliased(Entry)
#: Whoever has a later revision of a credit that was not taken back as a whole.
_EARLY = select(_Later.person_id).where(
    _Later.movement == str(Movement.CREDIT),
    _Later.revision > 0,
    select(or_(func.count() == 0, _ISSUED != 0))
    .where(
        Entry.person_id == _Later.person_id, Entry.scheme == _Later.scheme,
        Entry.occasion == _Later.occasion, Entry.revision == _Later.revision - 1,
    )
    .scalar_subquery(),
)  # fmt: skip


def _between(column: _Column, after: int, through: int) -> ColumnElement[bool]:
    return and_(column > after, column <= through)
