"""Declared items (认定申报): a professional's work or achievement, put before an official.

Whoever declares says what the rules may ask for; whether they would give hours for it is said at
once, and nothing is credited before an official recognises it.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import and_, insert, or_, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes, canonical_text
from creditbank.clock import civil_day
from creditbank.crediting.models import DeclaredItem
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.documents import last_characters
from creditbank.people.names import agrees
from creditbank.people.register import (
    Identity,
    IdentityMismatchError,
    ensure_people,
    lock_linked,
    names_of,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.filing.filings import ApprovedHoursUnfitError
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import within_jurisdiction
from creditbank.rules.conversion import FactMissingError, RuleMissingError
from creditbank.rules.conversion_rules import Overlap
from creditbank.rules.items import ItemConversion, ItemFact, convert_item, period_rule
from creditbank.rules.make_up import MAKE_UP_KEY, windows_of
from creditbank.rules.pack import PackChain
from creditbank.rules.subjects import require_subject

#: The fact that only whoever approves can state.
APPROVED = "approved_centihours"


class ItemState(StrEnum):
    """How a declared item stands."""

    DECLARED = "declared"
    RETURNED = "returned"
    REFUSED = "refused"
    RECOGNISED = "recognised"
    WITHDRAWN = "withdrawn"


#: An item in one of these speaks for its work; another declaration of the same work is a double.
_STANDING = (ItemState.DECLARED, ItemState.RETURNED, ItemState.RECOGNISED)


class ItemUnknownError(CreditBankError):
    """There is no declared item of this number, or it is not the asker's to see."""

    code = "item-unknown"
    status = 404


class ItemKnownError(CreditBankError):
    """The same work was declared for the person before, as the same activity."""

    code = "item-known"
    status = 409


class ItemDayError(CreditBankError):
    """What is declared is not finished yet."""

    code = "item-day-not-come"
    status = 422


class ItemMakeUpClosedError(CreditBankError):
    """The item's day lies outside the days on which its year may be made up."""

    code = "item-make-up-closed"
    status = 422


class ItemPeriodBackwardsError(CreditBankError):
    """A period is to begin after the day on which it ended."""

    code = "item-period-backwards"
    status = 422


class ItemPeriodOverlapsError(CreditBankError):
    """The person has declared a period that shares days with it, and the rules take no such."""

    code = "item-period-overlaps"
    status = 409


class ItemWorthNothingError(CreditBankError):
    """The rules recognise the item and give no hours for it."""

    code = "item-worth-nothing"
    status = 422


class ItemNotReturnedError(CreditBankError):
    """Only what was returned for correction is sent again."""

    code = "item-not-returned"
    status = 409


class ItemSchemeError(CreditBankError):
    """A corrected declaration names another scheme than the one that was returned."""

    code = "item-scheme-differs"
    status = 422


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves an item: a description, and the file's SHA-256 in hex, empty where none is."""

    description: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """What is declared; the facts that the rules may ask for are those of `ItemFact`."""

    scheme: str
    activity: str
    form: str
    subject: str
    title: str
    day: date
    #: names the work wherever it is declared; empty where it has no such name
    work: str
    measures: Mapping[str, int]
    traits: Mapping[str, str]
    rank: int | None
    make_up_year: int | None
    spread_years: int
    #: asked for, where the rules leave the hours to whoever approves
    asked_centihours: int | None
    evidence: tuple[Evidence, ...]
    #: of what lasted through `day`
    first_day: date | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who declares what for whom; officials, and people for themselves, have no organisation."""

    identity: Identity
    draft: ItemDraft
    actor: str
    organisation_id: int | None


@dataclass(frozen=True, slots=True)
class ItemsWanted:
    """Whose items: one organisation's, or those of a jurisdiction and below; of one state or all.

    `before` is the place of the last item already seen: the instant of its declaration, its number.
    """

    jurisdiction: str
    organisation_id: int | None
    state: str
    before: tuple[datetime, str] | None
    limit: int


def declare_item(
    session: Session, vault: Vault, declaration: Declaration, *, now: datetime
) -> DeclaredItem:
    """Put an item before an official; nothing is credited yet.

    Raises:
        PackMissingError, SubjectUnknownError, ItemDayError, NotRecognisedError, RuleMissingError,
            FactMissingError, DeclaredLateError, ItemWorthNothingError, PeriodYearError,
            ItemPeriodBackwardsError: the rules in force would not credit it.
        ItemPeriodOverlapsError: it shares days with another period, and the rules refuse that.
        IdentityMismatchError: the number is on record under another name.
        ItemKnownError: the work stands declared already.
        DemoOnlyError, InventedOnlyError: such a number has no place in this bank.
    """
    draft, identity = declaration.draft, declaration.identity
    law = law_of(session, draft.scheme)
    row = _columns(draft)
    fact = _worthy(draft, law, declared_on=civil_day(now))
    person_id = ensure_people(session, vault, [identity], now=now)[identity.document]
    if not agrees(identity.name, names_of(session, vault, [person_id])[person_id]):
        raise IdentityMismatchError
    group = lock_linked(session, [person_id])[person_id]
    if person_id not in secrets_of(session, vault, [person_id]):
        raise PersonErasedError
    _refuse_double(session, group, row, item_no="")
    _refuse_overlap(session, group, fact, law, item_no="")
    row |= {
        "person_id": person_id, "item_no": "D" + random_number(9),
        "jurisdiction": law.jurisdiction, "organisation_id": declaration.organisation_id,
        "document_kind": str(identity.document.kind),
        "last_four": last_characters(identity.document),
        "state": str(ItemState.DECLARED), "declared_by": declaration.actor, "declared_at": now,
        "reason": "",
    }  # fmt: skip
    item = session.scalars(insert(DeclaredItem).returning(DeclaredItem), [row]).one()
    record_item_act(session, vault, item, "item.declared", declaration.actor, now=now)
    return item


def declare_again(
    session: Session, vault: Vault, item_no: str, draft: ItemDraft, *, actor: str, now: datetime
) -> DeclaredItem:
    """Send a returned item again, corrected; its day of declaration stays the first one.

    Raises:
        ItemUnknownError, ItemNotReturnedError, ItemSchemeError: it cannot be sent again so.
        ItemKnownError and the refusals of the rules: as when it is declared.
    """
    item = locked_item(session, item_no)
    if item.state != ItemState.RETURNED:
        raise ItemNotReturnedError(item_no=item_no, state=item.state)
    if draft.scheme != item.scheme:
        raise ItemSchemeError(found=draft.scheme, wanted=item.scheme)
    law = law_of(session, item.scheme)
    row = _columns(draft)
    fact = _worthy(draft, law, declared_on=civil_day(item.declared_at))
    group = lock_linked(session, [item.person_id])[item.person_id]
    _refuse_double(session, group, row, item_no=item_no)
    _refuse_overlap(session, group, fact, law, item_no=item_no)
    for column, value in row.items():
        setattr(item, column, value)
    # Whoever corrected it may not recognise it.
    item.state, item.reason, item.declared_by = str(ItemState.DECLARED), "", actor
    record_item_act(session, vault, item, "item.declared", actor, now=now)
    return item


def item_numbered(
    session: Session, item_no: str, *, organisation_id: int | None = None
) -> DeclaredItem:
    """Return an item; with an organisation, only what that organisation declared.

    Raises:
        ItemUnknownError: there is none, or it is another's.
    """
    item = session.scalar(select(DeclaredItem).where(DeclaredItem.item_no == item_no))
    foreign = item is not None and organisation_id not in (None, item.organisation_id)
    if item is None or foreign:
        raise ItemUnknownError(item_no=item_no[:20])
    return item


def locked_item(session: Session, item_no: str) -> DeclaredItem:
    """Lock an item for this transaction and return it as it now stands.

    Raises:
        ItemUnknownError: there is none of this number.
    """
    query = select(DeclaredItem).where(DeclaredItem.item_no == item_no).with_for_update()
    item = session.scalar(query.execution_options(populate_existing=True))
    if item is None:
        raise ItemUnknownError(item_no=item_no[:20])
    return item


def items_of(session: Session, people: Sequence[int]) -> Sequence[DeclaredItem]:
    """Return every item of one person, over all linked keys, newest first."""
    query = select(DeclaredItem).where(DeclaredItem.person_id.in_(people))
    return session.scalars(
        query.order_by(DeclaredItem.declared_at.desc(), DeclaredItem.item_no.desc())
    ).all()


def item_of(session: Session, people: Sequence[int], item_no: str) -> DeclaredItem:
    """Return an item of one person.

    Raises:
        ItemUnknownError: there is none, or it is somebody else's.
    """
    item = item_numbered(session, item_no)
    if item.person_id not in people:
        raise ItemUnknownError(item_no=item_no[:20])
    return item


def items_page(session: Session, wanted: ItemsWanted) -> Sequence[DeclaredItem]:
    """Return items, newest first; one more than `limit` when there are further ones."""
    query = select(DeclaredItem).order_by(
        DeclaredItem.declared_at.desc(), DeclaredItem.item_no.desc()
    )
    if wanted.organisation_id is None:
        query = query.where(within_jurisdiction(DeclaredItem.jurisdiction, wanted.jurisdiction))
    else:
        query = query.where(DeclaredItem.organisation_id == wanted.organisation_id)
    if wanted.state:
        query = query.where(DeclaredItem.state == wanted.state)
    if wanted.before is not None:
        at, item_no = wanted.before
        earlier_number = and_(DeclaredItem.declared_at == at, DeclaredItem.item_no < item_no)
        query = query.where(or_(DeclaredItem.declared_at < at, earlier_number))
    return session.scalars(query.limit(wanted.limit + 1)).all()


def evidence_of(item: DeclaredItem) -> list[Evidence]:
    """Return what proves an item."""
    return [Evidence(**each) for each in json.loads(item.evidence)]


def fact_of(item: DeclaredItem, approved_centihours: int | None) -> ItemFact:
    """Return an item as the rules see it."""
    said = json.loads(item.said)
    first_day = said.get("first_day")
    return ItemFact(
        activity=item.activity,
        form=item.form,
        subject=item.subject,
        day=item.day,
        declared_on=civil_day(item.declared_at),
        measures=said["measures"],
        traits=said["traits"],
        rank=said.get("rank"),
        approved_centihours=approved_centihours,
        make_up_year=said.get("make_up_year"),
        spread_years=said["spread_years"],
        first_day=date.fromisoformat(first_day) if first_day else None,
    )


def record_item_act(
    session: Session, vault: Vault, item: DeclaredItem, kind: str, actor: str, *, now: datetime
) -> None:
    """Record an act on an item that opens no source; its words stand in the item alone."""
    details = {**described(vault, item), "reason_text": item.reason}
    record_act(session, ActDraft(kind, item.jurisdiction, actor, item.item_no, details), now=now)


def described(vault: Vault, item: DeclaredItem) -> dict[str, Canonical]:
    """Return what an act tells of an item: its kind, and a keyed digest of all that was declared.

    A work's number leads to its author, so neither it nor the title stands in an act.
    """
    content = canonical_bytes([item.title, item.work, item.day.isoformat(), item.form, item.said,
                               item.evidence])  # fmt: skip
    return {
        "scheme": item.scheme,
        "activity": item.activity,
        "subject": item.subject,
        "declaration": vault.fingerprint(hashlib.sha256(content).digest()).hex(),
    }


def worth_of(fact: ItemFact, law: PackChain) -> ItemConversion:
    """Convert an item that is worth something, with hours approved only where the rules ask.

    Raises:
        ApprovedHoursUnfitError: hours are stated where the rules themselves say how many.
        ItemWorthNothingError: the rules give no hours.
        ItemMakeUpClosedError: it was finished too early or too late for the year that it makes up.
        NotRecognisedError, RuleMissingError, FactMissingError, DeclaredLateError: said by
            `convert_item`.
    """
    try:
        conversion = convert_item(fact, law)
    except RuleMissingError as error:
        if error.facts["key"] == MAKE_UP_KEY:
            _refuse_make_up(fact, law)
        raise
    if fact.approved_centihours is not None and not _wants_approval(fact, law):
        raise ApprovedHoursUnfitError(activity=fact.activity, scheme=law.scheme)
    if not any(part.centihours for part in conversion.parts):
        raise ItemWorthNothingError(activity=fact.activity, scheme=law.scheme)
    return conversion


def _refuse_make_up(fact: ItemFact, law: PackChain) -> None:
    """Say on which days the year could be made up, if there are any."""
    year = fact.make_up_year or 0
    windows = windows_of(fact.activity, fact.subject, year, law)
    if windows:
        days, day = list(map(str, windows)), fact.day.isoformat()
        raise ItemMakeUpClosedError(found=year, day=day, days=days)


def work_of(text: str) -> str:
    """Return a work's name as it is compared: no spaces, upper case, one width."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def _wants_approval(fact: ItemFact, law: PackChain) -> bool:
    try:
        convert_item(replace(fact, approved_centihours=None), law)
    except FactMissingError as error:
        return error.facts["fact"] == APPROVED
    return False


def _columns(draft: ItemDraft) -> dict[str, object]:
    said: dict[str, Canonical] = {
        "measures": dict(draft.measures),
        "traits": dict(draft.traits),
        "spread_years": draft.spread_years,
    }
    if draft.rank is not None:
        said["rank"] = draft.rank
    if draft.make_up_year is not None:
        said["make_up_year"] = draft.make_up_year
    if draft.first_day is not None:
        said["first_day"] = draft.first_day.isoformat()
    evidence: list[Canonical] = [
        {"description": each.description, "sha256": each.sha256} for each in draft.evidence
    ]
    return {
        "scheme": draft.scheme,
        "activity": draft.activity,
        "form": draft.form,
        "subject": draft.subject,
        "title": draft.title,
        "day": draft.day,
        "work": work_of(draft.work),
        "said": canonical_text(said),
        "evidence": canonical_text(evidence),
        "asked_centihours": draft.asked_centihours,
    }


def _worthy(draft: ItemDraft, law: PackChain, *, declared_on: date) -> ItemFact:
    """Say now, and not after the official has looked at it, what the rules would refuse."""
    if draft.day > declared_on:
        raise ItemDayError(found=draft.day.isoformat(), wanted=declared_on.isoformat())
    if draft.first_day is not None and draft.first_day > draft.day:
        raise ItemPeriodBackwardsError(
            found=draft.first_day.isoformat(), wanted=draft.day.isoformat()
        )
    require_subject(draft.subject, law)
    fact = ItemFact(
        activity=draft.activity,
        form=draft.form,
        subject=draft.subject,
        day=draft.day,
        declared_on=declared_on,
        measures=draft.measures,
        traits=draft.traits,
        rank=draft.rank,
        approved_centihours=draft.asked_centihours,
        make_up_year=draft.make_up_year,
        spread_years=draft.spread_years,
        first_day=draft.first_day,
    )
    try:
        worth_of(fact, law)
    except FactMissingError as error:
        # What is missing here is said by whoever recognises it.
        if error.facts["fact"] != APPROVED:
            raise
    return fact


def _refuse_overlap(
    session: Session, group: tuple[int, ...], fact: ItemFact, law: PackChain, *, item_no: str
) -> None:
    """Refuse a period that shares days with another of the person, where the rules do."""
    rule = period_rule(fact, law)
    if rule is None or rule.overlap is not Overlap.REFUSED:
        return
    assert fact.first_day is not None, "only a period has a rule of periods"
    query = (
        select(DeclaredItem)
        .where(DeclaredItem.person_id.in_(group), DeclaredItem.item_no != item_no)
        .where(DeclaredItem.state.in_([str(state) for state in _STANDING]))
        .where(DeclaredItem.scheme == law.scheme, DeclaredItem.day >= fact.first_day)
        .order_by(DeclaredItem.declared_at, DeclaredItem.item_no)
    )
    for item in session.scalars(query):
        other = fact_of(item, None)
        if period_rule(other, law) and other.first_day and other.first_day <= fact.day:
            raise ItemPeriodOverlapsError(
                item_no=item.item_no, first_day=fact.first_day.isoformat(),
                last_day=fact.day.isoformat(), scheme=law.scheme,
            )  # fmt: skip


def _refuse_double(
    session: Session, group: tuple[int, ...], row: Mapping[str, object], *, item_no: str
) -> None:
    """Refuse a second declaration of one work; without a number, of one title on one day."""
    same = ["scheme", "activity", "work"]
    if not row["work"]:
        same += ["form", "title", "day"]
    query = (
        select(DeclaredItem.item_no)
        .where(DeclaredItem.person_id.in_(group), DeclaredItem.item_no != item_no)
        .where(DeclaredItem.state.in_([str(state) for state in _STANDING]))
        .where(*(getattr(DeclaredItem, column) == row[column] for column in same))
        .order_by(DeclaredItem.declared_at, DeclaredItem.item_no)
    )
    first = session.scalars(query.limit(1)).first()
    if first is not None:
        raise ItemKnownError(item_no=first)
