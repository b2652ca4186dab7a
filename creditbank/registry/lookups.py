"""Looking things up in the registry: filings page by page, packs as published, clients by id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.errors import CreditBankError
from creditbank.registry.delegates import delegated_to
from creditbank.registry.lawbook import parsed
from creditbank.registry.models import ApiClient, Filing, Organisation, PublishedPack
from creditbank.registry.organisations import OrganisationUnknownError
from creditbank.registry.publishing import PackNotProposedError, PackState
from creditbank.registry.successions import held_by
from creditbank.rules.pack import Pack


class ClientUnknownError(CreditBankError):
    """There is no client of this id."""

    code = "client-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class FilingsWanted:
    """Whose filings: one organisation's, or those of a jurisdiction and below; of one state or all.

    `search` is part of a title, or a filing's number; empty for every one. `before` is the place of
    the last filing already seen: the instant it was submitted, its number.
    """

    jurisdiction: str
    organisation_id: int | None
    state: str
    before: tuple[datetime, str] | None
    limit: int
    search: str = ""
    #: a region: only what is for its officials to decide
    decided_by: str = ""
    #: a day: what the organisation posts under in another's stead on it, as well
    delegated_on: date | None = None


def filings_page(session: Session, wanted: FilingsWanted) -> Sequence[Filing]:
    """Return filings, newest first; one more than `limit` when there are further ones."""
    query = select(Filing).order_by(Filing.submitted_at.desc(), Filing.filing_no.desc())
    if wanted.organisation_id is None:
        query = query.where(filings_seen_in(wanted.jurisdiction))
    else:
        query = query.where(_posted_by(session, wanted.organisation_id, wanted.delegated_on))
    if wanted.decided_by:
        query = query.where(filings_decided_by(wanted.decided_by))
    if wanted.state:
        query = query.where(Filing.state == wanted.state)
    if wanted.search:
        named = Filing.title.contains(wanted.search, autoescape=True)
        query = query.where(or_(named, Filing.filing_no == wanted.search.upper()))
    if wanted.before is not None:
        at, filing_no = wanted.before
        # Not as a row value: its parts would be bound without the column's type.
        earlier_number = and_(Filing.submitted_at == at, Filing.filing_no < filing_no)
        query = query.where(or_(Filing.submitted_at < at, earlier_number))
    return session.scalars(query.limit(wanted.limit + 1)).all()


def _posted_by(
    session: Session, organisation_id: int, delegated_on: date | None
) -> ColumnElement[bool]:
    own = held_by(session, organisation_id)
    if delegated_on is None:
        return own
    return or_(own, delegated_to(session, organisation_id, delegated_on))


def place_of_filing(session: Session, filing_no: str) -> tuple[datetime, str] | None:
    """Return where a list goes on after a filing; None for its beginning."""
    filing = session.get(Filing, filing_no) if filing_no else None
    return None if filing is None else (filing.submitted_at, filing.filing_no)


def organisation_of(session: Session, organisation_id: int | None) -> Organisation:
    """Return the organisation that a client or a filing belongs to.

    Raises:
        OrganisationUnknownError: it belongs to none.
    """
    found = session.get(Organisation, organisation_id) if organisation_id else None
    if found is None:
        raise OrganisationUnknownError(uscc="—")
    return found


def pack_version(session: Session, pack_id: str, version: int, *, published: bool) -> PublishedPack:
    """Return one version of a pack, with its bytes.

    Raises:
        PackNotProposedError: there is none, or it is not published and only such are wanted.
    """
    row = session.get(PublishedPack, (pack_id, version))
    if row is None or (published and row.published_at is None):
        raise PackNotProposedError(pack=pack_id[:40], version=version)
    return row


def waiting_packs(session: Session) -> list[Pack]:
    """Return the versions that wait for their review or publication, by id and version."""
    query = (
        select(PublishedPack.content)
        .where(PublishedPack.state.in_([PackState.PROPOSED, PackState.REVIEWED]))
        .order_by(PublishedPack.pack_id, PublishedPack.version)
    )
    return [parsed(content) for content in session.scalars(query)]


def jurisdiction_of_client(session: Session, client_id: str) -> str:
    """Return the region of a client.

    Raises:
        ClientUnknownError: there is no such client.
    """
    row = session.get(ApiClient, client_id)
    if row is None:
        raise ClientUnknownError(client_id=client_id[:40])
    return row.jurisdiction


def filings_seen_in(region: str) -> ColumnElement[bool]:
    """Say in SQL which filings the officials of a region see."""
    return or_(
        within_jurisdiction(Filing.jurisdiction, region),
        within_jurisdiction(Filing.deciding_office, region),
    )


def filings_decided_by(region: str) -> ColumnElement[bool]:
    """Say in SQL what `registry.filing.deciding.decides` says of the officials of a region."""
    unrouted = and_(Filing.route_no.is_(None), within_jurisdiction(Filing.jurisdiction, region))
    offices = or_(Filing.deciding_office == region, Filing.escalated_to == region)
    return or_(unrouted, and_(Filing.route_no.is_not(None), offices))


def within_jurisdiction(column: InstrumentedAttribute[str], outer: str) -> ColumnElement[bool]:
    """Say in SQL what `ids.jurisdiction_contains` says."""
    inner = "cn-" if outer == "cn" else outer
    if "." in outer:
        return column == outer
    return or_(column == outer, column.startswith(inner, autoescape=True))
