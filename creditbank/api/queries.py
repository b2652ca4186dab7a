"""Queries under supervision: objections of those asked about, and questions that were refused."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import Call, Door
from creditbank.clock import instant_text
from creditbank.house import current_house
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.schemas.queries import (
    ObjectionAnswerBody,
    ObjectionsAnswer,
    ObjectionShown,
    ObjectionsQuery,
    RefusedAnswer,
    RefusedQuery,
)
from creditbank.verification.objections import (
    ObjectionAnswer,
    ObjectionAnsweredError,
    ObjectionsWanted,
    ObjectionUnknownError,
    answer_objection,
    objection_seen,
    objections_page,
    told,
)
from creditbank.verification.queries import look_numbered
from creditbank.verification.query_models import QueryObjection
from creditbank.verification.refused import RefusedWanted, refused_page

queries = Door("queries", __name__, description="Objections to queries, and refused questions.")


@queries.get(
    "/query-objections", Scope.MANDATE_GRANT, query=ObjectionsQuery(), answer=ObjectionsAnswer()
)
def list_objections(call: Call, session: Session) -> dict[str, Any]:
    """List what people of the region object to, newest first, without their words."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    waiting, place = call.query["state"] == "waiting", place_of(call.query["cursor"])
    found = objections_page(session, ObjectionsWanted(call.client, waiting, place, limit))
    page, next_cursor = found[:limit], ""
    if len(found) > limit:
        next_cursor = cursor_of(page[-1].raised_at, page[-1].objection_no)
    return {"objections": [_line(each) for each in page], "next_cursor": next_cursor}


@queries.get(
    "/query-objections/<public:objection_no>",
    Scope.MANDATE_GRANT,
    answer=ObjectionShown(),
    refuses=(ObjectionUnknownError, RegionForeignError),
)
def read_objection(call: Call, session: Session, objection_no: str) -> dict[str, Any]:
    """Show an objection with the person's words, and the query that it is about."""
    return _shown(session, objection_seen(session, call.client, objection_no))


@queries.post(
    "/query-objections/<public:objection_no>/answer",
    Scope.MANDATE_GRANT,
    body=JsonBody(
        ObjectionAnswerBody(), {"finding": "upheld", "reason": "所述用途与授权不符，已责令改正。"}
    ),
    answer=ObjectionShown(),
    refuses=(ObjectionUnknownError, RegionForeignError, ObjectionAnsweredError),
)
def answer_to_objection(call: Call, session: Session, objection_no: str) -> dict[str, Any]:
    """Answer an objection by an act; the person reads the reason."""
    objection_seen(session, call.client, objection_no)
    said = ObjectionAnswer(objection_no, **call.body, actor=call.client.client_id)
    row = answer_objection(session, current_house().vault, said, now=call.now)
    return _shown(session, row)


@queries.get(
    "/refused-questions", Scope.MANDATE_GRANT, query=RefusedQuery(), answer=RefusedAnswer()
)
def list_refused_questions(call: Call, session: Session) -> dict[str, Any]:
    """List the questions in the region that were refused, newest first; nobody is named."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    place = place_of(call.query["cursor"])
    found = refused_page(session, RefusedWanted(call.client, call.query["client"], place, limit))
    lines = [
        {
            **{name: getattr(each.question, name) for name in (
                "question_no", "jurisdiction", "scheme", "series", "specialty", "level",
                "purpose", "legal_basis", "reason", "bounds", "people", "asked_at",
            )},
            "client": each.question.client_id,
            "organisation": each.organisation,
        }
        for each in found[:limit]
    ]  # fmt: skip
    next_cursor = ""
    if len(found) > limit:
        last = found[limit - 1].question
        next_cursor = cursor_of(last.asked_at, last.question_no)
    return {"refused_questions": lines, "next_cursor": next_cursor}


def _line(row: QueryObjection) -> dict[str, Any]:
    names = ("objection_no", "verdict_no", "jurisdiction", "raised_at", "finding")
    return {
        **{name: getattr(row, name) for name in names},
        "answered_at": instant_text(row.answered_at) if row.answered_at else "",
    }


def _shown(session: Session, row: QueryObjection) -> dict[str, Any]:
    said, look = told(current_house().vault, row), look_numbered(session, row.verdict_no)
    names = (
        "organisation", "asked_at", "purpose", "legal_basis", "mandate_no", "disclose", "outcome",
        "question",
    )  # fmt: skip
    return {
        **_line(row),
        **{name: getattr(look, name) for name in names},
        "client": look.asker,
        "words": said.words,
        "answer": said.answer,
        "answered_by": row.answered_by or "",
    }
