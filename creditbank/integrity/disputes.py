"""Disputes of hours: stated by a professional, answered by the provider, decided by an official.

Time decides nothing: what the provider leaves unanswered goes to the official of the region. No
step moves an hour; whoever puts something right posts, corrects or withdraws as ever, and names
that here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.crediting.filing_steps import CLOCK
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.integrity.models import Dispute, DisputeStep
from creditbank.integrity.remedies import remedies_of
from creditbank.integrity.states import (
    ACTS,
    WAITING,
    About,
    DisputeState,
    Step,
    after,
)
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Source
from creditbank.people.register import lock_linked, secrets_of
from creditbank.people.vault import Vault, lock_under, row_key
from creditbank.registry.filing.due import due_day
from creditbank.registry.filing.filings import FilingUnknownError
from creditbank.registry.models import Filing, Organisation
from creditbank.registry.organisations import OrganisationUnknownError, organisation_by_uscc
from creditbank.registry.successions import holder_of, successor_of

WORDS_CHARACTERS_MAX = 400
CASE_CHARACTERS_MAX = 60
#: More than anybody has cause for, and few enough to be read by people (an assumption: no source
#: states a bound).
STATED_MAX, STATED_WITHIN = 10, timedelta(days=30)
_USCC_CHARACTERS = 18


class DisputeDayError(CreditBankError):
    """A dispute is about a day that has come; of a provider without a filing it names one."""

    code = "dispute-day"
    status = 422


class DisputeTwiceError(CreditBankError):
    """The person's dispute about the same hours waits already."""

    code = "dispute-twice"
    status = 409


class DisputesTooManyError(CreditBankError):
    """The person stated as many as one person may in so many days."""

    code = "disputes-too-many"
    status = 429


class DisputeRemedyError(CreditBankError):
    """What is named did not put anything of this person's right since the dispute was stated."""

    code = "dispute-remedy"
    status = 409


class DisputeErasedError(CreditBankError):
    """The person's secret was erased: nothing more can be said of their disputes."""

    code = "dispute-erased"
    status = 409


class Answer(StrEnum):
    """What a provider says to a dispute."""

    CORRECTED = "corrected"
    DECLINED = "declined"


class Outcome(StrEnum):
    """What an official finds of a dispute."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class DisputeDraft:
    """What a professional says: of which filing, or of whom on which day, and their words.

    `provider` is a code or a full name, for whoever does not know the filing's number.
    """

    about: About
    words: str = field(repr=False)
    filing_no: str = ""
    provider: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class StepDraft:
    """A step about to be taken: by whom, with what words; `case_no` is of an official's file."""

    dispute_no: str
    actor: str
    words: str = field(default="", repr=False)
    remedy: str = ""
    case_no: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """In how many working days a provider answers; 0 for no term."""

    working_days: int

    def due(self, now: datetime) -> date | None:
        """Return the last day of a term that begins now."""
        return due_day(civil_day(now), self.working_days) if self.working_days else None


def state_dispute(  # whose, by whom, in what term
    session: Session, vault: Vault, draft: DisputeDraft, person_id: int, term: Term, *,
    actor: str, now: datetime,
) -> Dispute:  # fmt: skip
    """State that hours are missing or wrong; whoever answers for the filing now has the word.

    Raises:
        FilingUnknownError, OrganisationUnknownError: nothing was approved under this number;
            nobody, or more than one, is called so.
        DisputeDayError: no day where one is wanted, or one that has not come.
        DisputeTwiceError, DisputesTooManyError: it waits already; there were many.
        DisputeErasedError: the person's secret was erased.
    """
    people = lock_linked(session, [person_id])[person_id]
    filing, provider = _about_whom(session, draft)
    _check_day(draft, filing, now)
    _check_count(session, people, draft, filing, provider, now=now)
    answers = holder_of(session, filing) if filing else successor_of(session, provider)
    dispute = Dispute(
        dispute_no="J" + random_number(9), person_id=person_id, organisation_id=provider,
        jurisdiction=_region(session, filing, provider),
        filing_no=filing.filing_no if filing else None, day=draft.day, about=str(draft.about),
        state="", stated_at=now, due_on=None, steps=0, steps_read=1,
    )  # fmt: skip
    step = Step.STATE_TO_OFFICIAL if answers is None else Step.STATE
    _take(session, vault, dispute, step, StepDraft("", actor, draft.words), now=now)
    dispute.due_on = None if answers is None else term.due(now)
    session.flush()
    return dispute


def answer_dispute(
    session: Session, vault: Vault, answer: Answer, draft: StepDraft, *, now: datetime
) -> Dispute:
    """Say that it was put right, and by which posting; or that it will not be, and why.

    Raises:
        DisputeUnfitError: it is not to be answered as it stands.
        DisputeRemedyError: what is named put nothing right.
        DisputeErasedError: the person's secret was erased.
    """
    dispute = _locked(session, draft.dispute_no)
    step = Step.CORRECT if answer is Answer.CORRECTED else Step.DECLINE
    state = after(dispute.state, step)
    if step is Step.CORRECT and draft.remedy not in {
        each.number for each in remedies_of(session, dispute)
    }:
        raise DisputeRemedyError(found=draft.remedy[:64])
    _take(session, vault, dispute, step, draft, now=now)
    dispute.due_on = dispute.due_on if state is DisputeState.WITH_OFFICIAL else None
    session.flush()
    return dispute


def decide_dispute(
    session: Session, vault: Vault, outcome: Outcome, draft: StepDraft, term: Term, *, now: datetime
) -> Dispute:  # fmt: skip
    """Find for the person, so that the provider puts it right, or against them; by an act.

    Raises:
        DisputeUnfitError: it is not before an official.
        DisputeErasedError: the person's secret was erased.
    """
    dispute = _locked(session, draft.dispute_no)
    step = Step.UPHOLD if outcome is Outcome.UPHELD else Step.DISMISS
    _take(session, vault, dispute, step, draft, now=now)
    dispute.due_on = term.due(now) if outcome is Outcome.UPHELD else None
    session.flush()
    return dispute


def appeal(session: Session, vault: Vault, draft: StepDraft, *, now: datetime) -> Dispute:
    """Take a dispute that the provider answered to the official of the region.

    Raises:
        DisputeUnfitError, DisputeErasedError: it cannot be.
    """
    return _by_person(session, vault, Step.APPEAL, draft, now=now)


def withdraw_dispute(session: Session, vault: Vault, draft: StepDraft, *, now: datetime) -> Dispute:
    """Take a dispute back.

    Raises:
        DisputeUnfitError, DisputeErasedError: it cannot be.
    """
    return _by_person(session, vault, Step.WITHDRAW, draft, now=now)


def escalate_disputes(session: Session, vault: Vault, *, limit: int, now: datetime) -> int:
    """Hand what providers did not answer in time to officials; return how many."""
    late = select(Dispute).where(
        Dispute.state == str(DisputeState.WITH_PROVIDER), Dispute.due_on < civil_day(now)
    )
    found = session.scalars(
        late.order_by(Dispute.due_on).limit(limit).with_for_update(skip_locked=True)
    ).all()
    for dispute in found:
        _take(session, vault, dispute, Step.OVERDUE, StepDraft(dispute.dispute_no, CLOCK), now=now)
    session.flush()
    return len(found)


def mark_steps_read(session: Session, people: Sequence[int]) -> None:
    """Note that a person has read every step of all their disputes."""
    query = select(Dispute).where(Dispute.person_id.in_(people), Dispute.steps_read < Dispute.steps)
    for dispute in session.scalars(query.with_for_update()):
        dispute.steps_read = dispute.steps
    session.flush()


def place_of_step(dispute_no: str, step_no: int) -> tuple[int, int]:
    """Return a step's key as the vault takes keys: in figures."""
    return row_key(dispute_no), step_no


def _by_person(
    session: Session, vault: Vault, step: Step, draft: StepDraft, *, now: datetime
) -> Dispute:
    dispute = _locked(session, draft.dispute_no)
    _take(session, vault, dispute, step, draft, now=now)
    dispute.due_on, dispute.steps_read = None, dispute.steps
    session.flush()
    return dispute


def _take(  # what a step says
    session: Session, vault: Vault, dispute: Dispute, step: Step, draft: StepDraft, *, now: datetime
) -> None:  # fmt: skip
    """Enter the state to which a step leads, and write the step down."""
    dispute.state, dispute.steps = str(after(dispute.state, step)), dispute.steps + 1
    words = _locked_words(session, vault, dispute, draft.words)
    act_id = _record(session, dispute, step, draft, now=now)
    session.add(dispute)
    session.flush()
    session.add(
        DisputeStep(
            dispute_no=dispute.dispute_no,
            step_no=dispute.steps,
            step=str(step),
            actor=draft.actor,
            recorded_at=now,
            words_cipher=words,
            remedy=draft.remedy if step is Step.CORRECT else "",
            act_id=act_id,
        )
    )


def _locked_words(session: Session, vault: Vault, dispute: Dispute, words: str) -> bytes | None:
    if not words:
        return None
    secret = secrets_of(session, vault, [dispute.person_id]).get(dispute.person_id)
    if secret is None:
        raise DisputeErasedError
    place = place_of_step(dispute.dispute_no, dispute.steps)
    return lock_under(secret, words.encode("utf-8"), "dispute_step", "words_cipher", *place)


def _record(
    session: Session, dispute: Dispute, step: Step, draft: StepDraft, *, now: datetime
) -> int | None:
    if step not in ACTS:
        return None
    details: dict[str, Canonical] = {
        "about": dispute.about, "filing": dispute.filing_no or "", "step": dispute.steps,
        "day": dispute.day.isoformat() if dispute.day else "",
        "due_day": dispute.due_on.isoformat() if dispute.due_on else "",
        "case_no": draft.case_no,
    }  # fmt: skip
    act = ActDraft(ACTS[step], dispute.jurisdiction, draft.actor, dispute.dispute_no, details)
    return record_act(session, act, now=now).act_id


def _locked(session: Session, dispute_no: str) -> Dispute:
    return session.get_one(Dispute, dispute_no, with_for_update=True, populate_existing=True)


def _about_whom(session: Session, draft: DisputeDraft) -> tuple[Filing | None, int]:
    """Return the filing that is meant, if one is, and who filed it or was named."""
    if draft.filing_no:
        filing = session.get(Filing, draft.filing_no)
        query = select(Source.source_no).where(Source.source_no == draft.filing_no)
        if filing is None or session.scalar(query) is None:
            raise FilingUnknownError(filing_no=draft.filing_no[:20])
        return filing, filing.organisation_id
    query_named = select(Organisation.organisation_id).where(Organisation.name == draft.provider)
    named = session.scalars(query_named.limit(2)).all()
    if len(named) == 1:
        return None, named[0]
    if named or len(draft.provider) != _USCC_CHARACTERS:
        raise OrganisationUnknownError(uscc=draft.provider[:_USCC_CHARACTERS] or "—")
    return None, organisation_by_uscc(session, draft.provider).organisation_id


def _check_day(draft: DisputeDraft, filing: Filing | None, now: datetime) -> None:
    today = civil_day(now)
    if (draft.day is None and filing is None) or (draft.day is not None and draft.day > today):
        found = draft.day.isoformat() if draft.day else "—"
        raise DisputeDayError(found=found, wanted=today.isoformat())


def _check_count(  # what is counted
    session: Session, people: Sequence[int], draft: DisputeDraft, filing: Filing | None,
    provider: int, *, now: datetime,
) -> None:  # fmt: skip
    mine = Dispute.person_id.in_(people)
    same = select(Dispute.dispute_no).where(
        mine, Dispute.state.in_(map(str, WAITING)), Dispute.organisation_id == provider,
        Dispute.filing_no == filing.filing_no if filing else Dispute.filing_no.is_(None),
        Dispute.day == draft.day if draft.day else Dispute.day.is_(None),
    )  # fmt: skip
    known = session.scalars(same.limit(1)).first()
    if known is not None:
        raise DisputeTwiceError(dispute_no=known)
    recent = select(func.count()).where(mine, Dispute.stated_at > now - STATED_WITHIN)
    if (session.scalar(recent) or 0) >= STATED_MAX:
        raise DisputesTooManyError(limit=STATED_MAX, days=STATED_WITHIN.days)


def _region(session: Session, filing: Filing | None, provider: int) -> str:
    if filing is not None:
        return filing.jurisdiction
    return session.get_one(Organisation, provider).jurisdiction
