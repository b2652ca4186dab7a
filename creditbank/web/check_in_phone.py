"""Check-in on the telephone of whoever comes: a code is read, and they say who they are.

No page here tells whether the bank knows a number: what is typed is only put on the list.
"""

from dataclasses import dataclass

from flask import Response
from sqlalchemy.orm import Session

from creditbank.accounts.sessions import Signed, Stage
from creditbank.attendance.check_in_codes import Reading, reading_of, require_fresh, ticket_of
from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.check_ins import (
    Came,
    CheckInClosedError,
    Comer,
    Direction,
    check_in_numbered,
    comers_of,
    guests_on,
    number_on_list,
    planned_of,
    record_scan,
    secret_of,
    wall_time,
)
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind, last_characters
from creditbank.people.register import Identity, identity_of
from creditbank.registry.clients import Role
from creditbank.registry.filing.filings import filing_numbered
from creditbank.web import forms
from creditbank.web.devices import keep, known_device, known_ticket, new_device
from creditbank.web.doors import ANYBODY, NEXT, Pages, Visit, see
from creditbank.web.failures import PageRequestError
from creditbank.web.pages import page

check_in_phone = Pages("check_in_phone", __name__)
_HERE = "/check-in/<public:check_in_no>"
_DONE = {Direction.IN: "checked-in", Direction.OUT: "checked-out"}


@dataclass(frozen=True, slots=True)
class _At:
    """A check-in at which a device has read a code that was fresh."""

    check_in: CheckIn
    secret: bytes
    reading: Reading


@check_in_phone.shown(f"{_HERE}/<public:code>", ANYBODY)
def read(visit: Visit, session: Session, check_in_no: str, code: str) -> Response:
    """Take a code that was scanned; the address of what follows has none."""
    check_in = check_in_numbered(session, check_in_no)
    if check_in.closed_at is not None:
        raise CheckInClosedError(closed_at=wall_time(check_in.closed_at))
    secret = secret_of(current_house().vault, check_in)
    require_fresh(secret, check_in_no, code, now=visit.now)
    device = known_device() or new_device()
    ticket = ticket_of(secret, Reading(check_in_no, visit.now, device))
    return keep(see("web.check_in_phone.arrive", check_in_no=check_in_no), device, ticket)


@check_in_phone.shown(_HERE, ANYBODY)
def arrive(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Ask whoever read a code who they are, or show how they stand."""
    at = _at(session, visit, check_in_no)
    filing = filing_numbered(session, at.check_in.filing_no)
    me = _myself(session, visit.asker)
    return page(
        "check_in_phone.html", check_in=at.check_in, filing=filing, me=me,
        planned=planned_of(session, at.check_in), mine=_mine(session, at, me),
        last_four=last_characters(me.document) if me else "", guests=_guests(session, at),
        kinds=list(map(str, DocumentKind)), wall_time=wall_time, next_name=NEXT,
    )  # fmt: skip


@check_in_phone.sent(f"{_HERE}/own", ANYBODY, shows=arrive)
def own(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Record whoever is signed in."""
    me = _myself(session, visit.asker)
    if me is None:
        raise PageRequestError
    return _recorded(session, visit, _at(session, visit, check_in_no), me, is_guest=False)


@check_in_phone.sent(f"{_HERE}/guest", ANYBODY, shows=arrive)
def guest(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Record somebody by what they type."""
    at = _at(session, visit, check_in_no)
    return _recorded(session, visit, at, forms.identity(), is_guest=True)


@check_in_phone.sent(f"{_HERE}/known", ANYBODY, shows=arrive)
def known(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Record a guest who typed who they are on this device before."""
    at, number = _at(session, visit, check_in_no), forms.whole("person_no")
    found = {each.person_no: each.identity for each in _guests(session, at)}
    identity = found.get(number)
    if identity is None:
        raise PageRequestError
    return _recorded(session, visit, at, identity, is_guest=True)


def _at(session: Session, visit: Visit, check_in_no: str) -> _At:
    check_in = check_in_numbered(session, check_in_no)
    secret = secret_of(current_house().vault, check_in)
    reading = reading_of(secret, check_in_no, known_ticket(), known_device(), now=visit.now)
    return _At(check_in, secret, reading)


def _myself(session: Session, asker: Signed | None) -> Identity | None:
    """Return whose hours the account is for, where somebody sits as a professional."""
    if asker is None or asker.stage is not Stage.OPEN or asker.person_id is None:
        return None
    if asker.seat is None or asker.seat.role is not Role.PROFESSIONAL:
        return None
    return identity_of(session, current_house().vault, asker.person_id)


def _mine(session: Session, at: _At, me: Identity | None) -> Comer | None:
    vault = current_house().vault
    number = number_on_list(session, vault, at.check_in, me) if me else None
    found = comers_of(session, vault, at.check_in, {number}) if number else []
    return found[0] if found else None


def _guests(session: Session, at: _At) -> list[Comer]:
    numbers = guests_on(session, at.check_in, at.secret, at.reading.device)
    if not numbers:
        return []
    return comers_of(session, current_house().vault, at.check_in, numbers)


def _recorded(
    session: Session, visit: Visit, at: _At, identity: Identity, *, is_guest: bool
) -> Response:
    direction = forms.chosen("direction", Direction)
    came = Came(at.reading, direction, identity, is_guest)
    record_scan(session, current_house().vault, came, now=visit.now)
    return see(
        "web.check_in_phone.arrive", _DONE[direction], check_in_no=at.check_in.check_in_no
    )  # fmt: skip
