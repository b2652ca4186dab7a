"""What accounts hold and sources gave, summed of many people at once from rows that were hashed.

Like quick.py it only ever finds that sums are right: whoever's are not, or whose rows have a rare
shape, is looked at again one by one (fsck_people.py), and it is there that what is wrong is named.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from creditbank.ledger.bodies import EntryLine
from creditbank.ledger.models import ACCOUNTS_OF, Movement, State
from creditbank.ledger.quick_sheets import CreditKey, Sheet, Written

_CREDIT, _REVERSE = str(Movement.CREDIT), str(Movement.REVERSE)
_HELD = tuple(str(state) for state in State if state != State.ISSUED)
_ACCOUNTS = {str(each): tuple(map(str, states)) for each, states in ACCOUNTS_OF.items()}
#: What a movement adds to what its source gave out.
_ISSUES = {_CREDIT: 1, _REVERSE: -1}

#: Centihours by person.
_Sums = defaultdict[int, int]


def _sums_by_name() -> defaultdict[int, _Sums]:
    return defaultdict(partial(defaultdict, int))


@dataclass(frozen=True, slots=True)
class Sums:
    """What people have of sources, and whose accounts have to be looked at one by one."""

    apart: set[int]
    #: centihours by source and person
    issued: defaultdict[int, _Sums] = field(default_factory=_sums_by_name)


def rare_shapes(sheets: Iterable[Written], copied: Collection[int]) -> set[int]:
    """Return whoever has entries of which sums do not tell enough.

    Args:
        sheets: entries with values of their columns' types.
        copied: the sources of what was recognised of other entries, which must still stand.
    """
    return {
        person_id
        for sheet, people, _ in sheets
        if not is_usual(sheet) or (sheet.movement == _CREDIT and sheet.source_id in copied)
        for person_id in people
    }


def is_usual(entry: Sheet | EntryLine) -> bool:
    """Tell whether a movement takes something from and to the accounts of its kind."""
    states = entry.from_state, entry.to_state
    return _ACCOUNTS.get(entry.movement) == states and entry.centihours > 0


def added_up(sheets: Sequence[Written], copied: Collection[int]) -> Sums:
    """Add up everything that some people have.

    Args:
        sheets: all their entries, with values of their columns' types.
        copied: as for `rare_shapes`.
    """
    sums = Sums(apart=rare_shapes(sheets, copied))
    held: dict[CreditKey, dict[str, _Sums]] = {
        sheet.credit_key: {state: defaultdict(int) for state in _HELD}
        for sheet, *_ in sheets
        if sheet.movement != _CREDIT
    }
    for sheet, people, _ in sheets:
        for state, each in (
            (sheet.from_state, -sheet.centihours),
            (sheet.to_state, sheet.centihours),
        ):
            if (nets := held.get(sheet.credit_key, {}).get(state)) is not None:
                _add(nets, people, each)
        if sheet.movement in _ISSUES:
            _add(sums.issued[sheet.source_id], people, _ISSUES[sheet.movement] * sheet.centihours)
    for nets in chain.from_iterable(of_state.values() for of_state in held.values()):
        if nets and min(nets.values()) < 0:
            sums.apart.update(person_id for person_id, net in nets.items() if net < 0)
    sums.apart.update(_early(sheets))
    return sums


def _add(sums: _Sums, people: Sequence[int], centihours: int) -> None:
    for person_id in people:
        sums[person_id] += centihours


def _early(sheets: Sequence[Written]) -> Iterator[int]:
    """Yield whoever has a later revision of a credit that was not taken back as a whole."""
    revised = {
        (scheme, occasion, revision - 1)
        for (scheme, occasion, revision), movement in {
            (s.credit_key, s.movement) for s, *_ in sheets
        }
        if revision and movement == _CREDIT
    }
    issued: dict[CreditKey, _Sums] = defaultdict(partial(defaultdict, int))
    for sheet, people, _ in sheets:
        if sheet.credit_key in revised and sheet.movement in _ISSUES:
            _add(issued[sheet.credit_key], people, _ISSUES[sheet.movement] * sheet.centihours)
    for sheet, people, _ in sheets:
        if sheet.movement == _CREDIT and sheet.revision:
            earlier = issued[sheet.scheme, sheet.occasion, sheet.revision - 1]
            yield from (each for each in people if earlier.get(each) != 0)
