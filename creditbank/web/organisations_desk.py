"""Organisations: the registry for officials, each organisation's own page, and a public look-up."""

from collections.abc import Mapping

from flask import Response
from sqlalchemy.orm import Session

from creditbank.accounts.moving import state_and_follow, take_back_and_follow
from creditbank.clock import civil_day
from creditbank.crediting.scorecard import LATE_DAYS, SOON_DAYS
from creditbank.house import current_house
from creditbank.ids import checked_jurisdiction
from creditbank.integrity.published import published, with_figures
from creditbank.limits import count_address
from creditbank.registry.clients import OF_AN_ORGANISATION, Scope
from creditbank.registry.directory import OrganisationsWanted, organisations_page
from creditbank.registry.fact_rows import facts_of
from creditbank.registry.facts import (
    CLASS_LEVELS,
    SUCCEEDING,
    Attribute,
    EnterpriseClass,
    Ground,
    Level,
)
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import Organisation
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    OrganisationUnknownError,
    organisation_by_uscc,
    register_organisation,
)
from creditbank.registry.stating import (
    VALUE_CHARACTERS_MAX,
    FactDraft,
    end_fact,
    picture_of,
    require_registrar,
)
from creditbank.registry.succeeding import (
    SuccessionDraft,
    SuccessorDraft,
    succeed,
    take_succession_back,
)
from creditbank.registry.successions import How
from creditbank.registry.uscc import UsccInvalidError
from creditbank.schemas.organisations import DOCUMENT_CHARACTERS_MAX
from creditbank.schemas.registry import REASON_CHARACTERS_MAX
from creditbank.schemas.successions import shaped_becoming
from creditbank.web import fields, forms
from creditbank.web.doors import ANYBODY, Pages, Visit, able, seated, see
from creditbank.web.holding import asked, asked_day, end_of
from creditbank.web.pages import page
from creditbank.web.words import fact_attribute_code

ORGANISATIONS_SHOWN = 25
_FOUND_BY_ANYBODY = 20
_USCC_CHARACTERS_MAX = 40
_REGISTERS = able(Scope.ORGANISATION_REGISTER)
#: What the form for a fact sends.
_TYPED = (
    "attribute", "value", "valid_from", "valid_through", "document_no", "document_day", "reason",
    "instead_of",
)  # fmt: skip
#: How many successors the form has room for.
SUCCESSORS_TYPED = 4
_SUCCESSION_TYPED = (
    "how", "day", "continues",
    *(f"{name}_{place}" for place in range(1, SUCCESSORS_TYPED + 1)
      for name in ("successor", "filings")),
)  # fmt: skip
_ONE = "/desk/organisations/<public:uscc>"

organisations_desk = Pages("organisations_desk", __name__)


@organisations_desk.shown("/desk/organisations", _REGISTERS, menu="organisations")
def overview(visit: Visit, session: Session) -> Response:
    """List the region's organisations by their codes, as they are today."""
    narrowed = {name: asked(name) for name in ("q", "enterprise_class", "base")}
    wanted = OrganisationsWanted(
        jurisdiction=visit.client.jurisdiction,
        day=civil_day(visit.now),
        search=narrowed["q"],
        enterprise_class=narrowed["enterprise_class"],
        base=narrowed["base"],
        after=asked("after"),
        limit=ORGANISATIONS_SHOWN,
    )
    found = organisations_page(session, wanted)
    lines, more = found[:ORGANISATIONS_SHOWN], len(found) > ORGANISATIONS_SHOWN
    return page(
        "desk_organisations.html", lines=lines, narrowed=narrowed,
        next=lines[-1].organisation.uscc if more else "", classes=list(map(str, EnterpriseClass)),
        levels=list(map(str, Level)),
    )  # fmt: skip


@organisations_desk.shown("/desk/organisations/new", _REGISTERS)
def new(visit: Visit, _session: Session) -> Response:
    """Ask who the organisation is."""
    typed = {name: forms.typed(name) for name in ("uscc", "name", "kind", "jurisdiction")}
    typed["jurisdiction"] = typed["jurisdiction"] or visit.client.jurisdiction
    kinds = list(map(str, OrganisationKind))
    return page("desk_organisation_new.html", typed=typed, kinds=kinds)


@organisations_desk.sent("/desk/organisations/new", _REGISTERS, shows=new)
def register(visit: Visit, session: Session) -> Response:
    """Register an organisation by its code."""
    draft = OrganisationDraft(
        uscc=fields.text("uscc", "organisation-uscc", _USCC_CHARACTERS_MAX),
        name=fields.text("name", "fact-attribute-name", VALUE_CHARACTERS_MAX),
        kind=forms.chosen("kind", OrganisationKind),
        jurisdiction=checked_jurisdiction(forms.typed("jurisdiction")),
        uscc_confirmed=forms.ticked("uscc_confirmed"),
    )
    visit.client.require_region(draft.jurisdiction)
    made = register_organisation(session, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.organisations_desk.one", "organisation-registered", uscc=made.uscc)


@organisations_desk.shown(_ONE, _REGISTERS)
def one(visit: Visit, session: Session, uscc: str, fact_no: str = "") -> Response:
    """Show an organisation as it is on a day, as known on a day, and all that was stated of it.

    `fact_no` stands in the address of a form that was refused; the page is the same.
    """
    found = registered(session, uscc)
    visit.client.require_region(found.jurisdiction)
    return _shown(visit, session, found, decides=True)


@organisations_desk.sent(f"{_ONE}/facts", _REGISTERS, shows=one)
def state(visit: Visit, session: Session, uscc: str) -> Response:
    """State a fact by a document."""
    draft = _draft()
    require_registrar(visit.client, registered(session, uscc), draft)
    state_and_follow(session, uscc, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.organisations_desk.one", "organisation-stated", uscc=uscc)


@organisations_desk.sent(f"{_ONE}/facts/<public:fact_no>/ending", _REGISTERS, shows=one)
def end(visit: Visit, session: Session, uscc: str, fact_no: str) -> Response:
    """Say on which day a fact is so for the last time."""
    require_registrar(visit.client, registered(session, uscc), None)
    last_day = forms.day("valid_through")
    if last_day is None:
        raise fields.empty("fact-last-day")
    actor, ground = visit.client.client_id, ground_typed(wanted=True)
    end_fact(session, uscc, fact_no, last_day, ground, actor=actor, now=visit.now)
    return see("web.organisations_desk.one", "organisation-ended", uscc=uscc)


@organisations_desk.sent(f"{_ONE}/facts/<public:fact_no>/taking-back", _REGISTERS, shows=one)
def take_back(visit: Visit, session: Session, uscc: str, fact_no: str) -> Response:
    """Say that a fact was never so."""
    require_registrar(visit.client, registered(session, uscc), None)
    actor, ground = visit.client.client_id, ground_typed(wanted=False)
    take_back_and_follow(session, uscc, fact_no, ground, actor=actor, now=visit.now)
    return see("web.organisations_desk.one", "organisation-taken-back", uscc=uscc)


@organisations_desk.sent(f"{_ONE}/successions", _REGISTERS, shows=one)
def succeed_to(visit: Visit, session: Session, uscc: str) -> Response:
    """State that an organisation is closed, merged or split."""
    require_registrar(visit.client, registered(session, uscc), None)
    day = forms.day("day")
    if day is None:
        raise fields.empty("succession-day-field")
    draft = SuccessionDraft(
        forms.chosen("how", How), day, _successors(session), ground_typed(wanted=True),
        forms.ticked("continues"),
    )  # fmt: skip
    succeed(session, uscc, draft, actor=visit.client.client_id, now=visit.now)
    return see("web.organisations_desk.one", "succession-stated", uscc=uscc)


@organisations_desk.sent(f"{_ONE}/successions/<public:fact_no>/taking-back", _REGISTERS, shows=one)
def take_succession(visit: Visit, session: Session, uscc: str, fact_no: str) -> Response:
    """Say that it never became so."""
    require_registrar(visit.client, registered(session, uscc), None)
    actor, ground = visit.client.client_id, ground_typed(wanted=False)
    take_succession_back(session, uscc, fact_no, ground, actor=actor, now=visit.now)
    return see("web.organisations_desk.one", "organisation-taken-back", uscc=uscc)


@organisations_desk.shown("/organisation", seated(*OF_AN_ORGANISATION), menu="own-organisation")
def own(visit: Visit, session: Session) -> Response:
    """Show the own organisation, as the registry has it."""
    found = organisation_of(session, visit.client.organisation_id)
    return _shown(visit, session, found, decides=False)


@organisations_desk.shown("/organisations", ANYBODY)
def public(visit: Visit, session: Session) -> Response:
    """Tell anybody who an organisation is, and whether it is a base, on a day."""
    count_address("check", current_house().settings.rate_check_requests, now=visit.now)
    search, day = asked("q"), asked_day("on") or civil_day(visit.now)
    wanted = OrganisationsWanted("cn", day, search, limit=_FOUND_BY_ANYBODY)
    found = organisations_page(session, wanted) if search else []
    return page(
        "organisations.html", lines=found[:_FOUND_BY_ANYBODY], search=search, day=day,
        more=len(found) > _FOUND_BY_ANYBODY,
        told=with_figures(session, [each.organisation.organisation_id for each in found]),
    )  # fmt: skip


@organisations_desk.shown("/organisations/<public:uscc>/figures", ANYBODY)
def figures(visit: Visit, session: Session, uscc: str) -> Response:
    """Show anybody how soon a provider posts what it held, and how much was taken back."""
    count_address("check", current_house().settings.rate_check_requests, now=visit.now)
    found = registered(session, uscc)
    return page(
        "organisation_figures.html", organisation=found, soon=SOON_DAYS, late=LATE_DAYS,
        publications=published(session, found.organisation_id),
    )  # fmt: skip


def registered(session: Session, uscc: str) -> Organisation:
    """Return an organisation; what is no code is nobody's.

    Raises:
        OrganisationUnknownError: none is registered under this code.
    """
    try:
        return organisation_by_uscc(session, uscc)
    except UsccInvalidError as error:
        raise OrganisationUnknownError(uscc=uscc[:18]) from error


def _shown(visit: Visit, session: Session, found: Organisation, *, decides: bool) -> Response:
    day, known_on = asked_day("on") or civil_day(visit.now), asked_day("known_on")
    known_at = min(end_of(known_on), visit.now) if known_on else None
    facts = facts_of(session, found.organisation_id, known_at)
    return page(
        "organisation.html", organisation=found, decides=decides, day=day, known_on=known_on,
        picture=picture_of(session, found, day, known_at), facts=tuple(reversed(facts)),
        choices=_choices(), attributes=list(map(str, Attribute)), typed=_typed(),
        blank=dict.fromkeys(_TYPED, ""), succeeding=SUCCEEDING,
        becoming=shaped_becoming(session, found.organisation_id, day), hows=list(map(str, How)),
        successors_typed=SUCCESSORS_TYPED,
        sent={name: forms.typed(name) for name in _SUCCESSION_TYPED},
    )  # fmt: skip


def _successors(session: Session) -> tuple[SuccessorDraft, ...]:
    """Read up to `SUCCESSORS_TYPED` successors: a code, and numbers of filings beside it."""
    drafts = []
    for place in range(1, SUCCESSORS_TYPED + 1):
        uscc = fields.text(
            f"successor_{place}", "succession-successor", _USCC_CHARACTERS_MAX, wanted=False
        )
        if uscc:
            numbers = tuple(forms.typed(f"filings_{place}").upper().split())
            drafts.append(SuccessorDraft(registered(session, uscc).uscc, numbers))
    return tuple(drafts)


def _choices() -> Mapping[str, list[tuple[str, str]]]:
    """Return by attribute what may be chosen: a value and a level; none where text is typed."""
    levels = [("", str(level)) for level in Level]
    return {
        Attribute.KIND: [(str(kind), "") for kind in OrganisationKind],
        Attribute.CLASS: [
            (str(each), level)
            for each in EnterpriseClass
            for level in CLASS_LEVELS.get(each, ("",))
        ],
        Attribute.BASE: levels,
        Attribute.BASE_SUSPENSION: levels,
    }


def _typed() -> Mapping[str, str]:
    return {name: forms.typed(name) for name in _TYPED}


def _draft() -> FactDraft:
    attribute = forms.chosen("attribute", Attribute)
    value = fields.text("value", fact_attribute_code(attribute), VALUE_CHARACTERS_MAX)
    level = ""
    if attribute in _choices():
        value, _, level = value.partition(":")
    return FactDraft(
        attribute, value, level, forms.day("valid_from"), forms.day("valid_through"),
        ground_typed(wanted=True), forms.typed("instead_of").upper(),
    )  # fmt: skip


def ground_typed(*, wanted: bool) -> Ground:
    """Return the document that was typed.

    Raises:
        FormFieldEmptyError, FormFieldLongError: it is not whole.
    """
    document_no = fields.text(
        "document_no", "fact-document", DOCUMENT_CHARACTERS_MAX, wanted=wanted
    )
    document_day = forms.day("document_day")
    if wanted and document_day is None:
        raise fields.empty("fact-document-day")
    reason = fields.text("reason", "fact-reason", REASON_CHARACTERS_MAX, wanted=False)
    return Ground(document_no, document_day, reason)
