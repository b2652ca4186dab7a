"""A professional says that hours are missing or wrong (学时异议), and is told of every step."""

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.house import current_house
from creditbank.integrity.disputes import (
    STATED_MAX,
    STATED_WITHIN,
    WORDS_CHARACTERS_MAX,
    DisputeDraft,
    StepDraft,
    Term,
    appeal,
    mark_steps_read,
    state_dispute,
    withdraw_dispute,
)
from creditbank.integrity.lists import (
    own_dispute,
    own_disputes,
    told_dispute,
    unread_steps,
)
from creditbank.integrity.models import Dispute
from creditbank.integrity.states import About, Step, possible
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, see
from creditbank.web.holding import OWN, asked, own_keys, own_person, shown

_ONE = "/hours/disputes/<public:dispute_no>"
_SUBJECT_CHARACTERS_MAX, _FILING_CHARACTERS = 120, 10

own_disputes_pages = Pages("own_disputes", __name__)


@own_disputes_pages.shown("/hours/disputes", OWN, menu="own-disputes")
def overview(visit: Visit, session: Session) -> Response:
    """List one's disputes, the newest first."""
    people, vault = own_keys(visit, session), current_house().vault
    told = [told_dispute(session, vault, each) for each in own_disputes(session, people)]
    return shown("own_disputes.html", told=told, unread=unread_steps(session, people))


@own_disputes_pages.shown("/hours/disputes/new", OWN)
def new(_visit: Visit, _session: Session) -> Response:
    """Show the form; an entry's page has filled in what it knows."""
    return shown(
        "own_dispute_new.html", abouts=list(map(str, About)), most=STATED_MAX,
        days=STATED_WITHIN.days, characters=WORDS_CHARACTERS_MAX,
        given={name: _given(name) for name in ("about", "subject", "day", "words")},
        working_days=current_house().settings.dispute_working_days,
    )  # fmt: skip


@own_disputes_pages.sent("/hours/disputes/new", OWN, shows=new)
def state(visit: Visit, session: Session) -> Response:
    """State a dispute."""
    house = current_house()
    subject = fields.text("subject", "dispute-subject", _SUBJECT_CHARACTERS_MAX)
    is_filing = len(subject) == _FILING_CHARACTERS and subject.upper().startswith("F")
    draft = DisputeDraft(
        forms.chosen("about", About),
        fields.text("words", "dispute-words", WORDS_CHARACTERS_MAX),
        filing_no=subject.upper() if is_filing else "",
        provider="" if is_filing else subject,
        day=forms.day("day"),
    )
    term = Term(house.settings.dispute_working_days)
    made = state_dispute(
        session, house.vault, draft, own_person(visit), term,
        actor=visit.client.client_id, now=visit.now,
    )  # fmt: skip
    return see("web.own_disputes.one", "dispute-stated", dispute_no=made.dispute_no)


@own_disputes_pages.sent("/hours/disputes/reading", OWN, shows=overview)
def read(visit: Visit, session: Session) -> Response:
    """Note that every step was read."""
    mark_steps_read(session, own_keys(visit, session))
    return see("web.own_disputes.overview", "news-read")


@own_disputes_pages.shown(_ONE, OWN)
def one(visit: Visit, session: Session, dispute_no: str) -> Response:
    """Show one dispute with every step, and what can be done."""
    dispute = _own(visit, session, dispute_no)
    steps = possible(dispute.state)
    return shown(
        "own_dispute.html", told=told_dispute(session, current_house().vault, dispute),
        may_appeal=Step.APPEAL in steps, may_withdraw=Step.WITHDRAW in steps,
        characters=WORDS_CHARACTERS_MAX,
    )  # fmt: skip


@own_disputes_pages.sent(f"{_ONE}/appeal", OWN, shows=one)
def take_further(visit: Visit, session: Session, dispute_no: str) -> Response:
    """Take an answered dispute to the official of the region."""
    words = fields.text("words", "dispute-words", WORDS_CHARACTERS_MAX)
    _own(visit, session, dispute_no)
    draft = StepDraft(dispute_no, visit.client.client_id, words)
    appeal(session, current_house().vault, draft, now=visit.now)
    return see("web.own_disputes.one", "dispute-appealed", dispute_no=dispute_no)


@own_disputes_pages.sent(f"{_ONE}/withdrawal", OWN, shows=one)
def withdraw(visit: Visit, session: Session, dispute_no: str) -> Response:
    """Take a dispute back."""
    _own(visit, session, dispute_no)
    draft = StepDraft(dispute_no, visit.client.client_id)
    withdraw_dispute(session, current_house().vault, draft, now=visit.now)
    return see("web.own_disputes.one", "dispute-withdrawn", dispute_no=dispute_no)


def _given(name: str) -> str:
    """Return what was typed already; before that, what an entry's page knows."""
    return forms.typed(name) if request.method == "POST" else asked(name)


def _own(visit: Visit, session: Session, dispute_no: str) -> Dispute:
    return own_dispute(session, own_keys(visit, session), dispute_no)
