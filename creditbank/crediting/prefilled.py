"""Roster templates with people in them: whom an organisation posted before, by what it gave itself.

A number stands there only where a person has one document, so that no other than the one that was
posted is ever told.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.attendance.roster_forms import ExpectedRow, template
from creditbank.crediting.rosters import make_up_years_of
from creditbank.people.models import PersonDocument
from creditbank.people.register import documents_of, names_of
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client, organisation_seen
from creditbank.registry.filing.filings import delegate_of, sessions_of
from creditbank.registry.models import Filing, FilingSession

#: How long somebody counts as one of an organisation's people.
STAFF_FOR = timedelta(days=366)


class Whom(StrEnum):
    """Who stands in a template already."""

    NOBODY = "nobody"
    FILING = "filing"
    ORGANISATION = "organisation"


def expected_rows(
    session: Session, vault: Vault, filing: Filing, whom: Whom, *, most: int
) -> list[ExpectedRow]:
    """Return a row for each person and day of a filing that has no attendance yet.

    Args:
        session: any reading session.
        vault: opens names and numbers.
        filing: whose sessions.
        whom: who attended this filing, or any of the organisation's in the year before it.
        most: rows at most; people come by name.
    """
    sessions = sessions_of(session, filing.filing_no)
    people = [] if whom is Whom.NOBODY else _people(session, filing, sessions, whom)
    names, documents = names_of(session, vault, people), documents_of(session, vault, people)
    by_name = sorted((names[key][0], documents[key].number, key) for key in people)
    posted = {
        (person_id, session_no)
        for person_id, session_no in session.execute(
            select(Attendance.person_id, Attendance.session_no).where(
                Attendance.filing_no == filing.filing_no
            )
        )
    }
    rows = [
        ExpectedRow(name, documents[key], planned.day)
        for name, _, key in by_name
        for planned in sessions
        if (key, planned.session_no) not in posted
    ]
    return rows[:most]


def template_of(
    session: Session, vault: Vault, filing: Filing, whom: Whom, *, most: int,
    client: Client | None = None,
) -> bytes:  # fmt: skip
    """Return a filing's roster to fill in, as XLSX: its days, and the people that are asked for.

    With a client it has people only where the client holds the filing.
    """
    days = [planned.day for planned in sessions_of(session, filing.filing_no)]
    holds = client is None or (
        organisation_seen(client) is not None and delegate_of(session, client, filing) is None
    )
    expected = expected_rows(session, vault, filing, whom, most=most) if holds else []
    rows = min(filing.seats * len(days), most)
    return template(days, rows, make_up_years_of(session, filing), expected)


def _people(
    session: Session, filing: Filing, sessions: Sequence[FilingSession], whom: Whom
) -> list[int]:
    """Return the keys of those with one document."""
    query = select(Attendance.person_id).distinct()
    if whom is Whom.FILING:
        query = query.where(Attendance.filing_no == filing.filing_no)
    else:
        first = min(planned.day for planned in sessions)
        query = (
            query.join(Filing, Filing.filing_no == Attendance.filing_no)
            .join(
                FilingSession,
                (FilingSession.filing_no == Attendance.filing_no)
                & (FilingSession.session_no == Attendance.session_no),
            )
            .where(
                Filing.organisation_id == filing.organisation_id,
                FilingSession.day >= first - STAFF_FOR,
            )
        )
    known = query.subquery()
    one = (
        select(PersonDocument.person_id)
        .where(PersonDocument.person_id.in_(select(known.c.person_id)))
        .group_by(PersonDocument.person_id)
        .having(func.count() == 1)
    )
    return list(session.scalars(one))
