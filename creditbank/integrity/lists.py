"""Who sees which disputes: the person their own, whoever answers theirs, officials the region's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.integrity.disputes import place_of_step
from creditbank.integrity.models import Dispute, DisputeStep
from creditbank.integrity.states import WAITING, DisputeState, Step
from creditbank.people.documents import last_characters
from creditbank.people.register import identity_of, secrets_of
from creditbank.people.vault import Vault, unlock_under
from creditbank.registry.clients import Client, organisation_seen
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.lookups import organisation_of, within_jurisdiction
from creditbank.registry.models import Filing
from creditbank.registry.successions import held_by, holder_of, succeeded_by, successor_of

#: Asks for what somebody still has to do something about.
OPEN = "open"


class DisputeUnknownError(CreditBankError):
    """There is no dispute of this number, or it is not the asker's to see."""

    code = "dispute-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class DisputesWanted:
    """Which page of disputes: `open` ones, the oldest first; or all, or of one state, the newest
    first.

    `before` is the place of the last one already seen: the instant it was stated at, its number.
    """

    client: Client
    state: str
    before: tuple[datetime, str] | None
    limit: int


@dataclass(frozen=True, slots=True)
class ToldStep:
    """A step in plain words; `words` is None where the person's secret was erased."""

    step_no: int
    step: str
    actor: str
    recorded_at: datetime
    words: str | None = field(repr=False)
    remedy: str


@dataclass(frozen=True, slots=True)
class ToldDispute:
    """A dispute with what it is about, who answers for it now, and what was said."""

    dispute: Dispute
    #: of the filing; empty where only a provider was named
    title: str
    #: who filed, or who was named; and who answers now, empty where nobody does
    provider: str
    answers: str
    steps: tuple[ToldStep, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Disputes that were stated between two days of what one organisation filed."""

    stated: int
    open: int
    late: int
    upheld: int


def disputes_page(session: Session, wanted: DisputesWanted) -> list[Dispute]:
    """Return disputes; one more than `limit` when there are further ones."""
    at, number = Dispute.stated_at, Dispute.dispute_no
    query = select(Dispute).where(_seen_by(session, wanted.client))
    oldest_first = wanted.state == OPEN
    if oldest_first:
        query = query.where(Dispute.state.in_(map(str, WAITING)))
    elif wanted.state:
        query = query.where(Dispute.state == wanted.state)
    if wanted.before is not None:
        seen_at, seen = wanted.before
        after = or_(at > seen_at, and_(at == seen_at, number > seen))
        before = or_(at < seen_at, and_(at == seen_at, number < seen))
        query = query.where(after if oldest_first else before)
    order = (at, number) if oldest_first else (at.desc(), number.desc())
    return list(session.scalars(query.order_by(*order).limit(wanted.limit + 1)))


def dispute_seen(session: Session, client: Client, dispute_no: str) -> Dispute:
    """Return a dispute that a client may see.

    Raises:
        DisputeUnknownError: there is none, or another organisation answers for it.
        RegionForeignError: it is another region's.
    """
    dispute, own = session.get(Dispute, dispute_no), organisation_seen(client)
    if dispute is None or (own is not None and own != answers_for(session, dispute)):
        raise DisputeUnknownError(dispute_no=dispute_no[:20])
    if own is None:
        client.require_region(dispute.jurisdiction)
    return dispute


def own_disputes(session: Session, people: Sequence[int]) -> Sequence[Dispute]:
    """Return a person's disputes, the newest first; `people` are all keys of theirs."""
    query = select(Dispute).where(Dispute.person_id.in_(people))
    return session.scalars(query.order_by(Dispute.stated_at.desc(), Dispute.dispute_no)).all()


def own_dispute(session: Session, people: Sequence[int], dispute_no: str) -> Dispute:
    """Return one of a person's disputes.

    Raises:
        DisputeUnknownError: there is none, or it is another's.
    """
    dispute = session.get(Dispute, dispute_no)
    if dispute is None or dispute.person_id not in people:
        raise DisputeUnknownError(dispute_no=dispute_no[:20])
    return dispute


def unread_steps(session: Session, people: Sequence[int]) -> int:
    """Count the steps of a person's disputes that they have not read."""
    unread = func.sum(Dispute.steps - Dispute.steps_read)
    return session.scalar(select(unread).where(Dispute.person_id.in_(people))) or 0


def answers_for(session: Session, dispute: Dispute) -> int | None:
    """Return the organisation that answers for what a dispute is about; None for nobody."""
    if dispute.filing_no is None:
        return successor_of(session, dispute.organisation_id)
    return holder_of(session, filing_numbered(session, dispute.filing_no))


def told_dispute(session: Session, vault: Vault, dispute: Dispute) -> ToldDispute:
    """Return a dispute with its words."""
    answers = answers_for(session, dispute)
    filing = session.get(Filing, dispute.filing_no) if dispute.filing_no else None
    return ToldDispute(
        dispute,
        filing.title if filing else "",
        organisation_of(session, dispute.organisation_id).name,
        organisation_of(session, answers).name if answers else "",
        _steps(session, vault, dispute),
    )


def whose(session: Session, vault: Vault, dispute: Dispute) -> tuple[str, str]:
    """Return the name and the last four of the person who stated a dispute."""
    identity = identity_of(session, vault, dispute.person_id)
    return identity.name, last_characters(identity.document)


def figures_of(session: Session, organisation_id: int, first_day: date, last_day: date) -> Figures:
    """Count the disputes of what an organisation filed that were stated between two days."""
    mine = select(Dispute).where(Dispute.organisation_id == organisation_id)
    found = [
        each for each in session.scalars(mine) if first_day <= civil_day(each.stated_at) <= last_day
    ]
    numbers = [each.dispute_no for each in found]
    query = select(DisputeStep.dispute_no, DisputeStep.step).where(
        DisputeStep.dispute_no.in_(numbers), DisputeStep.step.in_([Step.OVERDUE, Step.UPHOLD])
    )
    steps = session.execute(query.distinct()).all()
    return Figures(
        stated=len(found),
        open=sum(DisputeState(each.state) in WAITING for each in found),
        late=sum(step == Step.OVERDUE for _, step in steps),
        upheld=sum(step == Step.UPHOLD for _, step in steps),
    )


def _seen_by(session: Session, client: Client) -> ColumnElement[bool]:
    own = organisation_seen(client)
    if own is None:
        return within_jurisdiction(Dispute.jurisdiction, client.jurisdiction)
    return or_(
        Dispute.filing_no.in_(select(Filing.filing_no).where(held_by(session, own))),
        and_(Dispute.filing_no.is_(None),
             Dispute.organisation_id.in_(succeeded_by(session, own))),
    )  # fmt: skip


def _steps(session: Session, vault: Vault, dispute: Dispute) -> tuple[ToldStep, ...]:
    query = select(DisputeStep).where(DisputeStep.dispute_no == dispute.dispute_no)
    secret = secrets_of(session, vault, [dispute.person_id]).get(dispute.person_id)
    return tuple(
        ToldStep(
            each.step_no, each.step, each.actor, each.recorded_at, _words(secret, each),
            each.remedy,
        )
        for each in session.scalars(query.order_by(DisputeStep.step_no))
    )  # fmt: skip


def _words(secret: bytes | None, step: DisputeStep) -> str | None:
    if step.words_cipher is None:
        return ""
    if secret is None:
        return None
    place = place_of_step(step.dispute_no, step.step_no)
    plain = unlock_under(secret, step.words_cipher, "dispute_step", "words_cipher", *place)
    return plain.decode("utf-8")
