"""Lists of applicants: sent at once, answered by the clock's process, fetched row by row."""

from operator import attrgetter
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from creditbank.answering import refusals_noted, result_lines, signed_lines
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door, Unit, claimed, keep_members, replayed
from creditbank.api.rosters import shaped_problem
from creditbank.crediting.statement_sheets import CSV_TYPE
from creditbank.db import writing
from creditbank.house import current_house
from creditbank.registry.clients import Scope
from creditbank.registry.mandates import MandateMissingError
from creditbank.rules.loader import PackMissingError
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.verdict_batches import (
    BatchAnswersQuery,
    BatchItemsAnswer,
    BatchItemsQuery,
    ReadinessAnswer,
    ReadinessQuery,
    VerdictBatchAnswer,
    VerdictBatchBody,
)
from creditbank.schemas.wanted import invalid_at
from creditbank.verification.batches import (
    BatchUnknownError,
    batch_numbered,
    counts_of,
    lines_of,
    question_of,
    request_batch,
)
from creditbank.verification.models import VerdictBatch
from creditbank.verification.questions import AsOfFutureError
from creditbank.verification.readiness import (
    ReadinessDayMissingError,
    ReadinessDayPastError,
    ReadinessFiguresError,
    Ready,
    ReadyLine,
    due_for,
    look_by,
    readiness_of,
    ready_lines,
)

JSONL = "application/jsonl"
_EXAMPLE = {
    "scheme": "cn-3710",
    "series": "engineering",
    "level": "associate_senior",
    "application_day": "2026-11-20",
    "purpose": "职称申报资格审核",
    "legal_basis": "人社部令第25号",
    "people": [{**IDENTITY_EXAMPLE, "stated": {"current_title_on": "2021-03-01"}}],
}

verdict_batches = Door("verdict-batches", __name__, description="Do these engineers have them?")


@verdict_batches.post(
    "/verdict-batches",
    Scope.VERDICT_ASK,
    unit=Unit.OWN,
    writes=True,
    status=202,
    body=JsonBody(VerdictBatchBody(), _EXAMPLE, bytes_max=attrgetter("batch_bytes_max")),
    answer=VerdictBatchAnswer(),
    refuses=(
        AsOfFutureError,
        MandateMissingError,
        PackMissingError,
        ReadinessDayMissingError,
        ReadinessDayPastError,
        ReadinessFiguresError,
    ),
)
def ask_about_list(call: Call) -> dict[str, Any] | Response:
    """Ask about everybody on a list; the clock's process answers it row by row."""
    house, people = current_house(), call.body["people"]
    most = house.settings.batch_rows_max
    if len(people) > most:
        raise invalid_at("/people", "field-list", low=1, high=most)
    question = call.body["question"]
    with refusals_noted((question, len(people)), call.client, now=call.now), writing() as session:
        first = claimed(session, call)
        if first is not None:
            return replayed(first)
        looks = call.body["looks"]
        due = due_for(session, question, call.body["ready_by"], now=call.now) if looks else None
        batch = request_batch(
            session, house.vault, question, people, call.client,
            kept_days=house.settings.batch_days, now=call.now,
        )  # fmt: skip
        if due is not None:
            look_by(session, batch, due)
        members = _shaped(session, batch)
        keep_members(session, call, 202, VerdictBatchAnswer().dump(members))
    return members


@verdict_batches.get(
    "/verdict-batches/<public:batch_no>",
    Scope.VERDICT_ASK,
    answer=VerdictBatchAnswer(),
    refuses=(BatchUnknownError,),
)
def read_batch(call: Call, session: Session, batch_no: str) -> dict[str, Any]:
    """Tell how far a list is."""
    return _shaped(session, batch_numbered(session, batch_no, call.client))


@verdict_batches.get(
    "/verdict-batches/<public:batch_no>/items",
    Scope.VERDICT_ASK,
    query=BatchItemsQuery(),
    answer=BatchItemsAnswer(),
    refuses=(BatchUnknownError,),
)
def read_batch_items(call: Call, session: Session, batch_no: str) -> dict[str, Any]:
    """List the rows in their order, each with its answer's number or what is wrong with it."""
    house = current_house()
    batch = batch_numbered(session, batch_no, call.client)
    limit = min(call.query["limit"], house.settings.page_size_max)
    after = int(call.query["cursor"] or 0)
    found = lines_of(session, house.vault, batch, after=after, limit=limit + 1)
    page = found[:limit]
    items = [
        {
            "row_no": line.row_no,
            "state": line.state,
            "outcome": line.outcome,
            "verdict_no": line.verdict_no,
            "problems": [shaped_problem(each) for each in line.problems],
        }
        for line in page
    ]
    return {"items": items, "next_cursor": str(page[-1].row_no) if len(found) > limit else ""}


@verdict_batches.get(
    "/verdict-batches/<public:batch_no>/readiness",
    Scope.VERDICT_ASK,
    query=ReadinessQuery(),
    answer=ReadinessAnswer(),
    refuses=(BatchUnknownError,),
)
def read_batch_readiness(call: Call, session: Session, batch_no: str) -> dict[str, Any]:
    """List how each person stands: ready, short of what, or why it cannot be told."""
    house, batch = current_house(), batch_numbered(session, batch_no, call.client)
    row = readiness_of(session, batch)
    limit = min(call.query["limit"], house.settings.page_size_max)
    found = ready_lines(
        session, house.vault, batch, wanted=call.query["state"],
        after=int(call.query["cursor"] or 0), limit=limit + 1,
    )  # fmt: skip
    page = found[:limit]
    return {
        "due_on": row.due_on if row is not None else None,
        "items": [_stands(each) for each in page],
        "next_cursor": str(page[-1].line.row_no) if len(found) > limit else "",
    }


def _stands(line: ReadyLine) -> dict[str, Any]:
    said = line.statement or {"advice": [], "reasons": []}
    enough = line.ready is Ready.READY
    return {
        "row_no": line.line.row_no, "ready": line.ready, "on_record": line.recorded,
        "missing": [] if enough else said["advice"],
        "reasons": [each["code"] for each in said["reasons"]],
        "verdict_no": line.line.verdict_no,
    }  # fmt: skip


@verdict_batches.get(
    "/verdict-batches/<public:batch_no>/answers.jsonl",
    Scope.VERDICT_ASK,
    unit=Unit.OWN,
    query=BatchAnswersQuery(),
    files={JSONL: '{"row_no": 1, "verdict_no": "V…", "outcome": "met", "jws": "eyJ….eyJ….AbC…"}'},
    refuses=(BatchUnknownError,),
)
def read_batch_answers(call: Call, batch_no: str) -> Response:
    """Return the signed answers that there are, one JSON line for each, in the order of rows.

    Of a list that is signed as a whole each line has `listed` in place of `jws`, refused rows are
    among them with the outcome `refused`, and there is none before the list is done. Whoever was
    interrupted goes on with `after`, the `row_no` of the last line that came whole.
    """
    lines = signed_lines(batch_no, call.client, after=int(call.query["after"] or 0))
    return Response(lines, content_type=JSONL, headers={"Cache-Control": "no-store"})


@verdict_batches.get(
    "/verdict-batches/<public:batch_no>/results.csv",
    Scope.VERDICT_ASK,
    unit=Unit.OWN,
    query=BatchAnswersQuery(),
    files={CSV_TYPE: "row_no,outcome,verdict_no,reasons,shortfall"},
    refuses=(BatchUnknownError,),
)
def read_batch_results(call: Call, batch_no: str) -> Response:
    """Return the rows that are settled as CSV: the outcome, or `refused`, and why.

    `reasons` are codes, `shortfall` the hours that would close it by years and subject; both are
    separated by spaces. Cells that a spreadsheet could take for formulas begin with an apostrophe.
    """
    lines = result_lines(batch_no, call.client, after=int(call.query["after"] or 0))
    return Response(lines, content_type=CSV_TYPE, headers={"Cache-Control": "no-store"})


def _shaped(session: Session, batch: VerdictBatch) -> dict[str, Any]:
    names = (
        "batch_no", "state", "rows_total", "rows_done", "requested_at", "finished_at",
        "expires_at",
    )  # fmt: skip
    row = readiness_of(session, batch)
    return {
        **{name: getattr(batch, name) for name in names},
        "signing": question_of(batch).signing,
        "counts": counts_of(session, batch),
        **({"readiness": row} if row is not None else {}),
    }
