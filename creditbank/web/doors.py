"""Doors of pages: each route declared once, with who may open it.

From the declaration come the checks before the view (who is signed in and how far, which seat, the
form's token), the transaction around it, its place on the home page, and a row that the matrix test
asks for. A view unpacks, calls services and hands plain data to `page`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, g, request, url_for
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.accounts.seats import Seat
from creditbank.accounts.sessions import (
    SessionMissingError,
    Signed,
    Stage,
    note_sighting,
    signed_by,
)
from creditbank.clock import utc_now
from creditbank.db import snapshot, writing
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client, Role, Scope
from creditbank.web.cookies import browser_token, hidden_token, require_own_form
from creditbank.web.pages import reader_language

#: Where an application keeps what the home page offers.
MENU = "creditbank-menu"
#: Where the reader wanted to go before signing in; an address of ours, never with a query.
NEXT = "next"
#: What was just done, as the last part of a message's code.
DONE = "done"
_SEE_OTHER = 303
_PAGE_OF: Mapping[Stage, str] = {
    Stage.SECOND_FACTOR: "web.entrance.second_factor",
    Stage.ENROLMENT: "web.account.enrolment",
    Stage.SEAT: "web.entrance.seats",
    Stage.OPEN: "web.home.home_page",
}
_HALFWAY = frozenset({Stage.SECOND_FACTOR, Stage.ENROLMENT})


class PageForbiddenError(CreditBankError):
    """The page is there, and not for this seat."""

    code = "page-forbidden"
    status = 403


class Unit(Enum):
    """The transaction around a view."""

    READING = "reading"
    WRITING = "writing"
    #: the view opens its own, because it needs none or more than one
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Opens:
    """Who may open a page: anybody, whoever has come so far, or whoever acts from such a seat."""

    anybody: bool = False
    #: how far one must have come
    stages: frozenset[Stage] = frozenset({Stage.OPEN})
    #: as what one must sit; empty for any seat or none
    roles: frozenset[Role] = frozenset()
    #: what one must be able to do from the seat
    scope: Scope | None = None

    def admits(self, signed: Signed | None) -> bool:
        """Tell whether somebody may open the page as they stand."""
        if self.anybody:
            return True
        if signed is None or signed.stage not in self.stages:
            return False
        return self.fits(signed.seat)

    def fits(self, seat: Seat | None) -> bool:
        """Tell whether a seat is one from which the page opens."""
        if not self.roles and self.scope is None:
            return True
        if seat is None or (self.roles and seat.role not in self.roles):
            return False
        return self.scope is None or self.scope in seat.scopes


ANYBODY = Opens(anybody=True)
#: Whoever is signed in with all that their account asks for, in a seat or not.
SIGNED_IN = Opens(stages=frozenset({Stage.SEAT, Stage.OPEN}))


def seated(*roles: Role) -> Opens:
    """Open to whoever acts from a seat of one of these roles; of any, if none is named."""
    return Opens(roles=frozenset(roles))


def able(scope: Scope) -> Opens:
    """Open to whoever may do this from their seat."""
    return Opens(scope=scope)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page: who asks, and when."""

    asker: Signed | None
    now: datetime

    @property
    def signed(self) -> Signed:
        """Who is signed in; a page that is not open to anybody always has somebody."""
        assert self.asker is not None, "a page for anybody does not ask who comes"
        return self.asker

    @property
    def client(self) -> Client:
        """Who acts, from their seat."""
        return self.signed.client


@dataclass(frozen=True, slots=True)
class Declared:
    """One route of a page."""

    opens: Opens
    unit: Unit
    method: str
    #: the view that shows the form again when what was sent is refused
    shows: Callable[..., Response] | None = None


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A page that the home page offers to whoever may open it."""

    #: `menu-…` is its name, `menu-…-about` what it is for
    code: str
    endpoint: str
    opens: Opens


View = Callable[..., Response]


class Pages(Blueprint):
    """A set of pages; every route is declared with who may open it."""

    def __init__(self, name: str, import_name: str) -> None:
        super().__init__(name, import_name)
        self.menu: list[MenuItem] = []

    def shown(
        self, rule: str, opens: Opens, *, menu: str = "", unit: Unit = Unit.READING
    ) -> Callable[[View], View]:
        """Declare a page to look at.

        Args:
            rule: its address; public numbers only, never a person's.
            opens: to whom.
            menu: its code on the home page; none for a page that another leads to.
            unit: the transaction around the view.
        """

        def declare(view: View) -> View:
            declared = Declared(opens, unit, "GET")
            self._add(rule, view, declared)
            if menu:
                self.menu.append(MenuItem(menu, f"web.{self.name}.{view.__name__}", opens))
            return view

        return declare

    def sent(
        self,
        rule: str,
        opens: Opens,
        *,
        shows: View | None = None,
        unit: Unit = Unit.WRITING,
    ) -> Callable[[View], View]:
        """Declare what a form is sent to; a refusal shows the form again, with what was wrong."""

        def declare(view: View) -> View:
            self._add(rule, view, Declared(opens, unit, "POST", shows))
            return view

        return declare

    def _add(self, rule: str, view: View, declared: Declared) -> None:
        @wraps(view)
        def endpoint(**path: Any) -> Response:
            return _answered(declared, view, path)

        endpoint.declared = declared  # type: ignore[attr-defined]
        self.add_url_rule(rule, view.__name__, endpoint, methods=[declared.method])


def see(endpoint: str, done: str = "", **values: Any) -> Response:
    """Send the reader to another page of ours, with word of what was done."""
    if done:
        values[DONE] = done
    return local(url_for(endpoint, **values))


def local(address: str) -> Response:
    """Send the reader to an address of ours."""
    response = Response(status=_SEE_OTHER)
    response.headers["Location"] = address
    response.headers["Cache-Control"] = "no-store"
    return response


def public_address(session: Session, endpoint: str) -> str:
    """Return the address at which people outside reach a page; never taken from a request."""
    return current_house().public_url(the_bank(session).host) + url_for(endpoint)


def page_of(signed: Signed) -> Response:
    """Send somebody to where they have to go on."""
    return see(_PAGE_OF[signed.stage])


def given_to_templates() -> dict[str, object]:
    """Return what every template has besides what its view gives."""
    signed: Signed | None = g.get("signed")
    return {
        "signed": signed,
        "form_token": hidden_token,
        "refusal": g.get("refusal"),
        "done": _done(),
    }


def offered(seat: Seat | None) -> list[MenuItem]:
    """Return what the home page offers to somebody in a seat."""
    menu: list[MenuItem] = current_app.extensions[MENU]
    return [item for item in menu if item.opens.fits(seat)]


def _answered(declared: Declared, view: View, path: Mapping[str, Any]) -> Response:
    now = utc_now()
    signed = _whoever_is_here(now)
    g.signed = signed
    if not declared.opens.admits(signed):
        return _turned_away(declared, signed)
    visit = Visit(signed, now)
    if declared.method == "GET":
        return _done_in(declared.unit, view, visit, path)
    try:
        require_own_form()
        return _done_in(declared.unit, view, visit, path)
    except CreditBankError as error:
        if declared.shows is None:
            raise
        g.refusal = catalogue.problem(error, reader_language())
        try:
            with snapshot() as session:
                response = declared.shows(visit, session, **path)
        except CreditBankError:
            raise error from None  # what the form is about cannot be shown; why it was refused can
        if response.status_code == _SEE_OTHER:
            # Whoever has come further meanwhile is not shown the form; why it was refused is.
            raise
        response.status_code = error.status
        return response


def _done_in(unit: Unit, view: View, visit: Visit, path: Mapping[str, Any]) -> Response:
    if unit is Unit.OWN:
        return view(visit, **path)
    with snapshot() if unit is Unit.READING else writing() as session:
        return view(visit, session, **path)


def _whoever_is_here(now: datetime) -> Signed | None:
    token = browser_token()
    if not token:
        return None
    with snapshot() as session:
        signed = signed_by(session, token, current_house().settings, now=now)
    if signed is not None and signed.is_stale:
        with writing() as session:
            note_sighting(session, signed, now=now)
    return signed


def _turned_away(declared: Declared, signed: Signed | None) -> Response:
    """Send to where one has to go first; whoever is through and may not come in is told so."""
    if signed is None:
        if request.method != "GET":
            raise SessionMissingError
        return see("web.entrance.sign_in", **{NEXT: request.path})
    if signed.stage not in declared.opens.stages:
        return page_of(signed)
    raise PageForbiddenError


def _done() -> str:
    """Return the code of what was just done, if it is one of ours."""
    code = f"done-{request.args.get(DONE, '')}"
    return code if code in catalogue.entries() else ""
