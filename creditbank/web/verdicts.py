"""The seat of a title system: ask about one applicant, read the answer, find earlier ones."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Literal

from flask import Response, g, request
from marshmallow import ValidationError
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.answering import answered, opened
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Scope
from creditbank.registry.lawbook import law_of
from creditbank.registry.mandates import Matter, mandate_for
from creditbank.rules.explain import name_of
from creditbank.rules.loader import PackMissingError
from creditbank.rules.pack import PackChain, PackDraftError
from creditbank.rules.requirement import Question
from creditbank.rules.stated import NO_DAY
from creditbank.schemas.fields import Text, scheme, word
from creditbank.verification.answers import verdict_numbered
from creditbank.verification.holders import holder_of
from creditbank.verification.kept import (
    answers_of,
    shown_statement,
    statement_of,
    superseded_by,
)
from creditbank.verification.list_trees import listed_verdict, place_of
from creditbank.verification.offers import Wanted, offer_of, open_offer, wanted_by
from creditbank.verification.questions import Ask, AskByCode, Disclosure
from creditbank.verification.results import may_follow
from creditbank.verification.review_reports import reports_of
from creditbank.verification.sd_jwt import sd_jwt_of
from creditbank.verification.watching import ACTIVE, current_of
from creditbank.web import forms
from creditbank.web.doors import Pages, Unit, Visit, able, see
from creditbank.web.failures import PageRequestError
from creditbank.web.holding import end_of
from creditbank.web.pages import page, reader_language

_LINES = 50
_TEXT_CHARACTERS_MAX = 200
_STATED_CHARACTERS_MAX = 100
_JWS = "application/jose"
KEYS_PATH = "/.well-known/jwks.json"
#: Names of fields that hold stated facts, and of the boxes that say that there is no such day.
_FACT, _NO_DAY = "fact-", "none-"

verdicts = Pages("verdicts", __name__)


class FieldMissingError(CreditBankError):
    """A field that has to be filled in is empty."""

    code = "field-missing"
    status = 422


class FieldTextError(CreditBankError):
    """A field holds what cannot be taken as it is."""

    code = "field-text-wrong"
    status = 422


@dataclass(frozen=True, slots=True)
class TitleAsked:
    """What is asked for, before anybody is named: whose rules, which title, on which day."""

    scheme: str
    series: str
    specialty: str
    level: str
    day: date


@verdicts.shown("/verdicts/new", able(Scope.VERDICT_ASK), menu="ask")
def new(visit: Visit, session: Session) -> Response:
    """Ask for the title first, then for the person; a title outside the mandate is said so."""
    if not request.values.get("scheme"):
        return title_page("one", visit, session)
    try:
        title = title_asked()
        law, wanted = facts_wanted(session, visit, title)
    except CreditBankError as error:
        return title_page("one", visit, session, error)
    return page(
        "ask_person.html",
        title=title,
        called=called_by(law),
        wanted=wanted,
        kinds=list(map(str, DocumentKind)),
        disclosures=list(map(str, Disclosure)),
        typed=request.form,
    )


@verdicts.sent("/verdicts/new", able(Scope.VERDICT_ASK), shows=new, unit=Unit.OWN)
def ask(visit: Visit) -> Response:
    """Answer the question; the answer's own page shows it."""
    title, known_on = title_asked(), forms.day("known_on")
    question = Ask(
        forms.identity(), title.scheme, title.series, title.level, title.day,
        needed("purpose"), needed("legal_basis"), stated_facts(),
        forms.chosen("disclose", Disclosure), end_of(known_on) if known_on else None,
        specialty=title.specialty, pathway=word_of("pathway"), as_of=forms.day("as_of"),
    )  # fmt: skip
    signed = answered(question, visit.client, now=visit.now)
    return see("web.verdicts.answer", "verdict-answered", verdict_no=signed.verdict_no)


@verdicts.shown("/verdicts/code", able(Scope.VERDICT_ASK), menu="ask-code")
def ask_by_code_form(visit: Visit, session: Session) -> Response:
    """Ask for the title first, then for the code; no mandate is wanted."""
    if not request.values.get("scheme"):
        return title_page("code", visit, session)
    try:
        title = title_asked()
        law = law_of(session, title.scheme)
    except CreditBankError as error:
        return title_page("code", visit, session, error)
    question = Question(title.series, title.level, title.day, {}, title.specialty)
    return page(
        "ask_code.html", title=title, called=called_by(law), wanted=wanted_by(question, law),
        typed=request.form,
    )  # fmt: skip


@verdicts.sent("/verdicts/code", able(Scope.VERDICT_ASK), shows=ask_by_code_form, unit=Unit.OWN)
def ask_by_code(visit: Visit) -> Response:
    """Answer the question about whoever made the code."""
    title, known_on, code = title_asked(), forms.day("known_on"), forms.typed("code")
    if not code:
        raise FieldMissingError(field_words="field-holder-code")
    said = {
        "scheme": title.scheme, "series": title.series, "specialty": title.specialty,
        "level": title.level, "application_day": title.day, "pathway": word_of("pathway"),
        "stated": stated_facts(), "as_of": forms.day("as_of"),
        "known_at": end_of(known_on) if known_on else None,
    }  # fmt: skip
    question = opened(AskByCode(code, None, said), visit.client, now=visit.now)
    signed = answered(question, visit.client, now=visit.now)
    return see("web.verdicts.answer", "verdict-answered", verdict_no=signed.verdict_no)


@verdicts.shown("/verdicts", able(Scope.VERDICT_ASK), menu="verdicts")
def earlier(visit: Visit, session: Session) -> Response:
    """List the answers that were given from this seat."""
    before = request.args.get("before", "")[:24]
    found = answers_of(session, visit.client, before=before, limit=_LINES)
    return page("verdicts.html", found=found, called=called_by(None), is_first=not before)


@verdicts.shown("/verdicts/<public:verdict_no>", able(Scope.VERDICT_ASK))
def answer(visit: Visit, session: Session, verdict_no: str) -> Response:
    """Show an answer to whoever asked."""
    verdict = verdict_numbered(session, verdict_no, visit.client)
    statement = shown_statement(verdict)
    holder, watch = (
        holder_of(session, current_house().vault, verdict),
        current_of(session, verdict_no),
    )
    reports = reports_of(session, [verdict_no]).get(verdict_no, [])
    return page(
        "verdict.html",
        verdict=verdict,
        reports=reports,
        results=may_follow(reports),
        typed=forms.all_typed(("result", "day", "reason")),
        said=statement,
        place=place_of(session, verdict),
        superseded_by=superseded_by(session, verdict),
        holder=holder,
        watchable=holder is None and verdict.person_id is not None,
        watched=watch is not None and watch.state == ACTIVE,
        called=called_by(law_or_none(session, statement["question"]["scheme"])),
        keys_at=current_house().public_url(the_bank(session).host) + KEYS_PATH,
    )


@verdicts.shown("/verdicts/<public:verdict_no>/answer.jws", able(Scope.VERDICT_ASK))
def signed_answer(visit: Visit, session: Session, verdict_no: str) -> Response:
    """Hand the signed answer over as a file; of a list that is signed as a whole, as JSON."""
    verdict = verdict_numbered(session, verdict_no, visit.client)
    listed = listed_verdict(session, verdict)
    if listed is not None:
        content = json.dumps(listed, separators=(",", ":"))
        return attached(content, "application/json", f"{verdict.verdict_no}.json")
    return attached(verdict.jws, _JWS, f"{verdict.verdict_no}.jws")


@verdicts.shown("/verdicts/<public:verdict_no>/answer.sd-jwt", able(Scope.VERDICT_ASK))
def answer_to_show(visit: Visit, session: Session, verdict_no: str) -> Response:
    """Hand the answer over as a file of which one may pass on single lines."""
    verdict, house = verdict_numbered(session, verdict_no, visit.client), current_house()
    token = sd_jwt_of(
        statement_of(verdict), house.vault, house.keys, house.settings.verdict_algorithm
    )
    return attached(token, "application/sd-jwt", f"{verdict.verdict_no}.sd-jwt")


def title_page(
    asked_about: Literal["one", "list", "code"],
    visit: Visit,
    session: Session,
    error: CreditBankError | None = None,
) -> Response:
    """Show the choice of a title, with what was wrong with the last one."""
    day = civil_day(visit.now)
    offer = (
        open_offer(session, day=day)
        if asked_about == "code"
        else offer_of(session, visit.client.organisation_id, day=day)
    )
    refusal = g.get("refusal")
    if error is not None:
        refusal = catalogue.problem(error, reader_language())
    chosen = {"day": day.isoformat(), **request.values.to_dict()}
    status = 200 if error is None else error.status
    return page(
        "choose_title.html",
        status=status,
        asked_about=asked_about,
        offer=offer,
        chosen=chosen,
        refusal=refusal,
    )


def title_asked() -> TitleAsked:
    """Read the title that a form or an address asks for.

    Raises:
        FieldMissingError, FieldTextError, DayInvalidError: a field is not as wanted.
    """
    day = forms.day("day", request.values)
    if day is None:
        raise FieldMissingError(field_words="field-application-day")
    return TitleAsked(
        word_of("scheme", needed_=True), word_of("series", needed_=True), word_of("specialty"),
        word_of("level", needed_=True), day,
    )  # fmt: skip


def facts_wanted(session: Session, visit: Visit, title: TitleAsked) -> tuple[PackChain, Wanted]:
    """Return the law of a title, and what may be stated with a question about it.

    Raises:
        MandateMissingError: the organisation may not ask about it, naming the bound.
        PackMissingError, PackDraftError: there is no such law.
    """
    law = law_of(session, title.scheme)
    matter = Matter(
        law.jurisdiction, title.series, title.level, civil_day(visit.now), title.specialty
    )
    mandate_for(session, visit.client.organisation_id, matter)
    question = Question(title.series, title.level, title.day, {}, title.specialty)
    return law, wanted_by(question, law)


def stated_facts() -> dict[str, str]:
    """Return the facts that a form states; what is left empty is not stated.

    Raises:
        PageRequestError: a name or a text that no form of ours sends.
    """
    names = {
        name.removeprefix(prefix)
        for name in request.form
        for prefix in (_FACT, _NO_DAY)
        if name.startswith(prefix)
    }
    stated = {}
    for name in sorted(names):
        text = NO_DAY if forms.ticked(_NO_DAY + name) else forms.typed(_FACT + name)
        if text:
            stated[_read(word(""), name)] = _read(Text(_STATED_CHARACTERS_MAX), text)
    return stated


def needed(name: str) -> str:
    """Return a line of text that has to be there.

    Raises:
        FieldMissingError, FieldTextError: it is empty, or longer than it may be.
    """
    field = f"field-{name.replace('_', '-')}"
    text = forms.typed(name)
    if not text:
        raise FieldMissingError(field_words=field)
    try:
        return str(Text(_TEXT_CHARACTERS_MAX).deserialize(text))
    except ValidationError as error:
        raise FieldTextError(field_words=field, limit=_TEXT_CHARACTERS_MAX) from error


def word_of(name: str, *, needed_: bool = False) -> str:
    """Return an id that a form or an address names; empty where it may be left out.

    Raises:
        FieldMissingError, FieldTextError: it is empty, or no id.
    """
    text = request.values.get(name, "").strip()
    if not text:
        if needed_:
            raise FieldMissingError(field_words=f"field-{name}")
        return ""
    reader = scheme() if name == "scheme" else word("")
    try:
        return str(reader.deserialize(text))
    except ValidationError as error:
        raise FieldTextError(field_words=f"field-{name}", limit=_STATED_CHARACTERS_MAX) from error


def attached(content: Any, media_type: str, name: str) -> Response:
    """Answer with a file that the browser keeps under a name."""
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def law_or_none(session: Session, scheme_id: str) -> PackChain | None:
    """Return the law of a scheme for its names; None where it is none any more."""
    try:
        return law_of(session, scheme_id)
    except (PackDraftError, PackMissingError):
        return None


def called_by(law: PackChain | None) -> Callable[[str, str], str]:
    """Return how ids of a kind are called in the reader's language."""
    return partial(name_of, language=reader_language(), chain=law)


def _read(field: Any, text: str) -> str:
    try:
        return str(field.deserialize(text))
    except ValidationError as error:
        raise PageRequestError from error
