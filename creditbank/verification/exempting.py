"""What the register tells in an answer: an approved exemption, and the facts that rest on it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.catalogue import LANGUAGES
from creditbank.catalogue import text as message
from creditbank.clock import instant_text
from creditbank.orm import among
from creditbank.people.vault import Vault
from creditbank.readymade import Asked, ReadyMade, among_named
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.requirement import Assessment, Outcome
from creditbank.rules.stated import Question
from creditbank.verification.exemption_models import Exemption
from creditbank.verification.exemptions import ExemptionState
from creditbank.verification.questions import Ask
from creditbank.verification.review_reports import reported_on, titles_passed
from creditbank.verification.status_models import StatusRecord
from creditbank.verification.status_told import PLEDGED, StatusTold, told_by_statuses

#: The fact from which most counts begin (rules/stated.py): the day of the current title.
_TITLE_DAY = "current_title_on"
_EXEMPTION, _DIFFERS = "verdict-exemption", "verdict-registered-differs"
_STATUS, _PLEDGED = "verdict-registered-status", "verdict-pledged"


@dataclass(frozen=True, slots=True)
class OnRegister:
    """What the register holds for one question: facts, each with the number of its evidence."""

    facts: Mapping[str, str]
    evidence: Mapping[str, str]
    exemption: Exemption | None = None
    #: by fact, what a status record tells
    statuses: Mapping[str, StatusTold] = field(default_factory=dict)


def register_asked(person_id: int, scheme: str) -> Asked:
    """Say what `on_register` is about to ask the database of one key, to ask it ahead."""
    return _TELLS, {"people": [person_id], "scheme": scheme}


def on_register(
    session: Session, vault: Vault, groups: Mapping[int | None, Sequence[int]], ask: Ask,
    law: PackChain,
) -> dict[int | None, OnRegister]:  # fmt: skip
    """Look up what the register holds of people for one question, as known when it asks.

    Args:
        session: the snapshot.
        vault: opens status records.
        groups: by key, all keys of the same person.
        ask: the question; whom it names does not matter.
        law: says which facts are asked for.
    """
    people = {person for group in groups.values() for person in group}
    found: dict[int, Exemption] = {}
    is_held, is_reported, has_status = False, False, False
    if people:  # it tells of few, so whether it tells of anybody here is asked first
        [(is_held, is_reported, has_status)] = _TELLS.rows(
            session, people=people, scheme=ask.scheme
        )
    if is_held:
        held = among(session, Exemption.person_id, people)
        for each in session.scalars(_approved_for(ask).where(held)):
            if _begins(each) <= ask.application_day:
                found.setdefault(each.person_id, each)
    passed = titles_passed(session, people, ask) if is_reported else {}
    statuses = told_by_statuses(session, vault, groups, ask, law) if has_status else {}
    return {
        key: _told_by(
            next((found[each] for each in group if each in found), None),
            max((passed[each] for each in group if each in passed), default=None),
            statuses.get(key, {}),
        )
        for key, group in groups.items()
    }


_TELLS = ReadyMade(
    lambda dialect: select(
        select(Exemption.exemption_no)
        .where(
            among_named(dialect, Exemption.person_id, "people"),
            Exemption.scheme == bindparam("scheme"),
        )
        .exists(),
        reported_on(dialect).exists(),
        select(StatusRecord.record_no)
        .where(among_named(dialect, StatusRecord.person_id, "people"))
        .exists(),
    )
)


def _told_by(
    found: Exemption | None, passed: tuple[date, str] | None, statuses: Mapping[str, StatusTold]
) -> OnRegister:
    facts = {fact: told.value for fact, told in statuses.items()}
    evidence = {fact: told.record.record_no for fact, told in statuses.items()}
    if passed is not None and facts.get(_TITLE_DAY, "") <= passed[0].isoformat():
        facts[_TITLE_DAY], evidence[_TITLE_DAY] = passed[0].isoformat(), passed[1]
    if found is not None:
        approved: dict[str, str] = json.loads(found.facts)
        facts |= approved
        evidence |= dict.fromkeys(approved, found.exemption_no)
    told = {
        fact: each for fact, each in statuses.items() if evidence[fact] == each.record.record_no
    }
    return OnRegister(facts, evidence, found, told)


def with_register(question: Question, register: OnRegister) -> Question:
    """Put the register's facts before those that the asker states.

    An approved exemption holds its place already: how many others hold one is no concern of it.
    """
    if not register.facts and register.exemption is None:
        return question
    return replace(
        question,
        stated={**question.stated, **register.facts},
        registered=frozenset(register.facts),
        used={} if register.exemption is not None else question.used,
    )


def freed_by(assessment: Assessment, register: OnRegister) -> Value | None:
    """Return the rule by which the register's exemption frees; None where it frees nobody."""
    if register.exemption is None:
        return None
    if assessment.pathway is not None:
        return assessment.pathway
    waivers = (value for value in assessment.values if value.key.startswith("waiver."))
    return next(waivers, None) if assessment.outcome is Outcome.WAIVED else None


def told_of(register: OnRegister, ask: Ask, assessment: Assessment) -> dict[str, Canonical]:
    """Return the members by which a statement tells of the register; none where it told nothing."""
    value, found = freed_by(assessment, register), register.exemption
    frees = value is not None and found is not None
    number = found.exemption_no if found is not None else ""
    registered: list[Canonical] = [
        {
            "fact": fact, "value": text, "evidence": register.evidence[fact],
            "stated": ask.stated.get(fact, ""),
        }
        for fact, text in sorted(register.facts.items())
        if frees or register.evidence[fact] != number
    ]  # fmt: skip
    told: dict[str, Canonical] = {"registered": registered} if registered else {}
    if value is not None and found is not None:
        told["exemption"] = _exemption_told(found, value)
    return told


def _exemption_told(found: Exemption, value: Value) -> Canonical:
    assert found.approved_at is not None, "it is approved"
    assert found.expires_on is not None, "what is approved expires"
    return {
        "number": found.exemption_no, "scheme": value.scheme, "key": value.key,
        "approved_at": instant_text(found.approved_at), "expires_on": found.expires_on.isoformat(),
    }  # fmt: skip


def reasons_told(
    reasons: Canonical, told: Mapping[str, Canonical], register: OnRegister
) -> Canonical:
    """Add to reasons which exemption frees, from which source a fact is, who pledged, and where
    the asker stated otherwise."""
    if not told:
        return reasons
    assert isinstance(reasons, Sequence), "reasons are a list"
    said = list[Canonical](reasons)
    exemption, registered = told.get("exemption"), told.get("registered", [])
    if isinstance(exemption, Mapping):
        facts = {"number": str(exemption["number"]), "day": str(exemption["expires_on"])}
        said.append(_in_both(_EXEMPTION, facts))
    assert isinstance(registered, Sequence), "told_of writes a list"
    for row in registered:
        assert isinstance(row, Mapping), "told_of writes objects"
        if (status := register.statuses.get(str(row["fact"]))) is not None:
            said.append(_status_told(str(row["fact"]), status))
        if row["stated"] not in ("", row["value"]):
            said.append(_in_both(_DIFFERS, {name: str(text) for name, text in row.items()}))
    return said


def _status_told(fact: str, told: StatusTold) -> Canonical:
    record = told.record
    facts = {
        "fact": fact, "value": told.value, "source": record.source, "number": record.record_no,
        "as_of": record.as_of.isoformat(), "day": record.valid_from.isoformat(),
        "text_version": record.said.get("text_version", ""),
    }  # fmt: skip
    return _in_both(_PLEDGED if fact in PLEDGED.values() else _STATUS, facts)


def _in_both(code: str, facts: Mapping[str, str]) -> Canonical:
    zh, en = (message(code, language, **facts) for language in LANGUAGES)
    return {"code": code, "zh": zh, "en": en}


def _approved_for(ask: Ask) -> Select[Exemption]:
    return (
        select(Exemption)
        .where(
            Exemption.scheme == ask.scheme,
            Exemption.series == ask.series, Exemption.level == ask.level,
            Exemption.specialty.in_(["", ask.specialty]), Exemption.pathway == ask.pathway,
            Exemption.expires_on >= ask.application_day, _standing_at(ask.known_at),
        )
        .order_by(Exemption.approved_at)
    )  # fmt: skip


def _standing_at(known_at: datetime | None) -> ColumnElement[bool]:
    """Hold for what was approved and had not ended at an instant; None for now."""
    approved = Exemption.state == str(ExemptionState.APPROVED)
    if known_at is None:
        return approved
    ended_later = and_(Exemption.approved_at.is_not(None), Exemption.state_at > known_at)
    return and_(Exemption.approved_at <= known_at, or_(approved, ended_later))


def _begins(found: Exemption) -> date:
    return date.fromisoformat(json.loads(found.said)["days"]["valid_from"])
