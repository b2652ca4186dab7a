"""A professional's own works and achievements: declared by form, followed until decided."""

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.items import (
    Declaration,
    ItemState,
    declare_again,
    declare_item,
    evidence_of,
    fact_of,
    item_of,
    items_of,
)
from creditbank.crediting.lookups import issued_under
from creditbank.house import current_house
from creditbank.people.register import identity_of
from creditbank.web.declaring import (
    EVIDENCE_ROWS,
    ItemForm,
    draft_sent,
    item_form,
    values_of,
    values_sent,
)
from creditbank.web.doors import Pages, Unit, Visit, see
from creditbank.web.holding import (
    OWN,
    law_if_any,
    namer,
    own_keys,
    own_person,
    scheme_called,
    shown,
)

own_items = Pages("own_items", __name__)


@own_items.shown("/hours/items", OWN, menu="own-items")
def overview(visit: Visit, session: Session) -> Response:
    """List what one declared, and how each stands."""
    found = items_of(session, own_keys(visit, session))
    laws = {each.scheme: law_if_any(session, each.scheme) for each in found}
    return shown("own_items.html", items=found, namer=namer, laws=laws)


@own_items.shown("/hours/items/new", OWN)
def new(visit: Visit, session: Session) -> Response:
    """Ask what is declared, and then what its rules ask of it."""
    return _form_page(item_form(session, visit.client, civil_day(visit.now), values_sent()))


@own_items.sent("/hours/items/new", OWN, shows=new, unit=Unit.READING)
def next_step(visit: Visit, session: Session) -> Response:
    """Show the rest of the form, for the activity and day that were chosen."""
    return new(visit, session)


@own_items.sent("/hours/items", OWN, shows=new)
def declare(visit: Visit, session: Session) -> Response:
    """Declare an item for oneself; an official decides."""
    form = item_form(session, visit.client, civil_day(visit.now), values_sent())
    vault = current_house().vault
    declaration = Declaration(
        identity_of(session, vault, own_person(visit)), draft_sent(form), visit.client.client_id,
        None,
    )  # fmt: skip
    item = declare_item(session, vault, declaration, now=visit.now)
    return see("web.own_items.one", "item-declared", item_no=item.item_no)


@own_items.shown("/hours/items/<public:item_no>", OWN)
def one(visit: Visit, session: Session, item_no: str) -> Response:
    """Show one item: what was declared, how it stands, why, and what it was credited with."""
    item = item_of(session, own_keys(visit, session), item_no)
    law = law_if_any(session, item.scheme)
    return shown(
        "own_item.html", item=item, fact=fact_of(item, item.approved_centihours),
        evidence=evidence_of(item), scheme=scheme_called(item.scheme, law), named=namer(law),
        credited=issued_under(session, item.person_id, item.scheme, item.item_no),
        returned=item.state == ItemState.RETURNED,
    )  # fmt: skip


@own_items.shown("/hours/items/<public:item_no>/correction", OWN)
def correction(visit: Visit, session: Session, item_no: str) -> Response:
    """Show a returned item in the form, as it was declared."""
    item = item_of(session, own_keys(visit, session), item_no)
    values = values_of(item, fact_of(item, None), evidence_of(item))
    # What was typed stands; scheme and activity stay what they were.
    fixed = {"scheme": item.scheme, "activity": item.activity}
    given = {**values, **(values_sent() if request.method == "POST" else {}), **fixed}
    form = item_form(session, visit.client, civil_day(visit.now), given)
    return _form_page(form, item_no=item_no, reason=item.reason)


@own_items.sent("/hours/items/<public:item_no>/correction", OWN, shows=correction)
def correct(visit: Visit, session: Session, item_no: str) -> Response:
    """Send a returned item again, corrected."""
    item = item_of(session, own_keys(visit, session), item_no)
    given = {**values_sent(), "scheme": item.scheme, "activity": item.activity}
    form = item_form(session, visit.client, civil_day(visit.now), given)
    vault, actor = current_house().vault, visit.client.client_id
    declare_again(session, vault, item_no, draft_sent(form), actor=actor, now=visit.now)
    return see("web.own_items.one", "item-declared", item_no=item_no)


def _form_page(form: ItemForm, item_no: str = "", reason: str = "") -> Response:
    return shown(
        "own_item_new.html", form=form, item_no=item_no, reason=reason, named=namer(form.law),
        evidence_rows=range(1, EVIDENCE_ROWS + 1),
    )  # fmt: skip
