"""The desk for investigations (核查): hours are frozen, and released or reversed in the end."""

import re

from flask import Response
from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.crediting.cases import (
    CasesWanted,
    cases_of,
    cases_page,
    credits_held,
    source_in_region,
)
from creditbank.crediting.investigations import (
    InvestigationDraft,
    InvestigationReason,
    Outcome,
    close_investigation,
    investigation_numbered,
    open_investigation,
)
from creditbank.crediting.models import Investigation
from creditbank.house import current_house
from creditbank.ledger.sources import SourceUnknownError
from creditbank.people.documents import DocumentKind
from creditbank.registry.clients import Scope
from creditbank.schemas.investigations import ABOUT_PATTERN, CASE_CHARACTERS_MAX
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import (
    Slice,
    asked,
    asked_number,
    asked_place,
    cursor_of,
    law_if_any,
    namer,
    scheme_called,
    shown,
)

CASES_SHOWN = 25
CREDITS_SHOWN = 50
_ABOUT_CHARACTERS_MAX = 40
_ABOUT = re.compile(ABOUT_PATTERN, re.ASCII)
_INVESTIGATES = able(Scope.HOURS_INVESTIGATE)

investigations_desk = Pages("investigations_desk", __name__)
_CASE = "/desk/investigations/<public:investigation_no>"


@investigations_desk.shown("/desk/investigations", _INVESTIGATES, menu="investigations")
def overview(visit: Visit, session: Session) -> Response:
    """List the region's investigations, newest first; by the number of the office's file."""
    case_no = asked("case_no")
    wanted = CasesWanted(visit.client.jurisdiction, case_no, "", asked_place("before"), CASES_SHOWN)
    found = cases_page(session, wanted)
    page, next_ = found[:CASES_SHOWN], ""
    if len(found) > CASES_SHOWN:
        last = page[-1].investigation
        next_ = cursor_of(last.opened_at, last.investigation_no)
    return shown("desk_investigations.html", cases=page, case_no=case_no, next=next_)


@investigations_desk.shown("/desk/investigations/new", _INVESTIGATES)
def new(_visit: Visit, _session: Session) -> Response:
    """Ask what is to be looked into, and why."""
    typed = {name: forms.typed(name) for name in ("about", "case_no", "reason")}
    return shown(
        "desk_investigation_new.html", typed=typed, reasons=list(map(str, InvestigationReason)),
        kinds=list(map(str, DocumentKind)),
    )  # fmt: skip


@investigations_desk.sent("/desk/investigations/new", _INVESTIGATES, shows=new)
def open_case(visit: Visit, session: Session) -> Response:
    """Open an investigation: what stands within its reach is frozen."""
    about = fields.text("about", "investigation-source", _ABOUT_CHARACTERS_MAX).upper()
    source_no = about.partition("/")[0]
    if not _ABOUT.fullmatch(about):
        raise SourceUnknownError(source_no=about[:20])
    source_in_region(session, source_no, visit.client)
    draft = InvestigationDraft(
        source_no=source_no,
        case_no=fields.text("case_no", "desk-item-case", CASE_CHARACTERS_MAX),
        reason=forms.chosen("reason", InvestigationReason),
        actor=visit.client.client_id,
        identity=forms.identity() if _names_somebody() else None,
        occasion=about if "/" in about else "",
    )
    made = open_investigation(session, current_house().vault, draft, now=visit.now)
    where = {"investigation_no": made.investigation_no}
    return see("web.investigations_desk.one", "investigation-opened", **where)


@investigations_desk.shown(_CASE, _INVESTIGATES)
def one(visit: Visit, session: Session, investigation_no: str) -> Response:
    """Show an investigation with what it held and how that stands now."""
    [case] = cases_of(session, [_seen(visit, session, investigation_no)])
    law = law_if_any(session, case.scheme)
    part = Slice.of(case.credits, asked_number("page", 1), CREDITS_SHOWN)
    held = credits_held(
        session, current_house().vault, investigation_no,
        (part.number - 1) * CREDITS_SHOWN, CREDITS_SHOWN,
    )  # fmt: skip
    people = [each.credit.person_id for each in held]
    draft = LookDraft(Shown.INVESTIGATION, investigation_no, case.investigation.case_no)
    looked(people, draft, visit.client, now=visit.now)
    return shown(
        "desk_investigation.html", case=case, found=case.investigation, held=held, slice=part,
        named=namer(law), scheme=scheme_called(case.scheme, law),
    )  # fmt: skip


@investigations_desk.sent(f"{_CASE}/closing", _INVESTIGATES, shows=one)
def close_case(visit: Visit, session: Session, investigation_no: str) -> Response:
    """Close an investigation: its hours count again, or are reversed."""
    _seen(visit, session, investigation_no)
    outcome, vault = forms.chosen("outcome", Outcome), current_house().vault
    close_investigation(
        session, vault, investigation_no, outcome, actor=visit.client.client_id, now=visit.now
    )
    where = {"investigation_no": investigation_no}
    return see("web.investigations_desk.one", f"investigation-{outcome}", **where)


def _names_somebody() -> bool:
    return bool(forms.typed("document_number") or forms.typed("person_name"))


def _seen(visit: Visit, session: Session, investigation_no: str) -> Investigation:
    """Return an investigation of the own region.

    Raises:
        InvestigationUnknownError, RegionForeignError: there is none, or it is another region's.
    """
    found = investigation_numbered(session, investigation_no)
    visit.client.require_region(found.jurisdiction)
    return found
