"""Looking organisations up: by code, by any name that they ever had, by what they are on a day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from creditbank.registry.fact_rows import statements_of
from creditbank.registry.facts import Attribute, Picture, Says, facts_known, true_on
from creditbank.registry.lookups import within_jurisdiction
from creditbank.registry.models import Organisation, OrganisationFact


@dataclass(frozen=True, slots=True)
class OrganisationsWanted:
    """Which organisations, in the order of their codes.

    `search` is a code or part of a name, of today or before; `enterprise_class` and `base` (a
    level) are what they have to hold on the day. Empty: every one. `after` is the last code seen.
    """

    jurisdiction: str
    day: date
    search: str = ""
    enterprise_class: str = ""
    base: str = ""
    after: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """An organisation in a list, as it is on the day."""

    organisation: Organisation
    picture: Picture


def organisations_page(session: Session, wanted: OrganisationsWanted) -> Sequence[Listed]:
    """Return organisations by their codes; one more than `limit` when there are further ones."""
    query = select(Organisation).where(
        within_jurisdiction(Organisation.jurisdiction, wanted.jurisdiction)
    )
    if wanted.search:
        query = query.where(_called(wanted.search))
    if wanted.enterprise_class or wanted.base:
        last = Organisation.ended_on
        query = query.where(or_(last.is_(None), last > wanted.day))
    if wanted.enterprise_class:
        held = OrganisationFact.value == wanted.enterprise_class
        query = query.where(_holds(Attribute.CLASS, held, wanted.day))
    if wanted.base:
        held = OrganisationFact.level == wanted.base
        query = query.where(_holds(Attribute.BASE, held, wanted.day))
    page = query.where(Organisation.uscc > wanted.after).order_by(Organisation.uscc)
    found = session.scalars(page.limit(wanted.limit + 1)).all()
    said = statements_of(session, [each.organisation_id for each in found])
    pictures = {each: true_on(facts_known(said[each]), wanted.day) for each in said}
    return [
        Listed(each, _ended(picture) if _is_over(each, wanted.day) else picture)
        for each in found
        if (picture := pictures[each.organisation_id]) is not None
    ]


def _is_over(organisation: Organisation, day: date) -> bool:
    return organisation.ended_on is not None and organisation.ended_on <= day


def _ended(picture: Picture) -> Picture:
    return replace(picture, classes=(), bases=(), suspensions=())


def _called(search: str) -> ColumnElement[bool]:
    """Match a code, or part of a name that was not taken back."""
    code = "".join(search.split()).upper()
    named = OrganisationFact.value.contains(search, autoescape=True)
    name = OrganisationFact.attribute == str(Attribute.NAME)
    return or_(Organisation.uscc == code, _stands(name, named))


def _holds(attribute: Attribute, held: ColumnElement[bool], day: date) -> ColumnElement[bool]:
    begun = or_(OrganisationFact.valid_from.is_(None), OrganisationFact.valid_from <= day)
    over = or_(OrganisationFact.valid_through.is_(None), OrganisationFact.valid_through >= day)
    ending = aliased(OrganisationFact)
    ended = exists().where(
        ending.fact_no == OrganisationFact.fact_no,
        ending.says == str(Says.UNTIL),
        ending.valid_through < day,
    )
    return _stands(OrganisationFact.attribute == str(attribute), held, begun, over, ~ended)


def _stands(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Match organisations with a fact of this sort that was not taken back."""
    later = aliased(OrganisationFact)
    taken_back = exists().where(
        later.fact_no == OrganisationFact.fact_no, later.says == str(Says.NOT_SO)
    )
    return exists().where(
        OrganisationFact.organisation_id == Organisation.organisation_id,
        OrganisationFact.says == str(Says.SO),
        ~taken_back,
        *conditions,
    )
