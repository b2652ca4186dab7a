"""Codes that a professional makes for whoever may ask (本人查验码): made, shown once, extended,
revoked."""

from datetime import date, timedelta

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.certificates.qr import drawn
from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.verification.codes import (
    CODES_MAX,
    DAYS_MAX,
    USES_MAX,
    CodeDraft,
    codes_of,
    extend_code,
    make_code,
    revoke_code,
    uses_of,
)
from creditbank.verification.questions import CodeLevel
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, see
from creditbank.web.holding import OWN, end_of, own_keys, own_person, shown

PURPOSE_CHARACTERS_MAX = 200
_HERE = "/hours/codes"
_PROPOSED_DAYS = 30

own_codes = Pages("own_codes", __name__)


@own_codes.shown(_HERE, OWN, menu="own-codes")
def overview(visit: Visit, session: Session, code_no: str = "") -> Response:
    """List one's codes with each use, and the form for another.

    `code_no` stands in the address of a form that was refused.
    """
    codes, today = codes_of(session, own_keys(visit, session)), civil_day(visit.now)
    return shown(
        "own_codes.html", codes=codes, uses_by=uses_of(session, codes), now=visit.now,
        code_no=code_no, typed=request.form, disclosures=list(map(str, CodeLevel)),
        proposed=(today + timedelta(days=_PROPOSED_DAYS)).isoformat(), days_max=DAYS_MAX,
        uses_max=USES_MAX, codes_max=CODES_MAX,
    )  # fmt: skip


@own_codes.sent(f"{_HERE}/new", OWN, shows=overview)
def make(visit: Visit, session: Session) -> Response:
    """Make a code; it is shown on this page, to be printed, and never again."""
    draft = CodeDraft(
        fields.text("purpose", "field-purpose", PURPOSE_CHARACTERS_MAX),
        forms.chosen("disclose", CodeLevel),
        end_of(_needed_day()),
        _needed_uses(),
    )
    vault = current_house().vault
    row, code = make_code(session, vault, own_person(visit), draft, now=visit.now)
    return shown("own_code_shown.html", row=row, secret=code, drawing=drawn(code))


@own_codes.sent(f"{_HERE}/<public:code_no>/extension", OWN, shows=overview)
def extend(visit: Visit, session: Session, code_no: str) -> Response:
    """Let a code hold longer, or for more uses."""
    people = own_keys(visit, session)
    until, uses_max = end_of(_needed_day()), _needed_uses()
    extend_code(session, people, code_no, until, uses_max, now=visit.now)
    return see("web.own_codes.overview", "holder-code-extended")


@own_codes.sent(f"{_HERE}/<public:code_no>/revocation", OWN, shows=overview)
def revoke(visit: Visit, session: Session, code_no: str) -> Response:
    """Revoke a code for good, at once."""
    revoke_code(session, own_keys(visit, session), code_no, now=visit.now)
    return see("web.own_codes.overview", "holder-code-revoked")


def _needed_day() -> date:
    day = forms.day("valid_through")
    if day is None:
        raise fields.empty("holder-code-through")
    return day


def _needed_uses() -> int:
    uses = fields.whole("uses_max", "holder-code-uses-label", (1, USES_MAX))
    if uses is None:
        raise fields.empty("holder-code-uses-label")
    return uses
