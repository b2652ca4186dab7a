"""Balances: always a sum over entries, never a column that could disagree (law 11)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, Select, case, func, select, true, union_all
from sqlalchemy.orm import Session

from creditbank.ledger.models import ACCOUNTS_OF, Entry, State


@dataclass(frozen=True, slots=True)
class Balance:
    """What one person holds in one scheme, year and subject, in centihours."""

    scheme: str
    credited_year: int
    subject: str
    live_centihours: int
    capped_centihours: int
    frozen_centihours: int


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
    summed = true() if recorded is None else recorded
    query = (
        select(
            Entry.scheme, Entry.credited_year, Entry.subject,
            _net(State.LIVE), _net(State.CAPPED), _net(State.FROZEN),
        )
        .where(Entry.person_id.in_(list(people)), Entry.scheme == scheme, summed)
        .group_by(Entry.scheme, Entry.credited_year, Entry.subject)
        .order_by(Entry.credited_year, Entry.subject)
    )  # fmt: skip
    return [Balance(*row) for row in session.execute(query)]


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
