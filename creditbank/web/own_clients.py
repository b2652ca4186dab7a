"""The own organisation's programs: its API clients, what they may do, and their keys."""

from datetime import datetime, timedelta
from enum import StrEnum

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.registry.clients import OF_AN_ORGANISATION, Scope, revoke_client
from creditbank.registry.credentials import (
    CredentialDraft,
    add_credential,
    revoke_credential,
)
from creditbank.registry.own_clients import (
    OwnClientDraft,
    grantable,
    make_own_client,
    own_client,
)
from creditbank.registry.own_clients import own_clients as clients_held
from creditbank.web import fields, forms
from creditbank.web.doors import Opens, Pages, Visit, see
from creditbank.web.failures import PageRequestError
from creditbank.web.holding import end_of
from creditbank.web.pages import page

NAME_CHARACTERS_MAX = 60
_MANAGES = Opens(roles=OF_AN_ORGANISATION, scope=Scope.SEAT_MANAGE)
_HERE = "/organisation/clients"
_ONE = f"{_HERE}/<public:client_id>"


class OldEnds(StrEnum):
    """How long the old secret still holds, so that a program can move to the new one."""

    NOW = "now"
    DAY = "day"
    WEEK = "week"


_OVERLAPS = {
    OldEnds.NOW: timedelta(0), OldEnds.DAY: timedelta(days=1), OldEnds.WEEK: timedelta(days=7),
}  # fmt: skip

own_clients = Pages("own_clients", __name__)


@own_clients.shown(_HERE, _MANAGES, menu="own-clients")
def overview(
    visit: Visit, session: Session, client_id: str = "", credential_no: str = ""
) -> Response:
    """List the clients with their keys.

    `client_id` and `credential_no` stand in the address of a form that was refused.
    """
    found = clients_held(session, visit.client)
    return page(
        "own_clients.html", clients=found, now=visit.now, ends=list(map(str, OldEnds)),
        live={each.row.client_id: {held.credential_no for held in each.live(visit.now)}
              for each in found},
    )  # fmt: skip


@own_clients.shown(f"{_HERE}/new", _MANAGES)
def new(visit: Visit, session: Session) -> Response:
    """Ask what the new client is called and may do."""
    return page(
        "own_client_new.html", scopes=sorted(map(str, grantable(visit.client))),
        chosen=request.form.getlist("scope"), name=forms.typed("name"),
    )  # fmt: skip


@own_clients.sent(f"{_HERE}/new", _MANAGES, shows=new)
def make(visit: Visit, session: Session) -> Response:
    """Make a client; its secret is shown on this page and never again."""
    draft = OwnClientDraft(
        fields.text("name", "client-name", NAME_CHARACTERS_MAX), _scopes(),
        _end("valid_through"),
    )  # fmt: skip
    made, secret = make_own_client(session, visit.client, draft, now=visit.now)
    return page("own_client_secret.html", client_id=made.client_id, secret=secret)


@own_clients.sent(f"{_ONE}/keys", _MANAGES, shows=overview)
def renew(visit: Visit, session: Session, client_id: str) -> Response:
    """Give a client another secret, shown once; the old one ends when it was said to."""
    own_client(session, visit.client, client_id)
    old_ends_at = visit.now + _OVERLAPS[forms.chosen("old_ends", OldEnds)]
    draft = CredentialDraft(client_id, expires_at=_end("valid_through"), old_ends_at=old_ends_at)
    _, secret = add_credential(session, draft, actor=visit.client.client_id, now=visit.now)
    return page("own_client_secret.html", client_id=client_id, secret=secret)


@own_clients.sent(f"{_ONE}/keys/<public:credential_no>/ending", _MANAGES, shows=overview)
def end_key(visit: Visit, session: Session, client_id: str, credential_no: str) -> Response:
    """End one key, with the tokens got by it, at once."""
    own_client(session, visit.client, client_id)
    actor = visit.client.client_id
    revoke_credential(session, client_id, credential_no, actor=actor, now=visit.now)
    return see("web.own_clients.overview", "client-key-ended")


@own_clients.sent(f"{_ONE}/ending", _MANAGES, shows=overview)
def end(visit: Visit, session: Session, client_id: str) -> Response:
    """End a client with all its keys and tokens, at once."""
    own_client(session, visit.client, client_id)
    revoke_client(session, client_id, actor=visit.client.client_id, now=visit.now)
    return see("web.own_clients.overview", "client-ended")


def _scopes() -> frozenset[Scope]:
    """Return what was ticked.

    Raises:
        FormFieldEmptyError: nothing.
        PageRequestError: what is no scope at all.
    """
    chosen = request.form.getlist("scope")
    if not chosen:
        raise fields.empty("client-scopes")
    if not set(chosen) <= set(Scope):
        raise PageRequestError
    return frozenset(map(Scope, chosen))


def _end(name: str) -> datetime | None:
    """Return the last instant of a day of a form; None where none was chosen."""
    day = forms.day(name)
    return end_of(day) if day is not None else None
