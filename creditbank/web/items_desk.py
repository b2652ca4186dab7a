"""The desk for declared items (认定): an official recognises, returns or refuses, with reasons."""

from dataclasses import dataclass
from enum import StrEnum

from flask import Response
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.answering import looked
from creditbank.crediting.items import (
    ItemState,
    ItemsWanted,
    evidence_of,
    fact_of,
    item_numbered,
    items_page,
    worth_of,
)
from creditbank.crediting.lookups import issued_under
from creditbank.crediting.models import DeclaredItem
from creditbank.crediting.recognition import (
    Revocation,
    RevocationReason,
    recognise_item,
    refuse_item,
    return_item,
    withdraw_item,
)
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.people.register import names_of
from creditbank.registry.clients import Scope
from creditbank.rules.declaring import asked_of_item
from creditbank.rules.explain import Sentence, explain_conversion
from creditbank.rules.items import ItemPart
from creditbank.rules.pack import PackChain
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import (
    asked,
    asked_place,
    cursor_of,
    law_if_any,
    namer,
    scheme_called,
    shown,
)
from creditbank.web.pages import reader_language

ITEMS_SHOWN = 25
REASON_CHARACTERS_MAX = 500
_CASE_CHARACTERS_MAX = 60
_DECIDES = able(Scope.ITEM_DECIDE)

items_desk = Pages("items_desk", __name__)


class Decision(StrEnum):
    """How an official may send an item back, with the reason."""

    RETURN = "return"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Worth:
    """What the rules in force give for an item as it was declared, or why they give nothing."""

    parts: tuple[ItemPart, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    refusal: catalogue.Problem | None = None


@items_desk.shown("/desk/items", _DECIDES, menu="items")
def overview(visit: Visit, session: Session) -> Response:
    """List the region's items, those that wait first asked for."""
    state = asked("state") if asked("state") in set(ItemState) else ""
    wanted = ItemsWanted(
        jurisdiction=visit.client.jurisdiction,
        organisation_id=None,
        state="" if asked("state") == "every" else state or str(ItemState.DECLARED),
        before=asked_place("before"),
        limit=ITEMS_SHOWN,
    )
    found = items_page(session, wanted)
    page, more = found[:ITEMS_SHOWN], len(found) > ITEMS_SHOWN
    laws = {each.scheme: law_if_any(session, each.scheme) for each in page}
    next_ = cursor_of(page[-1].declared_at, page[-1].item_no) if more else ""
    return shown(
        "desk_items.html", items=page, states=list(ItemState), state=wanted.state or "every",
        namer=namer, laws=laws, next=next_,
    )  # fmt: skip


@items_desk.shown("/desk/items/<public:item_no>", _DECIDES)
def one(visit: Visit, session: Session, item_no: str) -> Response:
    """Show an item with what the rules would give for it, to be decided."""
    item = _seen(visit, session, item_no)
    looked([item.person_id], LookDraft(Shown.ITEM, item_no), visit.client, now=visit.now)
    law = law_if_any(session, item.scheme)
    names = names_of(session, current_house().vault, [item.person_id])
    rule = asked_of_item(item.activity, law, item.day) if law is not None else None
    return shown(
        "desk_item.html", item=item, fact=fact_of(item, item.approved_centihours),
        evidence=evidence_of(item), name=names[item.person_id][0], named=namer(law),
        scheme=scheme_called(item.scheme, law), asks_hours=rule is not None and rule.asks_hours,
        worth=_worth(item, law) if item.state == ItemState.DECLARED else None,
        credited=issued_under(session, item.person_id, item.scheme, item.item_no),
        states=ItemState, reasons=list(RevocationReason),
    )  # fmt: skip


@items_desk.sent("/desk/items/<public:item_no>/recognition", _DECIDES, shows=one)
def recognise(visit: Visit, session: Session, item_no: str) -> Response:
    """Recognise an item: its hours are credited with the act."""
    _seen(visit, session, item_no)
    granted = fields.centihours("approved_hours", "desk-item-approved")
    recognise_item(
        session, current_house().vault, item_no,
        actor=visit.client.client_id, approved_centihours=granted, now=visit.now,
    )  # fmt: skip
    return see("web.items_desk.one", "item-recognised", item_no=item_no)


@items_desk.sent("/desk/items/<public:item_no>/decision", _DECIDES, shows=one)
def decide(visit: Visit, session: Session, item_no: str) -> Response:
    """Return an item for correction or refuse it, with the reason."""
    _seen(visit, session, item_no)
    act = return_item if forms.chosen("decision", Decision) is Decision.RETURN else refuse_item
    reason = fields.text("reason", "field-reason", REASON_CHARACTERS_MAX)
    vault, actor = current_house().vault, visit.client.client_id
    item = act(session, vault, item_no, actor=actor, reason=reason, now=visit.now)
    return see("web.items_desk.overview", f"item-{item.state}")


@items_desk.sent("/desk/items/<public:item_no>/withdrawal", _DECIDES, shows=one)
def withdraw(visit: Visit, session: Session, item_no: str) -> Response:
    """Take a recognition back; its hours are reversed."""
    _seen(visit, session, item_no)
    revocation = revocation_typed(visit)
    withdraw_item(session, current_house().vault, item_no, revocation, now=visit.now)
    return see("web.items_desk.one", "item-withdrawn", item_no=item_no)


def revocation_typed(visit: Visit) -> Revocation:
    """Return why what was recognised is taken back, and by which file, as it was typed.

    Raises:
        PageRequestError, FormFieldLongError: it cannot be so.
    """
    reason = forms.chosen("withdrawal_reason", RevocationReason)
    case_no = fields.text("case_no", "desk-item-case", _CASE_CHARACTERS_MAX, wanted=False)
    return Revocation(visit.client.client_id, reason, case_no)


def _seen(visit: Visit, session: Session, item_no: str) -> DeclaredItem:
    """Return an item of the own region.

    Raises:
        ItemUnknownError, RegionForeignError: there is none, or another region decides it.
    """
    item = item_numbered(session, item_no)
    visit.client.require_region(item.jurisdiction)
    return item


def _worth(item: DeclaredItem, law: PackChain | None) -> Worth:
    if law is None:
        return Worth()
    try:
        conversion = worth_of(fact_of(item, item.asked_centihours), law)
    except CreditBankError as refusal:
        return Worth(refusal=catalogue.problem(refusal, reader_language()))
    return Worth(conversion.parts, explain_conversion(conversion, reader_language(), law))
