"""Disputes of hours on the side of those who answer: providers, and officials of the region."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.integrity.disputes import (
    CASE_CHARACTERS_MAX,
    WORDS_CHARACTERS_MAX,
    Answer,
    Outcome,
    StepDraft,
    Term,
    answer_dispute,
    decide_dispute,
)
from creditbank.integrity.lists import (
    OPEN,
    DisputesWanted,
    dispute_seen,
    disputes_page,
    told_dispute,
    whose,
)
from creditbank.integrity.remedies import remedies_of
from creditbank.integrity.states import Step, possible
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import asked, asked_place, cursor_of, shown

DISPUTES_SHOWN = 25
_ANSWERS, _DECIDES = able(Scope.ATTENDANCE_WITHDRAW), able(Scope.HOURS_INVESTIGATE)
_ONE = "/disputes/<public:dispute_no>"

disputes = Pages("disputes", __name__)


@disputes.shown("/disputes", _ANSWERS, menu="disputes")
def overview(visit: Visit, session: Session) -> Response:
    """List what waits, the oldest first; or all, the newest first."""
    every = asked("which") == "all"
    wanted = DisputesWanted(
        visit.client, "" if every else OPEN, asked_place("after"), DISPUTES_SHOWN
    )
    found = disputes_page(session, wanted)
    page = found[:DISPUTES_SHOWN]
    more = len(found) > DISPUTES_SHOWN
    return shown(
        "disputes.html", found=page, every=every, today=civil_day(visit.now),
        next=cursor_of(page[-1].stated_at, page[-1].dispute_no) if more else "",
    )  # fmt: skip


@disputes.shown(_ONE, _ANSWERS)
def one(visit: Visit, session: Session, dispute_no: str) -> Response:
    """Show whose it is, every step, and what can be done."""
    dispute, vault = dispute_seen(session, visit.client, dispute_no), current_house().vault
    steps, is_official = possible(dispute.state), organisation_seen(visit.client) is None
    draft = LookDraft(Shown.DISPUTE, dispute_no)
    looked([dispute.person_id], draft, visit.client, now=visit.now)
    name, last_four = whose(session, vault, dispute)
    return shown(
        "dispute.html", told=told_dispute(session, vault, dispute), name=name,
        last_four=last_four, remedies=remedies_of(session, dispute),
        may_correct=Step.CORRECT in steps, may_decline=Step.DECLINE in steps and not is_official,
        may_decide=Step.UPHOLD in steps and is_official, is_official=is_official,
        today=civil_day(visit.now), characters=WORDS_CHARACTERS_MAX,
    )  # fmt: skip


@disputes.sent(f"{_ONE}/correction", _ANSWERS, shows=one)
def correct(visit: Visit, session: Session, dispute_no: str) -> Response:
    """Say by which posting, correction or withdrawal it was put right."""
    return _answered(visit, session, dispute_no, Answer.CORRECTED)


@disputes.sent(f"{_ONE}/declining", _ANSWERS, shows=one)
def decline(visit: Visit, session: Session, dispute_no: str) -> Response:
    """Say why it is not put right."""
    return _answered(visit, session, dispute_no, Answer.DECLINED)


@disputes.sent(f"{_ONE}/decision", _DECIDES, shows=one)
def decide(visit: Visit, session: Session, dispute_no: str) -> Response:
    """Decide for the person or against them."""
    dispute_seen(session, visit.client, dispute_no)
    house, outcome = current_house(), forms.chosen("outcome", Outcome)
    draft = StepDraft(
        dispute_no, visit.client.client_id,
        fields.text("words", "dispute-words", WORDS_CHARACTERS_MAX),
        case_no=fields.text("case_no", "desk-item-case", CASE_CHARACTERS_MAX),
    )  # fmt: skip
    term = Term(house.settings.dispute_working_days)
    decide_dispute(session, house.vault, outcome, draft, term, now=visit.now)
    return see("web.disputes.one", f"dispute-{outcome}", dispute_no=dispute_no)


def _answered(visit: Visit, session: Session, dispute_no: str, answer: Answer) -> Response:
    dispute_seen(session, visit.client, dispute_no)
    words = fields.text("words", "dispute-words", WORDS_CHARACTERS_MAX)
    draft = StepDraft(dispute_no, visit.client.client_id, words, forms.typed("remedy"))
    answer_dispute(session, current_house().vault, answer, draft, now=visit.now)
    return see("web.disputes.one", f"dispute-{answer}", dispute_no=dispute_no)
