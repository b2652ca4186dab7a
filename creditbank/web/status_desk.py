"""The desk for status records (身份状况登记): what sources say of people, corrected, taken back."""

import hashlib
from contextlib import suppress
from enum import StrEnum

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind
from creditbank.registry.clients import Role
from creditbank.registry.lawbook import law_at
from creditbank.rules.asking import named_on
from creditbank.rules.loader import PackMissingError
from creditbank.rules.pack import PackChain, PackDraftError
from creditbank.schemas.registry import REASON_CHARACTERS_MAX
from creditbank.schemas.status_records import (
    ORGANISATION_CHARACTERS_MAX,
    RECORD_CHARACTERS_MAX,
    REFERENCE_CHARACTERS_MAX,
    SOURCE_CHARACTERS_MAX,
    TITLE_CHARACTERS_MAX,
    VERSION_CHARACTERS_MAX,
)
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.verification.status_kinds import (
    Examination,
    Mark,
    PledgedBy,
    Practice,
    StatusKind,
    has_end,
    members_of,
)
from creditbank.verification.status_lists import StatusesWanted, status_history, statuses_page
from creditbank.verification.status_records import (
    StatusDraft,
    record_status,
    status_numbered,
    take_back_status,
)
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, seated, see
from creditbank.web.holding import asked, asked_place, cursor_of
from creditbank.web.pages import page
from creditbank.web.readiness import LEVELS
from creditbank.web.verdicts import called_by, word_of

STATUSES_SHOWN = 25
_STATES = seated(Role.OFFICIAL)
_ONE = "/desk/status-records/<public:record_no>"
#: Members that are chosen from words, typed as ids of the rules, or typed as lines of text.
_CHOSEN: dict[str, type[StrEnum]] = {
    "practice": Practice, "examination": Examination, "result": Mark, "pledged_by": PledgedBy,
}  # fmt: skip
_IDS = ("series", "specialty", "level")
_LINES = {
    "organisation": ORGANISATION_CHARACTERS_MAX, "post": TITLE_CHARACTERS_MAX,
    "title": TITLE_CHARACTERS_MAX, "text_version": VERSION_CHARACTERS_MAX,
}  # fmt: skip
_TYPED = (
    "document_kind", "reference", "source", "as_of", "valid_from", "valid_through", "supersedes",
    "reason", *_CHOSEN, *_IDS, *_LINES,
)  # fmt: skip

status_desk = Pages("status_desk", __name__)


@status_desk.shown("/desk/status-records", _STATES, menu="status-records")
def overview(visit: Visit, session: Session) -> Response:
    """List the region's records, newest first: nobody's name, and nothing that they say."""
    kind, number = _kind_of(asked("kind")), asked("number").upper()
    wanted = StatusesWanted(
        visit.client.jurisdiction, kind, number, asked_place("before"), STATUSES_SHOWN
    )  # fmt: skip
    found = statuses_page(session, wanted)
    lines, more = found[:STATUSES_SHOWN], len(found) > STATUSES_SHOWN
    return page(
        "desk_statuses.html", lines=lines, kinds=list(map(str, StatusKind)),
        kind=str(kind or ""), number=number,
        next=cursor_of(lines[-1].recorded_at, lines[-1].record_no) if more else "",
    )  # fmt: skip


@status_desk.shown("/desk/status-records/new", _STATES)
def new(visit: Visit, session: Session) -> Response:
    """Choose of which kind a record is, then fill in its form."""
    kind = _kind_of(request.values.get("kind", ""))
    if kind is None:
        return page("desk_status_choose.html", kinds=list(map(str, StatusKind)))
    law = _law_there(session, visit)
    today = civil_day(visit.now)
    typed = forms.all_typed(_TYPED)
    typed["supersedes"] = typed["supersedes"] or asked("supersedes")
    return page(
        "desk_status_new.html", kind=str(kind), members=members_of(kind), ends=has_end(kind),
        chosen={name: list(map(str, words)) for name, words in _CHOSEN.items()},
        series=named_on(law, today).series if law is not None else (), levels=LEVELS,
        called=called_by(law), kinds=list(map(str, DocumentKind)), typed=typed,
    )  # fmt: skip


@status_desk.sent("/desk/status-records/new", _STATES, shows=new)
def state(visit: Visit, session: Session) -> Response:
    """Record what a source says of a person, or correct a record."""
    vault, draft = current_house().vault, _draft()
    made = record_status(session, vault, draft, visit.client, now=visit.now)
    return see("web.status_desk.one", "status-recorded", record_no=made.record_no)


@status_desk.shown(_ONE, _STATES)
def one(visit: Visit, session: Session, record_no: str) -> Response:
    """Show what a record says and what became of it; that stands in the person's own list."""
    found = status_numbered(session, current_house().vault, record_no, visit.client)
    looked([found.person_id], LookDraft(Shown.STATUS, record_no), visit.client, now=visit.now)
    return page(
        "desk_status.html", each=found, steps=status_history(session, found),
        typed={"reason": forms.typed("reason")},
    )  # fmt: skip


@status_desk.sent(f"{_ONE}/removal", _STATES, shows=one)
def take_back(visit: Visit, session: Session, record_no: str) -> Response:
    """Take a record back that never was so."""
    vault = current_house().vault
    reason = fields.text("reason", "field-reason", REASON_CHARACTERS_MAX)
    take_back_status(session, vault, record_no, reason, visit.client, now=visit.now)
    return see("web.status_desk.one", "status-taken-back", record_no=record_no)


def _law_there(session: Session, visit: Visit) -> PackChain | None:
    """Return the law of the official's place, by which series are called; None without any."""
    with suppress(PackMissingError, PackDraftError):
        return law_at(session, visit.client.jurisdiction)
    return None


def _kind_of(text: str) -> StatusKind | None:
    return StatusKind(text) if text in set(StatusKind) else None


def _draft() -> StatusDraft:
    kind = forms.chosen("kind", StatusKind)
    as_of, valid_from = forms.day("as_of"), forms.day("valid_from")
    if valid_from is None:
        raise fields.empty("status-valid-from" if has_end(kind) else "status-day-of")
    if as_of is None:
        raise fields.empty("status-as-of")
    supersedes = fields.text("supersedes", "status-corrects", RECORD_CHARACTERS_MAX, wanted=False)
    return StatusDraft(
        forms.identity(), kind,
        fields.text("reference", "status-reference-label", REFERENCE_CHARACTERS_MAX),
        fields.text("source", "status-source", SOURCE_CHARACTERS_MAX), as_of, valid_from,
        _said(kind), forms.day("valid_through"), forms.digest_of_file("evidence"), supersedes,
        fields.text("reason", "field-reason", REASON_CHARACTERS_MAX, wanted=bool(supersedes)),
    )  # fmt: skip


def _said(kind: StatusKind) -> dict[str, str]:
    """Return what the form says of a kind's members; what may be left out and is empty is not."""
    said = {name: _member(name, wanted=wanted) for name, wanted in members_of(kind).items()}
    return {name: text for name, text in said.items() if text}


def _member(name: str, *, wanted: bool) -> str:
    if name in _CHOSEN:
        return str(forms.chosen(name, _CHOSEN[name]))
    if name in _IDS:
        return word_of(name, needed_=wanted)
    if name in _LINES:
        return fields.text(name, f"status-member-{name.replace('_', '-')}", _LINES[name],
                           wanted=wanted)  # fmt: skip
    if name == "number_sha256":
        number = fields.text("number", "status-number", TITLE_CHARACTERS_MAX, wanted=wanted)
        return hashlib.sha256(number.encode()).hexdigest() if number else ""
    digest = forms.digest_of_file("text")
    if wanted and not digest:
        raise fields.empty("status-text-file")
    return digest
