"""Filings: submitted by a provider, decided by an official; approval opens the source of hours.

An official may return a filing with reasons: the provider mends it and submits it again, under its
number, as its next version. What each version said stands in the acts on it.

Bounds are granted as filed: so many places, so many hours to one person as the rules give for full
attendance, and their product. Nothing is credited before approval
(威人社字〔2024〕2号, 第9项: 经备案均可登记).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_text
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.hours import apportioned_centihours, hours_text
from creditbank.ids import jurisdiction_contains, random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import SourceKind
from creditbank.ledger.sources import Bounds, SourceDraft, open_source, source_bounds_details
from creditbank.registry.clients import Client, organisation_seen
from creditbank.registry.delegates import delegation_open, other_than_holder
from creditbank.registry.filing.bases import require_base
from creditbank.registry.filing.history import history_of, late_of
from creditbank.registry.filing.kinds import checked_facts, kind_of, people_max_of
from creditbank.registry.filing.routes import routed
from creditbank.registry.filing.sittings import check_days, check_times
from creditbank.registry.filing.states import (
    FilingStep,
    FilingStepUnfitError,
    enter,
    require_step,
)
from creditbank.registry.lawbook import law_at, law_of
from creditbank.registry.models import Filing, FilingSession, Organisation
from creditbank.registry.organisations import OrganisationUnknownError, organisation_by_uscc
from creditbank.registry.successions import holder_of, successor_of
from creditbank.rules.conversion import ActivityFact, Conversion, FactMissingError, convert
from creditbank.rules.pack import PackChain
from creditbank.rules.subjects import require_subject

SESSIONS_MAX = 120


class FilingUnknownError(CreditBankError):
    """There is no filing of this number, or it is not the asker's to see."""

    code = "filing-unknown"
    status = 404


class FilingDecidedError(FilingStepUnfitError):
    """The filing was decided already."""

    code = "filing-decided"


class FilingNotReturnedError(FilingStepUnfitError):
    """Only a filing that was returned is submitted again."""

    code = "filing-not-returned"


class FilingChangedError(CreditBankError):
    """The filing has another version by now than the one that was read."""

    code = "filing-changed"
    status = 409


class ApprovedHoursBeyondError(CreditBankError):
    """More hours would be granted than the filing asks for."""

    code = "approved-hours-beyond"
    status = 422


class ApprovedHoursUnfitError(CreditBankError):
    """Hours are stated to be approved where the rules themselves say how many."""

    code = "approved-hours-unfit"
    status = 422


class LateReasonWantedError(CreditBankError):
    """The activity had begun when it was filed; whoever approves it says why."""

    code = "late-reason-wanted"
    status = 422


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """One planned sitting; `planned_half_days` is 2 for a whole day, 1 for half a day."""

    day: date
    planned_minutes: int
    planned_half_days: int
    #: `09:00`, both or neither
    begins_at: str = ""
    ends_at: str = ""
    place: str = ""
    #: names; they stay out of the acts
    teachers: str = ""


@dataclass(frozen=True, slots=True)
class FilingDraft:
    """An activity about to be filed, as the provider describes it."""

    activity: str
    form: str
    release: str
    title: str
    subject: str
    seats: int
    sessions: tuple[SessionDraft, ...]
    #: hours of all sessions together, asked for or granted, where the rules leave them to whoever
    #: approves
    approved_centihours: int | None = None
    #: as stated; empty leaves it to the activity
    kind: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    policy_teaching: bool = False


def submit_filing(
    session: Session, draft: FilingDraft, provider: Organisation, *, actor: str, now: datetime
) -> Filing:
    """File an activity under the rules of the provider's jurisdiction.

    Raises:
        FilingDayTwiceError: two sessions on one day.
        SubjectUnknownError, NotRecognisedError, RuleMissingError, FactMissingError: the rules in
            force would not credit it; said now, not after the course.
        ApprovedHoursUnfitError: it asks for hours that the rules themselves give.
        FilingBaseMissingError: a base course of whoever is no base on its days.
    """
    law, draft = weighed(session, draft, provider.jurisdiction)
    require_base_of(session, provider.organisation_id, draft)
    filing_no, region = "F" + random_number(9), provider.jurisdiction
    route = routed(session, region, draft.kind, draft.facts, civil_day(now))
    row = {
        "filing_no": filing_no, "organisation_id": provider.organisation_id,
        "jurisdiction": region, **_columns(draft, law), "state": "submitted", **route.columns(),
        "version": 1, "submitted_at": now, "submitted_by": actor, "reason": "", "state_at": now,
    }  # fmt: skip
    filing = session.scalars(insert(Filing).returning(Filing), [row]).one()
    _insert_sessions(session, filing_no, draft)
    details = {**described(draft), **route.said()}
    record_act(session, ActDraft("filing.submitted", region, actor, filing_no, details), now=now)
    return filing


def submit_again(
    session: Session, filing_no: str, draft: FilingDraft, *, actor: str, now: datetime
) -> Filing:
    """Submit a returned filing as its next version; days that it keeps stay filed when they were.

    It goes to whom the routes of that day say.

    Raises:
        FilingUnknownError, FilingNotReturnedError: there is nothing to mend.
        FilingDayTwiceError and the refusals of the rules: as when it is submitted.
    """
    filing = locked_filing(session, filing_no)
    require_step(filing, FilingStep.RESUBMIT, FilingNotReturnedError)
    law, draft = weighed(session, draft, filing.jurisdiction)
    require_base_of(session, filing.organisation_id, draft)
    route = routed(session, filing.jurisdiction, draft.kind, draft.facts, civil_day(now))
    for column, value in {**_columns(draft, law), **route.columns()}.items():
        setattr(filing, column, value)
    enter(filing, FilingStep.RESUBMIT, now=now)
    filing.version += 1
    filing.submitted_at, filing.submitted_by = now, actor
    session.execute(delete(FilingSession).where(FilingSession.filing_no == filing_no))
    _insert_sessions(session, filing_no, draft)
    details = {**described(draft), **route.said(), "version": filing.version}
    record_act(
        session,
        ActDraft("filing.resubmitted", filing.jurisdiction, actor, filing_no, details),
        now=now,
    )
    return filing


def approve_filing(
    session: Session,
    filing_no: str,
    *,
    actor: str,
    reason: str = "",
    approved_centihours: int | None = None,
    now: datetime,
) -> Filing:
    """Approve a filing: its bounds are granted, and hours may be posted under it.

    Args:
        session: the caller's unit of work.
        filing_no: whose sessions.
        actor: the official.
        reason: wanted for what was filed after it began.
        approved_centihours: fewer hours of the whole activity than it asks for; None grants those.
        now: the instant recorded.

    Raises:
        FilingUnknownError, FilingDecidedError: nothing to decide.
        LateReasonWantedError: it was filed after it began, and no reason is given.
        ApprovedHoursBeyondError: more hours than the filing asks for.
        FilingBaseMissingError: the base was ended or suspended since it was filed.
    """
    filing = _undecided(session, filing_no, FilingStep.APPROVE)
    granted_centihours = _granted(filing, approved_centihours)
    draft = draft_of(session, filing, granted_centihours)
    require_base_of(session, filing.organisation_id, draft)
    if not reason:
        _refuse_late(session, filing_no)
    law = law_of(session, filing.scheme)
    bounds = Bounds(people_max_of(draft.facts, draft.seats), person_centihours(draft, law))
    act = record_act(
        session,
        ActDraft(
            "filing.approved", filing.jurisdiction, actor, filing_no,
            {
                **described(draft),
                **source_bounds_details(bounds, bounds.centihours_max),
                "scheme": filing.scheme,
                "source_kind": str(SourceKind.FILING),
                "packs": law.pins(),
                "reason_text": reason,
                "version": filing.version,
            },
            reason="filed-late" if reason else "",
        ),
        now=now,
    )  # fmt: skip
    open_source(
        session,
        SourceDraft(
            filing_no, SourceKind.FILING, filing.jurisdiction, filing.scheme, bounds, act.act_id
        ),
    )
    enter(filing, FilingStep.APPROVE, reason=reason, now=now)
    filing.approved_centihours = granted_centihours
    return filing


def refuse_filing(
    session: Session, filing_no: str, *, actor: str, reason: str, now: datetime
) -> Filing:
    """Refuse a filing, with the reason that the provider will read.

    Raises:
        FilingUnknownError, FilingDecidedError: nothing to decide.
    """
    filing = _undecided(session, filing_no, FilingStep.REFUSE)
    enter(filing, FilingStep.REFUSE, reason=reason, now=now)
    record_act(
        session,
        ActDraft("filing.refused", filing.jurisdiction, actor, filing_no, {"reason_text": reason}),
        now=now,
    )
    return filing


def return_filing(
    session: Session, filing_no: str, *, actor: str, reason: str, now: datetime
) -> Filing:
    """Return a filing to the provider, who reads the reason, mends it and submits it again.

    Raises:
        FilingUnknownError, FilingDecidedError: nothing to return.
    """
    filing = _undecided(session, filing_no, FilingStep.RETURN)
    enter(filing, FilingStep.RETURN, reason=reason, now=now)
    details: dict[str, Canonical] = {"reason_text": reason, "version": filing.version}
    record_act(
        session,
        ActDraft("filing.returned", filing.jurisdiction, actor, filing_no, details),
        now=now,
    )
    return filing


def require_version(session: Session, filing_no: str, version: int | None) -> None:
    """Refuse a decision on another version of a filing than the one that was read.

    Raises:
        FilingUnknownError: there is no such filing.
        FilingChangedError: the provider has submitted it again meanwhile.
    """
    filing = locked_filing(session, filing_no)
    if version is not None and version != filing.version:
        raise FilingChangedError(filing_no=filing_no, found=version, wanted=filing.version)


def filing_numbered(
    session: Session, filing_no: str, *, organisation_id: int | None = None
) -> Filing:
    """Return a filing; with an organisation, only one for which it answers.

    Raises:
        FilingUnknownError: there is none, or it is another's.
    """
    filing = session.get(Filing, filing_no)
    if filing is None or (
        organisation_id is not None and holder_of(session, filing) != organisation_id
    ):
        raise FilingUnknownError(filing_no=filing_no[:20])
    return filing


def filing_seen(
    session: Session, client: Client, filing_no: str, *, delegated_on: date | None = None
) -> Filing:
    """Return a filing that the client may see: a provider's own, an official's region, or what an
    office there decides.

    What an organisation took over from another is its own.

    Args:
        session: the caller's unit of work.
        client: who asks.
        filing_no: which.
        delegated_on: for what a delegate may do too: the day on which it is done.

    Raises:
        FilingUnknownError: there is none, or it is another provider's.
        DelegationNotOpenError: it was delegated, and is not on that day.
        RegionForeignError: it lies outside an official's region.
    """
    own, filing = organisation_seen(client), filing_numbered(session, filing_no)
    if own is None:  # whoever moved to another district keeps what was filed in the old one
        if not jurisdiction_contains(client.jurisdiction, filing.deciding_office):
            client.require_region(filing.jurisdiction)
    elif own != holder_of(session, filing) and (
        delegated_on is None or delegation_open(session, filing, own, delegated_on) is None
    ):
        raise FilingUnknownError(filing_no=filing_no[:20])
    return filing


def delegate_of(session: Session, client: Client, filing: Filing) -> int | None:
    """Return the organisation that acts in the holder's stead; None for the holder, or an official.

    Whether it may is for `delegation_open` to say.
    """
    own = organisation_seen(client)
    return None if own is None else other_than_holder(session, filing, own)


def provider_seen(session: Session, client: Client, uscc: str) -> Organisation:
    """Return an organisation whose teaching the client may see: its own, an official's region's.

    Of one that is no more, its successor sees it.

    Raises:
        OrganisationUnknownError: there is none, or it is another.
        RegionForeignError: it lies outside an official's region.
    """
    found = organisation_by_uscc(session, uscc)
    own = organisation_seen(client)
    if own not in (None, found.organisation_id, successor_of(session, found.organisation_id)):
        raise OrganisationUnknownError(uscc=uscc[:18])
    if own is None:
        client.require_region(found.jurisdiction)
    return found


def sessions_of(session: Session, filing_no: str) -> Sequence[FilingSession]:
    """Return a filing's sessions in the order of their days."""
    query = select(FilingSession).where(FilingSession.filing_no == filing_no)
    return session.scalars(query.order_by(FilingSession.day, FilingSession.session_no)).all()


def draft_of(session: Session, filing: Filing, approved_centihours: int | None) -> FilingDraft:
    """Return a filing as it would be submitted, with hours as asked or granted."""
    return draft_from(filing, sessions_of(session, filing.filing_no), approved_centihours)


def draft_from(
    filing: Filing, sessions: Iterable[FilingSession], approved_centihours: int | None
) -> FilingDraft:
    """Return what `draft_of` does, of sessions that were read already."""
    return FilingDraft(
        activity=filing.activity, form=filing.form, release=filing.release, title=filing.title,
        subject=filing.subject, seats=filing.seats,
        sessions=tuple(
            SessionDraft(
                planned.day, planned.planned_minutes, planned.planned_half_days,
                planned.begins_at, planned.ends_at, planned.place, planned.teachers,
            )
            for planned in sessions
        ),
        approved_centihours=approved_centihours, kind=filing.kind,
        facts=json.loads(filing.facts), policy_teaching=filing.policy_teaching,
    )  # fmt: skip


def approved_shares(
    approved_centihours: int | None, sessions: Sequence[SessionDraft | FilingSession]
) -> list[int | None]:
    """Part the hours that a filing was approved with among its sessions, by planned minutes.

    Args:
        approved_centihours: of the whole activity; None where the rules themselves give the hours.
        sessions: all of them, in the order of their days.
    """
    if approved_centihours is None:
        return [None] * len(sessions)
    weights = [planned.planned_minutes for planned in sessions]
    return [*apportioned_centihours(approved_centihours, weights)]


def person_centihours(draft: FilingDraft, law: PackChain) -> int:
    """Return the hours that one person earns by full attendance, in centihours.

    Args:
        draft: its sessions in the order of their days.
        law: the rules in force.

    Raises:
        NotRecognisedError, RuleMissingError, FactMissingError: the rules do not credit a session.
    """
    return sum(each.centihours for each in session_conversions(draft, law))


def session_conversions(draft: FilingDraft, law: PackChain) -> list[Conversion]:
    """Return what full attendance of each session is worth, and why.

    Args:
        draft: its sessions in the order of their days.
        law: the rules in force.

    Raises:
        NotRecognisedError, RuleMissingError, FactMissingError: the rules do not credit a session.
    """
    shares = approved_shares(draft.approved_centihours, draft.sessions)
    return [
        convert(
            ActivityFact(
                activity=draft.activity,
                form=draft.form,
                release=draft.release,
                subject=draft.subject,
                day=planned.day,
                planned_minutes=planned.planned_minutes,
                planned_half_days=planned.planned_half_days,
                attended_minutes=planned.planned_minutes,
                approved_centihours=share,
            ),
            law,
        )
        for planned, share in zip(draft.sessions, shares, strict=True)
    ]


def refuse_unfit_hours(draft: FilingDraft, law: PackChain) -> None:
    """Refuse hours that are asked for where the rules themselves give them.

    Raises:
        ApprovedHoursUnfitError: they do.
    """
    if draft.approved_centihours is None:
        return
    try:
        person_centihours(replace(draft, approved_centihours=None), law)
    except FactMissingError:
        return
    raise ApprovedHoursUnfitError(activity=draft.activity, scheme=law.scheme)


def _refuse_late(session: Session, filing_no: str) -> None:
    late = late_of(history_of(session, filing_no))
    if late is not None:
        raise LateReasonWantedError(
            submitted_on=late.submitted_on.isoformat(), first_day=late.day.isoformat()
        )


def _granted(filing: Filing, approved_centihours: int | None) -> int | None:
    asked = filing.asked_centihours
    if approved_centihours is not None and approved_centihours > (asked or 0):
        raise ApprovedHoursBeyondError(
            found=hours_text(approved_centihours), wanted=hours_text(asked or 0)
        )
    return asked if approved_centihours is None else approved_centihours


def weighed(
    session: Session, draft: FilingDraft, jurisdiction: str
) -> tuple[PackChain, FilingDraft]:
    """Return the law, and the draft in the order of its days, which that law would credit.

    Raises:
        FilingDayTwiceError and the refusals of the rules: as when it is submitted.
    """
    check_days(planned.day for planned in draft.sessions)
    law = law_at(session, jurisdiction)
    require_subject(draft.subject, law)
    ordered = tuple(sorted(draft.sessions, key=lambda planned: planned.day))
    kind = kind_of(draft.kind, draft.activity)
    facts = checked_facts(kind, draft.facts)
    for planned in ordered:
        check_times(planned.day, planned.planned_minutes, planned.begins_at, planned.ends_at)
    draft = replace(draft, sessions=ordered, kind=str(kind), facts=facts)
    person_centihours(draft, law)
    refuse_unfit_hours(draft, law)
    return law, draft


def require_base_of(session: Session, organisation_id: int, draft: FilingDraft) -> None:
    """Refuse a base course of whoever is no base on its days.

    Raises:
        FilingBaseMissingError: naming the days.
    """
    days = [planned.day for planned in draft.sessions]
    require_base(session, organisation_id, draft.kind, draft.facts, days)


def _columns(draft: FilingDraft, law: PackChain) -> dict[str, object]:
    return {
        "scheme": law.scheme, "activity": draft.activity, "form": draft.form,
        "release": draft.release, "title": draft.title, "subject": draft.subject,
        "seats": draft.seats, "asked_centihours": draft.approved_centihours, "kind": draft.kind,
        "facts": canonical_text(dict(draft.facts)), "policy_teaching": draft.policy_teaching,
    }  # fmt: skip


def _insert_sessions(session: Session, filing_no: str, draft: FilingDraft) -> None:
    rows = [
        {
            "filing_no": filing_no, "session_no": number, "day": planned.day,
            "planned_minutes": planned.planned_minutes,
            "planned_half_days": planned.planned_half_days, "begins_at": planned.begins_at,
            "ends_at": planned.ends_at, "place": planned.place, "teachers": planned.teachers,
        }
        for number, planned in enumerate(draft.sessions, start=1)
    ]  # fmt: skip
    session.execute(insert(FilingSession), rows)


def locked_filing(session: Session, filing_no: str) -> Filing:
    """Return a filing as it now stands, locked for this transaction.

    Raises:
        FilingUnknownError: there is none.
    """
    # Read again once locked: somebody else may have decided meanwhile.
    filing = session.get(Filing, filing_no, with_for_update=True, populate_existing=True)
    if filing is None:
        raise FilingUnknownError(filing_no=filing_no[:20])
    return filing


def _undecided(session: Session, filing_no: str, step: FilingStep) -> Filing:
    filing = locked_filing(session, filing_no)
    require_step(filing, step, FilingDecidedError)
    return filing


def _session_described(planned: SessionDraft) -> list[Canonical]:
    said: list[Canonical] = [
        planned.day.isoformat(), planned.planned_minutes, planned.planned_half_days,
    ]  # fmt: skip
    if planned.begins_at or planned.place:
        said += [planned.begins_at, planned.ends_at, planned.place]
    return said


def described(draft: FilingDraft) -> dict[str, Canonical]:
    """Return what the acts on a filing say of it: everything but the names of teachers."""
    described: dict[str, Canonical] = {
        "activity": draft.activity,
        "form": draft.form,
        "release": draft.release,
        "title": draft.title,
        "subject": draft.subject,
        "seats": draft.seats,
        "kind": draft.kind,
        "sessions": [_session_described(planned) for planned in draft.sessions],
    }
    if draft.facts:
        described["facts"] = dict(draft.facts)
    if draft.policy_teaching:
        described["policy_teaching"] = True
    if draft.approved_centihours is not None:
        described["approved_centihours"] = draft.approved_centihours
    return described
