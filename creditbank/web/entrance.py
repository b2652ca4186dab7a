"""The way in and out: sign in, second factor, choice of seat, activation, set-up, sign out."""

import re

from flask import Response, request, url_for
from sqlalchemy.orm import Session

from creditbank.accounts.accounts import read_sign_in_name
from creditbank.accounts.factors import give_second_factor
from creditbank.accounts.identity import IdentityProviderError, OpenIdProvider
from creditbank.accounts.seats import seats_gone
from creditbank.accounts.sessions import Stage, choose_seat, end_own_session
from creditbank.accounts.vouching import link_identity, sign_in_vouched
from creditbank.config import Settings
from creditbank.db import snapshot, writing
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.web import forms
from creditbank.web.cookies import (
    browser_token,
    ensured_token,
    is_staff_browser,
    keep_token,
    remember_staff,
    visitor,
)
from creditbank.web.doors import (
    ANYBODY,
    NEXT,
    SIGNED_IN,
    Opens,
    Pages,
    Unit,
    Visit,
    local,
    page_of,
    public_address,
    see,
)
from creditbank.web.entering import (
    entered_by_code,
    entered_by_password,
    first_administrator,
    registered,
)
from creditbank.web.pages import page

#: An address of ours as it stands in a form; never another host's.
_OWN_ADDRESS = re.compile(r"/(?:[A-Za-z0-9._-]+/?)*", re.ASCII)
_WAITS = Opens(stages=frozenset({Stage.SECOND_FACTOR}))
_ANY_STAGE = Opens(stages=frozenset(Stage))

entrance = Pages("entrance", __name__)


@entrance.shown("/sign-in", ANYBODY)
def sign_in(visit: Visit, _session: Session) -> Response:
    """Ask for a name or number and a password."""
    if visit.asker is not None:
        return page_of(visit.asker)
    return page(
        "sign_in.html", kinds=forms.LOGIN_KINDS, kind=_login_kind(), next=_next(),
        provider=bool(current_house().settings.oidc_issuer),
    )  # fmt: skip


@entrance.sent("/sign-in", ANYBODY, shows=sign_in, unit=Unit.OWN)
def enter(visit: Visit) -> Response:
    """Sign in; the second factor and the seat come next."""
    typed = forms.password()
    keep_token(entered_by_password(forms.login(), typed, visitor(), now=visit.now))
    by_name = request.form.get("login_kind", forms.BY_NAME) == forms.BY_NAME
    return remember_staff(local(_next() or url_for("web.home.home_page")), staff=by_name)


@entrance.shown("/second-factor", _WAITS)
def second_factor(_visit: Visit, _session: Session) -> Response:
    """Ask for the second factor."""
    return page("second_factor.html")


@entrance.sent("/second-factor", _WAITS, shows=second_factor, unit=Unit.OWN)
def give(visit: Visit) -> Response:
    """Take the second factor."""
    vault, code = current_house().vault, forms.typed("code")
    with writing() as session:
        outcome = give_second_factor(session, vault, visit.signed, code, visitor(), now=visit.now)
    if isinstance(outcome, CreditBankError):
        raise outcome
    keep_token(outcome)
    return see("web.home.home_page")


@entrance.shown("/seats", SIGNED_IN)
def seats(visit: Visit, session: Session) -> Response:
    """Let somebody choose the seat that they act from."""
    return page("seats.html", gone=seats_gone(session, visit.signed.account_id))


@entrance.sent("/seats", SIGNED_IN, shows=seats)
def sit(visit: Visit, session: Session) -> Response:
    """Act from another of one's own seats."""
    keep_token(choose_seat(session, visit.signed, forms.typed("seat_no"), now=visit.now))
    return see("web.home.home_page")


@entrance.sent("/sign-out", _ANY_STAGE)
def sign_out(visit: Visit, session: Session) -> Response:
    """End this session."""
    end_own_session(session, visit.signed, visit.signed.session_no, now=visit.now)
    keep_token("")
    return see("web.entrance.sign_in", "signed-out")


@entrance.shown("/activate", ANYBODY)
def activation(_visit: Visit, _session: Session) -> Response:
    """Ask for the one-time code of a desk and a new password."""
    least = current_house().settings.password_characters_min
    kind = request.form.get("login_kind", "")
    return page("activate.html", kinds=forms.LOGIN_KINDS, kind=kind, least=least)


@entrance.sent("/activate", ANYBODY, shows=activation, unit=Unit.OWN)
def activate(visit: Visit) -> Response:
    """Make a professional's account, or set a password anew."""
    token = entered_by_code(
        forms.login(), forms.typed("code"), forms.new_password(), visitor(), now=visit.now
    )
    keep_token(token)
    return see("web.home.home_page", "password-set")


@entrance.shown("/register", ANYBODY)
def registration(_visit: Visit, _session: Session) -> Response:
    """Ask for a name and a password, for somebody who will claim an organisation."""
    return page("register.html", least=current_house().settings.password_characters_min)


@entrance.sent("/register", ANYBODY, shows=registration, unit=Unit.OWN)
def register(visit: Visit) -> Response:
    """Make an account without seats."""
    name, password = read_sign_in_name(forms.typed("login")), forms.new_password()
    keep_token(registered(name, password, visitor(), now=visit.now))
    return see("web.account.claims")


@entrance.shown("/setup", ANYBODY)
def set_up(_visit: Visit, _session: Session) -> Response:
    """Ask for the one-time code of a bank that was just founded."""
    return page("setup.html", least=current_house().settings.password_characters_min)


@entrance.sent("/setup", ANYBODY, shows=set_up, unit=Unit.OWN)
def begin_bank(visit: Visit) -> Response:
    """Make the first administrator."""
    name, password = read_sign_in_name(forms.typed("login")), forms.new_password()
    code = forms.typed("code")
    keep_token(first_administrator(code, name, password, visitor(), now=visit.now))
    return see("web.account.enrolment")


@entrance.shown("/identity", ANYBODY, unit=Unit.OWN)
def leave_for_provider(visit: Visit) -> Response:
    """Send somebody to the identity provider."""
    provider = OpenIdProvider(_with_provider())
    return local(provider.departure(ensured_token(), _return_address(), now=visit.now))


@entrance.shown("/identity/return", ANYBODY, unit=Unit.OWN)
def return_from_provider(visit: Visit) -> Response:
    """Let in whom the provider vouches for, or link them to the account they are signed in to."""
    provider, vault = OpenIdProvider(_with_provider()), current_house().vault
    query = request.args.to_dict()
    vouched = provider.arrival(browser_token(), _return_address(), query, now=visit.now)
    if visit.asker is not None:
        with writing() as session:
            link_identity(session, vault, vouched, visit.asker, now=visit.now)
        return see("web.account.overview", "identity-linked")
    with writing() as session:
        keep_token(sign_in_vouched(session, vault, vouched, visitor(), now=visit.now))
    return see("web.home.home_page")


def _with_provider() -> Settings:
    settings = current_house().settings
    if not settings.oidc_issuer:
        raise IdentityProviderError(step="settings")
    return settings


def _return_address() -> str:
    with snapshot() as session:
        return public_address(session, "web.entrance.return_from_provider")


def _login_kind() -> str:
    """Return what is chosen beforehand: what was sent, else staff where staff is expected."""
    for_staff = is_staff_browser() or _next().startswith("/desk")
    return request.form.get("login_kind", forms.BY_NAME if for_staff else "")


def _next() -> str:
    wanted = request.form.get(NEXT, "") or request.args.get(NEXT, "")
    return wanted if _OWN_ADDRESS.fullmatch(wanted) and not wanted.startswith("//") else ""
