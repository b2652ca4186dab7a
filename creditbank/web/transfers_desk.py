"""The desk for hours of other schemes (学时认可): recognised by an official, shown, taken back."""

import re

from flask import Response
from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.crediting.lookups import issued_under
from creditbank.crediting.models import RecognisedTransfer
from creditbank.crediting.recognition import RevocationReason
from creditbank.crediting.transfers import (
    TransferAsk,
    TransfersWanted,
    recognise_transfer,
    transfer_numbered,
    transfers_page,
    withdraw_transfer,
)
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind, read_document, read_name
from creditbank.people.register import Identity
from creditbank.registry.clients import Scope
from creditbank.registry.lawbook import law_of
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import (
    asked_place,
    cursor_of,
    law_if_any,
    namer,
    scheme_called,
    shown,
)
from creditbank.web.items_desk import revocation_typed

TRANSFERS_SHOWN = 25
_SCHEME_CHARACTERS_MAX = 40
_LEAF = re.compile(r"[0-9a-f]{64}")
_RECOGNISES = able(Scope.TRANSFER_RECOGNISE)
_ONE = "/desk/transfers/<public:transfer_no>"

transfers_desk = Pages("transfers_desk", __name__)


class LeafTextInvalidError(CreditBankError):
    """What was entered is no leaf of an entry."""

    code = "leaf-text-invalid"
    status = 422


@transfers_desk.shown("/desk/transfers", _RECOGNISES, menu="transfers")
def overview(visit: Visit, session: Session) -> Response:
    """List what the region recognised, newest first; whose it is, it does not say."""
    region, place = visit.client.jurisdiction, asked_place("before")
    found = transfers_page(session, TransfersWanted(region, place, TRANSFERS_SHOWN))
    page, next_ = found[:TRANSFERS_SHOWN], ""
    if len(found) > TRANSFERS_SHOWN:
        next_ = cursor_of(page[-1].recognised_at, page[-1].transfer_no)
    return shown("desk_transfers.html", found=page, next=next_)


@transfers_desk.shown("/desk/transfers/new", _RECOGNISES)
def new(visit: Visit, _session: Session) -> Response:
    """Ask whose entry is to be recognised, and under which scheme."""
    typed = {name: forms.typed(name) for name in ("leaf", "scheme")}
    typed["scheme"] = typed["scheme"] or visit.client.jurisdiction
    return shown("desk_transfer_new.html", typed=typed, kinds=list(map(str, DocumentKind)))


@transfers_desk.sent("/desk/transfers/new", _RECOGNISES, shows=new)
def recognise(visit: Visit, session: Session) -> Response:
    """Recognise the entry: its hours are credited with the act."""
    scheme = fields.text("scheme", "transfer-scheme", _SCHEME_CHARACTERS_MAX)
    visit.client.require_region(law_of(session, scheme).jurisdiction)
    leaf = forms.typed("leaf").lower()
    if not _LEAF.fullmatch(leaf):
        raise LeafTextInvalidError
    kind = forms.chosen("document_kind", DocumentKind)
    document = read_document(kind, forms.typed("document_number"))
    person = Identity(document, read_name(forms.typed("person_name")))
    ask = TransferAsk(person, bytes.fromhex(leaf), scheme, visit.client.client_id)
    made = recognise_transfer(session, current_house().vault, ask, now=visit.now)
    return _see(made.transfer_no, "transfer-recognised")


@transfers_desk.shown(_ONE, _RECOGNISES)
def one(visit: Visit, session: Session, transfer_no: str) -> Response:
    """Show what was recognised of which entry, and how it stands."""
    found = _seen(visit, session, transfer_no)
    looked([found.person_id], LookDraft(Shown.ENTRIES, transfer_no), visit.client, now=visit.now)
    law = law_if_any(session, found.scheme)
    return shown(
        "desk_transfer.html", found=found, named=namer(law),
        scheme=scheme_called(found.scheme, law),
        origin=scheme_called(found.origin_scheme, law_if_any(session, found.origin_scheme)),
        credited=issued_under(session, found.person_id, found.scheme, transfer_no),
        reasons=list(RevocationReason),
    )  # fmt: skip


@transfers_desk.sent(f"{_ONE}/withdrawal", _RECOGNISES, shows=one)
def withdraw(visit: Visit, session: Session, transfer_no: str) -> Response:
    """Take it back: its hours are reversed, the entry that it rested on stays."""
    _seen(visit, session, transfer_no)
    revocation = revocation_typed(visit)
    withdraw_transfer(session, current_house().vault, transfer_no, revocation, now=visit.now)
    return _see(transfer_no, "transfer-taken-back")


def _see(transfer_no: str, done: str) -> Response:
    return see("web.transfers_desk.one", done, transfer_no=transfer_no)


def _seen(visit: Visit, session: Session, transfer_no: str) -> RecognisedTransfer:
    """Return a transfer of the own region.

    Raises:
        TransferUnknownError, RegionForeignError: there is none, or it is another region's.
    """
    found = transfer_numbered(session, transfer_no)
    visit.client.require_region(found.jurisdiction)
    return found
