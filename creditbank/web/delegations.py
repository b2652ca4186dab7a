"""Who posts attendance for whom: what an organisation delegates, and what is delegated to it."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.registry.delegates import is_open
from creditbank.registry.delegations import (
    DelegationDraft,
    DelegationsWanted,
    change_delegation,
    delegation_held,
    delegations_page,
    give_delegation,
)
from creditbank.registry.lookups import organisation_of
from creditbank.schemas.delegations import DelegationMeasure
from creditbank.schemas.registry import REASON_CHARACTERS_MAX
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.filings import reason_typed
from creditbank.web.holding import asked
from creditbank.web.organisations_desk import registered
from creditbank.web.pages import page

DELEGATIONS_SHOWN = 25
_USCC_CHARACTERS_MAX, _FILING_CHARACTERS_MAX = 40, 20
_TYPED = ("delegate", "filing_no", "valid_from", "valid_through")

delegations = Pages("delegations", __name__)


@delegations.shown("/delegations", able(Scope.FILING_READ), menu="delegations")
def overview(visit: Visit, session: Session, delegation_no: str = "") -> Response:
    """List what the own organisation gives and holds, or what a region's organisations give.

    `delegation_no` stands in the address of a form that was refused; the page is the same.
    """
    client, own = visit.client, organisation_seen(visit.client)
    wanted = DelegationsWanted(client.jurisdiction, own, asked("after"), DELEGATIONS_SHOWN)
    found = delegations_page(session, wanted)
    lines, more = found[:DELEGATIONS_SHOWN], len(found) > DELEGATIONS_SHOWN
    today = civil_day(visit.now)
    return page(
        "delegations.html", lines=lines, own=own,
        next=lines[-1].delegation.delegation_no if more else "",
        gives=Scope.DELEGATION_GIVE in client.scopes, orders=Scope.FILING_DECIDE in client.scopes,
        open={each.delegation.delegation_no for each in lines if is_open(each.delegation, today)},
        typed=forms.all_typed(_TYPED),
    )  # fmt: skip


@delegations.sent("/delegations", able(Scope.DELEGATION_GIVE), shows=overview)
def give(visit: Visit, session: Session) -> Response:
    """Let another organisation post attendance."""
    last = forms.day("valid_through")
    if last is None:
        raise fields.empty("delegation-last-day")
    uscc = fields.text("delegate", "delegation-delegate", _USCC_CHARACTERS_MAX)
    filing_no = fields.text("filing_no", "filing-number", _FILING_CHARACTERS_MAX, wanted=False)
    draft = DelegationDraft(
        organisation_of(session, organisation_seen(visit.client)), registered(session, uscc),
        filing_no.upper(), forms.day("valid_from"), last,
    )  # fmt: skip
    give_delegation(session, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.delegations.overview", "delegation-given")


@delegations.sent(
    "/delegations/<public:delegation_no>/ending", able(Scope.DELEGATION_GIVE), shows=overview
)
def end(visit: Visit, session: Session, delegation_no: str) -> Response:
    """End an own delegation at once."""
    reason = fields.text("reason", "fact-reason", REASON_CHARACTERS_MAX, wanted=False)
    _change(session, visit, delegation_no, "end", reason)
    return see("web.delegations.overview", "delegation-ended")


@delegations.sent(
    "/delegations/<public:delegation_no>/measure", able(Scope.FILING_DECIDE), shows=overview
)
def order(visit: Visit, session: Session, delegation_no: str) -> Response:
    """Suspend a delegation of the region, or lift that again."""
    step = forms.chosen("step", DelegationMeasure)
    _change(session, visit, delegation_no, str(step), reason_typed())
    return see("web.delegations.overview", f"delegation-{step}")


def _change(session: Session, visit: Visit, delegation_no: str, step: str, reason: str) -> None:
    delegation_held(session, visit.client, delegation_no)
    actor = visit.client.client_id
    change_delegation(session, delegation_no, step, actor=actor, reason=reason, now=visit.now)
