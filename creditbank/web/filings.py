"""Filings (备案): providers submit and mend them, officials approve, return or refuse them."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.catalogue import Problem
from creditbank.clock import civil_day
from creditbank.crediting.amendments import amendments_of, changes_between, plans_of
from creditbank.crediting.filing_sheet import (
    Estimate,
    FilingSheet,
    changed_between,
    estimated,
    filing_sheet,
)
from creditbank.crediting.filing_steps import Ending, Measure
from creditbank.crediting.holding import held_for
from creditbank.crediting.roster_works import works_for
from creditbank.house import current_house
from creditbank.registry.clients import Client, Scope, organisation_seen
from creditbank.registry.filing.choices import filing_choices
from creditbank.registry.filing.deciding import decides, filing_to_decide
from creditbank.registry.filing.due import due_day_of, overdue_filings
from creditbank.registry.filing.filings import (
    FilingNotReturnedError,
    approve_filing,
    draft_of,
    filing_seen,
    refuse_filing,
    require_version,
    return_filing,
    submit_again,
    submit_filing,
)
from creditbank.registry.filing.history import FilingAct
from creditbank.registry.filing.kinds import FilingKind
from creditbank.registry.filing.states import (
    FilingState,
    FilingStep,
    possible_steps,
    require_step,
    takes_rosters,
)
from creditbank.registry.filing.unfinished import Gap, UnfinishedFiling, save_new_draft, unfinished
from creditbank.registry.lookups import (
    FilingsWanted,
    filings_page,
    organisation_of,
    place_of_filing,
)
from creditbank.registry.models import Filing, FilingDraftRow, Organisation
from creditbank.rules.explain import Sentence, explain_conversion, name_of
from creditbank.rules.pack import PackChain
from creditbank.web import forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.filing_forms import (
    as_typed,
    facts_offered,
    filing_draft,
    hours,
    unfinished_filing,
)
from creditbank.web.forms import ReasonWantedError
from creditbank.web.pages import page, reader_language

PAGE_LINES = 20


class Step(StrEnum):
    """What a button of the form asks for."""

    MORE = "more"
    KIND = "kind"
    ESTIMATE = "estimate"
    SUBMIT = "submit"
    SAVE = "save"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Worth:
    """What sessions are worth for the same reasons: the first of them, how many, and why."""

    day: date
    sessions: int
    centihours: int
    why: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the form shows: a new filing, one that was returned, or a draft with its findings."""

    content: UnfinishedFiling | None = None
    estimate: Estimate | None = None
    #: the filing that is mended, and why it came back
    filing_no: str = ""
    reason: str = ""
    draft: FilingDraftRow | None = None
    gaps: Sequence[Gap] = ()
    faults: Sequence[Problem] = ()


filings = Pages("filings", __name__)


@filings.shown("/filings", able(Scope.FILING_READ), menu="filings")
def overview(visit: Visit, session: Session) -> Response:
    """List filings: a provider's own, an official's region; newest first, page by page."""
    client, search = visit.client, request.args.get("q", "").strip()[:100]
    state = request.args.get("state", "")
    state = state if state in set(FilingState) else ""
    official = Scope.FILING_DECIDE in client.scopes
    mine = official and request.args.get("mine") == "yes"
    wanted = FilingsWanted(
        jurisdiction=client.jurisdiction,
        organisation_id=organisation_seen(client),
        state=state,
        before=place_of_filing(session, request.args.get("before", "")[:20]),
        limit=PAGE_LINES,
        search=search,
        decided_by=client.jurisdiction if mine else "",
        delegated_on=civil_day(visit.now),
    )
    found = filings_page(session, wanted)
    lines = [(each, organisation_of(session, each.organisation_id)) for each in found[:PAGE_LINES]]
    narrowed = bool(state or search or wanted.before or mine)
    late = _late(session, visit) if official and not narrowed else []
    return page(
        "filings.html", lines=lines, more=len(found) > PAGE_LINES, state=state, search=search,
        states=list(map(str, FilingState)), may_file=Scope.FILING_SUBMIT in client.scopes,
        own_id=organisation_seen(client),
        narrowed=narrowed, late=late, official=official, mine=mine,
    )  # fmt: skip


@filings.shown("/filings/new", able(Scope.FILING_SUBMIT), menu="file")
def new(visit: Visit, session: Session) -> Response:
    """Show an empty form, or what was typed into it."""
    return show_form(session, visit, Shown())


@filings.sent("/filings/new", able(Scope.FILING_SUBMIT), shows=new)
def submit(visit: Visit, session: Session) -> Response:
    """Give the form more days, work out its hours, keep it as a draft, or submit it."""
    step = forms.chosen("step", Step)
    if step in {Step.MORE, Step.KIND}:
        return show_form(session, visit, Shown())
    provider = organisation_of(session, organisation_seen(visit.client))
    visit.client.require_region(provider.jurisdiction)
    if step is Step.SAVE:
        content, actor = unfinished_filing(), visit.client.client_id
        kept = save_new_draft(session, content, provider, actor=actor, now=visit.now)
        return see("web.filing_drafts.draft", "filing-draft-saved", draft_no=kept.draft_no)
    draft = filing_draft()
    if step is Step.ESTIMATE:
        worth = estimated(session, draft, provider.jurisdiction)
        return show_form(session, visit, Shown(estimate=worth))
    filing = submit_filing(session, draft, provider, actor=visit.client.client_id, now=visit.now)
    return see("web.filings.one", "filing-submitted", filing_no=filing.filing_no)


@filings.shown("/filings/<public:filing_no>", able(Scope.FILING_READ))
def one(visit: Visit, session: Session, filing_no: str) -> Response:
    """Show a filing with its sessions, bounds, hours, rosters and history."""
    today, client = civil_day(visit.now), visit.client
    sheet = filing_sheet(session, client, filing_no, today)
    is_official = Scope.FILING_DECIDE in client.scopes
    deciding = is_official and decides(client, sheet.filing)
    files = Scope.FILING_SUBMIT in client.scopes and sheet.delegate_id is None
    posts = Scope.ROSTER_POST in client.scopes and takes_rosters(sheet.filing, today)
    possible = possible_steps(FilingState(sheet.filing.state))
    held = held_for(session, filing_no, client.client_id, now=visit.now) if posts else None
    return page(
        "filing.html", facts=json.loads(sheet.filing.facts), sheet=sheet, filing=sheet.filing,
        history=_told(sheet), held=held,
        names=_names(sheet.estimate.law if sheet.estimate else None, sheet.filing),
        estimate=_explained(sheet.estimate), posts=posts,
        works=works_for(session, filing_no, client.client_id) if posts else [],
        decides=deciding and sheet.filing.state == "submitted",
        elsewhere=is_official and not deciding,
        due=due_day_of(sheet.filing, current_house().settings.filing_decide_working_days),
        copies=files, amends=files and FilingStep.AMEND in possible, files=files,
        amendments=[
            (each, changes_between(*plans_of(each))) for each in amendments_of(session, filing_no)
        ],
        decides_amendments=deciding,
        mends=files and sheet.filing.state == "returned",
        sees_people=Scope.ATTENDANCE_WITHDRAW in client.scopes and sheet.delegate_id is None,
        endings=_offered(Ending, possible) if files else [],
        measures=_offered(Measure, possible) if deciding else [],
        reviews=Scope.FILING_DECIDE in client.scopes and sheet.filing.state == "revoked",
        today=today.isoformat(),
    )  # fmt: skip


@filings.shown("/filings/<public:filing_no>/resubmission", able(Scope.FILING_SUBMIT))
def mend(visit: Visit, session: Session, filing_no: str) -> Response:
    """Show a returned filing in the form, to be mended."""
    filing = filing_seen(session, visit.client, filing_no)
    require_step(filing, FilingStep.RESUBMIT, FilingNotReturnedError)
    content = unfinished(draft_of(session, filing, filing.asked_centihours))
    return show_form(session, visit, Shown(content, filing_no=filing_no, reason=filing.reason))


@filings.sent("/filings/<public:filing_no>/resubmission", able(Scope.FILING_SUBMIT), shows=mend)
def file_again(visit: Visit, session: Session, filing_no: str) -> Response:
    """Submit a returned filing again; or more days, or its hours, as in the empty form."""
    filing, step = filing_seen(session, visit.client, filing_no), forms.chosen("step", Step)
    if step in {Step.MORE, Step.KIND}:
        return show_form(session, visit, Shown(filing_no=filing_no, reason=filing.reason))
    draft = filing_draft()
    if step is Step.ESTIMATE:
        worth = estimated(session, draft, filing.jurisdiction)
        shown = Shown(estimate=worth, filing_no=filing_no, reason=filing.reason)
        return show_form(session, visit, shown)
    submit_again(session, filing_no, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.filings.one", "filing-resubmitted", filing_no=filing_no)


@filings.sent("/filings/<public:filing_no>/approval", able(Scope.FILING_DECIDE), shows=one)
def approve(visit: Visit, session: Session, filing_no: str) -> Response:
    """Approve the version that was read."""
    _read_version(session, visit.client, filing_no)
    approve_filing(
        session,
        filing_no,
        actor=visit.client.client_id,
        reason=forms.typed("reason"),
        approved_centihours=hours("approved_hours"),
        now=visit.now,
    )
    return see("web.filings.one", "filing-approved", filing_no=filing_no)


@filings.sent("/filings/<public:filing_no>/return", able(Scope.FILING_DECIDE), shows=one)
def send_back(visit: Visit, session: Session, filing_no: str) -> Response:
    """Return the version that was read, with reasons."""
    _read_version(session, visit.client, filing_no)
    actor, reason = visit.client.client_id, reason_typed()
    return_filing(session, filing_no, actor=actor, reason=reason, now=visit.now)
    return see("web.filings.one", "filing-returned", filing_no=filing_no)


@filings.sent("/filings/<public:filing_no>/refusal", able(Scope.FILING_DECIDE), shows=one)
def refuse(visit: Visit, session: Session, filing_no: str) -> Response:
    """Refuse the version that was read, with reasons."""
    _read_version(session, visit.client, filing_no)
    actor, reason = visit.client.client_id, reason_typed()
    refuse_filing(session, filing_no, actor=actor, reason=reason, now=visit.now)
    return see("web.filings.one", "filing-refused", filing_no=filing_no)


def _late(session: Session, visit: Visit) -> list[tuple[Filing, date | None, Organisation]]:
    """Return what was not decided in time in the official's region, by when, and whose it is."""
    days, region = current_house().settings.filing_decide_working_days, visit.client.jurisdiction
    return [
        (each, due_day_of(each, days), organisation_of(session, each.organisation_id))
        for each in overdue_filings(session, region, days, limit=PAGE_LINES, now=visit.now)
    ]


def _offered(words: type[StrEnum], possible: Collection[FilingStep]) -> list[str]:
    """Return which of these steps are possible."""
    return [str(each) for each in words if each in possible]


def _read_version(session: Session, client: Client, filing_no: str) -> None:
    filing_to_decide(session, client, filing_no)
    require_version(session, filing_no, forms.whole("version"))


def reason_typed() -> str:
    """Return the reason that somebody will read.

    Raises:
        ReasonWantedError: none was typed.
    """
    reason = forms.typed("reason")
    if not reason:
        raise ReasonWantedError
    return reason


def show_form(session: Session, visit: Visit, shown: Shown) -> Response:
    """Show the form of a filing, filled with what was just typed, else with what is shown."""
    provider = organisation_of(session, organisation_seen(visit.client))
    choices = filing_choices(session, provider.jurisdiction, civil_day(visit.now))
    language = reader_language()
    offered = {
        kind: [(each, name_of(kind, each, language, choices.law)) for each in found]
        for kind, found in (
            ("activity", choices.activities), ("form", choices.forms),
            ("release", choices.releases), ("subject", choices.subjects),
        )
    }  # fmt: skip
    filled, estimate = as_typed(shown.content), shown.estimate
    return page(
        "filing_form.html", filled=filled, kinds=list(map(str, FilingKind)),
        facts=facts_offered(filled.fields["kind"]), offered=offered, shown=shown,
        estimate=_explained(estimate),
        person_centihours=estimate.person_centihours if estimate else 0,
    )  # fmt: skip


def _names(law: PackChain | None, filing: object) -> Mapping[str, str]:
    """Return what the filing's ids are called."""
    language = reader_language()
    kinds = ("activity", "form", "release", "subject")
    return {kind: name_of(kind, getattr(filing, kind), language, law) for kind in kinds}


def _explained(estimate: Estimate | None) -> list[Worth]:
    """Explain what each session is worth, once for all that are worth it for the same reasons."""
    if estimate is None:
        return []
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for place, each in enumerate(estimate.conversions):
        used = tuple(step.value and (step.value.key, step.value.from_) for step in each.steps)
        alike[each.centihours, each.credited_year, used].append(place)
    return [
        Worth(
            estimate.days[places[0]],
            len(places),
            estimate.conversions[places[0]].centihours,
            explain_conversion(estimate.conversions[places[0]], reader_language(), estimate.law),
        )
        for places in alike.values()
    ]


def _told(sheet: FilingSheet) -> list[tuple[FilingAct, list[str], datetime]]:
    """Tell each act, and what a version says otherwise than the one before it."""
    told, before = [], None
    for act in sheet.history:
        changes: list[str] = []
        if "sessions" in act.said and act.kind != "filing.approved":
            changes = changed_between(before, act.said) if before else []
            if act.kind != "filing.amendment-asked":
                before = act.said
        told.append((act, changes, act.recorded_at))
    return told
