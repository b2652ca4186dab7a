"""Stating facts of an organisation: each by an official act that names its document, and for ever.

A wrong fact is taken back, or another one is stated instead of it by the same act; what holds no
longer is ended on a day. Writers on one organisation take turns on its row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.clients import Client
from creditbank.registry.fact_rows import facts_of, insert_statements, new_fact_number
from creditbank.registry.facts import (
    SUCCEEDING,
    Attribute,
    Fact,
    Ground,
    Level,
    Picture,
    Says,
    Statement,
    contradicted,
    fits_class,
    is_complete,
    true_on,
)
from creditbank.registry.models import Organisation
from creditbank.registry.organisations import (
    OrganisationKind,
    OrganisationUnknownError,
    organisation_by_uscc,
)
from creditbank.registry.successions import ending_of

STATED, ENDED, TAKEN_BACK = "organisation.stated", "organisation.ended", "organisation.taken-back"
VALUE_CHARACTERS_MAX = 120


class FactUnfitError(CreditBankError):
    """A fact has a value or a level that facts of its kind do not have."""

    code = "organisation-fact-unfit"
    status = 422


class FactDayWantedError(CreditBankError):
    """A fact is stated without the day from which it is so."""

    code = "organisation-fact-day-wanted"
    status = 422


class FactTermError(CreditBankError):
    """A fact would end before it begins, or later than it ends already."""

    code = "organisation-fact-term"
    status = 422


class FactAheadError(CreditBankError):
    """A name, a kind, a district or a document of a day that has not come."""

    code = "organisation-fact-ahead"
    status = 422


class FactReasonWantedError(CreditBankError):
    """A fact is taken back, or a base suspended, without a word."""

    code = "organisation-fact-reason-wanted"
    status = 422


class FactsContradictError(CreditBankError):
    """Two facts cannot both be so on one day."""

    code = "organisation-facts-contradict"
    status = 409


class FactUnknownError(CreditBankError):
    """The organisation has no such fact, or it was taken back."""

    code = "organisation-fact-unknown"
    status = 404


class FactNeededError(CreditBankError):
    """Without this fact there would be days without a name, a kind or a district."""

    code = "organisation-fact-needed"
    status = 409


class BaseNotHeldError(CreditBankError):
    """A base is suspended that the organisation is not."""

    code = "base-not-held"
    status = 409


@dataclass(frozen=True, slots=True)
class FactDraft:
    """A fact about to be stated; see `Statement` for value and level.

    Without `valid_from` it begins when the fact began that it is stated instead of.
    """

    attribute: Attribute
    value: str
    level: str
    valid_from: date | None
    valid_through: date | None
    ground: Ground
    #: number of the fact that was wrong, and is taken back by the same act
    instead_of: str = ""


def state_fact(session: Session, uscc: str, draft: FactDraft, *, actor: str, now: datetime) -> Fact:
    """State a fact of an organisation.

    Raises:
        OrganisationUnknownError, FactUnknownError: of nobody, or instead of nothing.
        FactUnfitError, JurisdictionInvalidError, FactDayWantedError, FactTermError, FactAheadError,
            FactReasonWantedError: not as facts of its kind are.
        BaseNotHeldError: a suspension of what is no base on its first day.
        FactsContradictError: naming the fact that stands.
        FactNeededError: it stands instead of one that held for longer.
    """
    organisation = _locked(session, uscc)
    facts = facts_of(session, organisation.organisation_id)
    wrong = _standing(facts, draft.instead_of) if draft.instead_of else None
    if wrong is not None:
        if wrong.said.attribute is not draft.attribute:
            raise FactUnknownError(fact_no=draft.instead_of)
        draft = replace(draft, valid_from=draft.valid_from or wrong.said.valid_from)
    _check(draft, begins_open=wrong is not None and wrong.said.valid_from is None, now=now)
    rest = tuple(each for each in facts if each is not wrong)
    said = _first_statement(draft, actor, now)
    _refuse_contradiction(rest, Fact(said))
    if not is_complete((*rest, Fact(said))):
        raise FactNeededError(fact_no=draft.instead_of)
    details = {**_of_fact(said), **_of_ground(draft.ground), "instead_of": draft.instead_of}
    said_of_it = [said] if wrong is None else [_next(wrong, said, says=Says.NOT_SO), said]
    _record(session, organisation, STATED, details, said_of_it)
    return Fact(said)


def end_fact(
    session: Session,
    uscc: str,
    fact_no: str,
    last_day: date,
    ground: Ground,
    *,
    actor: str,
    now: datetime,
) -> Fact:
    """End a fact on a day, which is the last one on which it is so.

    Raises:
        OrganisationUnknownError, FactUnknownError: there is nothing to end.
        FactTermError: it began later, ends by then anyway, or holds until the next of its kind.
        FactAheadError: a document of a day that has not come.
    """
    organisation = _locked(session, uscc)
    fact = _standing(facts_of(session, organisation.organisation_id), fact_no)
    begins, ends = fact.said.valid_from, fact.valid_through
    if (
        fact.said.attribute in SUCCEEDING
        or (begins is not None and last_day < begins)
        or (ends is not None and last_day >= ends)
    ):
        raise FactTermError(valid_from=_day_text(begins) or "—", valid_through=last_day.isoformat())
    _refuse_ahead(ground.document_day, now)
    ending = _next(fact, _spoken(fact, ground, actor, now), says=Says.UNTIL, last_day=last_day)
    details = {
        "fact": fact_no, "valid_through": last_day.isoformat(), **_of_ground(ground),
    }  # fmt: skip
    _record(session, organisation, ENDED, details, [ending])
    return replace(fact, ending=ending)


def take_back_fact(
    session: Session, uscc: str, fact_no: str, ground: Ground, *, actor: str, now: datetime
) -> Fact:
    """Take a fact back: it was never so.

    Raises:
        OrganisationUnknownError, FactUnknownError: there is nothing to take back.
        FactReasonWantedError: no reason is given.
        FactAheadError: a document of a day that has not come.
        FactNeededError: days would be left without a name, a kind or a district.
    """
    organisation = _locked(session, uscc)
    facts = facts_of(session, organisation.organisation_id)
    fact = _standing(facts, fact_no)
    if not ground.reason:
        raise FactReasonWantedError
    _refuse_ahead(ground.document_day, now)
    if not is_complete([each for each in facts if each is not fact]):
        raise FactNeededError(fact_no=fact_no)
    never = _next(fact, _spoken(fact, ground, actor, now), says=Says.NOT_SO)
    _record(session, organisation, TAKEN_BACK, {"fact": fact_no, **_of_ground(ground)}, [never])
    return replace(fact, taken_back=never)


def require_registrar(client: Client, organisation: Organisation, draft: FactDraft | None) -> None:
    """Refuse an official of another region; whoever moves an organisation has both districts.

    Raises:
        RegionForeignError: naming the region.
    """
    client.require_region(organisation.jurisdiction)
    if draft is not None and draft.attribute is Attribute.DISTRICT:
        client.require_region(checked_jurisdiction(draft.value))


def picture_of(
    session: Session, organisation: Organisation, day: date, known_at: datetime | None = None
) -> Picture:
    """Return an organisation as it is on a day, as known at an instant.

    One that is no more on that day has neither class nor base.

    Raises:
        OrganisationUnknownError: it was not registered by then.
    """
    picture = true_on(facts_of(session, organisation.organisation_id, known_at), day)
    if picture is None:
        raise OrganisationUnknownError(uscc=organisation.uscc)
    ending = ending_of(session, organisation.organisation_id, known_at)
    if ending is not None and ending.day <= day:
        return replace(picture, classes=(), bases=(), suspensions=())
    return picture


def current(facts: Sequence[Fact]) -> tuple[str, str, str] | None:
    """Return name, kind and district as they are now; None if they are not known.

    None of the three is stated before its day, so that the last ones are those of today.
    """
    picture = true_on(facts, date.max)
    if picture is None:
        return None
    return picture.name.said.value, picture.kind.said.value, picture.district.said.value


def _check(draft: FactDraft, *, begins_open: bool, now: datetime) -> None:
    if not _FITS[draft.attribute](draft.value, draft.level):
        found = " ".join(part for part in (draft.attribute, draft.value, draft.level) if part)
        raise FactUnfitError(found=found[:80])
    if draft.valid_from is None and not begins_open:
        raise FactDayWantedError
    begins, ends = draft.valid_from or date.min, draft.valid_through or date.max
    succeeds = draft.attribute in SUCCEEDING
    if ends < begins or (succeeds and draft.valid_through is not None):
        raise FactTermError(valid_from=begins.isoformat(), valid_through=ends.isoformat())
    _refuse_ahead(draft.ground.document_day, now)
    if succeeds:
        _refuse_ahead(draft.valid_from, now)
    if draft.attribute is Attribute.BASE_SUSPENSION and not draft.ground.reason:
        raise FactReasonWantedError


def _refuse_ahead(day: date | None, now: datetime) -> None:
    today = civil_day(now)
    if day is not None and day > today:
        raise FactAheadError(found=day.isoformat(), wanted=today.isoformat())


def _refuse_contradiction(facts: tuple[Fact, ...], new: Fact) -> None:
    other = contradicted(facts, new)
    if other is not None:
        raise FactsContradictError(found=_named(new), wanted=_named(other))
    first_day = new.said.valid_from
    if new.said.attribute is Attribute.BASE_SUSPENSION and first_day is not None:
        held = (
            each.said.attribute is Attribute.BASE
            and each.said.level == new.said.level
            and each.holds_on(first_day)
            for each in facts
        )
        if not any(held):
            raise BaseNotHeldError(level=new.said.level, day=first_day.isoformat())


def _named(fact: Fact) -> str:
    said = fact.said
    words = [said.attribute, said.value, said.level]
    term = f"{_day_text(said.valid_from) or '…'} – {_day_text(fact.valid_through) or '…'}"
    return " · ".join([*(each for each in words if each), term, said.fact_no])


def _standing(facts: Iterable[Fact], fact_no: str) -> Fact:
    for each in facts:
        if each.said.fact_no == fact_no and each.taken_back is None:
            return each
    raise FactUnknownError(fact_no=fact_no[:20])


def _first_statement(draft: FactDraft, actor: str, now: datetime) -> Statement:
    return Statement(
        new_fact_number(), 1, Says.SO, draft.attribute, draft.value, draft.level,
        draft.valid_from, draft.valid_through, draft.ground, actor, now,
    )  # fmt: skip


def _spoken(fact: Fact, ground: Ground, actor: str, now: datetime) -> Statement:
    return replace(fact.said, ground=ground, actor=actor, recorded_at=now)


def _next(fact: Fact, spoken: Statement, *, says: Says, last_day: date | None = None) -> Statement:
    """Return the next statement on a fact, on the ground of one that is spoken now."""
    last = max(
        (each for each in (fact.said, fact.ending, fact.taken_back) if each),
        key=lambda each: each.sequence,
    )
    return replace(
        fact.said, sequence=last.sequence + 1, says=says, valid_through=last_day,
        ground=spoken.ground, actor=spoken.actor, recorded_at=spoken.recorded_at,
    )  # fmt: skip


def _record(
    session: Session,
    organisation: Organisation,
    kind: str,
    details: dict[str, Canonical],
    said: list[Statement],
) -> None:
    actor, now = said[0].actor, said[0].recorded_at
    region = organisation.jurisdiction
    act = record_act(session, ActDraft(kind, region, actor, organisation.uscc, details), now=now)
    insert_statements(session, organisation, said, act.act_id)
    true = current(facts_of(session, organisation.organisation_id))
    assert true is not None, "what would leave one of them out is refused"
    organisation.name, organisation.kind, organisation.jurisdiction = true


def _of_fact(said: Statement) -> dict[str, Canonical]:
    return {
        "fact": said.fact_no, "attribute": str(said.attribute), "value": said.value,
        "level": said.level, "valid_from": _day_text(said.valid_from),
        "valid_through": _day_text(said.valid_through),
    }  # fmt: skip


def _of_ground(ground: Ground) -> dict[str, Canonical]:
    return {
        "document_no": ground.document_no, "document_day": _day_text(ground.document_day),
        "reason_text": ground.reason,
    }  # fmt: skip


def _day_text(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _locked(session: Session, uscc: str) -> Organisation:
    found = organisation_by_uscc(session, uscc)
    return session.get_one(
        Organisation, found.organisation_id, with_for_update=True, populate_existing=True
    )


def _fits_name(value: str, level: str) -> bool:
    return 0 < len(value) <= VALUE_CHARACTERS_MAX and not level


def _fits_kind(value: str, level: str) -> bool:
    return value in list(OrganisationKind) and not level


def _fits_district(value: str, level: str) -> bool:
    return bool(checked_jurisdiction(value)) and not level


def _fits_base(value: str, level: str) -> bool:
    return not value and level in list(Level)


_FITS: Mapping[Attribute, Callable[[str, str], bool]] = {
    Attribute.NAME: _fits_name,
    Attribute.KIND: _fits_kind,
    Attribute.DISTRICT: _fits_district,
    Attribute.CLASS: fits_class,
    Attribute.BASE: _fits_base,
    Attribute.BASE_SUSPENSION: _fits_base,
}
