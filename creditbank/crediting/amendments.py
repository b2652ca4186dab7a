"""Amendments of approved filings: a version that the provider asks for and an official decides.

Days, places, teachers, sessions, places for people and hours may change; what the activity is may
not. A session keeps its number for ever, and where attendance was posted or people checked in it
keeps its day too. Approval gives the filing's source the bounds of the new version by that act
(`ledger.sources.AMENDING`); hours that were posted stay as they are, under the version that they
were posted under.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.models import Attendance
from creditbank.canonical import Canonical, canonical_text
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.hours import hours_text
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.ledger.posting import credit_states, credits_of
from creditbank.ledger.sources import AMENDING, Bounds, lock_source, source_bounds_details
from creditbank.registry.filing.filings import (
    FilingDraft,
    LateReasonWantedError,
    SessionDraft,
    described,
    draft_of,
    locked_filing,
    person_centihours,
    require_base_of,
    sessions_of,
    weighed,
)
from creditbank.registry.filing.kinds import people_max_of
from creditbank.registry.filing.states import FilingStep, require_step
from creditbank.registry.models import Filing, FilingAmendment, FilingSession
from creditbank.rules.pack import PackChain

#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000


class AmendmentState(StrEnum):
    """How an amendment stands."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class AmendmentOpenError(CreditBankError):
    """Another amendment of the filing waits for its decision."""

    code = "amendment-open"
    status = 409


class AmendmentMissingError(CreditBankError):
    """No amendment of this version waits: it was decided or withdrawn, or there never was one."""

    code = "amendment-missing"
    status = 409


class AmendmentUnchangedError(CreditBankError):
    """It says what the filing says already."""

    code = "amendment-unchanged"
    status = 422


class AmendmentSessionUnknownError(CreditBankError):
    """A session is said to go on that the filing does not have, or twice."""

    code = "amendment-session-unknown"
    status = 422


class AmendmentTakesAwayError(CreditBankError):
    """Sessions would be dropped, moved or shortened to which attendance was posted."""

    code = "amendment-takes-away"
    status = 409


class AmendmentBelowUsedError(CreditBankError):
    """Fewer people or hours would be allowed than were credited."""

    code = "amendment-below-used"
    status = 409


@dataclass(frozen=True, slots=True)
class AmendedSession:
    """A session as it is to be; with the number of the one that it goes on, 0 for a new one."""

    session_no: int
    planned: SessionDraft


@dataclass(frozen=True, slots=True)
class AmendmentDraft:
    """What a provider asks for: places, sessions, and hours where the rules leave them open."""

    seats: int
    sessions: tuple[AmendedSession, ...]
    approved_centihours: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a filing may be amended, as it was or is to be."""

    seats: int
    approved_centihours: int | None
    sessions: tuple[AmendedSession, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: of a session by its number, or (0) of the filing; empty is nothing there."""

    name: str
    session_no: int
    before: str
    after: str

    @property
    def code(self) -> str:
        """What it is called, behind `amendment-`."""
        return self.name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class _Ending:
    """How an amendment is decided: by whom, why, when."""

    state: AmendmentState
    actor: str
    reason: str
    now: datetime


def ask_amendment(
    session: Session, filing_no: str, draft: AmendmentDraft, *, actor: str, now: datetime
) -> FilingAmendment:
    """Ask for a new version of an approved filing.

    Raises:
        FilingUnknownError, FilingStepUnfitError: there is no such filing, or it is not open.
        AmendmentOpenError: another one waits.
        AmendmentSessionUnknownError, AmendmentUnchangedError: it is none.
        AmendmentTakesAwayError, AmendmentBelowUsedError: it takes away what was posted.
        the refusals of `submit_filing`: the rules would not credit it.
    """
    filing = locked_filing(session, filing_no)
    require_step(filing, FilingStep.AMEND)
    known = amendments_of(session, filing_no)
    if any(each.state == AmendmentState.ASKED for each in known):
        raise AmendmentOpenError(filing_no=filing_no)
    before = plan_of(session, filing)
    used = [number for each in known for plan in plans_of(each) for number in _numbers(plan)]
    after = _numbered(before, draft, max([*used, *_numbers(before)]))
    if after == before:
        raise AmendmentUnchangedError(filing_no=filing_no)
    changed, _law = _fitting(session, filing, before, after)
    row = {
        "filing_no": filing_no, "state": str(AmendmentState.ASKED),
        "version": max([filing.version, *(each.version for each in known)]) + 1,
        "before": _kept(before), "after": _kept(after), "reason": draft.reason,
        "asked_by": actor, "asked_at": now, "decided_by": None, "decided_at": None,
        "decision": "",
    }  # fmt: skip
    asked = session.scalars(insert(FilingAmendment).returning(FilingAmendment), [row]).one()
    details: dict[str, Canonical] = {
        **described(changed), "version": asked.version, "reason_text": draft.reason,
    }  # fmt: skip
    _record(session, filing, "filing.amendment-asked", details, actor=actor, now=now)
    return asked


def approve_amendment(
    session: Session, filing_no: str, version: int, *, actor: str, reason: str, now: datetime
) -> Filing:
    """Make what was asked for the filing's version; from now on rosters are posted under it.

    Raises:
        FilingUnknownError, AmendmentMissingError: nothing waits.
        FilingStepUnfitError: the filing was closed, suspended or revoked meanwhile.
        LateReasonWantedError: it adds a day that had passed when it was asked for; no reason given.
        AmendmentTakesAwayError, AmendmentBelowUsedError: so much was posted meanwhile.
        the refusals of `submit_filing`: the rules would not credit it any more.
    """
    filing = locked_filing(session, filing_no)
    asked = _asked(session, filing_no, version)
    require_step(filing, FilingStep.AMEND)
    before, after = plans_of(asked)
    if not reason:
        _refuse_late(before, after, civil_day(asked.asked_at))
    source, use = lock_source(session, filing_no)
    changed, law = _fitting(session, filing, before, after)
    people_max = people_max_of(changed.facts, after.seats)
    bounds = Bounds(people_max, person_centihours(changed, law))
    if people_max is not None and use.people > people_max:
        raise AmendmentBelowUsedError(
            found=str(people_max), wanted=str(use.people), of_words="filing-field-seats"
        )
    details: dict[str, Canonical] = {
        **described(changed), **source_bounds_details(bounds, bounds.centihours_max),
        "scheme": filing.scheme, "packs": law.pins(), "reason_text": reason, "version": version,
    }  # fmt: skip
    late = "filed-late" if reason else ""
    opened = session.get_one(Act, source.act_id).leaf
    _record(session, filing, AMENDING, details, actor=actor, now=now, reason=late, cites=(opened,))
    _apply(session, filing, after, version)
    _decide(asked, _Ending(AmendmentState.APPROVED, actor, reason, now))
    return filing


def refuse_amendment(
    session: Session, filing_no: str, version: int, *, actor: str, reason: str, now: datetime
) -> Filing:
    """Leave the filing as it is, with the reason that the provider will read.

    Raises:
        FilingUnknownError, AmendmentMissingError: nothing waits.
    """
    ending = _Ending(AmendmentState.REFUSED, actor, reason, now)
    return _end(session, filing_no, version, ending)


def withdraw_amendment(
    session: Session, filing_no: str, version: int, *, actor: str, now: datetime
) -> Filing:
    """Take back what was asked for.

    Raises:
        FilingUnknownError, AmendmentMissingError: nothing waits.
    """
    ending = _Ending(AmendmentState.WITHDRAWN, actor, "", now)
    return _end(session, filing_no, version, ending)


def amendments_of(session: Session, filing_no: str) -> Sequence[FilingAmendment]:
    """Return every amendment that was asked for, the first one first."""
    query = select(FilingAmendment).where(FilingAmendment.filing_no == filing_no)
    return session.scalars(query.order_by(FilingAmendment.version)).all()


def plan_of(session: Session, filing: Filing) -> Plan:
    """Return what of a filing may be amended, as it now is."""
    sessions = tuple(
        AmendedSession(
            each.session_no,
            SessionDraft(
                each.day, each.planned_minutes, each.planned_half_days, each.begins_at,
                each.ends_at, each.place, each.teachers,
            ),
        )
        for each in sessions_of(session, filing.filing_no)
    )  # fmt: skip
    return Plan(filing.seats, filing.approved_centihours, sessions)


def plans_of(amendment: FilingAmendment) -> tuple[Plan, Plan]:
    """Return both versions: as it was when it was asked for, and as it is to be."""
    return _read(amendment.before), _read(amendment.after)


def changes_between(before: Plan, after: Plan) -> list[Change]:
    """Tell what differs between two versions, session by session."""
    found = []
    hours = [
        "" if plan.approved_centihours is None else hours_text(plan.approved_centihours)
        for plan in (before, after)
    ]
    for name, old, new in (("seats", str(before.seats), str(after.seats)), ("asked", *hours)):
        if old != new:
            found.append(Change(name, 0, old, new))
    was, now = _by_number(before), _by_number(after)
    for number in sorted(was.keys() | now.keys()):
        if number not in was or number not in now:
            days = [plan[number].day.isoformat() if number in plan else "" for plan in (was, now)]
            found.append(Change("sessions", number, *days))
            continue
        old_said, new_said = (_said(plan[number]) for plan in (was, now))
        found += [
            Change(name, number, old_said[name], new_said[name])
            for name in old_said
            if old_said[name] != new_said[name]
        ]
    return found


def _end(session: Session, filing_no: str, version: int, ending: _Ending) -> Filing:
    filing = locked_filing(session, filing_no)
    asked = _asked(session, filing_no, version)
    details: dict[str, Canonical] = {"version": version, "reason_text": ending.reason}
    kind = f"filing.amendment-{ending.state}"
    _record(session, filing, kind, details, actor=ending.actor, now=ending.now)
    _decide(asked, ending)
    return filing


def _asked(session: Session, filing_no: str, version: int) -> FilingAmendment:
    """Return the amendment that waits; the filing is locked, so nobody else decides it."""
    found = session.get(FilingAmendment, (filing_no, version), populate_existing=True)
    if found is None or found.state != AmendmentState.ASKED:
        raise AmendmentMissingError(filing_no=filing_no, version=version)
    return found


def _decide(asked: FilingAmendment, ending: _Ending) -> None:
    asked.state, asked.decision = str(ending.state), ending.reason
    asked.decided_by, asked.decided_at = ending.actor, ending.now


def _record(  # what an act says
    session: Session, filing: Filing, kind: str, details: Canonical, *, actor: str, now: datetime,
    reason: str = "", cites: tuple[bytes, ...] = (),
) -> None:  # fmt: skip
    record_act(
        session,
        ActDraft(kind, filing.jurisdiction, actor, filing.filing_no, details, reason, cites),
        now=now,
    )


def _fitting(
    session: Session, filing: Filing, before: Plan, after: Plan
) -> tuple[FilingDraft, PackChain]:
    """Return the filing as it is to be, which the rules credit and nothing posted contradicts."""
    as_it_is = draft_of(session, filing, filing.approved_centihours)
    wanted = replace(
        as_it_is,
        seats=after.seats,
        approved_centihours=after.approved_centihours,
        sessions=tuple(each.planned for each in after.sessions),
    )
    law, wanted = weighed(session, wanted, filing.scheme)
    require_base_of(session, filing.organisation_id, wanted)
    _refuse_taking_away(session, filing.filing_no, before, after)
    worth = person_centihours(wanted, law)
    most = _most_issued(session, filing)
    if most > worth:
        raise AmendmentBelowUsedError(
            found=hours_text(worth), wanted=hours_text(most), of_words="filing-field-asked"
        )
    return wanted, law


def _refuse_taking_away(session: Session, filing_no: str, before: Plan, after: Plan) -> None:
    now, lost = _by_number(after), []
    held = _held_sessions(session, filing_no)
    for number, old in _by_number(before).items():
        new = now.get(number)
        stays = new is not None and (
            (new.day, new.planned_half_days) == (old.day, old.planned_half_days)
            and new.planned_minutes >= old.planned_minutes
        )
        if number in held and not stays:
            lost.append(old.day.isoformat())
    if lost:
        raise AmendmentTakesAwayError(filing_no=filing_no, days=lost)


def _held_sessions(session: Session, filing_no: str) -> set[int]:
    """Return the sessions to which attendance was posted, or people checked in."""
    posted = select(Attendance.session_no).where(Attendance.filing_no == filing_no).distinct()
    checked_in = select(CheckIn.session_no).where(CheckIn.filing_no == filing_no)
    return {*session.scalars(posted), *session.scalars(checked_in)}


def _most_issued(session: Session, filing: Filing) -> int:
    """Return the most that one person now holds under the filing, in centihours."""
    query = select(Attendance.person_id).where(Attendance.filing_no == filing.filing_no)
    people = sorted(session.scalars(query.distinct()))
    numbers = sorted(_held_sessions(session, filing.filing_no))
    occasions = [f"{filing.filing_no}/{number}" for number in numbers]
    issued: dict[int, int] = defaultdict(int)
    for start in range(0, len(people), _CHUNK):
        chunk = people[start : start + _CHUNK]
        for state in credit_states(credits_of(session, chunk, filing.scheme, occasions=occasions)):
            if not state.reversed:
                issued[state.credit.person_id] += state.credit.centihours
    return max(issued.values(), default=0)


def _refuse_late(before: Plan, after: Plan, asked_on: date) -> None:
    filed = {each.planned.day for each in before.sessions}
    late = [each.planned.day for each in after.sessions if each.planned.day < asked_on]
    new = sorted(day for day in late if day not in filed)
    if new:
        raise LateReasonWantedError(submitted_on=asked_on.isoformat(), first_day=new[0].isoformat())


def _apply(session: Session, filing: Filing, after: Plan, version: int) -> None:
    filing.seats, filing.version = after.seats, version
    filing.approved_centihours = after.approved_centihours
    session.execute(delete(FilingSession).where(FilingSession.filing_no == filing.filing_no))
    rows = [
        {"filing_no": filing.filing_no, "session_no": each.session_no, **asdict(each.planned)}
        for each in after.sessions
    ]
    session.execute(insert(FilingSession), rows)


def _numbered(before: Plan, draft: AmendmentDraft, highest: int) -> Plan:
    """Give each new session a number that no session ever had."""
    stated = [each.session_no for each in draft.sessions if each.session_no]
    if len(set(stated)) < len(stated) or not set(stated) <= set(_numbers(before)):
        raise AmendmentSessionUnknownError(found=sorted(stated), wanted=sorted(_numbers(before)))
    sessions = []
    for each in sorted(draft.sessions, key=lambda one: one.planned.day):
        highest += not each.session_no
        sessions.append(replace(each, session_no=each.session_no or highest))
    return Plan(draft.seats, draft.approved_centihours, tuple(sessions))


def _numbers(plan: Plan) -> list[int]:
    return [each.session_no for each in plan.sessions]


def _by_number(plan: Plan) -> Mapping[int, SessionDraft]:
    return {each.session_no: each.planned for each in plan.sessions}


def _said(planned: SessionDraft) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(planned).items()}


def _kept(plan: Plan) -> str:
    said: dict[str, Canonical] = {
        "seats": plan.seats,
        "sessions": [
            {
                **asdict(each.planned), "day": each.planned.day.isoformat(),
                "session_no": each.session_no,
            }
            for each in plan.sessions
        ],
    }  # fmt: skip
    if plan.approved_centihours is not None:
        said["approved_centihours"] = plan.approved_centihours
    return canonical_text(said)


def _read(text: str) -> Plan:
    said: dict[str, Any] = json.loads(text)
    sessions = []
    for each in said["sessions"]:
        number, day = each.pop("session_no"), date.fromisoformat(each.pop("day"))
        sessions.append(AmendedSession(number, SessionDraft(day, **each)))
    return Plan(said["seats"], said.get("approved_centihours"), tuple(sessions))
