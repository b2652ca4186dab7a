"""How entries are found: by natural key and by leaf, in words that the indexes understand.

PostgreSQL keeps digests of natural keys and the first bytes of leaves; whatever they find is
compared as a whole besides.
"""

from collections.abc import Collection
from typing import TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    SQLColumnExpression,
    and_,
    func,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from creditbank.ledger.models import Entry, Movement

_PREFIX_BYTES = 6


class _NaturalKey(FunctionElement[int]):
    """The digest of a natural key, where the database keeps one."""

    name = "ledger_natural_key"
    type = BigInteger()
    inherit_cache = True


@compiles(_NaturalKey, "postgresql")
def _in_postgresql(element: _NaturalKey, compiler: SQLCompiler, **kwargs: object) -> str:
    return f"{element.name}({compiler.process(element.clauses, **kwargs)})"


@compiles(_NaturalKey, "sqlite")
def _in_sqlite(_element: _NaturalKey, _compiler: SQLCompiler, **_kwargs: object) -> str:
    return "0"  # its index holds the columns themselves


_Numbers: TypeAlias = SQLColumnExpression[int]
_Texts: TypeAlias = SQLColumnExpression[str]
#: Person, scheme, occasion and revision.
CreditColumns: TypeAlias = tuple[_Numbers, _Texts, _Texts, _Numbers]


def is_first(entry: type[Entry], movement: Movement, credit: CreditColumns) -> ColumnElement[bool]:
    """Return the condition that an entry is a credit, or its reversal: movements of one step.

    Args:
        entry: the table, or an alias of it.
        movement: which of the two.
        credit: what names the credit.
    """
    person_id, scheme, occasion, revision = credit
    columns = (entry.scheme, entry.occasion, entry.revision, entry.movement, entry.step)
    return and_(
        entry.person_id == person_id,
        _NaturalKey(*columns)
        == _NaturalKey(scheme, occasion, revision, str(movement), literal_column("0")),
        entry.scheme == scheme,
        entry.occasion == occasion,
        entry.revision == revision,
        entry.movement == str(movement),
    )


def is_credit_with(leaves: Collection[bytes]) -> ColumnElement[bool]:
    """Return the condition that an entry is a credit with one of some leaves."""
    first = func.substr(Entry.leaf, literal_column("1"), literal_column(str(_PREFIX_BYTES)))
    return and_(
        Entry.movement == str(Movement.CREDIT),
        first.in_([leaf[:_PREFIX_BYTES] for leaf in leaves]),
        Entry.leaf.in_(leaves),
    )
