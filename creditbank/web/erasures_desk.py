"""The desk for erasing a record on request (清除档案): one official proposes, another approves."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.crediting.erasing import (
    Erasure,
    ErasureTold,
    approve_erasure,
    erasure_numbered,
    erasures_page,
    propose_erasure,
    withdraw_erasure,
)
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind
from creditbank.registry.clients import Scope
from creditbank.schemas.people import LINK_CASE_CHARACTERS_MAX
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import asked_place, cursor_of, shown
from creditbank.web.imports_desk import ConfirmationMissingError

ERASURES_SHOWN = 25
_REASON_CHARACTERS_MAX = 200
_ERASES = able(Scope.PERSON_LINK)
_ONE = "/desk/erasures/<public:erasure_no>"

erasures_desk = Pages("erasures_desk", __name__)


@erasures_desk.shown("/desk/erasures", _ERASES, menu="erasures")
def overview(visit: Visit, session: Session) -> Response:
    """List the region's erasures, newest first, without names; and a form to propose one."""
    region, place = visit.client.jurisdiction, asked_place("before")
    found = erasures_page(session, region, place, ERASURES_SHOWN)
    page, next_ = found[:ERASURES_SHOWN], ""
    if len(found) > ERASURES_SHOWN:
        next_ = cursor_of(page[-1].proposed_at, page[-1].erasure_no)
    return shown(
        "desk_erasures.html", erasures=page, next=next_, kinds=list(map(str, DocumentKind)),
        typed={"case_no": forms.typed("case_no")},
    )  # fmt: skip


@erasures_desk.sent("/desk/erasures", _ERASES, shows=overview)
def propose(visit: Visit, session: Session) -> Response:
    """Propose to erase somebody's record."""
    case_no = fields.text("case_no", "desk-item-case", LINK_CASE_CHARACTERS_MAX)
    _require_tick()
    wanted = Erasure(forms.identity(), visit.client.jurisdiction, visit.client.client_id, case_no)
    number = propose_erasure(session, current_house().vault, wanted, now=visit.now)
    return see("web.erasures_desk.one", "erasure-proposed", erasure_no=number)


@erasures_desk.shown(_ONE, _ERASES)
def one(visit: Visit, session: Session, erasure_no: str) -> Response:
    """Show one, and ask whoever did not propose it to state the person again."""
    found = _seen(session, visit, erasure_no)
    return shown(
        "desk_erasure.html", erasure=found, mine=found.proposed_by == visit.client.client_id,
        kinds=list(map(str, DocumentKind)), typed={"reason": forms.typed("reason")},
    )  # fmt: skip


@erasures_desk.sent(f"{_ONE}/approval", _ERASES, shows=one)
def approve(visit: Visit, session: Session, erasure_no: str) -> Response:
    """Erase the record; nothing brings it back."""
    _seen(session, visit, erasure_no)
    _require_tick()
    approve_erasure(
        session, current_house().vault, erasure_no, forms.identity(),
        actor=visit.client.client_id, now=visit.now,
    )  # fmt: skip
    return see("web.erasures_desk.one", "erasure-approved", erasure_no=erasure_no)


@erasures_desk.sent(f"{_ONE}/withdrawal", _ERASES, shows=one)
def withdraw(visit: Visit, session: Session, erasure_no: str) -> Response:
    """Take a proposal back."""
    _seen(session, visit, erasure_no)
    reason = fields.text("reason", "erasure-reason", _REASON_CHARACTERS_MAX)
    actor = visit.client.client_id
    withdraw_erasure(session, erasure_no, actor=actor, reason=reason, now=visit.now)
    return see("web.erasures_desk.one", "erasure-withdrawn", erasure_no=erasure_no)


def _seen(session: Session, visit: Visit, erasure_no: str) -> ErasureTold:
    found = erasure_numbered(session, erasure_no)
    visit.client.require_region(found.jurisdiction)
    return found


def _require_tick() -> None:
    if not forms.ticked("compared"):
        raise ConfirmationMissingError
