"""Who looked at me (谁查询过我), with objections; the desk of the officials who answer them."""

import json

from flask import Response
from sqlalchemy.orm import Session

from creditbank.clock import instant_text
from creditbank.house import current_house
from creditbank.registry.clients import Role, Scope
from creditbank.schemas.queries import REASON_CHARACTERS_MAX, WORDS_CHARACTERS_MAX
from creditbank.verification.desk_looks import OPERATOR, desk_looks_at
from creditbank.verification.objections import (
    Finding,
    ObjectionAnswer,
    ObjectionsWanted,
    answer_objection,
    answers_unread,
    mark_answers_read,
    object_to,
    objection_seen,
    objections_of,
    objections_page,
    told,
)
from creditbank.verification.queries import look_numbered, looks_at
from creditbank.verification.refused import RefusedWanted, refused_about, refused_page
from creditbank.verification.review_reports import reports_of
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import (
    OWN,
    Slice,
    asked,
    asked_number,
    asked_place,
    cursor_of,
    law_if_any,
    namer,
    own_keys,
    shown,
)
from creditbank.web.verdicts import attached, called_by

LOOKS_SHOWN = 20
_DESK_SHOWN = 25
_ALL = 10_000
_OVERSEES = able(Scope.MANDATE_GRANT)
_HERE, _DESK = "/hours/queries", "/desk/objections"

queries = Pages("queries", __name__)


@queries.shown(_HERE, OWN, menu="queries")
def own(visit: Visit, session: Session, verdict_no: str = "") -> Response:
    """Show who asked about oneself, the latest first.

    `verdict_no` stands in the address of an objection that was refused.
    """
    people, vault = own_keys(visit, session), current_house().vault
    count = looks_at(session, people, slice(0, 0)).count
    chosen = Slice.of(count, asked_number("page", 1), LOOKS_SHOWN)
    first = (chosen.number - 1) * LOOKS_SHOWN
    looks = looks_at(session, people, slice(first, first + LOOKS_SHOWN)).lines
    schemes = {look.question["scheme"] for look in looks}
    return shown(
        "own_queries.html", looks=looks, slice=chosen, verdict_no=verdict_no,
        objected=objections_of(session, vault, people), unread=answers_unread(session, people),
        refused=refused_about(session, vault, people), called=called_by(None),
        namers={scheme: namer(law_if_any(session, scheme)) for scheme in schemes},
        words_max=WORDS_CHARACTERS_MAX,
        desk_looks=desk_looks_at(session, people), operator=OPERATOR,
        reported=reports_of(session, [look.verdict_no for look in looks]),
    )  # fmt: skip


@queries.shown(f"{_HERE}.json", OWN)
def own_file(visit: Visit, session: Session) -> Response:
    """Hand over who asked about oneself, as a file for a program."""
    people, vault = own_keys(visit, session), current_house().vault
    objected = objections_of(session, vault, people)
    lines = [
        {
            "verdict_no": look.verdict_no, "asked_at": instant_text(look.asked_at),
            "organisation": look.organisation, "asker": look.asker, "program": look.program,
            "way": look.way, "purpose": look.purpose, "legal_basis": look.legal_basis,
            "mandate_no": look.mandate_no, "disclose": look.disclose, "outcome": look.outcome,
            "question": look.question,
            "objection": (
                {"words": said.words, "finding": said.row.finding, "answer": said.answer}
                if (said := objected.get(look.verdict_no)) is not None
                else {}
            ),
        }
        for look in looks_at(session, people, slice(0, _ALL)).lines
    ]  # fmt: skip
    desk_lines = [
        {
            "looked_at": instant_text(each.looked_at), "client": each.client_id,
            "jurisdiction": each.jurisdiction, "shown": each.shown, "matter": each.matter,
            "purpose": each.purpose,
        }
        for each in desk_looks_at(session, people)
    ]  # fmt: skip
    content = (
        json.dumps({"queries": lines, "desk_looks": desk_lines}, ensure_ascii=False, indent=1)
        + "\n"
    )
    return attached(content, "application/json", "queries.json")


@queries.sent(f"{_HERE}/<public:verdict_no>/objection", OWN, shows=own)
def raise_objection(visit: Visit, session: Session, verdict_no: str) -> Response:
    """Object to a query about oneself."""
    words = fields.text("words", "objection-words", WORDS_CHARACTERS_MAX)
    people, vault = own_keys(visit, session), current_house().vault
    object_to(session, vault, people, verdict_no, words, now=visit.now)
    return see("web.queries.own", "objection-raised")


@queries.sent(f"{_HERE}/read", OWN, shows=own)
def read(visit: Visit, session: Session) -> Response:
    """Note that one has read the answers."""
    mark_answers_read(session, own_keys(visit, session), now=visit.now)
    return see("web.queries.own", "objection-answers-read")


@queries.shown(_DESK, _OVERSEES, menu="objections-desk")
def desk(visit: Visit, session: Session) -> Response:
    """List the objections of the region: those that wait, or all."""
    waiting = asked("state") != "all"
    wanted = ObjectionsWanted(visit.client, waiting, asked_place("before"), _DESK_SHOWN)
    found = objections_page(session, wanted)
    page = found[:_DESK_SHOWN]
    next_ = cursor_of(page[-1].raised_at, page[-1].objection_no) if found[_DESK_SHOWN:] else ""
    return shown("desk_objections.html", objections=page, waiting=waiting, next=next_)


@queries.shown(f"{_DESK}/<public:objection_no>", _OVERSEES)
def one(visit: Visit, session: Session, objection_no: str) -> Response:
    """Show an objection beside the query that it is about."""
    row = objection_seen(session, visit.client, objection_no)
    look = look_numbered(session, row.verdict_no)
    return shown(
        "desk_objection.html", row=row, said=told(current_house().vault, row), look=look,
        named=namer(law_if_any(session, look.question["scheme"])),
        findings=list(map(str, Finding)), reason_max=REASON_CHARACTERS_MAX,
    )  # fmt: skip


@queries.sent(f"{_DESK}/<public:objection_no>/answer", _OVERSEES, shows=one)
def answer(visit: Visit, session: Session, objection_no: str) -> Response:
    """Answer an objection."""
    objection_seen(session, visit.client, objection_no)
    said = ObjectionAnswer(
        objection_no,
        forms.chosen("finding", Finding),
        fields.text("reason", "objection-reason", REASON_CHARACTERS_MAX),
        visit.client.client_id,
    )
    answer_objection(session, current_house().vault, said, now=visit.now)
    return see("web.queries.one", "objection-answered", objection_no=objection_no)


@queries.shown("/desk/refused-questions", _OVERSEES, menu="refused-questions")
def refused(visit: Visit, session: Session) -> Response:
    """List the region's questions that were refused, of one asker or of all."""
    asker = asked("client")
    wanted = RefusedWanted(visit.client, asker, asked_place("before"), _DESK_SHOWN)
    found = refused_page(session, wanted)
    page, next_ = found[:_DESK_SHOWN], ""
    if found[_DESK_SHOWN:]:
        next_ = cursor_of(page[-1].question.asked_at, page[-1].question.question_no)
    return shown("desk_refused_questions.html", lines=page, asker=asker, next=next_)


def unread(visit: Visit, session: Session) -> int:
    """Count the answers to a professional's objections that they have not read."""
    seat = visit.signed.seat
    if seat is None or seat.role is not Role.PROFESSIONAL:
        return 0
    return answers_unread(session, own_keys(visit, session))
