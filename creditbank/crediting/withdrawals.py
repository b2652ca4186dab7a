"""Withdrawing attendance: an act with its reason, and a reversal of each credit it names.

Nothing is deleted. The hours go back to the filing, the place with them, and what caps had held
back of other hours is counted again, all in one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from creditbank.crediting.fold import FoldContext
from creditbank.crediting.reversals import Ruling, hold, live_under, take_back
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.posting import CreditState
from creditbank.people.register import (
    Identity,
    find_person,
    lock_linked,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import Filing


class WithdrawalReason(StrEnum):
    """Why an attendance is taken back."""

    NOT_PRESENT = "not-present"
    WRONG_PERSON = "wrong-person"
    WRONG_SESSION = "wrong-session"
    WRONG_MINUTES = "wrong-minutes"
    FINDING = "finding"
    #: the provider voided the xAPI statement that told of it
    STATEMENT_VOIDED = "statement-voided"


class NothingToWithdrawError(CreditBankError):
    """The person holds no live hours under this filing on these days."""

    code = "nothing-to-withdraw"
    status = 409


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Whose attendance under which filing is taken back, on which days (none: on all), and why.

    `case_no` is the number of the office's file, empty where there is none.
    """

    filing: Filing
    identity: Identity
    days: tuple[date, ...]
    reason: WithdrawalReason
    case_no: str
    actor: str


@dataclass(frozen=True, slots=True)
class WithdrawalResult:
    """What was taken back, in centihours, and the leaf of the act."""

    days: tuple[date, ...]
    reversed_centihours: int
    act_leaf: bytes


def withdraw_attendance(
    session: Session, vault: Vault, withdrawal: Withdrawal, *, now: datetime
) -> WithdrawalResult:
    """Reverse a person's credits under a filing.

    Raises:
        PersonUnknownError, IdentityMismatchError: number and name do not lead to one person.
        NothingToWithdrawError: there is nothing live on these days.
    """
    filing = withdrawal.filing
    held = hold(session, filing.filing_no)
    person_id = find_person(session, vault, withdrawal.identity)
    group = lock_linked(session, [person_id])[person_id]
    secrets = secrets_of(session, vault, group)
    live = live_under(session, group, filing.scheme, held.source)
    chosen = [
        state for state in live if not withdrawal.days or state.credit.earned_on in withdrawal.days
    ]
    if not chosen:
        raise NothingToWithdrawError(filing_no=filing.filing_no)
    act = _record(session, withdrawal, chosen, now=now)
    take_back(
        session,
        held,
        live,
        chosen,
        Ruling(act, withdrawal.actor, str(withdrawal.reason)),
        groups=[group],
        context=FoldContext(law_of(session, filing.scheme), secrets, now),
    )
    return WithdrawalResult(
        days=tuple(sorted({state.credit.earned_on for state in chosen})),
        reversed_centihours=sum(state.credit.centihours for state in chosen),
        act_leaf=act.leaf,
    )


def rehearse_withdrawal(
    session: Session, vault: Vault, withdrawal: Withdrawal, *, now: datetime
) -> WithdrawalResult:
    """Withdraw and take every trace of it back: what would be reversed, now.

    Raises:
        PersonUnknownError, IdentityMismatchError, NothingToWithdrawError: as when it is withdrawn.
    """
    rehearsal = session.begin_nested()
    try:
        return withdraw_attendance(session, vault, withdrawal, now=now)
    finally:
        rehearsal.rollback()


def _record(
    session: Session, withdrawal: Withdrawal, chosen: Sequence[CreditState], *, now: datetime
) -> RecordedAct:
    filing = withdrawal.filing
    return record_act(
        session,
        ActDraft(
            kind="attendance.withdrawn",
            jurisdiction=filing.jurisdiction,
            actor=withdrawal.actor,
            subject=filing.filing_no,
            details={
                "occasions": sorted(state.credit.occasion for state in chosen),
                "case_no": withdrawal.case_no,
            },
            reason=str(withdrawal.reason),
            cites=tuple(sorted(state.credit.leaf for state in chosen)),
        ),
        now=now,
    )
