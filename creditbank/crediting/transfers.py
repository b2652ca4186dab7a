"""Hours of one scheme recognised under another (学时互认): by the receiving pack's rule alone.

That hours are deposited under a scheme recognises them nowhere else. An official of the receiving
jurisdiction recognises one entry, once; the credit names the entry by its leaf, counts with it as
one work, and is reversed with it (see `reversals`).
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, or_, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_text
from creditbank.crediting.explanations import EntryUnknownError, credit_with_leaf
from creditbank.crediting.fold import FoldContext
from creditbank.crediting.issuing import Grant, issue
from creditbank.crediting.models import RecognisedTransfer
from creditbank.crediting.recognition import Revocation
from creditbank.crediting.reversals import Ruling, hold, live_under, take_back
from creditbank.crediting.traces import trace_of
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import CreditFacts, Entry, Source, SourceKind
from creditbank.ledger.posting import CreditDraft, credit_states, credits_of
from creditbank.ledger.sources import lock_source
from creditbank.people.register import Identity, find_person, lock_linked, secrets_of
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import within_jurisdiction
from creditbank.rules.pack import PackChain
from creditbank.rules.transfer import TransferFact, recognised_transfer


class EntryReversedError(CreditBankError):
    """The entry was reversed: there is nothing to recognise."""

    code = "entry-reversed"
    status = 409


class EntryFrozenError(CreditBankError):
    """The entry is frozen while it is looked into: nothing is recognised of it meanwhile."""

    code = "entry-frozen"
    status = 409


class TransferKnownError(CreditBankError):
    """The entry stands recognised under this scheme already."""

    code = "transfer-known"
    status = 409


class TransferWithinError(CreditBankError):
    """The entry is one of the very scheme that is to recognise it."""

    code = "transfer-within"
    status = 422


class TransferSecondHandError(CreditBankError):
    """The entry was itself recognised from another scheme."""

    code = "transfer-second-hand"
    status = 422


class TransferWorthNothingError(CreditBankError):
    """The receiving rules leave less than a hundredth of an hour of the entry."""

    code = "transfer-worth-nothing"
    status = 422


class TransferUnknownError(CreditBankError):
    """There is no recognised transfer of this number."""

    code = "transfer-unknown"
    status = 404


class TransferWithdrawnError(CreditBankError):
    """The transfer was withdrawn already."""

    code = "transfer-withdrawn"
    status = 409


@dataclass(frozen=True, slots=True)
class TransferAsk:
    """Whose entry is to be recognised under which scheme, and by whom."""

    identity: Identity
    leaf: bytes
    scheme: str
    actor: str


@dataclass(frozen=True, slots=True)
class TransfersWanted:
    """Which page of a region's transfers; `before` is the place of the last one already seen."""

    jurisdiction: str
    before: tuple[datetime, str] | None
    limit: int


def transfers_page(session: Session, wanted: TransfersWanted) -> list[RecognisedTransfer]:
    """Return transfers, newest first; one more than `limit` when there are further ones."""
    when, number = RecognisedTransfer.recognised_at, RecognisedTransfer.transfer_no
    query = (
        select(RecognisedTransfer)
        .where(within_jurisdiction(RecognisedTransfer.jurisdiction, wanted.jurisdiction))
        .order_by(when.desc(), number.desc())
    )
    if wanted.before is not None:
        at, seen = wanted.before
        query = query.where(or_(when < at, and_(when == at, number < seen)))
    return list(session.scalars(query.limit(wanted.limit + 1)))


def transfer_numbered(session: Session, transfer_no: str) -> RecognisedTransfer:
    """Return a transfer as it now stands.

    Raises:
        TransferUnknownError: there is none of this number.
    """
    query = select(RecognisedTransfer).where(RecognisedTransfer.transfer_no == transfer_no)
    transfer = session.scalar(query.execution_options(populate_existing=True))
    if transfer is None:
        raise TransferUnknownError(transfer_no=transfer_no[:20])
    return transfer


def recognise_transfer(
    session: Session, vault: Vault, ask: TransferAsk, *, now: datetime
) -> RecognisedTransfer:
    """Recognise one entry of a person under another scheme, as that scheme's own rules say.

    The hours are those that the entry was credited with: what the caps of its own scheme keep of
    them may change tomorrow, and the receiving scheme has caps of its own.

    Raises:
        EntryUnknownError, PersonUnknownError, IdentityMismatchError: leaf and person do not fit.
        TransferWithinError, TransferSecondHandError, EntryReversedError, EntryFrozenError,
            TransferKnownError: the entry is not one to recognise.
        TransferNotRecognisedError, TransferWorthNothingError: the receiving scheme's rules give
            nothing for it.
        PersonErasedError: the person's secret was erased.
    """
    law = law_of(session, ask.scheme)
    person_id = find_person(session, vault, ask.identity)
    credit = credit_with_leaf(session, ask.leaf)
    if credit.scheme == law.scheme:
        raise TransferWithinError(scheme=law.scheme)
    source = session.get_one(Source, credit.source_id)
    # Whoever reverses the entry holds its source, and sees this transfer or is seen by it.
    lock_source(session, source.source_no)
    group = lock_linked(session, [person_id])[person_id]
    _require_recognisable(session, credit, source, group, law.scheme)
    context = FoldContext(law, secrets_of(session, vault, group), now)
    transfer_no = "T" + random_number(9)
    grant = Grant(
        number=transfer_no,
        kind=SourceKind.RECOGNISED,
        act="transfer.recognised",
        jurisdiction=law.jurisdiction,
        actor=ask.actor,
        details={"origin_scheme": credit.scheme},
        cites=(credit.leaf,),
    )
    draft = _draft(session, transfer_no, credit, source, law)
    issue(session, grant, [draft], group=group, context=context)
    row = {
        "person_id": credit.person_id, "transfer_no": transfer_no,
        "jurisdiction": law.jurisdiction, "scheme": law.scheme, "origin_scheme": credit.scheme,
        "origin_source_id": source.source_id, "origin_leaf": credit.leaf, "state": "recognised",
        "recognised_by": ask.actor, "recognised_at": now, "reason": "",
    }  # fmt: skip
    return session.scalars(insert(RecognisedTransfer).returning(RecognisedTransfer), [row]).one()


def withdraw_transfer(
    session: Session, vault: Vault, transfer_no: str, revocation: Revocation, *, now: datetime
) -> tuple[int, bytes]:
    """Take a transfer back; the entry that it rested on stays as it is.

    Returns:
        The centihours reversed, and the leaf of the act.

    Raises:
        TransferUnknownError, TransferWithdrawnError: nothing stands recognised.
        PersonErasedError: the person's secret was erased.
    """
    transfer_numbered(session, transfer_no)
    # The source first, and not the row: a reversal of the origin holds it and then writes the row.
    held = hold(session, transfer_no)
    transfer = transfer_numbered(session, transfer_no)
    if transfer.state != "recognised":
        raise TransferWithdrawnError(transfer_no=transfer_no, reason=transfer.reason)
    group = lock_linked(session, [transfer.person_id])[transfer.person_id]
    law = law_of(session, transfer.scheme)
    context = FoldContext(law, secrets_of(session, vault, group), now)
    live = live_under(session, group, transfer.scheme, held.source)
    act = record_act(
        session,
        ActDraft(
            kind="transfer.withdrawn",
            jurisdiction=transfer.jurisdiction,
            actor=revocation.actor,
            subject=transfer_no,
            details={
                "occasions": [state.credit.occasion for state in live],
                "case_no": revocation.case_no,
            },
            reason=str(revocation.reason),
            cites=tuple(state.credit.leaf for state in live),
        ),
        now=now,
    )
    ruling = Ruling(act, revocation.actor, str(revocation.reason))
    take_back(session, held, live, live, ruling, groups=[group], context=context)
    transfer.state, transfer.reason = "withdrawn", str(revocation.reason)
    return sum(state.credit.centihours for state in live), act.leaf


def _require_recognisable(
    session: Session, credit: Entry, source: Source, group: tuple[int, ...], scheme: str
) -> None:
    if credit.person_id not in group:
        raise EntryUnknownError(leaf=credit.leaf.hex())
    if source.kind == SourceKind.RECOGNISED:
        raise TransferSecondHandError(scheme=credit.scheme)
    entries = credits_of(session, [credit.person_id], credit.scheme, occasions=[credit.occasion])
    [state] = [each for each in credit_states(entries) if each.credit.leaf == credit.leaf]
    if state.reversed:
        raise EntryReversedError(leaf=credit.leaf.hex())
    if state.frozen_centihours:
        raise EntryFrozenError(leaf=credit.leaf.hex())
    known = session.scalar(
        select(RecognisedTransfer.transfer_no).where(
            RecognisedTransfer.person_id == credit.person_id,
            RecognisedTransfer.scheme == scheme,
            RecognisedTransfer.origin_leaf == credit.leaf,
            RecognisedTransfer.state == "recognised",
        )
    )
    if known is not None:
        raise TransferKnownError(transfer_no=known)


def _draft(
    session: Session, transfer_no: str, credit: Entry, source: Source, law: PackChain
) -> CreditDraft:
    """Convert the entry under the receiving rules, and say in its facts where it comes from."""
    key = (credit.person_id, credit.scheme, credit.occasion, credit.revision)
    original: dict[str, Any] = json.loads(session.get_one(CreditFacts, key).facts)
    activity, day = str(original.get("activity", "")), credit.earned_on
    converted = recognised_transfer(
        TransferFact(
            scheme=credit.scheme,
            activity=activity,
            subject=credit.subject,
            day=day,
            credited_year=credit.credited_year,
            centihours=credit.centihours,
        ),
        law,
    )
    if not converted.centihours:
        raise TransferWorthNothingError(scheme=law.scheme)
    facts: dict[str, Canonical] = {
        "kind": str(SourceKind.RECOGNISED),
        "transfer": transfer_no,
        "origin": {
            "scheme": credit.scheme,
            "leaf": credit.leaf.hex(),
            "source": source.source_no,
            "kind": str(source.kind),
            "centihours": credit.centihours,
        },
        "activity": activity,
        "form": str(original.get("form", "")),
        "day": day.isoformat(),
        "work": str(original.get("work", "")) or credit.occasion,
        **({"days": original["days"]} if "days" in original else {}),
        "trace": trace_of(converted.steps),
    }
    return CreditDraft(
        person_id=credit.person_id,
        scheme=law.scheme,
        credited_year=converted.credited_year,
        subject=converted.subject,
        earned_on=day,
        occasion=f"{transfer_no}/1",
        revision=0,
        centihours=converted.centihours,
        facts=canonical_text(facts),
    )
