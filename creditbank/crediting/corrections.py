"""Correcting attendance: what was credited is reversed and credited anew, in one act.

The act names what it reverses and why; the new revision is posted as a roster of one row, under the
same bounds as any. Where it cannot be, nothing is reversed either. What other schemes recognised of
the earlier credit goes with it, and has to be recognised anew.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.attendance.roster import rows_from_json
from creditbank.crediting.fold import FoldContext, facts_key
from creditbank.crediting.reversals import Ruling, hold, live_under, take_back
from creditbank.crediting.rosters import RosterPosting, post_roster
from creditbank.crediting.withdrawals import NothingToWithdrawError, WithdrawalReason
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.models import CreditFacts
from creditbank.ledger.posting import CreditState
from creditbank.people.register import (
    Identity,
    ensure_people,
    find_person,
    lock_linked,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import Filing


class CorrectionReason(StrEnum):
    """Why an attendance is put right."""

    WRONG_MINUTES = str(WithdrawalReason.WRONG_MINUTES)
    WRONG_PERSON = str(WithdrawalReason.WRONG_PERSON)
    WRONG_SESSION = str(WithdrawalReason.WRONG_SESSION)
    FINDING = str(WithdrawalReason.FINDING)


class CorrectionUnchangedError(CreditBankError):
    """The same person was credited with these minutes on that day already."""

    code = "correction-unchanged"
    status = 409


class CorrectionRefusedError(CreditBankError):
    """What the attendance would become cannot be credited; it stays as it is."""

    code = "correction-refused"
    status = 409


@dataclass(frozen=True, slots=True)
class Correction:
    """Whose attendance on which day of a filing was really other minutes, a day or person else.

    `case_no` is the number of the office's file, empty where there is none.
    """

    filing: Filing
    identity: Identity
    day: date
    attended_minutes: int
    reason: CorrectionReason
    case_no: str
    actor: str
    #: who really was there; None for the same person
    attended_by: Identity | None = field(default=None, repr=False)
    #: the day of the session that it really was; None for the same day
    attended_on: date | None = None


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """Minutes and centihours before and after, caps aside; the new roster; leaf of the act."""

    day: date
    day_after: date
    minutes_before: int
    minutes_after: int
    before_centihours: int
    after_centihours: int
    roster_no: str
    act_leaf: bytes


def correct_attendance(
    session: Session, vault: Vault, correction: Correction, *, now: datetime
) -> CorrectionResult:
    """Reverse a person's credit of one day and credit what it should have been.

    Raises:
        PersonUnknownError, IdentityMismatchError: number and name do not lead to one person.
        NothingToWithdrawError: nothing live stands on this day.
        CorrectionUnchangedError: it says what is on record.
        FilingNotOpenError: the filing is suspended or revoked.
        SourceInvestigatedError: the whole filing is under investigation.
        CorrectionRefusedError: the new attendance cannot be credited, and why.
        PersonErasedError: the person's secret was erased.
    """
    filing = correction.filing
    held = hold(session, filing.filing_no)
    person_id = find_person(session, vault, correction.identity)
    keys = {person_id}
    if correction.attended_by is not None:
        # Known before anybody is locked, so that both are locked in the order of all keys.
        keys |= set(ensure_people(session, vault, [correction.attended_by], now=now).values())
    group = lock_linked(session, keys)[person_id]
    live = live_under(session, group, filing.scheme, held.source)
    old = next((state for state in live if state.credit.earned_on == correction.day), None)
    if old is None:
        raise NothingToWithdrawError(filing_no=filing.filing_no)
    before = _minutes_of(session, old)
    day_after = correction.attended_on or correction.day
    is_same = correction.attended_by is None and day_after == correction.day
    if is_same and before == correction.attended_minutes:
        raise CorrectionUnchangedError(minutes=before, day=correction.day.isoformat())
    year = _make_up_year_of(session, old)
    act = _record(session, correction, old, before, now=now)
    ruling = Ruling(act, correction.actor, str(correction.reason))
    context = FoldContext(law_of(session, filing.scheme), secrets_of(session, vault, group), now)
    take_back(session, held, live, [old], ruling, groups=[group], context=context)
    posted = post_roster(session, vault, _posting(correction, year), now=now)
    if posted.problems:
        raise CorrectionRefusedError(why_words=f"why-{posted.problems[0].code}")
    return CorrectionResult(
        day=correction.day,
        day_after=day_after,
        minutes_before=before,
        minutes_after=correction.attended_minutes,
        before_centihours=old.credit.centihours,
        after_centihours=posted.credited_centihours,
        roster_no=posted.roster_no,
        act_leaf=act.leaf,
    )


def rehearse_correction(
    session: Session, vault: Vault, correction: Correction, *, now: datetime
) -> CorrectionResult:
    """Correct and take every trace of it back: what would be on record, now.

    Raises:
        the same as when it is corrected.
    """
    rehearsal = session.begin_nested()
    try:
        return correct_attendance(session, vault, correction, now=now)
    finally:
        rehearsal.rollback()


def _minutes_of(session: Session, state: CreditState) -> int:
    credit = state.credit
    filing_no, _, session_no = credit.occasion.partition("/")
    key = (credit.person_id, filing_no, int(session_no), credit.revision)
    return session.get_one(Attendance, key).attended_minutes


def _make_up_year_of(session: Session, state: CreditState) -> int | None:
    """Return the year that the attendance was meant to make up; what is corrected keeps it."""
    facts = session.get_one(CreditFacts, facts_key(state.credit)).facts
    year: int | None = json.loads(facts).get("make_up_year")
    return year


def _record(
    session: Session, correction: Correction, old: CreditState, before: int, *, now: datetime
) -> RecordedAct:
    moved = correction.attended_on
    return record_act(
        session,
        ActDraft(
            kind="attendance.corrected",
            jurisdiction=correction.filing.jurisdiction,
            actor=correction.actor,
            subject=correction.filing.filing_no,
            details={
                "occasions": [old.credit.occasion],
                "minutes_before": before,
                "minutes_after": correction.attended_minutes,
                "case_no": correction.case_no,
                **({"attended_on": moved.isoformat()} if moved else {}),
            },
            reason=str(correction.reason),
            cites=(old.credit.leaf,),
        ),
        now=now,
    )


def _posting(correction: Correction, make_up_year: int | None) -> RosterPosting:
    attended_by = correction.attended_by or correction.identity
    day = correction.attended_on or correction.day
    row = {
        "name": attended_by.name,
        "document_kind": str(attended_by.document.kind),
        "document_number": attended_by.document.number,
        "day": day.isoformat(),
        "attended_minutes": correction.attended_minutes,
        "make_up_year": make_up_year,
    }
    roster = rows_from_json([row])
    return RosterPosting(correction.filing, roster, correction.actor, corrects=True)
