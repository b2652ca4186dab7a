"""A bare yes or no about somebody's hours, asked by their code; and the signed answer."""

from flask import Response, request
from marshmallow import ValidationError
from sqlalchemy.orm import Session

from creditbank.answering import opened_predicate, predicate_answered
from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind
from creditbank.people.register import Identity
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Scope
from creditbank.schemas.fields import subject
from creditbank.schemas.predicates import YEAR_MAX, YEAR_MIN
from creditbank.verification.kept import statement_of, superseded_by
from creditbank.verification.offers import named, open_offer
from creditbank.verification.predicates import (
    Per,
    Predicate,
    PredicateByCode,
    predicate_numbered,
    subject_nonce,
)
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Unit, Visit, able, see
from creditbank.web.pages import page
from creditbank.web.verdicts import KEYS_PATH, FieldMissingError, FieldTextError, attached, word_of

_JWS = "application/jose"
_HERE = "/predicates"
_SUBJECT_CHARACTERS_MAX = 150
#: That are offered; others may be typed.
_SUBJECTS = ("professional", "public", "public.general", "public.industry")

predicates = Pages("predicates", __name__)


@predicates.shown(f"{_HERE}/code", able(Scope.VERDICT_ASK), menu="ask-predicate")
def form(visit: Visit, session: Session) -> Response:
    """Ask for what is claimed, and the code."""
    today = civil_day(visit.now)
    return page(
        "ask_predicate.html", offer=open_offer(session, day=today), typed=request.form,
        year=today.year, pers=list(map(str, Per)), kinds=list(map(str, DocumentKind)),
        subjects=[named("subject", each, None) for each in _SUBJECTS],
    )  # fmt: skip


@predicates.sent(f"{_HERE}/code", able(Scope.VERDICT_ASK), shows=form, unit=Unit.OWN)
def ask(visit: Visit) -> Response:
    """Answer whether whoever made the code has the hours."""
    claimed, code = _predicate(), forms.typed("code")
    if not code:
        raise FieldMissingError(field_words="field-holder-code")
    asked = opened_predicate(
        PredicateByCode(claimed, code, _identity()), visit.client, now=visit.now
    )
    signed = predicate_answered(asked, visit.client, now=visit.now)
    return see("web.predicates.answer", "predicate-answered", predicate_no=signed.verdict_no)


@predicates.shown(f"{_HERE}/<public:predicate_no>", able(Scope.VERDICT_ASK))
def answer(visit: Visit, session: Session, predicate_no: str) -> Response:
    """Show a yes or no to whoever asked."""
    kept = predicate_numbered(session, predicate_no, visit.client)
    house = current_house()
    return page(
        "predicate.html", kept=kept, said=statement_of(kept),
        superseded_by=superseded_by(session, kept),
        nonce=subject_nonce(house.vault, kept.verdict_no).hex(),
        keys_at=house.public_url(the_bank(session).host) + KEYS_PATH,
    )  # fmt: skip


@predicates.shown(f"{_HERE}/<public:predicate_no>/answer.jws", able(Scope.VERDICT_ASK))
def signed_answer(visit: Visit, session: Session, predicate_no: str) -> Response:
    """Hand the signed answer over as a file."""
    kept = predicate_numbered(session, predicate_no, visit.client)
    return attached(kept.jws, _JWS, f"{kept.verdict_no}.jws")


def _predicate() -> Predicate:
    """Read what is claimed.

    Raises:
        FieldMissingError, FieldTextError, FormFieldEmptyError, FormHoursError, FormNumberError:
            a field is not as wanted.
    """
    at_least = fields.centihours("at_least", "predicate-hours-label")
    if not at_least:
        raise fields.empty("predicate-hours-label")
    return Predicate(
        word_of("scheme", needed_=True), _subject(), at_least,
        _year("first_year", "predicate-first-label"), _year("last_year", "predicate-last-label"),
        forms.chosen("per", Per),
    )  # fmt: skip


def _subject() -> str:
    typed = forms.typed("subject")
    if not typed:
        return ""
    try:
        return str(subject().deserialize(typed))
    except ValidationError as error:
        raise FieldTextError(
            field_words="predicate-subject-label", limit=_SUBJECT_CHARACTERS_MAX
        ) from error


def _year(name: str, label: str) -> int:
    year = fields.whole(name, label, (YEAR_MIN, YEAR_MAX))
    if year is None:
        raise fields.empty(label)
    return year


def _identity() -> Identity | None:
    if not (forms.typed("document_number") or forms.typed("person_name")):
        return None
    return forms.identity()
