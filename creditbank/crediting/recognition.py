"""Deciding declared items (认定): recognised and credited in one act, returned, refused, withdrawn.

A recognition opens a source of its own with exact bounds, one person and these hours, and credits
them in the same transaction: neither the act nor the hours exist alone.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_text
from creditbank.crediting.fold import FoldContext, days_said
from creditbank.crediting.issuing import Grant, issue
from creditbank.crediting.items import (
    ItemState,
    described,
    fact_of,
    item_numbered,
    locked_item,
    record_item_act,
    worth_of,
)
from creditbank.crediting.models import DeclaredItem, RecognisedTransfer
from creditbank.crediting.reversals import Ruling, hold, live_under, take_back
from creditbank.crediting.traces import trace_of
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Source, SourceKind, SourceUse
from creditbank.ledger.posting import CreditDraft
from creditbank.people.register import lock_linked, secrets_of
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.rules.items import ItemConversion


class RevocationReason(StrEnum):
    """Why a recognition is taken back."""

    NOT_GENUINE = "not-genuine"
    WRONG_PERSON = "wrong-person"
    WRONG_FACTS = "wrong-facts"
    FINDING = "finding"


class ItemDecidedError(CreditBankError):
    """The item was decided already, or waits for its correction."""

    code = "item-decided"
    status = 409


class ItemNotRecognisedError(CreditBankError):
    """Nothing stands recognised that could be withdrawn."""

    code = "item-not-recognised"
    status = 409


@dataclass(frozen=True, slots=True)
class Revocation:
    """Who takes a recognition back and why; `case_no` is of the office's file, empty if none."""

    actor: str
    reason: RevocationReason
    case_no: str = ""


def recognise_item(
    session: Session,
    vault: Vault,
    item_no: str,
    *,
    actor: str,
    approved_centihours: int | None = None,
    now: datetime,
) -> DeclaredItem:
    """Recognise an item: its hours are credited under the rules now in force.

    Args:
        session: the caller's unit of work.
        vault: of the person's secret.
        item_no: which item.
        actor: the official, another than whoever declared it.
        approved_centihours: granted where the rules leave the hours to the official; those asked
            for if None.
        now: the instant recorded.

    Raises:
        ItemUnknownError, ItemDecidedError: nothing to decide.
        SecondPersonWantedError: the actor declared it.
        ApprovedHoursUnfitError: hours are granted where the rules say how many.
        NotRecognisedError, RuleMissingError, FactMissingError, DeclaredLateError,
            ItemWorthNothingError: the rules in force do not credit it.
        PersonErasedError: the person's secret was erased.
    """
    item = _undecided(session, item_no)
    if item.declared_by == actor:
        raise SecondPersonWantedError
    law = law_of(session, item.scheme)
    granted = item.asked_centihours if approved_centihours is None else approved_centihours
    conversion = worth_of(fact_of(item, granted), law)
    group = lock_linked(session, [item.person_id])[item.person_id]
    context = FoldContext(law, secrets_of(session, vault, group), now)
    grant = Grant(
        number=item_no,
        kind=_kind(conversion),
        act="item.recognised",
        jurisdiction=item.jurisdiction,
        actor=actor,
        details=described(vault, item),
    )
    item.approved_centihours = granted
    issue(session, grant, _credits(item, conversion), group=group, context=context)
    _decide(item, ItemState.RECOGNISED, actor, "", now=now)
    return item


def refuse_item(
    session: Session, vault: Vault, item_no: str, *, actor: str, reason: str, now: datetime
) -> DeclaredItem:
    """Refuse an item, with the reason that whoever declared it will read.

    Raises:
        ItemUnknownError, ItemDecidedError: nothing to decide.
    """
    item = _undecided(session, item_no)
    _decide(item, ItemState.REFUSED, actor, reason, now=now)
    record_item_act(session, vault, item, "item.refused", actor, now=now)
    return item


def return_item(
    session: Session, vault: Vault, item_no: str, *, actor: str, reason: str, now: datetime
) -> DeclaredItem:
    """Give an item back for correction; it may be sent again.

    Raises:
        ItemUnknownError, ItemDecidedError: nothing to decide.
    """
    item = _undecided(session, item_no)
    _decide(item, ItemState.RETURNED, actor, reason, now=now)
    record_item_act(session, vault, item, "item.returned", actor, now=now)
    return item


def withdraw_item(
    session: Session, vault: Vault, item_no: str, revocation: Revocation, *, now: datetime
) -> tuple[int, bytes]:
    """Take a recognition back: every part is reversed, and what the work kept from others counts.

    Returns:
        The centihours reversed, and the leaf of the act.

    Raises:
        ItemUnknownError, ItemNotRecognisedError: nothing stands recognised.
        PersonErasedError: the person's secret was erased.
    """
    item = locked_item(session, item_no)
    if item.state != ItemState.RECOGNISED:
        raise ItemNotRecognisedError(item_no=item_no, state=item.state)
    held = hold(session, item_no)
    group = lock_linked(session, [item.person_id])[item.person_id]
    context = FoldContext(law_of(session, item.scheme), secrets_of(session, vault, group), now)
    live = live_under(session, group, item.scheme, held.source)
    act = record_act(
        session,
        ActDraft(
            kind="item.withdrawn",
            jurisdiction=item.jurisdiction,
            actor=revocation.actor,
            subject=item_no,
            details={
                "occasions": sorted(state.credit.occasion for state in live),
                "case_no": revocation.case_no,
            },
            reason=str(revocation.reason),
            cites=tuple(sorted(state.credit.leaf for state in live)),
        ),
        now=now,
    )
    ruling = Ruling(act, revocation.actor, str(revocation.reason))
    take_back(session, held, live, live, ruling, groups=[group], context=context)
    _decide(item, ItemState.WITHDRAWN, revocation.actor, str(revocation.reason), now=now)
    return sum(state.credit.centihours for state in live), act.leaf


def settle_emptied(
    session: Session, source: Source, reason: str, *, actor: str, now: datetime
) -> None:
    """Note with an item or a transfer that all that it was credited with was taken back, if so."""
    taken = session.get_one(SourceUse, source.source_id, populate_existing=True)
    if taken.centihours:
        return
    if source.kind == SourceKind.RECOGNISED:
        number = RecognisedTransfer.transfer_no == source.source_no
        transfer = session.scalars(select(RecognisedTransfer).where(number)).one()
        transfer.state, transfer.reason = "withdrawn", reason
    elif source.kind in {SourceKind.DECISION, SourceKind.DEEMED}:
        item = item_numbered(session, source.source_no)
        _decide(item, ItemState.WITHDRAWN, actor, reason, now=now)


def _undecided(session: Session, item_no: str) -> DeclaredItem:
    item = locked_item(session, item_no)
    if item.state != ItemState.DECLARED:
        raise ItemDecidedError(item_no=item_no, state=item.state)
    return item


def _decide(
    item: DeclaredItem, state: ItemState, actor: str, reason: str, *, now: datetime
) -> None:
    item.state, item.reason = str(state), reason
    item.decided_by, item.decided_at = actor, now


def _kind(conversion: ItemConversion) -> SourceKind:
    return SourceKind.DEEMED if conversion.deemed else SourceKind.DECISION


def _credits(item: DeclaredItem, conversion: ItemConversion) -> list[CreditDraft]:
    """Return one credit for each part that is worth anything."""
    facts: dict[str, Canonical] = {
        "kind": str(_kind(conversion)),
        "item": item.item_no,
        "activity": item.activity,
        "form": item.form,
        "title": item.title,
        "day": item.day.isoformat(),
        "declared_on": fact_of(item, None).declared_on.isoformat(),
        "work": item.work,
        **json.loads(item.said),
        "trace": trace_of(conversion.steps),
    }
    if item.approved_centihours is not None:
        facts["approved_centihours"] = item.approved_centihours
    return [
        CreditDraft(
            person_id=item.person_id,
            scheme=item.scheme,
            credited_year=part.credited_year,
            subject=part.subject,
            earned_on=part.earned_on(item.day),
            occasion=f"{item.item_no}/{number}",
            revision=0,
            centihours=part.centihours,
            facts=canonical_text({**facts, "part": number, **days_said(part.days)}),
        )
        for number, part in enumerate(conversion.parts, start=1)
        if part.centihours
    ]
