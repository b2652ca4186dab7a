"""Who has which seat, as those see it who make and close seats; and what happened at the doors."""

from enum import StrEnum

from flask import Response
from sqlalchemy.orm import Session

from creditbank.accounts.accounts import (
    AccountDraft,
    AccountState,
    account_numbered,
    change_state,
    make_account,
    read_sign_in_name,
    require_in_hand,
)
from creditbank.accounts.audit import events_within
from creditbank.accounts.desk_codes import issue_unchecked
from creditbank.accounts.listing import accounts_looked_after
from creditbank.accounts.seats import (
    ROLES_OF_KIND,
    STRICT_ROLES,
    SeatDraft,
    close_seat,
    make_seat,
    require_covers,
    require_may_make,
    seat_numbered,
)
from creditbank.house import current_house
from creditbank.ids import checked_jurisdiction
from creditbank.registry.clients import Client, Role, Scope
from creditbank.registry.lookups import organisation_of
from creditbank.registry.organisations import OrganisationKind
from creditbank.web import forms
from creditbank.web.doors import Pages, Visit, able, public_address, see
from creditbank.web.pages import page

EVENTS_SHOWN = 200


class Reason(StrEnum):
    """Why a seat is closed or an account's state changes; words that name nobody."""

    LEFT = "left"
    ASKED = "asked"
    MISUSE = "misuse"
    MISTAKE = "mistake"
    CLEARED = "cleared"


staff = Pages("staff", __name__)


@staff.shown("/desk/accounts", able(Scope.ACCOUNT_RECOVER), menu="accounts")
def accounts(visit: Visit, session: Session) -> Response:
    """Show the accounts that one looks after."""
    found = accounts_looked_after(session, visit.client)
    makes = Scope.SEAT_MANAGE in visit.client.scopes
    return page("desk_accounts.html", accounts=found, makes=makes, reasons=list(map(str, Reason)))


@staff.shown("/desk/accounts/new", able(Scope.SEAT_MANAGE))
def new_account(visit: Visit, session: Session) -> Response:
    """Ask for whom a seat is to be made."""
    return page(
        "desk_account_new.html", roles=_roles(session, visit.client), issued=None, made=None
    )


@staff.sent("/desk/accounts/new", able(Scope.SEAT_MANAGE), shows=new_account)
def seat_somebody(visit: Visit, session: Session) -> Response:
    """Make a seat, for a new account with a one-time code or for one that is there."""
    draft = _draft(visit.client)
    require_may_make(visit.client, draft)
    actor, now = visit.client.client_id, visit.now
    if forms.typed("whose") == "known":
        known = account_numbered(session, forms.typed("account_no"))
        make_seat(session, known, draft, actor=actor, now=now)
        return see("web.staff.accounts", "seat-made")
    named = AccountDraft(sign_in_name=read_sign_in_name(forms.typed("login")))
    made = make_account(session, named, actor=actor, jurisdiction=draft.jurisdiction, now=now)
    make_seat(session, made, draft, actor=actor, now=now)
    house = current_house()
    issued = issue_unchecked(
        session, house.vault, made, visit.client, house.settings,
        resets_second_factor=False, now=now,
    )  # fmt: skip
    return page(
        "desk_account_new.html", roles=(), issued=issued, made=made.sign_in_name,
        where=public_address(session, "web.entrance.activation"),
    )  # fmt: skip


@staff.sent("/desk/seats/<public:seat_no>/closing", able(Scope.ACCOUNT_RECOVER))
def close(visit: Visit, session: Session, seat_no: str) -> Response:
    """Close a seat at once."""
    seat = seat_numbered(session, seat_no)
    require_covers(visit.client, seat)
    reason = str(forms.chosen("reason", Reason))
    close_seat(session, seat, actor=visit.client.client_id, reason=reason, now=visit.now)
    return see("web.staff.accounts", "seat-closed")


@staff.sent("/desk/accounts/<public:account_no>/state", able(Scope.ACCOUNT_RECOVER))
def set_state(visit: Visit, session: Session, account_no: str) -> Response:
    """Block, unblock or close an account."""
    account = account_numbered(session, account_no)
    require_in_hand(session, visit.client, account)
    state, client = forms.chosen("state", AccountState), visit.client
    change_state(
        session, account, state,
        actor=client.client_id, jurisdiction=client.jurisdiction,
        reason=str(forms.chosen("reason", Reason)), now=visit.now,
    )  # fmt: skip
    return see("web.staff.accounts", f"account-{state}")


@staff.shown("/desk/events", able(Scope.ACCOUNT_AUDIT), menu="events")
def events(visit: Visit, session: Session) -> Response:
    """Show what happened to the region's accounts, the newest first."""
    found = events_within(session, visit.client.jurisdiction, EVENTS_SHOWN)
    return page("desk_events.html", events=found)


def _draft(client: Client) -> SeatDraft:
    role, through = forms.chosen("role", Role), forms.day("valid_through")
    if client.organisation_id is None:
        region = checked_jurisdiction(forms.typed("jurisdiction"))
        return SeatDraft(role, region, valid_through=through)
    return SeatDraft(role, client.jurisdiction, client.organisation_id, valid_through=through)


def _roles(session: Session, client: Client) -> list[Role]:
    """Return as what somebody may be seated here."""
    if client.organisation_id is None:
        return sorted(STRICT_ROLES)
    kind = organisation_of(session, client.organisation_id).kind
    return sorted(ROLES_OF_KIND[OrganisationKind(kind)])
