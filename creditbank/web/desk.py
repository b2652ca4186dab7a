"""The desk: one-time codes for those who come with their document, and claims by 授权书."""

from enum import StrEnum

from flask import Response
from sqlalchemy.orm import Session

from creditbank.accounts.accounts import AccountUnknownError, named_account
from creditbank.accounts.claims import claims_seen, decide_claim, give_opinion
from creditbank.accounts.desk_codes import issue_activation, issue_for_account
from creditbank.accounts.models import Account
from creditbank.accounts.sign_in import Login, account_of
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind, read_document
from creditbank.registry.clients import OF_AN_ORGANISATION, Scope
from creditbank.web import forms
from creditbank.web.doors import Opens, Pages, Visit, able, public_address, see
from creditbank.web.pages import page


class Opinion(StrEnum):
    """What a manager may say of a claim."""

    AGREES = "agrees"
    OBJECTS = "objects"


class Decision(StrEnum):
    """What an official may decide of a claim."""

    APPROVE = "approve"
    REFUSE = "refuse"


#: Whoever manages an organisation.
_MANAGES = Opens(roles=OF_AN_ORGANISATION, scope=Scope.SEAT_MANAGE)

desk = Pages("desk", __name__)


@desk.shown("/desk/codes", able(Scope.ACCOUNT_ACTIVATE), menu="codes")
def codes(_visit: Visit, _session: Session) -> Response:
    """Ask for whom an activation code is to be issued."""
    return page("desk_codes.html", kinds=list(map(str, DocumentKind)), issued=None)


@desk.sent("/desk/codes", able(Scope.ACCOUNT_ACTIVATE), shows=codes)
def issue_code(visit: Visit, session: Session) -> Response:
    """Issue an activation code; it is shown once."""
    house = current_house()
    issued = issue_activation(
        session, house.vault, forms.identity(), visit.client, house.settings, now=visit.now
    )
    where = public_address(session, "web.entrance.activation")
    kinds = list(map(str, DocumentKind))
    return page("desk_codes.html", kinds=kinds, issued=issued, where=where)


@desk.shown("/desk/recovery", able(Scope.ACCOUNT_RECOVER), menu="recovery")
def recovery(_visit: Visit, _session: Session) -> Response:
    """Ask whose password is lost."""
    return page("desk_recovery.html", kinds=forms.LOGIN_KINDS, issued=None)


@desk.sent("/desk/recovery", able(Scope.ACCOUNT_RECOVER), shows=recovery)
def recover(visit: Visit, session: Session) -> Response:
    """Issue a recovery code; it is shown once."""
    house = current_house()
    issued = issue_for_account(
        session, house.vault, _whose(session), visit.client, house.settings,
        document_seen=forms.ticked("document_seen"),
        resets_second_factor=forms.ticked("resets_second_factor"), now=visit.now,
    )  # fmt: skip
    where = public_address(session, "web.entrance.activation")
    return page("desk_recovery.html", kinds=forms.LOGIN_KINDS, issued=issued, where=where)


@desk.shown("/desk/claims", able(Scope.CLAIM_DECIDE), menu="claims")
def claims(visit: Visit, session: Session) -> Response:
    """Show the claims to be decided."""
    found = claims_seen(session, visit.client, now=visit.now)
    return page("desk_claims.html", claims=found, decides=True)


@desk.sent("/desk/claims/<public:claim_no>/decision", able(Scope.CLAIM_DECIDE))
def decide(visit: Visit, session: Session, claim_no: str) -> Response:
    """Decide a claim."""
    approve = forms.chosen("decision", Decision) is Decision.APPROVE
    reason = forms.typed("reason")
    decide_claim(session, visit.client, claim_no, approve=approve, reason=reason, now=visit.now)
    return see("web.desk.claims", "claim-approved" if approve else "claim-refused")


@desk.shown("/desk/second-claims", _MANAGES)
def second_claims(visit: Visit, session: Session) -> Response:
    """Show a manager who else claims the organisation."""
    found = claims_seen(session, visit.client, now=visit.now)
    return page("desk_claims.html", claims=found, decides=False)


@desk.sent("/desk/claims/<public:claim_no>/opinion", _MANAGES)
def opine(visit: Visit, session: Session, claim_no: str) -> Response:
    """Agree or object to somebody else's claim."""
    opinion, remark = str(forms.chosen("opinion", Opinion)), forms.typed("remark")
    give_opinion(session, visit.client, claim_no, opinion, remark, now=visit.now)
    return see("web.desk.second_claims", "opinion-given")


def _whose(session: Session) -> Account:
    """Return the account that somebody at the desk owns.

    Raises:
        AccountUnknownError: there is none of this name, number or document.
    """
    kind = forms.typed("login_kind")
    if kind == forms.BY_NAME:
        return named_account(session, forms.typed("login"))
    document = read_document(forms.chosen("login_kind", DocumentKind), forms.typed("login"))
    found = account_of(session, current_house().vault, Login(document=document))
    if found is None:
        raise AccountUnknownError
    return found
