"""Balances: always a sum over entries, never a column that could disagree (law 11)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, func, select, union_all
from sqlalchemy.orm import Session

from creditbank.ledger.models import ACCOUNTS_OF, Entry, Movement, State


@dataclass(frozen=True, slots=True)
class Balance:
    """What one person holds in one scheme, year and subject, in centihours."""

    scheme: str
    credited_year: int
    subject: str
    live_centihours: int
    capped_centihours: int
    frozen_centihours: int


#: Summed by movement and put together in Python; built once, because that is most of the work.
_MOVED = (
    select(Entry.credited_year, Entry.subject, Entry.movement, func.sum(Entry.centihours))
    .where(
        Entry.person_id.in_(bindparam("people", expanding=True)),
        Entry.scheme == bindparam("scheme"),
    )
    .group_by(Entry.credited_year, Entry.subject, Entry.movement)
)


def balances_of(
    session: Session,
    people: Iterable[int],
    scheme: str,
    *,
    recorded: ColumnElement[bool] | None = None,
) -> list[Balance]:
    """Sum the entries of people (all keys of one person) in a scheme by year and subject.

    Args:
        session: any reading session.
        people: the person's linked keys.
        scheme: the crediting pack.
        recorded: which entries are summed, as `logs.sealed_by` says it; all if not given.
    """
    query = _MOVED if recorded is None else _MOVED.where(recorded)
    asked = {"people": list(people), "scheme": scheme}
    held: dict[tuple[int, str], Counter[State]] = defaultdict(Counter)
    for year, subject, movement, centihours in session.execute(query, asked):
        from_state, to_state = ACCOUNTS_OF[Movement(movement)]
        held[year, subject][from_state] -= centihours
        held[year, subject][to_state] += centihours
    return [
        Balance(scheme, *account, states[State.LIVE], states[State.CAPPED], states[State.FROZEN])
        for account, states in sorted(held.items())
    ]


def live_hours(
    session: Session, people: Iterable[int], schemes: Iterable[str]
) -> Iterable[Row[tuple[int, str, int, str, int]]]:
    """Sum what is live by person, scheme, year and subject, for many people at once.

    Returns rows of person_id, scheme, credited_year, subject and centihours above zero.
    """
    live = _net(State.LIVE)
    account = (Entry.person_id, Entry.scheme, Entry.credited_year, Entry.subject)
    query = (
        select(*account, live.label("centihours"))
        .where(Entry.person_id.in_(list(people)), Entry.scheme.in_(list(schemes)))
        .group_by(*account)
        .having(live > 0)
    )
    return session.execute(query)


def total_over_all_accounts(session: Session) -> int:
    """Sum every account there is; a movement takes what it gives, so this is zero, always."""
    gained = select(func.coalesce(func.sum(Entry.centihours), 0).label("net"))
    sides: list[Select[int]] = []
    for state in State:
        sides.append(gained.where(Entry.to_state == str(state)))
        sides.append(
            select(-func.coalesce(func.sum(Entry.centihours), 0)).where(
                Entry.from_state == str(state)
            )
        )
    everything = union_all(*sides).subquery()
    return int(session.scalar(select(func.sum(everything.c.net))) or 0)


def _net(state: State) -> ColumnElement[int]:
    """Sum what reaches an account less what leaves it; the movement tells both, and is indexed."""
    gains = [str(kind) for kind, (_, to_state) in ACCOUNTS_OF.items() if to_state == state]
    losses = [str(kind) for kind, (from_state, _) in ACCOUNTS_OF.items() if from_state == state]
    moved = case(
        (Entry.movement.in_(gains), Entry.centihours),
        (Entry.movement.in_(losses), -Entry.centihours),
        else_=0,
    )
    return func.sum(moved)
