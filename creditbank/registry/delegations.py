"""Delegations (委托): an organisation lets another post attendance under its filings, for a time.

It gives and ends them itself; an official of its region may suspend one, and lift that again. Each
is an act. The delegate sees and posts what is delegated and nothing else: what was posted is put
right, withdrawn and answered for by the holder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import CIVIL_ZONE, civil_day
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.registry.clients import Client, organisation_seen
from creditbank.registry.delegates import DelegationState, given_to
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.lookups import organisation_of, within_jurisdiction
from creditbank.registry.models import Delegation, Filing, Organisation
from creditbank.registry.organisations import TEACHING_KINDS, OrganisationKind

GIVEN = "delegation.given"
#: The act of each change, and from which states to which.
CHANGES = {
    "end": ("delegation.ended", ("active", "suspended"), DelegationState.ENDED),
    "suspend": ("delegation.suspended", ("active",), DelegationState.SUSPENDED),
    "lift": ("delegation.lifted", ("suspended",), DelegationState.ACTIVE),
}
#: From when, and until before when, something held.
Spans = tuple[tuple[datetime, datetime], ...]
_BEGINS = frozenset({GIVEN, CHANGES["lift"][0]})
_ACTS = frozenset({GIVEN, *(kind for kind, _, _ in CHANGES.values())})
_NEVER = datetime.max.replace(tzinfo=UTC)


class DelegationUnknownError(CreditBankError):
    """There is no delegation of this number, or it is not the asker's to see."""

    code = "delegation-unknown"
    status = 404


class DelegationTermError(CreditBankError):
    """A delegation would end before it begins, or is over already."""

    code = "delegation-term"
    status = 422


class DelegateUnfitError(CreditBankError):
    """An organisation would post for itself, or is none that posts."""

    code = "delegate-unfit"
    status = 422


class DelegationKnownError(CreditBankError):
    """The same is delegated to the same organisation on some of these days already."""

    code = "delegation-known"
    status = 409


class DelegationStepUnfitError(CreditBankError):
    """As the delegation stands, this cannot be done with it."""

    code = "delegation-step-unfit"
    status = 409


@dataclass(frozen=True, slots=True)
class DelegationDraft:
    """What is to be delegated; without a filing all that the holder has, and will have."""

    holder: Organisation
    delegate: Organisation
    filing_no: str
    #: None: today
    valid_from: date | None
    valid_through: date


@dataclass(frozen=True, slots=True)
class DelegationsWanted:
    """Which delegations, in the order of their numbers; `after` is the last one seen.

    Of an organisation: what it gives and what it holds. Without one: those that organisations of
    the region give.
    """

    jurisdiction: str
    organisation_id: int | None
    after: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Delegated:
    """A delegation with both sides of it."""

    delegation: Delegation
    holder: Organisation
    delegate: Organisation


def give_delegation(
    session: Session, draft: DelegationDraft, *, actor: str, now: datetime
) -> Delegation:
    """Let an organisation post attendance in the holder's stead.

    Raises:
        FilingUnknownError: the filing is not the holder's.
        DelegateUnfitError, DelegationTermError: not to this one, or not for these days.
        DelegationKnownError: naming the one that stands.
    """
    holder, delegate, today = draft.holder, draft.delegate, civil_day(now)
    first, last = draft.valid_from or today, draft.valid_through
    # Whoever gives another one at once waits here, and then sees this one.
    mine = Organisation.organisation_id == holder.organisation_id
    session.execute(select(Organisation).where(mine).with_for_update(key_share=True)).all()
    if draft.filing_no:
        filing_numbered(session, draft.filing_no, organisation_id=holder.organisation_id)
    if delegate is holder or OrganisationKind(delegate.kind) not in TEACHING_KINDS:
        raise DelegateUnfitError(
            uscc=delegate.uscc, kind_words=f"organisation-kind-{delegate.kind.replace('_', '-')}"
        )
    if last < max(first, today):
        raise DelegationTermError(
            valid_from=first.isoformat(), valid_through=last.isoformat(), today=today.isoformat()
        )
    _refuse_known(session, draft, first)
    delegation_no = "E" + random_number(9)
    details: dict[str, Canonical] = {
        "holder": holder.uscc, "delegate": delegate.uscc, "filing": draft.filing_no,
        "valid_from": first.isoformat(), "valid_through": last.isoformat(),
    }  # fmt: skip
    region = holder.jurisdiction
    act = record_act(session, ActDraft(GIVEN, region, actor, delegation_no, details), now=now)
    row = {
        "delegation_no": delegation_no, "organisation_id": holder.organisation_id,
        "delegate_id": delegate.organisation_id, "filing_no": draft.filing_no or None,
        "valid_from": first, "valid_through": last, "state": str(DelegationState.ACTIVE),
        "reason": "", "given_by": actor, "given_at": now, "state_at": now, "act_id": act.act_id,
    }  # fmt: skip
    return session.scalars(insert(Delegation).returning(Delegation), [row]).one()


def change_delegation(
    session: Session, delegation_no: str, step: str, *, actor: str, reason: str, now: datetime
) -> Delegation:
    """End, suspend or lift a delegation, at once: a posting under way is waited for.

    Args:
        session: the caller's unit of work.
        delegation_no: which.
        step: one of `CHANGES`.
        actor: who does it.
        reason: what the delegate will read.
        now: the instant recorded.

    Raises:
        DelegationUnknownError: there is none of this number.
        DelegationStepUnfitError: it does not stand so that this can be done.
    """
    found = session.get(Delegation, delegation_no, with_for_update=True, populate_existing=True)
    if found is None:
        raise DelegationUnknownError(delegation_no=delegation_no[:20])
    kind, states, after = CHANGES[step]
    if found.state not in states:
        raise DelegationStepUnfitError(
            delegation_no=delegation_no, state_words=f"delegation-state-{found.state}"
        )
    region = organisation_of(session, found.organisation_id).jurisdiction
    details: dict[str, Canonical] = {"reason_text": reason}
    record_act(session, ActDraft(kind, region, actor, delegation_no, details), now=now)
    found.state, found.reason, found.state_at = str(after), reason, now
    session.flush()
    return found


def delegation_held(session: Session, client: Client, delegation_no: str) -> Delegation:
    """Return a delegation that is in a client's hand: its own organisation's, or of its region.

    Raises:
        DelegationUnknownError: there is none, or another organisation gave it.
        RegionForeignError: its holder lies outside an official's region.
    """
    found = session.get(Delegation, delegation_no)
    own = organisation_seen(client)
    if found is None or own not in (None, found.organisation_id):
        raise DelegationUnknownError(delegation_no=delegation_no[:20])
    if own is None:
        client.require_region(organisation_of(session, found.organisation_id).jurisdiction)
    return found


def delegations_page(session: Session, wanted: DelegationsWanted) -> list[Delegated]:
    """Return delegations by their numbers; one more than `limit` when there are further ones."""
    query = (
        select(Delegation, Organisation)
        .join(Organisation, Organisation.organisation_id == Delegation.organisation_id)
        .where(Delegation.delegation_no > wanted.after)
        .order_by(Delegation.delegation_no)
    )
    own = wanted.organisation_id
    if own is None:
        query = query.where(within_jurisdiction(Organisation.jurisdiction, wanted.jurisdiction))
    else:
        query = query.where(or_(Delegation.organisation_id == own, Delegation.delegate_id == own))
    rows = session.execute(query.limit(wanted.limit + 1)).all()
    return [
        Delegated(each, holder, organisation_of(session, each.delegate_id)) for each, holder in rows
    ]


def told(session: Session, delegation: Delegation) -> Delegated:
    """Return a delegation with both sides of it."""
    sides = (delegation.organisation_id, delegation.delegate_id)
    holder, delegate = (organisation_of(session, each) for each in sides)
    return Delegated(delegation, holder, delegate)


def _refuse_known(session: Session, draft: DelegationDraft, first: date) -> None:
    filing_no = draft.filing_no or None
    same = select(Delegation).where(
        Delegation.organisation_id == draft.holder.organisation_id,
        Delegation.delegate_id == draft.delegate.organisation_id,
        Delegation.filing_no.is_(None) if filing_no is None else Delegation.filing_no == filing_no,
        Delegation.state != str(DelegationState.ENDED),
        Delegation.valid_from <= draft.valid_through, Delegation.valid_through >= first,
    )  # fmt: skip
    known = session.scalars(same).first()
    if known is not None:
        raise DelegationKnownError(
            delegation_no=known.delegation_no, valid_from=known.valid_from.isoformat(),
            valid_through=known.valid_through.isoformat(),
        )  # fmt: skip


def spans_delegated(session: Session, filing: Filing, delegate_id: int) -> Spans:
    """Return when an organisation might post under another's filing, as the acts and terms say.

    A span is of one delegation: those of several may overlap.
    """
    return tuple(
        span
        for each in session.scalars(given_to(session, filing, delegate_id))
        for span in _spans_of(session, each)
    )


def _spans_of(session: Session, delegation: Delegation) -> Iterator[tuple[datetime, datetime]]:
    query = select(Act.kind, Act.recorded_at).where(
        Act.subject == delegation.delegation_no, Act.kind.in_(_ACTS)
    )
    first = _midnight(delegation.valid_from)
    last = _midnight(delegation.valid_through + timedelta(days=1))
    since: datetime | None = None
    for kind, recorded_at in [*session.execute(query.order_by(Act.act_id)), ("", _NEVER)]:
        if kind in _BEGINS:
            since = since or recorded_at
        elif since is not None:
            if max(since, first) < min(recorded_at, last):
                yield max(since, first), min(recorded_at, last)
            since = None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CIVIL_ZONE)
