"""Giving xAPI statements out again: one by its id, a provider's own in the order they were stored.

Statements lie encrypted, so all but the order is looked for after they were opened; one page opens
a bounded number of them and then says where to go on.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.attendance.statement_filters import ANYTHING, StatementFilter, referred
from creditbank.attendance.statement_models import XapiStatement
from creditbank.attendance.statements import VERSION, row_of
from creditbank.clock import instant_text
from creditbank.crediting.xapi import COLUMN, TABLE, StatementUnknownError, newest_instant
from creditbank.people.vault import Vault

#: Statements opened for one page.
OPENED_MAX = 1_000
_CHUNK = 200
#: No sending takes so long: what was stored before is there to be read.
_SETTLED = timedelta(minutes=5)

Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class StatementsWanted:
    """Which of a provider's statements: stored after `since` and until `until`, behind a place."""

    organisation_id: int
    host: str
    since: datetime | None
    until: datetime | None
    after: Place | None
    ascending: bool
    limit: int
    filter: StatementFilter = ANYTHING


@dataclass(frozen=True, slots=True)
class StatementsPage:
    """Statements in their order, and the place behind which there may be more."""

    statements: tuple[dict[str, Any], ...]
    more: Place | None


@dataclass(frozen=True, slots=True)
class GivenStatement:
    """A statement as it is given out, and when it was stored."""

    content: dict[str, Any]
    stored_at: datetime


def statement_given(
    session: Session, vault: Vault, organisation_id: int, statement_id: str, host: str,
    *, voided: bool,
) -> GivenStatement:  # fmt: skip
    """Return one statement that is, or is not, voided.

    Raises:
        StatementUnknownError: there is none, it is of the other sort, or its term is over.
    """
    row = session.get(XapiStatement, (organisation_id, statement_id))
    if row is None or (row.voided_by is not None) != voided or row.content_cipher is None:
        raise StatementUnknownError(statement_id=statement_id)
    return GivenStatement(_opened(vault, row, host), row.stored_at)


def statements_page(session: Session, vault: Vault, wanted: StatementsWanted) -> StatementsPage:
    """Return a page of the provider's statements; voided ones are not among them."""
    found: list[dict[str, Any]] = []
    last: Place | None = None
    opened = 0
    for row in _rows(session, wanted):
        if len(found) == wanted.limit or opened == OPENED_MAX:
            return StatementsPage(tuple(found), last)
        opened, last = opened + 1, (row.stored_at, row.place)
        content = _opened(vault, row, wanted.host)
        if _fits(session, vault, wanted, content):
            found.append(content)
    return StatementsPage(tuple(found), None)


def _fits(
    session: Session, vault: Vault, wanted: StatementsWanted, content: Mapping[str, Any]
) -> bool:
    """Tell whether a statement is asked for, by itself or by the one that it is about."""
    if wanted.filter.fits(content):
        return True
    target = referred(content)
    row = session.get(XapiStatement, (wanted.organisation_id, target)) if target else None
    if row is None or row.content_cipher is None:
        return False
    return wanted.filter.fits(_opened(vault, row, wanted.host))


def consistent_through(session: Session, organisation_id: int, *, now: datetime) -> datetime:
    """Return the instant up to which every statement of the provider is there to be read."""
    newest = newest_instant(session, organisation_id)
    return max(newest, now - _SETTLED) if newest else now - _SETTLED


def forget_statements(session: Session, *, before: datetime) -> int:
    """Forget what statements stored before an instant say; id, digest and outcome stay."""
    gone = session.execute(
        update(XapiStatement)
        .where(XapiStatement.stored_at < before, XapiStatement.content_cipher.is_not(None))
        .values(content_cipher=None)
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _rows(session: Session, wanted: StatementsWanted) -> Iterator[XapiStatement]:
    at, place = XapiStatement.stored_at, XapiStatement.place
    order = (at.asc(), place.asc()) if wanted.ascending else (at.desc(), place.desc())
    after = wanted.after
    while True:
        query = select(XapiStatement).where(*_bounds(wanted), *_behind(after, wanted.ascending))
        rows = session.scalars(query.order_by(*order).limit(_CHUNK)).all()
        yield from rows
        if len(rows) < _CHUNK:
            return
        after = (rows[-1].stored_at, rows[-1].place)


def _bounds(wanted: StatementsWanted) -> Iterator[ColumnElement[bool]]:
    yield XapiStatement.organisation_id == wanted.organisation_id
    yield XapiStatement.voided_by.is_(None)
    yield XapiStatement.content_cipher.is_not(None)
    if wanted.since is not None:
        yield XapiStatement.stored_at > wanted.since
    if wanted.until is not None:
        yield XapiStatement.stored_at <= wanted.until


def _behind(after: Place | None, ascending: bool) -> Iterator[ColumnElement[bool]]:  # noqa: FBT001
    if after is None:
        return
    at, place = XapiStatement.stored_at, XapiStatement.place
    if ascending:
        yield or_(at > after[0], and_(at == after[0], place > after[1]))
    else:
        yield or_(at < after[0], and_(at == after[0], place < after[1]))


def _opened(vault: Vault, row: XapiStatement, host: str) -> dict[str, Any]:
    """Return a statement as it came, with what the bank adds to it."""
    assert row.content_cipher is not None, "its term is not over"
    place = (row.organisation_id, row_of(row.statement_id))
    content: dict[str, Any] = json.loads(vault.unlock(row.content_cipher, TABLE, COLUMN, *place))
    stored = instant_text(row.stored_at)
    account = {"homePage": f"https://{host}", "name": row.posted_by}
    return {
        **content, "id": content.get("id", row.statement_id), "stored": stored,
        "timestamp": content.get("timestamp", stored),
        "version": content.get("version", VERSION),
        "authority": {"objectType": "Agent", "account": account},
    }  # fmt: skip
