"""Declared items (认定): put before an official, decided, and taken back."""

import json
from typing import Any

from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import Call, Door
from creditbank.crediting.items import (
    Declaration,
    ItemDayError,
    ItemKnownError,
    ItemMakeUpClosedError,
    ItemNotReturnedError,
    ItemPeriodBackwardsError,
    ItemPeriodOverlapsError,
    ItemSchemeError,
    ItemsWanted,
    ItemUnknownError,
    ItemWorthNothingError,
    declare_again,
    declare_item,
    evidence_of,
    fact_of,
    item_numbered,
    items_page,
)
from creditbank.crediting.lookups import IssuedCredit, issued_under
from creditbank.crediting.models import DeclaredItem
from creditbank.crediting.recognition import (
    ItemDecidedError,
    ItemNotRecognisedError,
    Revocation,
    recognise_item,
    refuse_item,
    return_item,
    withdraw_item,
)
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import STATED_REFUSALS
from creditbank.registry.clients import Client, RegionForeignError, Scope, organisation_seen
from creditbank.registry.filing.filings import ApprovedHoursUnfitError
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import organisation_of
from creditbank.registry.organisations import OrganisationUnknownError
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.rules.conversion import FactMissingError, NotRecognisedError, RuleMissingError
from creditbank.rules.items import DeclaredLateError, SpreadRefusedError
from creditbank.rules.loader import PackMissingError
from creditbank.rules.subjects import SubjectUnknownError
from creditbank.rules.whole_year import PeriodYearError
from creditbank.schemas.items import (
    ItemAnswer,
    ItemBody,
    ItemDraftShape,
    ItemLine,
    ItemsAnswer,
    ItemsQuery,
    RecognitionBody,
    RevocationAnswer,
    RevocationBody,
)
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.registry import RefusalBody
from creditbank.verification.desk_looks import LookDraft, Shown

_ITEM_EXAMPLE = {
    "scheme": "cn-3710",
    "activity": "paper",
    "form": "core_journal",
    "subject": "professional",
    "title": "碳纤维复合材料界面改性研究",
    "day": "2026-05-20",
    "work": "10.1000/example.2026.05",
    "measures": {"characters": 12_000},
    "traits": {"role": "author"},
    "rank": 1,
    "evidence": [{"description": "期刊封面、目录及正文首页", "sha256": "0" * 64}],
}
_SEEN = (ItemUnknownError, RegionForeignError)
LAW_REFUSALS = (
    NotRecognisedError, RuleMissingError, FactMissingError, DeclaredLateError, SpreadRefusedError,
    ApprovedHoursUnfitError, ItemMakeUpClosedError, ItemWorthNothingError, PackMissingError,
    PeriodYearError,
)  # fmt: skip

items = Door(
    "items", __name__, description="Work and achievements declared for recognition (认定)."
)


def item_seen(session: Session, client: Client, item_no: str) -> DeclaredItem:
    """Return an item that the client may see: what its organisation declared, an official's region.

    Raises:
        ItemUnknownError: there is none, or another organisation declared it.
        RegionForeignError: it is decided outside an official's region.
    """
    organisation_id = organisation_seen(client)
    item = item_numbered(session, item_no, organisation_id=organisation_id)
    if organisation_id is None:
        client.require_region(item.jurisdiction)
    return item


@items.post(
    "/items",
    Scope.ITEM_DECLARE,
    status=201,
    body=JsonBody(ItemBody(), {"person": IDENTITY_EXAMPLE, "item": _ITEM_EXAMPLE}),
    answer=ItemAnswer(),
    refuses=(
        OrganisationUnknownError, RegionForeignError, SubjectUnknownError, ItemDayError,
        ItemKnownError, ItemPeriodBackwardsError, ItemPeriodOverlapsError, PersonErasedError,
        *STATED_REFUSALS, *LAW_REFUSALS,
    ),
)  # fmt: skip
def declare(call: Call, session: Session) -> dict[str, Any]:
    """Declare an item for a person; nothing is credited before an official recognises it."""
    draft, organisation_id = call.body["item"], organisation_seen(call.client)
    if organisation_id is not None:
        organisation_of(session, organisation_id)
    require_reach(call.client, law_of(session, draft.scheme).jurisdiction)
    declaration = Declaration(
        identity=call.body["person"]["identity"],
        draft=draft,
        actor=call.client.client_id,
        organisation_id=organisation_id,
    )
    vault = current_house().vault
    return _shaped(session, declare_item(session, vault, declaration, now=call.now))


@items.get("/items", Scope.ITEM_READ, query=ItemsQuery(), answer=ItemsAnswer())
def list_items(call: Call, session: Session) -> dict[str, Any]:
    """List items, newest first: what an organisation declared, an official's region."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    wanted = ItemsWanted(
        jurisdiction=call.client.jurisdiction,
        organisation_id=organisation_seen(call.client),
        state=str(call.query["state"]),
        before=place_of(call.query["cursor"]),
        limit=limit,
    )
    found = items_page(session, wanted)
    page, more = found[:limit], len(found) > limit
    next_cursor = cursor_of(page[-1].declared_at, page[-1].item_no) if more else ""
    return {"items": page, "next_cursor": next_cursor}


@items.get("/items/<public:item_no>", Scope.ITEM_READ, answer=ItemAnswer(), refuses=_SEEN)
def read_item(call: Call, session: Session, item_no: str) -> dict[str, Any]:
    """Return an item with its facts, its state, and what it was credited with."""
    item = item_seen(session, call.client, item_no)
    looked([item.person_id], LookDraft(Shown.ITEM, item_no), call.client, now=call.now)
    return _shaped(session, item)


@items.post(
    "/items/<public:item_no>/correction",
    Scope.ITEM_DECLARE,
    body=JsonBody(ItemDraftShape(), _ITEM_EXAMPLE),
    answer=ItemAnswer(),
    refuses=(
        *_SEEN, ItemNotReturnedError, ItemSchemeError, SubjectUnknownError, ItemDayError,
        ItemKnownError, ItemPeriodBackwardsError, ItemPeriodOverlapsError, *LAW_REFUSALS,
    ),
)  # fmt: skip
def correct(call: Call, session: Session, item_no: str) -> dict[str, Any]:
    """Send a returned item again, corrected; its day of declaration stays the first one."""
    item_seen(session, call.client, item_no)
    vault, actor = current_house().vault, call.client.client_id
    item = declare_again(session, vault, item_no, call.body, actor=actor, now=call.now)
    return _shaped(session, item)


@items.post(
    "/items/<public:item_no>/recognition",
    Scope.ITEM_DECIDE,
    body=JsonBody(RecognitionBody(), {"approved_hours": "40.00"}),
    answer=ItemAnswer(),
    refuses=(
        *_SEEN, ItemDecidedError, SecondPersonWantedError, PersonErasedError, *LAW_REFUSALS,
    ),
)  # fmt: skip
def recognise(call: Call, session: Session, item_no: str) -> dict[str, Any]:
    """Recognise an item: an official act, and its hours are credited with it."""
    item_seen(session, call.client, item_no)
    item = recognise_item(
        session,
        current_house().vault,
        item_no,
        actor=call.client.client_id,
        approved_centihours=call.body["approved_hours"],
        now=call.now,
    )
    return _shaped(session, item)


@items.post(
    "/items/<public:item_no>/refusal",
    Scope.ITEM_DECIDE,
    body=JsonBody(RefusalBody(), {"reason": "论文未正式发表"}),
    answer=ItemAnswer(),
    refuses=(*_SEEN, ItemDecidedError),
)
def refuse_recognition(call: Call, session: Session, item_no: str) -> dict[str, Any]:
    """Refuse an item, with the reason that whoever declared it will read."""
    item_seen(session, call.client, item_no)
    vault, actor, reason = current_house().vault, call.client.client_id, call.body["reason"]
    item = refuse_item(session, vault, item_no, actor=actor, reason=reason, now=call.now)
    return _shaped(session, item)


@items.post(
    "/items/<public:item_no>/return",
    Scope.ITEM_DECIDE,
    body=JsonBody(RefusalBody(), {"reason": "请补充作者排序证明"}),
    answer=ItemAnswer(),
    refuses=(*_SEEN, ItemDecidedError),
)
def return_for_correction(call: Call, session: Session, item_no: str) -> dict[str, Any]:
    """Give an item back for correction, with the reason."""
    item_seen(session, call.client, item_no)
    vault, actor, reason = current_house().vault, call.client.client_id, call.body["reason"]
    item = return_item(session, vault, item_no, actor=actor, reason=reason, now=call.now)
    return _shaped(session, item)


@items.post(
    "/items/<public:item_no>/withdrawal",
    Scope.ITEM_DECIDE,
    status=201,
    body=JsonBody(RevocationBody(), {"reason": "not-genuine", "case_no": "威人社查〔2026〕3号"}),
    answer=RevocationAnswer(),
    refuses=(*_SEEN, ItemNotRecognisedError, PersonErasedError),
)
def withdraw_recognition(call: Call, session: Session, item_no: str) -> dict[str, Any]:
    """Take a recognition back: an act with its reason, and a reversal of each credit."""
    item_seen(session, call.client, item_no)
    revocation = Revocation(call.client.client_id, call.body["reason"], call.body["case_no"])
    vault = current_house().vault
    centihours, leaf = withdraw_item(session, vault, item_no, revocation, now=call.now)
    return {"reversed_hours": centihours, "act_leaf": leaf.hex()}


def shaped_credits(credited: list[IssuedCredit]) -> list[dict[str, Any]]:
    """Shape the credits of one recognition."""
    return [
        {
            "occasion": each.credit.occasion,
            "year": each.credit.credited_year,
            "subject": each.credit.subject,
            "hours": each.credit.centihours,
            "reversed": each.reversed,
            "leaf": each.credit.leaf.hex(),
        }
        for each in credited
    ]


def require_reach(client: Client, jurisdiction: str) -> None:
    """Refuse a declaration under rules that do not decide for the client's region.

    Raises:
        RegionForeignError: naming both.
    """
    if not client.reaches(jurisdiction):
        client.require_region(jurisdiction)


def _shaped(session: Session, item: DeclaredItem) -> dict[str, Any]:
    said = json.loads(item.said)
    credited = issued_under(session, item.person_id, item.scheme, item.item_no)
    return {
        **{name: getattr(item, name) for name in ItemLine().fields},
        "measures": said["measures"],
        "traits": said["traits"],
        "rank": said.get("rank"),
        "make_up_year": said.get("make_up_year"),
        "spread_years": said["spread_years"],
        "first_day": fact_of(item, None).first_day,
        "asked_hours": item.asked_centihours,
        "approved_hours": item.approved_centihours,
        "evidence": evidence_of(item),
        "decided_by": item.decided_by or "",
        "credited": shaped_credits(credited),
    }
