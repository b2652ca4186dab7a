"""What became of a provider's xAPI statements, and what its own programs call its sessions."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, insert, or_, select
from sqlalchemy.orm import Session

from creditbank.attendance.statement_models import XapiActivity, XapiStatement
from creditbank.clock import civil_day
from creditbank.crediting.xapi import Outcome
from creditbank.crediting.xapi_lists import Place
from creditbank.errors import CreditBankError, RowProblem
from creditbank.registry.clients import Client, organisation_seen
from creditbank.registry.filing.filings import filing_seen, sessions_of


class SessionNumberUnknownError(CreditBankError):
    """The filing has no session of this number."""

    code = "session-number-unknown"
    status = 422


@dataclass(frozen=True, slots=True)
class RecordsWanted:
    """Which of a provider's statements, newest first; behind a place, so many at most."""

    organisation_id: int
    outcome: Outcome | None
    filing_no: str
    after: Place | None
    limit: int


@dataclass(frozen=True, slots=True)
class Naming:
    """What a provider's program calls a session of a filing."""

    filing_no: str
    session_no: int
    activity: str


def records_of(
    session: Session, wanted: RecordsWanted
) -> tuple[Sequence[XapiStatement], Place | None]:
    """Return statements with what became of them, and the place behind which there are more."""
    query = select(XapiStatement).where(*_fitting(wanted))
    newest = (XapiStatement.stored_at.desc(), XapiStatement.place.desc())
    found = session.scalars(query.order_by(*newest).limit(wanted.limit + 1)).all()
    shown = found[: wanted.limit]
    more = (shown[-1].stored_at, shown[-1].place) if len(found) > len(shown) else None
    return shown, more


def reason_of(row: XapiStatement) -> RowProblem | None:
    """Return why a statement was not credited; None where there is nothing to say."""
    if not row.reason:
        return None
    said = json.loads(row.reason)
    return RowProblem(row.place + 1, said["column"], said["code"], said["facts"])


def name_session(session: Session, client: Client, naming: Naming, *, now: datetime) -> None:
    """Let an activity of the provider's own stand for a session, from now on.

    Statements that came before stay as they are.

    Raises:
        FilingUnknownError, RegionForeignError: the filing is not the client's.
        SessionNumberUnknownError: the filing has no such session.
    """
    filing = filing_seen(session, client, naming.filing_no, delegated_on=civil_day(now))
    numbers = [each.session_no for each in sessions_of(session, naming.filing_no)]
    if naming.session_no not in numbers:
        raise SessionNumberUnknownError(found=naming.session_no, wanted=numbers)
    key = (organisation_seen(client) or filing.organisation_id, naming.activity)
    values = {
        "filing_no": naming.filing_no, "session_no": naming.session_no,
        "set_by": client.client_id, "set_at": now,
    }  # fmt: skip
    known = session.get(XapiActivity, key, with_for_update=True)
    if known is None:
        row = {"organisation_id": key[0], "activity": key[1], **values}
        session.execute(insert(XapiActivity), [row])
        return
    for name, value in values.items():
        setattr(known, name, value)
    session.flush()


def names_of_sessions(
    session: Session, organisation_id: int, filing_no: str
) -> Sequence[XapiActivity]:
    """Return what a provider's programs call the sessions of a filing, by session."""
    mine = (XapiActivity.organisation_id == organisation_id, XapiActivity.filing_no == filing_no)
    order = (XapiActivity.session_no, XapiActivity.activity)
    return session.scalars(select(XapiActivity).where(*mine).order_by(*order)).all()


def _fitting(wanted: RecordsWanted) -> Iterator[ColumnElement[bool]]:
    yield XapiStatement.organisation_id == wanted.organisation_id
    if wanted.outcome is not None:
        yield XapiStatement.outcome == str(wanted.outcome)
    if wanted.filing_no:
        yield XapiStatement.filing_no == wanted.filing_no
    if wanted.after is not None:
        at, place = wanted.after
        same = and_(XapiStatement.stored_at == at, XapiStatement.place < place)
        yield or_(XapiStatement.stored_at < at, same)
