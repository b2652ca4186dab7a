"""The desk for re-assessments (重新折算): asked for, proposed, approved by another, watched."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.crediting.models import Reassessment
from creditbank.crediting.reassessments import (
    ReassessmentDraft,
    ReassessmentState,
    ReassessmentsWanted,
    approve_reassessment,
    changes_counted,
    listed_count,
    propose_reassessment,
    reassessed_page,
    reassessment_numbered,
    reassessments_page,
    request_reassessment,
    told,
    withdraw_reassessment,
)
from creditbank.registry.clients import Scope
from creditbank.registry.lawbook import law_of
from creditbank.schemas.investigations import CASE_CHARACTERS_MAX
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import (
    Slice,
    asked_number,
    asked_place,
    cursor_of,
    law_if_any,
    namer,
    scheme_called,
    shown,
)

REASSESSMENTS_SHOWN = 25
CREDITS_SHOWN = 50
_SCHEME_CHARACTERS_MAX = 40
_SOURCE_CHARACTERS_MAX = 20
_REFRESH_SECONDS = 5
_AT_WORK = frozenset(
    {
        ReassessmentState.WAITING, ReassessmentState.REHEARSING, ReassessmentState.APPROVED,
        ReassessmentState.CARRYING,
    }
)  # fmt: skip
_WITHDRAWABLE = frozenset(
    {
        ReassessmentState.WAITING, ReassessmentState.REHEARSING, ReassessmentState.REHEARSED,
        ReassessmentState.PROPOSED,
    }
)  # fmt: skip
_REASSESSES = able(Scope.HOURS_REASSESS)

reassessments_desk = Pages("reassessments_desk", __name__)
_ONE = "/desk/reassessments/<public:reassessment_no>"


@reassessments_desk.shown("/desk/reassessments", _REASSESSES, menu="reassessments")
def overview(visit: Visit, session: Session) -> Response:
    """List the region's re-assessments, newest first."""
    region, place = visit.client.jurisdiction, asked_place("before")
    found = reassessments_page(session, ReassessmentsWanted(region, place, REASSESSMENTS_SHOWN))
    page, next_ = found[:REASSESSMENTS_SHOWN], ""
    if len(found) > REASSESSMENTS_SHOWN:
        next_ = cursor_of(page[-1].requested_at, page[-1].reassessment_no)
    return shown("desk_reassessments.html", found=page, next=next_)


@reassessments_desk.shown("/desk/reassessments/new", _REASSESSES)
def new(visit: Visit, _session: Session) -> Response:
    """Ask whose credits are to be converted again."""
    names = ("scheme", "case_no", "source_no", "earned_from", "earned_to")
    typed = {name: forms.typed(name) for name in names}
    typed["scheme"] = typed["scheme"] or visit.client.jurisdiction
    return shown("desk_reassessment_new.html", typed=typed)


@reassessments_desk.sent("/desk/reassessments/new", _REASSESSES, shows=new)
def start(visit: Visit, session: Session) -> Response:
    """Leave it to be rehearsed; no hours are moved."""
    scheme = fields.text("scheme", "reassessment-scheme", _SCHEME_CHARACTERS_MAX)
    visit.client.require_region(law_of(session, scheme).jurisdiction)
    source_no = fields.text(
        "source_no", "reassessment-source", _SOURCE_CHARACTERS_MAX, wanted=False
    )
    draft = ReassessmentDraft(
        scheme=scheme,
        case_no=fields.text("case_no", "desk-item-case", CASE_CHARACTERS_MAX),
        actor=visit.client.client_id,
        source_no=source_no.upper(),
        earned_from=forms.day("earned_from"),
        earned_to=forms.day("earned_to"),
    )
    made = request_reassessment(session, draft, now=visit.now)
    return _see(made.reassessment_no, "reassessment-asked")


@reassessments_desk.shown(_ONE, _REASSESSES)
def one(visit: Visit, session: Session, reassessment_no: str) -> Response:
    """Show how far it is, what would change, and what became of it."""
    found = _seen(visit, session, reassessment_no)
    law = law_if_any(session, found.scheme)
    part = Slice.of(listed_count(found), asked_number("page", 1), CREDITS_SHOWN)
    first = (part.number - 1) * CREDITS_SHOWN
    return shown(
        "desk_reassessment.html", found=found, told=told(session, found), slice=part,
        credits=reassessed_page(session, reassessment_no, first, CREDITS_SHOWN),
        changes=changes_counted(found), mine=found.proposed_by == visit.client.client_id,
        withdrawable=found.state in _WITHDRAWABLE, named=namer(law),
        scheme=scheme_called(found.scheme, law),
        refresh_seconds=_REFRESH_SECONDS if found.state in _AT_WORK else 0,
    )  # fmt: skip


@reassessments_desk.sent(f"{_ONE}/proposal", _REASSESSES, shows=one)
def propose(visit: Visit, session: Session, reassessment_no: str) -> Response:
    """Put the report that the page showed before a second official."""
    _seen(visit, session, reassessment_no)
    digest, actor = forms.typed("digest"), visit.client.client_id
    propose_reassessment(session, reassessment_no, digest, actor=actor, now=visit.now)
    return _see(reassessment_no, "reassessment-proposed")


@reassessments_desk.sent(f"{_ONE}/approval", _REASSESSES, shows=one)
def approve(visit: Visit, session: Session, reassessment_no: str) -> Response:
    """Agree to the report that the page showed; it is carried out."""
    _seen(visit, session, reassessment_no)
    digest, actor = forms.typed("digest"), visit.client.client_id
    approve_reassessment(session, reassessment_no, digest, actor=actor, now=visit.now)
    return _see(reassessment_no, "reassessment-approved")


@reassessments_desk.sent(f"{_ONE}/withdrawal", _REASSESSES, shows=one)
def withdraw(visit: Visit, session: Session, reassessment_no: str) -> Response:
    """Take it back; no hours were moved."""
    _seen(visit, session, reassessment_no)
    actor = visit.client.client_id
    withdraw_reassessment(session, reassessment_no, actor=actor, now=visit.now)
    return _see(reassessment_no, "reassessment-withdrawn")


def _see(reassessment_no: str, done: str) -> Response:
    return see("web.reassessments_desk.one", done, reassessment_no=reassessment_no)


def _seen(visit: Visit, session: Session, reassessment_no: str) -> Reassessment:
    """Return a re-assessment of the own region.

    Raises:
        ReassessmentUnknownError, RegionForeignError: there is none, or it is another region's.
    """
    found = reassessment_numbered(session, reassessment_no)
    visit.client.require_region(found.jurisdiction)
    return found
