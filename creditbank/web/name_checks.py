"""Rows whose name is another (姓名核实): the provider asks, an official compares and decides.

A provider may have a list compared before the course, too.
"""

import re
from collections.abc import Sequence

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.answering import looked
from creditbank.crediting.models import NameCheck
from creditbank.crediting.name_checks import OPEN
from creditbank.crediting.name_decisions import (
    SAME_PERSON,
    ChecksWanted,
    Finding,
    NameDecision,
    ask_for_check,
    check_seen,
    checks_page,
    decide_name,
    names_on_record,
    told_rows,
    whose_number,
)
from creditbank.crediting.pre_matching import PEOPLE_MAX, Match, Matched, Stated, match_people
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.schemas.name_checks import CASE_CHARACTERS_MAX, NOTE_CHARACTERS_MAX
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import asked_place, cursor_of, shown
from creditbank.web.pages import reader_language

CHECKS_SHOWN = 25
_POSTS, _COMPARES = able(Scope.ROSTER_POST), able(Scope.PERSON_LINK)
_CHECK = "/desk/name-checks/<public:check_no>"

#: Between a name and a number, or the other way round.
_BETWEEN = re.compile(r"[\s,，、;；]+")
_DIGIT = re.compile(r"[0-9０-９]")

name_checks = Pages("name_checks", __name__)


class MatchLinesError(CreditBankError):
    """There is nobody in the list, or more than one question may be about."""

    code = "matches-lines-wrong"
    status = 422


@name_checks.shown("/name-checks/matches", _POSTS, menu="matches")
def matches(_visit: Visit, _session: Session) -> Response:
    """Ask for a list of people to be compared."""
    return _matches([])


@name_checks.sent("/name-checks/matches", _POSTS, shows=matches)
def match(visit: Visit, session: Session) -> Response:
    """Tell of each line whether number and name fit."""
    lines = [line.strip() for line in _typed_lines().splitlines() if line.strip()]
    if not 1 <= len(lines) <= PEOPLE_MAX:
        raise MatchLinesError(lines=len(lines), limit=PEOPLE_MAX)
    kind = forms.chosen("document_kind", DocumentKind)
    stated = [Stated(kind, *_number_and_name(line)) for line in lines]
    provider = organisation_seen(visit.client) or 0
    return _matches(match_people(session, current_house().vault, provider, stated, now=visit.now))


def _matches(told: Sequence[Matched]) -> Response:
    fit = sum(each.match in (Match.AGREES, Match.NEW) for each in told)
    problems = [
        (each, catalogue.problem(each.problem, reader_language())) for each in told if each.problem
    ]
    return shown(
        "matches.html", total=len(told), fit=fit, problems=problems, limit=PEOPLE_MAX,
        new=sum(each.match is Match.NEW for each in told), kinds=list(map(str, DocumentKind)),
        lines=_typed_lines(), kind=forms.typed("document_kind"),
    )  # fmt: skip


def _typed_lines() -> str:
    return request.form.get("lines", "").replace("\0", "")


def _number_and_name(line: str) -> tuple[str, str]:
    """Part a line where its number begins or ends; names of several words stay whole."""
    words = _BETWEEN.split(line)
    numbers = [word for word in words if _DIGIT.search(word)]
    return " ".join(numbers), " ".join(word for word in words if word not in numbers)


@name_checks.shown("/name-checks", _POSTS, menu="name-checks")
def own(visit: Visit, session: Session, **_asked: str) -> Response:
    """List the organisation's rows that were held, with what can be done about each."""
    page, next_ = _page(visit, session, "")
    rows = told_rows(current_house().vault, page)
    return shown("name_checks.html", rows=rows, next=next_)


@name_checks.sent("/name-checks/<public:check_no>/request", _POSTS, shows=own)
def ask(visit: Visit, session: Session, check_no: str) -> Response:
    """Ask an official to compare the names."""
    check_seen(session, visit.client, check_no)
    note = fields.text("note", "name-check-note", NOTE_CHARACTERS_MAX)
    ask_for_check(session, current_house().vault, check_no, note, now=visit.now)
    return see("web.name_checks.own", "name-check-asked")


@name_checks.shown("/desk/name-checks", _COMPARES, menu="name-checks-desk")
def overview(visit: Visit, session: Session) -> Response:
    """List the region's rows that wait, newest first."""
    page, next_ = _page(visit, session, OPEN)
    return shown("desk_name_checks.html", checks=page, next=next_)


@name_checks.shown(_CHECK, _COMPARES)
def one(visit: Visit, session: Session, check_no: str) -> Response:
    """Show the name that was posted beside those on record."""
    vault, check = current_house().vault, check_seen(session, visit.client, check_no)
    [row] = told_rows(vault, [check])
    names: tuple[str, ...] = ()
    if check.state == OPEN:
        draft = LookDraft(Shown.NAMES, check_no)
        looked([whose_number(session, vault, check)], draft, visit.client, now=visit.now)
        names = names_on_record(session, vault, check)
    return shown(
        "desk_name_check.html", check=check, row=row, names=names,
        findings=[(str(each), each in SAME_PERSON) for each in Finding],
    )  # fmt: skip


@name_checks.sent(f"{_CHECK}/decision", _COMPARES, shows=one)
def decide(visit: Visit, session: Session, check_no: str) -> Response:
    """Credit the row under the known person, or refuse it."""
    check_seen(session, visit.client, check_no)
    decision = NameDecision(
        check_no,
        forms.chosen("finding", Finding),
        fields.text("case_no", "desk-item-case", CASE_CHARACTERS_MAX),
        visit.client.client_id,
    )
    check = decide_name(session, current_house().vault, decision, now=visit.now)
    return see("web.name_checks.one", f"name-check-{check.state}", check_no=check_no)


def _page(visit: Visit, session: Session, state: str) -> tuple[list[NameCheck], str]:
    wanted = ChecksWanted(visit.client, state, asked_place("before"), CHECKS_SHOWN)
    found = checks_page(session, wanted)
    page = found[:CHECKS_SHOWN]
    more = len(found) > CHECKS_SHOWN
    return page, cursor_of(page[-1].held_at, page[-1].check_no) if more else ""
