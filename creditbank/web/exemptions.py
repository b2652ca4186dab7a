"""The register of exemptions by pages: enterprises file, officials decide; who lost the right."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind
from creditbank.registry.clients import Role, Scope
from creditbank.registry.lawbook import law_at, law_of
from creditbank.registry.lookups import organisation_of
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.rules.applying import facts_of_register
from creditbank.rules.asking import Answer, AskedFact, facts_asked, named_on
from creditbank.rules.explain_answer import explain_trial
from creditbank.rules.pack import PackChain
from creditbank.rules.pathways import pathway_of
from creditbank.rules.stated import Question
from creditbank.schemas.exemptions import (
    PAPER_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    shaped_exemption,
)
from creditbank.schemas.organisations import DOCUMENT_CHARACTERS_MAX
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.verification.exemption_models import Exemption
from creditbank.verification.exemption_rights import (
    Finding,
    FindingDraft,
    finding_numbered,
    findings_page,
    lift_finding,
    record_finding,
)
from creditbank.verification.exemption_steps import (
    Decided,
    Decision,
    decide_exemption,
    give_back,
    revoke_exemption,
    weigh_now,
)
from creditbank.verification.exemptions import (
    ExemptionDraft,
    ExemptionState,
    ExemptionsWanted,
    Paper,
    exemption_seen,
    exemptions_page,
    file_again,
    file_exemption,
    filer_for,
    locked_exemption,
)
from creditbank.verification.status_told import employments_on
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.organisations_desk import ground_typed
from creditbank.web.pages import page, reader_language
from creditbank.web.verdicts import called_by, stated_facts, word_of

_SHOWN = 100
_WAIVER = "waiver"
_ONE = "/exemptions/<public:exemption_no>"
_TYPED = (
    "document_kind", "series", "specialty", "level", "application_day", "enterprise",
    "valid_from", "valid_through", "employed_from", "employed_through", "reason", "expires_on",
    "document_no", "document_day", "decision", "finding", "copied_to", "copied_on", "uscc",
)  # fmt: skip

exemptions = Pages("exemptions", __name__)


@dataclass(frozen=True, slots=True)
class Form:
    """What the form of a pathway asks about: titles that it covers, facts, papers."""

    pathway: str
    scheme: str
    series: tuple[str, ...]
    levels: tuple[str, ...]
    facts: tuple[AskedFact, ...]
    papers: tuple[str, ...]
    employs: bool
    called: Callable[[str, str], str]


@exemptions.shown("/exemptions", able(Scope.EXEMPTION_READ), menu="exemptions")
def overview(visit: Visit, session: Session) -> Response:
    """List what was filed: the own applications, an official's region."""
    wanted = ExemptionsWanted(_state_asked(), None, _SHOWN)
    found = exemptions_page(session, visit.client, wanted)[:_SHOWN]
    laws = {each.scheme: law_of(session, each.scheme) for each in found}
    return page(
        "exemptions.html",
        lines=[(shaped_exemption(session, each), called_by(laws[each.scheme])) for each in found],
        states=list(map(str, ExemptionState)), state=_state_asked(),
        files=Scope.EXEMPTION_FILE in visit.client.scopes,
    )  # fmt: skip


@exemptions.shown("/exemptions/new", able(Scope.EXEMPTION_FILE))
def new(visit: Visit, session: Session) -> Response:
    """Choose the pathway first, then fill in its form."""
    law, day = law_at(session, visit.client.jurisdiction), civil_day(visit.now)
    asked = request.values.get("pathway", "")
    named = named_on(law, day).pathways
    if asked not in (*named, _WAIVER):
        waives = any(law.values_on("waiver", day))
        return page("exemption_choose.html", pathways=named, waives=waives, called=called_by(law))
    return _form_page(visit, _form(law, "" if asked == _WAIVER else asked, visit), None)


@exemptions.sent("/exemptions/new", able(Scope.EXEMPTION_FILE), shows=new)
def send(visit: Visit, session: Session) -> Response:
    """File an application."""
    law = law_at(session, visit.client.jurisdiction)
    asked = word_of("pathway")
    form = _form(law, "" if asked == _WAIVER else asked, visit)
    identity, draft = forms.identity(), _draft(form)
    uscc = forms.typed("enterprise")
    filer = filer_for(session, visit.client, identity, draft, uscc, today=civil_day(visit.now))
    made = file_exemption(session, current_house().vault, filer, draft, now=visit.now)
    return see("web.exemptions.one", "exemption-filed", exemption_no=made.exemption_no)


@exemptions.shown(_ONE, able(Scope.EXEMPTION_READ))
def one(visit: Visit, session: Session, exemption_no: str) -> Response:
    """Show an exemption, what the rules say of it now, and what may be done with it."""
    found, client = exemption_seen(session, visit.client, exemption_no), visit.client
    law = law_of(session, found.scheme)
    decides = Scope.EXEMPTION_DECIDE in client.scopes
    weighed, room, employed = None, None, []
    if decides and found.state == ExemptionState.SUBMITTED:
        weighed, room = weigh_now(session, found, civil_day(visit.now))
        vault, day = current_house().vault, found.application_day
        employed = employments_on(session, vault, [found.person_id], day)
    draft = LookDraft(Shown.EXEMPTION, exemption_no)
    looked([found.person_id], draft, client, now=visit.now)
    return page(
        "exemption.html", each=shaped_exemption(session, found), called=called_by(law),
        decides=decides, files=Scope.EXEMPTION_FILE in client.scopes, room=room,
        against=explain_trial(weighed.trial, reader_language(), law) if weighed else None,
        typed=forms.all_typed(_TYPED), employed=employed,
    )  # fmt: skip


@exemptions.shown(f"{_ONE}/resubmission", able(Scope.EXEMPTION_FILE))
def again(visit: Visit, session: Session, exemption_no: str) -> Response:
    """Show the form of a returned application once more."""
    found = exemption_seen(session, visit.client, exemption_no)
    law = law_of(session, found.scheme)
    return _form_page(visit, _form(law, found.pathway, visit), found)


@exemptions.sent(f"{_ONE}/resubmission", able(Scope.EXEMPTION_FILE), shows=again)
def send_again(visit: Visit, session: Session, exemption_no: str) -> Response:
    """File a returned application again."""
    exemption_seen(session, visit.client, exemption_no)
    found = locked_exemption(session, exemption_no)
    draft = _draft(_form(law_of(session, found.scheme), found.pathway, visit))
    vault, actor = current_house().vault, visit.client.client_id
    file_again(session, vault, found, draft, actor=actor, now=visit.now)
    return see("web.exemptions.one", "exemption-filed", exemption_no=exemption_no)


@exemptions.sent(f"{_ONE}/withdrawal", able(Scope.EXEMPTION_FILE), shows=one)
def withdraw(visit: Visit, session: Session, exemption_no: str) -> Response:
    """Withdraw an application, or give an approval back."""
    exemption_seen(session, visit.client, exemption_no)
    reason = fields.text("reason", "exemption-reason", REASON_CHARACTERS_MAX)
    give_back(
        session, current_house().vault, exemption_no, reason=reason,
        actor=visit.client.client_id, now=visit.now,
    )  # fmt: skip
    return see("web.exemptions.one", "exemption-withdrawn", exemption_no=exemption_no)


@exemptions.sent(f"{_ONE}/decision", able(Scope.EXEMPTION_DECIDE), shows=one)
def decide(visit: Visit, session: Session, exemption_no: str) -> Response:
    """Approve, return or refuse."""
    exemption_seen(session, visit.client, exemption_no)
    decision = forms.chosen("decision", Decision)
    reason = fields.text(
        "reason", "exemption-reason", REASON_CHARACTERS_MAX,
        wanted=decision is not Decision.APPROVE,
    )  # fmt: skip
    decided = Decided(decision, reason, forms.day("expires_on"))
    decide_exemption(
        session, current_house().vault, exemption_no, decided, actor=visit.client.client_id,
        now=visit.now,
    )  # fmt: skip
    return see("web.exemptions.one", "exemption-decided", exemption_no=exemption_no)


@exemptions.sent(f"{_ONE}/revocation", able(Scope.EXEMPTION_DECIDE), shows=one)
def revoke(visit: Visit, session: Session, exemption_no: str) -> Response:
    """Revoke an approval for a finding."""
    exemption_seen(session, visit.client, exemption_no)
    revoke_exemption(
        session, current_house().vault, exemption_no, ground_typed(wanted=True),
        actor=visit.client.client_id, now=visit.now,
    )  # fmt: skip
    return see("web.exemptions.one", "exemption-revoked", exemption_no=exemption_no)


@exemptions.shown(
    "/desk/recommendation-findings", able(Scope.EXEMPTION_DECIDE), menu="recommendation-findings"
)
def findings(visit: Visit, session: Session) -> Response:
    """List the enterprises that lost the right to recommend, with a form for another."""
    return page(
        "recommendation_findings.html",
        lines=findings_page(session, visit.client.jurisdiction, _SHOWN),
        kinds=list(map(str, Finding)), typed=forms.all_typed(_TYPED),
    )  # fmt: skip


@exemptions.sent("/desk/recommendation-findings", able(Scope.EXEMPTION_DECIDE), shows=findings)
def find(visit: Visit, session: Session) -> Response:
    """Record fraud or laxity of an enterprise."""
    enterprise = organisation_by_uscc(session, forms.typed("uscc"))
    visit.client.require_region(enterprise.jurisdiction)
    copied_on = forms.day("copied_on")
    if copied_on is None:
        raise fields.empty("finding-copied-on")
    draft = FindingDraft(
        forms.chosen("finding", Finding), ground_typed(wanted=True),
        fields.text("copied_to", "finding-copied-to", DOCUMENT_CHARACTERS_MAX), copied_on,
    )  # fmt: skip
    record_finding(session, enterprise, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.exemptions.findings", "finding-recorded")


@exemptions.sent(
    "/desk/recommendation-findings/<public:finding_no>/lifting", able(Scope.EXEMPTION_DECIDE)
)
def lift(visit: Visit, session: Session, finding_no: str) -> Response:
    """Give the right to recommend back."""
    found = finding_numbered(session, finding_no)
    visit.client.require_region(organisation_of(session, found.organisation_id).jurisdiction)
    ground = ground_typed(wanted=True)
    lift_finding(session, finding_no, ground, actor=visit.client.client_id, now=visit.now)
    return see("web.exemptions.findings", "finding-lifted")


def _form_page(visit: Visit, form: Form, found: Exemption | None) -> Response:
    typed = {name: forms.typed(name) for name in _TYPED}
    said = json.loads(found.said) if found else {"days": {}}
    kept = {name: str(getattr(found, name)) for name in ("series", "specialty", "level")
            if found}  # fmt: skip
    kept |= {"application_day": found.application_day.isoformat()} if found else {}
    return page(
        "exemption_form.html", form=form, found=found, kinds=list(map(str, DocumentKind)),
        on_behalf=visit.client.role is Role.TITLE_SYSTEM and found is None,
        typed={
            **dict.fromkeys(_TYPED, ""), **kept, **said["days"],
            **{name: text for name, text in typed.items() if text},
        },
        yes_or_no=Answer.YES_OR_NO,
    )  # fmt: skip


def _form(law: PackChain, pathway: str, visit: Visit) -> Form:
    day = civil_day(visit.now)
    value = law.value_on(f"pathway.{pathway}", day)
    rule = pathway_of(value) if value is not None else None
    series = rule.series if rule and rule.series else named_on(law, day).series
    own = facts_of_register(law, day)
    # Which title is asked about does not change what a pathway asks; of a waiver any will do.
    question = Question(series[0] if series else "any", "any", day, {}, pathway=pathway)
    asked = facts_asked(question, law)
    conditions = {each.fact for each in rule.conditions} if rule else {
        each.name for each in asked if each.answer is Answer.YES_OR_NO
    }  # fmt: skip
    return Form(
        pathway, law.scheme, series, rule.levels if rule else (),
        tuple(each for each in asked if each.name in conditions - own),
        rule.evidence if rule and rule.evidence else ("proof",),
        rule is None or bool(conditions & own), called_by(law),
    )  # fmt: skip


def _draft(form: Form) -> ExemptionDraft:
    application_day, valid_from = forms.day("application_day"), forms.day("valid_from")
    if application_day is None:
        raise fields.empty("field-application-day")
    if valid_from is None:
        raise fields.empty("exemption-valid-from")
    papers = {
        name: Paper(
            fields.text(f"paper-{name}", "exemption-paper", PAPER_CHARACTERS_MAX),
            forms.digest_of_file(f"file-{name}"),
        )
        for name in form.papers
    }
    return ExemptionDraft(
        form.scheme, word_of("series", needed_=True), word_of("specialty"),
        word_of("level", needed_=True), form.pathway, application_day, stated_facts(), papers,
        valid_from, forms.day("valid_through"), forms.day("employed_from"),
        forms.day("employed_through"),
    )  # fmt: skip


def _state_asked() -> str:
    asked = request.args.get("state", "")
    return asked if asked in list(ExemptionState) else ""
