"""Lists of applicants by the pages: send one, watch it, and take the results away."""

from functools import partial
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.answering import refusals_noted, signed_lines
from creditbank.attendance.people_list import read_people_list
from creditbank.attendance.workbook import Limits
from creditbank.db import snapshot, writing
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Scope
from creditbank.verification.batch_forms import fact_columns, results, template
from creditbank.verification.batch_paper import LIST_TEMPLATE, list_page, printable
from creditbank.verification.batches import (
    BatchQuestion,
    BatchState,
    batch_numbered,
    batches_of,
    counts_of,
    lines_of,
    question_of,
    request_batch,
)
from creditbank.verification.list_trees import Signing
from creditbank.verification.models import VerdictBatch
from creditbank.verification.questions import Disclosure
from creditbank.verification.readiness import Due, due_for, look_by, looks_by_day
from creditbank.web import forms
from creditbank.web.doors import Pages, Unit, Visit, able, see
from creditbank.web.holding import end_of
from creditbank.web.pages import page, reader_language
from creditbank.web.verdicts import (
    KEYS_PATH,
    FieldMissingError,
    attached,
    called_by,
    facts_wanted,
    law_or_none,
    needed,
    title_asked,
    title_page,
    word_of,
)

_LINES, _PRINTED_LINES, _LISTS = 50, 300, 50
_TEMPLATE_ROWS = 500
_REFRESH_SECONDS = 3
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_JSONL = "application/jsonl"
#: A list sent from a page is shown, printed and written as a workbook; longer ones are machines'.
_PAGE_ROWS_MAX = 20_000
_PDF = "application/pdf"

verdict_lists = Pages("verdict_lists", __name__)


@verdict_lists.shown("/verdict-batches", able(Scope.VERDICT_ASK), menu="lists")
def lists(visit: Visit, session: Session) -> Response:
    """Show the lists that were sent from this seat."""
    found = batches_of(session, visit.client, limit=_LISTS)
    questions = {each.batch_no: question_of(each) for each in found}
    looking = looks_by_day(session, found)
    return page(
        "lists.html", lists=found, questions=questions, looking=looking, called=called_by(None)
    )


def _rows_max() -> int:
    return min(current_house().settings.batch_rows_max, _PAGE_ROWS_MAX)


@verdict_lists.shown("/verdict-batches/new", able(Scope.VERDICT_ASK))
def new(visit: Visit, session: Session) -> Response:
    """Ask for the title first, then for the file."""
    if not request.values.get("scheme"):
        return title_page("list", visit, session)
    try:
        title = title_asked()
        law, wanted = facts_wanted(session, visit, title)
    except CreditBankError as error:
        return title_page("list", visit, session, error)
    return page(
        "list_new.html", title=title, called=called_by(law), wanted=wanted,
        columns=fact_columns(wanted), disclosures=list(map(str, Disclosure)), typed=request.form,
        signings=list(map(str, Signing)),
        rows_max=_rows_max(),
    )  # fmt: skip


@verdict_lists.sent("/verdict-batches/new", able(Scope.VERDICT_ASK), shows=new, unit=Unit.OWN)
def send(visit: Visit) -> Response:
    """Keep the list; the clock's process answers it row by row."""
    title, settings = title_asked(), current_house().settings
    with snapshot() as session:
        _law, wanted = facts_wanted(session, visit, title)
    pathway, known_on = word_of("pathway"), forms.day("known_on")
    signing = forms.chosen("signing", Signing) if forms.typed("signing") else Signing.ITEM
    question = BatchQuestion(
        title.scheme, title.series, title.specialty, title.level, title.day, needed("purpose"),
        needed("legal_basis"), forms.chosen("disclose", Disclosure), pathway, forms.day("as_of"),
        end_of(known_on) if known_on else None, signing,
    )  # fmt: skip
    limits = Limits(file_bytes_max=settings.request_bytes_max, rows_max=_rows_max())
    people = read_people_list(_file(), fact_columns(wanted, pathway), limits)
    asked = question, len(people.rows)
    with refusals_noted(asked, visit.client, now=visit.now), writing() as session:
        due = _due(session, question, visit)
        batch = request_batch(
            session, current_house().vault, question, people.rows, visit.client,
            problems=people.problems, kept_days=settings.batch_days, now=visit.now,
        )  # fmt: skip
        if due is not None:
            look_by(session, batch, due)
    return see("web.verdict_lists.one", "list-sent", batch_no=batch.batch_no)


def _due(session: Session, question: BatchQuestion, visit: Visit) -> Due | None:
    """Return by which day a list looks at who is ready; None where it is to do nothing of it."""
    named = forms.day("ready_by")
    if named is None and not forms.ticked("readiness"):
        return None
    return due_for(session, question, named, now=visit.now)


@verdict_lists.shown("/verdict-batches/template.xlsx", able(Scope.VERDICT_ASK))
def empty_list(visit: Visit, session: Session) -> Response:
    """Hand over an empty list with the columns that a title wants."""
    _law, wanted = facts_wanted(session, visit, title_asked())
    columns = fact_columns(wanted, word_of("pathway"))
    return attached(template(columns, _TEMPLATE_ROWS), _XLSX, "applicants.xlsx")


@verdict_lists.shown("/verdict-batches/<public:batch_no>", able(Scope.VERDICT_ASK))
def one(visit: Visit, session: Session, batch_no: str) -> Response:
    """Show how far a list is, and what became of its rows; the page comes again while it works."""
    batch = batch_numbered(session, batch_no, visit.client)
    works = batch.state in (BatchState.WAITING, BatchState.RUNNING)
    watches = works and request.args.get("watch") != "no"
    return page(
        "list.html", **_shown(session, batch, _LINES), works=works,
        counts=counts_of(session, batch), looking=looks_by_day(session, [batch]),
        refresh_seconds=_REFRESH_SECONDS if watches else 0,
    )  # fmt: skip


@verdict_lists.shown("/verdict-batches/<public:batch_no>/print", able(Scope.VERDICT_ASK))
def printed(visit: Visit, session: Session, batch_no: str) -> Response:
    """Show the results to be printed: many rows on a page."""
    batch = batch_numbered(session, batch_no, visit.client)
    return page("list_print.html", **_shown(session, batch, _PRINTED_LINES))


@verdict_lists.shown("/verdict-batches/<public:batch_no>/results.xlsx", able(Scope.VERDICT_ASK))
def spreadsheet(visit: Visit, session: Session, batch_no: str) -> Response:
    """Hand the results over as a spreadsheet."""
    batch = batch_numbered(session, batch_no, visit.client)
    lines = lines_of(session, current_house().vault, batch, limit=batch.rows_total)
    return attached(results(lines, reader_language()), _XLSX, f"{batch.batch_no}.xlsx")


@verdict_lists.shown(
    "/verdict-batches/<public:batch_no>/results.pdf", able(Scope.VERDICT_ASK), unit=Unit.OWN
)
def paper(visit: Visit, batch_no: str) -> Response:
    """Hand the results over as PDF; the database is let go before it is set."""
    house, language = current_house(), reader_language()
    with snapshot() as session:
        batch = batch_numbered(session, batch_no, visit.client)
        law = law_or_none(session, question_of(batch).scheme)
        keys_at = house.public_url(the_bank(session).host) + KEYS_PATH
        said = list_page(session, house.vault, batch, law, language)
    typesetter = house.press.typesetter
    said = printable({**said, "keys_at": keys_at}, typesetter.lacking, language)
    return attached(typesetter.typeset(LIST_TEMPLATE, said), _PDF, f"{batch_no}.pdf")


@verdict_lists.shown(
    "/verdict-batches/<public:batch_no>/answers.jsonl", able(Scope.VERDICT_ASK), unit=Unit.OWN
)
def signed_answers(visit: Visit, batch_no: str) -> Response:
    """Hand the signed answers over, one JSON line for each."""
    return attached(signed_lines(batch_no, visit.client), _JSONL, f"{batch_no}.jsonl")


def _shown(session: Session, batch: VerdictBatch, limit: int) -> dict[str, Any]:
    """Return what every page of a list shows: the question, and a page of its rows."""
    text = request.args.get("after", "")
    after = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0  # noqa: PLR2004
    found = lines_of(session, current_house().vault, batch, after=after, limit=limit + 1)
    question = question_of(batch)
    law = law_or_none(session, question.scheme)
    return {
        "batch": batch, "question": question, "called": called_by(law),
        "lines": found[:limit], "first": not after,
        "after": found[limit - 1].row_no if len(found) > limit else 0,
        "problem": partial(catalogue.problem, language=reader_language()),
    }  # fmt: skip


def _file() -> bytes:
    file = request.files.get("file")
    content = file.stream.read() if file is not None else b""
    if not content:
        raise FieldMissingError(field_words="field-list-file")
    return content
