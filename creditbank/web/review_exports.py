"""What a unit's reviews of a year relied on, to be taken away: by the unit, or by officials."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.registry.clients import Scope
from creditbank.registry.lookups import organisation_of
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.verification.review_export_sheets import WRITERS
from creditbank.verification.review_exports import ExportWanted, take_export
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able
from creditbank.web.holding import shown
from creditbank.web.pages import reader_language
from creditbank.web.verdicts import attached

_USCC_CHARACTERS_MAX = 18
_YEARS = (1949, 2200)

review_exports = Pages("review_exports", __name__)


@review_exports.shown("/review-exports", able(Scope.VERDICT_ASK), menu="review-exports")
def own(visit: Visit, _session: Session) -> Response:
    """Ask which year is wanted, in which form."""
    return _form(visit, is_own=True)


@review_exports.sent("/review-exports", able(Scope.VERDICT_ASK), shows=own)
def take_own(visit: Visit, session: Session) -> Response:
    """Hand over what the unit's own reviews relied on."""
    unit = organisation_of(session, visit.client.organisation_id)
    return _file(visit, session, unit.organisation_id, named=forms.ticked("named"))


@review_exports.shown("/desk/review-exports", able(Scope.MANDATE_GRANT), menu="review-exports-desk")
def desk(visit: Visit, _session: Session) -> Response:
    """Ask which unit and year are wanted."""
    return _form(visit, is_own=False)


@review_exports.sent("/desk/review-exports", able(Scope.MANDATE_GRANT), shows=desk)
def take(visit: Visit, session: Session) -> Response:
    """Hand over what a unit's reviews relied on, with masked names."""
    uscc = fields.text("uscc", "field-uscc", _USCC_CHARACTERS_MAX)
    unit = organisation_by_uscc(session, uscc)
    return _file(visit, session, unit.organisation_id, named=False)


def _form(visit: Visit, *, is_own: bool) -> Response:
    return shown(
        "review_exports.html", is_own=is_own, kinds=tuple(WRITERS),
        typed=forms.all_typed(("uscc", "year")), this_year=civil_day(visit.now).year,
    )  # fmt: skip


def _file(visit: Visit, session: Session, organisation_id: int, *, named: bool) -> Response:
    kind = forms.typed("kind") if forms.typed("kind") in WRITERS else "xlsx"
    write, media_type = WRITERS[kind]
    house = current_house()
    year = fields.whole("year", "review-export-year", _YEARS)
    if year is None:
        raise fields.empty("review-export-year")
    export = take_export(
        session, house.vault, ExportWanted(organisation_id, year, named),
        visit.client, house.keys, house.settings.verdict_algorithm, now=visit.now,
    )  # fmt: skip
    name = f"reviews-{export.uscc}-{export.year}.{kind}"
    return attached(write(export, reader_language()), media_type, name)
