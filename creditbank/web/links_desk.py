"""The desk for several documents of one person (档案合并): joined or parted by an official."""

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.crediting.links import (
    FindingsWanted,
    LinkFinding,
    LinkReason,
    findings_page,
    record_finding,
)
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind, read_document, read_name
from creditbank.people.register import Identity
from creditbank.registry.clients import Scope
from creditbank.schemas.people import LINK_CASE_CHARACTERS_MAX
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.failures import PageRequestError
from creditbank.web.holding import asked_place, cursor_of, shown
from creditbank.web.imports_desk import ConfirmationMissingError

FINDINGS_SHOWN = 25
_ONES, _OTHERS = "one_", "other_"
_LINKS = able(Scope.PERSON_LINK)

links_desk = Pages("links_desk", __name__)


@links_desk.shown("/desk/links", _LINKS, menu="links")
def overview(visit: Visit, session: Session) -> Response:
    """List the region's findings, newest first; of whom they are, they do not say."""
    region, place = visit.client.jurisdiction, asked_place("before")
    found = findings_page(session, FindingsWanted(region, place, FINDINGS_SHOWN))
    page, next_ = found[:FINDINGS_SHOWN], ""
    if len(found) > FINDINGS_SHOWN:
        next_ = cursor_of(page[-1].recorded_at, page[-1].link_no)
    return shown("desk_links.html", findings=page, next=next_)


@links_desk.shown("/desk/links/new", _LINKS)
def new(_visit: Visit, _session: Session) -> Response:
    """Ask for the two documents, what was found, and why."""
    typed = {name: forms.typed(name) for name in ("case_no", "reason", "finding")}
    return shown(
        "desk_link_new.html", typed=typed, kinds=list(map(str, DocumentKind)),
        reasons=list(map(str, LinkReason)), sides=(_ONES, _OTHERS),
    )  # fmt: skip


@links_desk.sent("/desk/links/new", _LINKS, shows=new)
def find(visit: Visit, session: Session) -> Response:
    """Record the finding: caps are counted over both records, or apart again, in the same act."""
    finding = request.form.get("finding", "")
    if finding not in {"linked", "unlinked"}:
        raise PageRequestError
    case_no = fields.text("case_no", "desk-item-case", LINK_CASE_CHARACTERS_MAX)
    if not forms.ticked("compared"):
        raise ConfirmationMissingError
    said = LinkFinding(
        one=_identity(_ONES),
        other=_identity(_OTHERS),
        linked=finding == "linked",
        jurisdiction=visit.client.jurisdiction,
        actor=visit.client.client_id,
        reason=str(forms.chosen("reason", LinkReason)),
        case_no=case_no,
    )
    record_finding(session, current_house().vault, said, now=visit.now)
    return see("web.links_desk.overview", f"link-{finding}")


def _identity(side: str) -> Identity:
    kind = forms.chosen(f"{side}document_kind", DocumentKind)
    document = read_document(kind, forms.typed(f"{side}document_number"))
    return Identity(document, read_name(forms.typed(f"{side}person_name")))
