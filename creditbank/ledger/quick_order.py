"""On SQLite everybody's rows are read in the order in which they were recorded.

What one posting wrote lies together there, and so do its facts, in the same order; whoever reads by
person fetches each row from somewhere else, and finds few that say the same. A person whose entries
are first credits alone is done with then. All others are read again, person by person.
"""

from collections.abc import Iterator
from functools import partial
from itertools import chain, groupby
from operator import itemgetter

from sqlalchemy import ColumnElement, Integer, and_, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.ledger.models import CreditFacts, Entry, Movement
from creditbank.ledger.quick import Pieces, QuickReader
from creditbank.ledger.quick_sheets import CreditKey
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

    def _ahead(self, table: type[Base], column: _Column, after: int, count: int) -> int:
        """Return the number of the row that is so many rows ahead, or the last there can be."""
        behind = select(column).select_from(table).where(column > after).order_by(column)
        ahead = behind.offset(count - 1).limit(1)
        return (self._session.scalar(ahead) or _LAST) if count else after

    def _look(self, entries: ColumnElement[bool], facts: ColumnElement[bool]) -> int:
        rows = self._quick.read(entries, facts)
        for key, pieces in self._waiting.items():
            rows.facts.setdefault(key, {}).update(pieces)
        found = self._quick.check(rows, summed=self._copied)
        self.unsure.update(found.doubtful, found.moved, *found.issued.values())
        self._waiting = {key: pieces for key, pieces in rows.facts.items() if pieces}
        if sum(map(len, self._waiting.values())) > _WAITING_MAX:
            self._give_up_waiting()
        return rows.entries()

    def _give_up_waiting(self) -> None:
        self.unsure.update(*self._waiting.values())
        self._waiting.clear()


def first_credits(session: Session, but_of: set[int]) -> Iterator[tuple[int, dict[int, int]]]:
    """Sum what each person has of each source; of whoever has first credits alone.

    Args:
        session: a snapshot.
        but_of: everybody else.
    """
    taken = select(Entry.source_id, Entry.person_id, func.total(Entry.centihours))
    query = taken.group_by(Entry.source_id, Entry.person_id)
    result = session.connection().execute(query)
    assert result.cursor is not None, "a query has rows"
    batches = iter(partial(result.cursor.fetchmany, _SUMS_AT_ONCE), [])
    told = (row for row in chain.from_iterable(batches) if row[1] not in but_of)
    for source_id, of_source in groupby(told, key=itemgetter(0)):
        yield source_id, {person_id: int(centihours) for _, person_id, centihours in of_source}
    result.close()


def _between(column: _Column, after: int, through: int) -> ColumnElement[bool]:
    return and_(column > after, column <= through)
