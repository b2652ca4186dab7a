"""One's own account: password, second factor, sessions, identity, claims of organisations."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.accounts.accounts import account_numbered
from creditbank.accounts.claims import ClaimDraft, own_claims, submit_claim
from creditbank.accounts.factors import (
    confirm_second_factor,
    draft_second_factor,
    drafted_secret,
    drop_second_factor,
    make_recovery_codes,
    provisioning_uri,
    recovery_codes_left,
)
from creditbank.accounts.sessions import Stage, end_own_session, own_sessions
from creditbank.accounts.sign_in import Login
from creditbank.certificates.qr import drawn
from creditbank.db import writing
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind, read_document
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import OF_AN_ORGANISATION, Role
from creditbank.web import forms
from creditbank.web.cookies import keep_token, visitor
from creditbank.web.doors import SIGNED_IN, Opens, Pages, Unit, Visit, see
from creditbank.web.entering import hours_attached, password_changed
from creditbank.web.pages import page

#: The second factor is set up before anything else opens, and anew from an open account.
_ENROLS = Opens(stages=frozenset({Stage.ENROLMENT, Stage.SEAT, Stage.OPEN}))
CLAIMED_ROLES = sorted(OF_AN_ORGANISATION)

account = Pages("account", __name__)


@account.shown("/account", SIGNED_IN)
def overview(visit: Visit, session: Session) -> Response:
    """Show one's own account."""
    signed, settings = visit.signed, current_house().settings
    return page(
        "account.html",
        sessions=own_sessions(session, signed, settings, now=visit.now),
        codes_left=recovery_codes_left(session, signed.account_id),
        claims=own_claims(session, signed.account_id, now=visit.now),
        provider=bool(settings.oidc_issuer),
    )


@account.sent("/account/sessions", SIGNED_IN)
def end_session(visit: Visit, session: Session) -> Response:
    """End one of one's own sessions."""
    session_no = forms.typed("session_no")
    end_own_session(session, visit.signed, session_no, now=visit.now)
    if session_no == visit.signed.session_no:
        keep_token("")
        return see("web.entrance.sign_in", "signed-out")
    return see("web.account.overview", "session-ended")


@account.shown("/account/password", SIGNED_IN)
def password(_visit: Visit, _session: Session) -> Response:
    """Ask for the present password and a new one."""
    return page("password.html", least=current_house().settings.password_characters_min)


@account.sent("/account/password", SIGNED_IN, shows=password, unit=Unit.OWN)
def change_password(visit: Visit) -> Response:
    """Set another password; every other session ends."""
    new = forms.new_password()
    present = forms.password("present_password")
    keep_token(password_changed(visit.signed, present, new, visitor(), now=visit.now))
    return see("web.account.overview", "password-set")


@account.shown("/account/second-factor", _ENROLS)
def enrolment(visit: Visit, session: Session) -> Response:
    """Show how to set up the second factor, and the QR code once it was asked for."""
    secret = drafted_secret(session, current_house().vault, visit.signed)
    if not secret:
        return page("enrolment.html", drawing=None, secret="")
    uri = provisioning_uri(secret, visit.signed, the_bank(session).host)
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return page("enrolment.html", drawing=drawn(uri), secret=grouped)


@account.sent("/account/second-factor", _ENROLS, shows=enrolment)
def draft(visit: Visit, session: Session) -> Response:
    """Draw a new secret to be scanned."""
    draft_second_factor(session, current_house().vault, visit.signed)
    return see("web.account.enrolment")


@account.sent("/account/second-factor/confirmation", _ENROLS, shows=enrolment, unit=Unit.OWN)
def confirm(visit: Visit) -> Response:
    """Take the secret that was scanned into use; show the recovery codes, once."""
    vault, typed = current_house().vault, forms.typed("code")
    with writing() as session:
        outcome = confirm_second_factor(session, vault, visit.signed, typed, now=visit.now)
    if isinstance(outcome, CreditBankError):
        raise outcome
    token, codes = outcome
    keep_token(token)
    return page("recovery_codes.html", codes=codes)


@account.sent("/account/second-factor/removal", SIGNED_IN, shows=overview, unit=Unit.OWN)
def remove(visit: Visit) -> Response:
    """Do without a second factor."""
    vault, typed = current_house().vault, forms.typed("code")
    with writing() as session:
        refused = drop_second_factor(session, vault, visit.signed, typed, now=visit.now)
    if refused is not None:
        raise refused
    return see("web.account.overview", "second-factor-removed")


@account.sent("/account/recovery-codes", SIGNED_IN, shows=overview)
def new_codes(visit: Visit, session: Session) -> Response:
    """Make new recovery codes; show them, once."""
    codes = make_recovery_codes(session, current_house().vault, visit.signed, now=visit.now)
    return page("recovery_codes.html", codes=codes)


@account.shown("/account/hours", SIGNED_IN)
def hours(_visit: Visit, _session: Session) -> Response:
    """Ask for the document and code by which one's own hours come to this account."""
    return page("hours.html", kinds=list(map(str, DocumentKind)))


@account.sent("/account/hours", SIGNED_IN, shows=hours, unit=Unit.OWN)
def attach(visit: Visit) -> Response:
    """Add a professional's seat to this account."""
    kind = forms.chosen("document_kind", DocumentKind)
    login = Login(document=read_document(kind, forms.typed("document_number")))
    code = forms.typed("code")
    keep_token(hours_attached(login, code, visit.signed, visitor(), now=visit.now))
    return see("web.entrance.seats", "hours-attached")


@account.shown("/account/claims", SIGNED_IN)
def claims(visit: Visit, session: Session) -> Response:
    """Ask which organisation somebody has a letter of authorisation for."""
    own = own_claims(session, visit.signed.account_id, now=visit.now)
    return page("claim.html", claims=own, roles=CLAIMED_ROLES)


@account.sent("/account/claims", SIGNED_IN, shows=claims)
def claim(visit: Visit, session: Session) -> Response:
    """Claim an organisation."""
    wanted = ClaimDraft(
        uscc=forms.typed("uscc"),
        role=forms.chosen("role", Role),
        reference=forms.typed("reference"),
        digest=forms.digest_of_file("letter"),
    )
    mine = account_numbered(session, visit.signed.account_no)
    submit_claim(session, mine, wanted, now=visit.now)
    return see("web.account.claims", "claim-submitted")
