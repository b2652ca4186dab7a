"""A dispute in one line, for tests of what becomes of it."""

from datetime import date, datetime

from creditbank.integrity.disputes import (
    Answer,
    DisputeDraft,
    Outcome,
    StepDraft,
    Term,
    answer_dispute,
    decide_dispute,
    state_dispute,
)
from creditbank.integrity.states import About
from creditbank.people.register import Identity, ensure_people
from tests.bank import NOW, TestBank

TERM = Term(10)
WORDS = "张三和我一起去的，上午签到，下午五点离开"


def disputed(  # about what, by whom
    bank: TestBank, person: Identity, filing_no: str = "", *, day: date | None = None,
    about: About = About.MISSING, provider: str = "", now: datetime = NOW,
) -> str:  # fmt: skip
    """State a dispute of somebody on record; return its number."""
    with bank.unit() as session:
        keys = ensure_people(session, bank.house.vault, [person], now=now)
        draft = DisputeDraft(about, WORDS, filing_no, provider, day)
        return state_dispute(
            session, bank.house.vault, draft, keys[person.document], TERM, actor="A", now=now
        ).dispute_no


def answered(
    bank: TestBank, dispute_no: str, answer: Answer, remedy: str = "", *, now: datetime = NOW
) -> str:
    """Answer as the provider; return how the dispute stands."""
    with bank.unit() as session:
        draft = StepDraft(dispute_no, "provider-test", "已核对签到表", remedy)
        return answer_dispute(session, bank.house.vault, answer, draft, now=now).state


def decided(bank: TestBank, dispute_no: str, outcome: Outcome, *, now: datetime = NOW) -> str:
    """Decide as an official; return how the dispute stands."""
    with bank.unit() as session:
        draft = StepDraft(dispute_no, "official-test", "签到表有本人签名", case_no="异2026-1")
        return decide_dispute(session, bank.house.vault, outcome, draft, TERM, now=now).state
