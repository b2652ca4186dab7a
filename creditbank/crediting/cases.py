"""What an official sees of investigations: a region's list, one of them, and what it froze."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from creditbank.crediting.models import InvestigatedCredit, Investigation
from creditbank.ledger.models import Entry, Source
from creditbank.ledger.posting import CreditState, credit_states
from creditbank.ledger.sources import SourceUnknownError
from creditbank.people.documents import last_characters
from creditbank.people.register import identity_of
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client
from creditbank.registry.lookups import within_jurisdiction


class CreditStanding(StrEnum):
    """How a credit stands that was looked into."""

    FROZEN = "frozen"
    FREED = "freed"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class CasesWanted:
    """Which page of a region's investigations; no case number and no state mean any.

    `before` is the place of the last one already seen: the instant of its opening, its number.
    """

    jurisdiction: str
    case_no: str
    state: str
    before: tuple[datetime, str] | None
    limit: int


@dataclass(frozen=True, slots=True)
class Case:
    """An investigation with what it is about."""

    investigation: Investigation
    source_no: str
    scheme: str
    #: credits that it held when it was opened, copies under other schemes among them
    credits: int

    @property
    def about(self) -> str:
        """Number of the source, or of the one session, part or row of it."""
        return self.investigation.occasion or self.source_no


@dataclass(frozen=True, slots=True)
class HeldCredit:
    """One credit that an investigation held, and how it stands now; the names are the vault's."""

    credit: Entry
    standing: CreditStanding
    name: str = field(repr=False)
    last_four: str


def source_in_region(session: Session, source_no: str, client: Client) -> None:
    """Refuse a source that lies outside a client's region.

    Raises:
        SourceUnknownError: nobody opened such a source.
        RegionForeignError: it is another region's.
    """
    jurisdiction = session.scalar(select(Source.jurisdiction).where(Source.source_no == source_no))
    if jurisdiction is None:
        raise SourceUnknownError(source_no=source_no)
    client.require_region(jurisdiction)


def cases_page(session: Session, wanted: CasesWanted) -> list[Case]:
    """Return investigations, newest first; one more than `limit` when there are further ones."""
    at, number = Investigation.opened_at, Investigation.investigation_no
    query = select(Investigation).where(
        within_jurisdiction(Investigation.jurisdiction, wanted.jurisdiction)
    )
    if wanted.case_no:
        query = query.where(Investigation.case_no == wanted.case_no)
    if wanted.state:
        query = query.where(Investigation.state == wanted.state)
    if wanted.before is not None:
        seen_at, seen = wanted.before
        query = query.where(or_(at < seen_at, and_(at == seen_at, number < seen)))
    query = query.order_by(at.desc(), number.desc()).limit(wanted.limit + 1)
    return cases_of(session, session.scalars(query).all())


def cases_of(session: Session, investigations: Sequence[Investigation]) -> list[Case]:
    """Return investigations with what each is about, in their order."""
    sources = {
        row.source_id: row
        for row in session.scalars(
            select(Source).where(Source.source_id.in_({each.source_id for each in investigations}))
        )
    }
    number = InvestigatedCredit.investigation_no
    numbers = [each.investigation_no for each in investigations]
    query = select(number, func.count()).where(number.in_(numbers)).group_by(number)
    counts = {row[0]: row[1] for row in session.execute(query)}
    return [
        Case(
            each, sources[each.source_id].source_no, sources[each.source_id].scheme,
            counts[each.investigation_no],
        )
        for each in investigations
    ]  # fmt: skip


def credits_held(
    session: Session, vault: Vault, investigation_no: str, first: int, count: int
) -> list[HeldCredit]:
    """Return some of what an investigation held, by person and occasion, from place `first`."""
    held = (
        select(InvestigatedCredit)
        .where(InvestigatedCredit.investigation_no == investigation_no)
        .order_by(
            InvestigatedCredit.person_id, InvestigatedCredit.scheme, InvestigatedCredit.occasion,
            InvestigatedCredit.revision,
        )
        .offset(first)
        .limit(count)
        .subquery()
    )  # fmt: skip
    moves = select(Entry).join(
        held,
        and_(
            Entry.person_id == held.c.person_id,
            Entry.scheme == held.c.scheme,
            Entry.occasion == held.c.occasion,
            Entry.revision == held.c.revision,
        ),
    )
    states = sorted(credit_states(session.scalars(moves)), key=_place)
    whose = {key: identity_of(session, vault, key) for key in {s.credit.person_id for s in states}}
    return [
        HeldCredit(
            state.credit, _standing(state), whose[state.credit.person_id].name,
            last_characters(whose[state.credit.person_id].document),
        )
        for state in states
    ]  # fmt: skip


def _place(state: CreditState) -> tuple[int, str, str, int]:
    credit = state.credit
    return credit.person_id, credit.scheme, credit.occasion, credit.revision


def _standing(state: CreditState) -> CreditStanding:
    if state.reversed:
        return CreditStanding.REVERSED
    return CreditStanding.FROZEN if state.frozen_centihours else CreditStanding.FREED
