"""Amendments of approved filings by pages: asked for by a form, decided on the filing's page."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.crediting.amendments import (
    AmendedSession,
    AmendmentDraft,
    approve_amendment,
    ask_amendment,
    plan_of,
    refuse_amendment,
    withdraw_amendment,
)
from creditbank.registry.clients import Scope
from creditbank.registry.filing.deciding import filing_to_decide
from creditbank.registry.filing.filings import filing_seen
from creditbank.registry.filing.states import FilingStep, require_step
from creditbank.web import forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.filing_forms import (
    SESSION_FIELD,
    as_amended,
    hours,
    numbered_sessions,
    seats_typed,
)
from creditbank.web.filings import one, reason_typed
from creditbank.web.pages import page

amendments = Pages("amendments", __name__)


@amendments.shown("/filings/<public:filing_no>/amendment", able(Scope.FILING_SUBMIT))
def form(visit: Visit, session: Session, filing_no: str) -> Response:
    """Show an approved filing in a form, to be changed."""
    filing = filing_seen(session, visit.client, filing_no)
    require_step(filing, FilingStep.AMEND)
    return page(
        "amendment_form.html", filing=filing, filled=as_amended(plan_of(session, filing)),
        session_field=SESSION_FIELD, reason=forms.typed("reason"),
    )  # fmt: skip


@amendments.sent("/filings/<public:filing_no>/amendment", able(Scope.FILING_SUBMIT), shows=form)
def ask(visit: Visit, session: Session, filing_no: str) -> Response:
    """Ask for what the form says."""
    filing_seen(session, visit.client, filing_no)
    sessions = tuple(AmendedSession(number, each) for number, each in numbered_sessions())
    draft = AmendmentDraft(seats_typed(), sessions, hours("asked_hours"), reason_typed())
    ask_amendment(session, filing_no, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.filings.one", "amendment-asked", filing_no=filing_no)


@amendments.sent(
    "/filings/<public:filing_no>/amendment/withdrawal", able(Scope.FILING_SUBMIT), shows=one
)
def withdraw(visit: Visit, session: Session, filing_no: str) -> Response:
    """Take back what was asked for."""
    filing_seen(session, visit.client, filing_no)
    version, actor = forms.whole("version"), visit.client.client_id
    withdraw_amendment(session, filing_no, version, actor=actor, now=visit.now)
    return see("web.filings.one", "amendment-withdrawn", filing_no=filing_no)


@amendments.sent(
    "/filings/<public:filing_no>/amendment/approval", able(Scope.FILING_DECIDE), shows=one
)
def approve(visit: Visit, session: Session, filing_no: str) -> Response:
    """Approve the amendment that was read."""
    filing_to_decide(session, visit.client, filing_no)
    version, reason = forms.whole("version"), forms.typed("reason")
    actor = visit.client.client_id
    approve_amendment(session, filing_no, version, actor=actor, reason=reason, now=visit.now)
    return see("web.filings.one", "amendment-approved", filing_no=filing_no)


@amendments.sent(
    "/filings/<public:filing_no>/amendment/refusal", able(Scope.FILING_DECIDE), shows=one
)
def refuse(visit: Visit, session: Session, filing_no: str) -> Response:
    """Refuse the amendment that was read, with reasons."""
    filing_to_decide(session, visit.client, filing_no)
    version, reason, actor = forms.whole("version"), reason_typed(), visit.client.client_id
    refuse_amendment(session, filing_no, version, actor=actor, reason=reason, now=visit.now)
    return see("web.filings.one", "amendment-refused", filing_no=filing_no)
