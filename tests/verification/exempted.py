"""Exemptions for tests of the room: filed for invented people by the test enterprise."""

from datetime import date, datetime

from creditbank.people.register import Identity
from creditbank.registry.facts import Attribute, Ground
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.registry.stating import FactDraft, state_fact
from creditbank.verification.exemption_steps import Decided, Decision, decide_exemption
from creditbank.verification.exemptions import ExemptionDraft, Filer, Paper, file_exemption
from tests.bank import ENTERPRISE_USCC, NOW, TestBank

DAY = date(2026, 11, 20)
RECOMMENDED = {"recommendation_signed_by": "chairman", "achievements_stated": "yes"}
PAPER = Paper("署名举荐书", "ab" * 32)
PAPERS = {"signed_recommendation": PAPER, "statement_of_achievements": PAPER}


def list_enterprise(
    bank: TestBank, level: str = "national", value: str = "", uscc: str = ENTERPRISE_USCC
) -> None:
    """State that an enterprise is 专精特新 of a level since 2024."""
    draft = FactDraft(
        Attribute.CLASS, value or "specialised_innovative", level, date(2024, 1, 1), None,
        Ground("示例1号", date(2024, 1, 1)),
    )  # fmt: skip
    with bank.unit() as session:
        state_fact(session, uscc, draft, actor="official-test", now=NOW)


def filed(
    bank: TestBank, person: Identity, level: str = "associate_senior", uscc: str = ENTERPRISE_USCC,
    day: date = DAY,
) -> str:  # fmt: skip
    """File a recommendation; return its number."""
    draft = ExemptionDraft(
        "cn-3710", "engineering", "", level, "enterprise_recommendation", day, RECOMMENDED,
        PAPERS, date(2026, 1, 1), None, date(2019, 7, 1),
    )  # fmt: skip
    with bank.unit() as session:
        firm = organisation_by_uscc(session, uscc)
        filer = Filer(person, firm, firm.organisation_id, "employer-test")
        return file_exemption(session, bank.house.vault, filer, draft, now=NOW).exemption_no


def approved(bank: TestBank, number: str, *, now: datetime = NOW) -> str:
    """Approve an application; return its number."""
    with bank.unit() as session:
        decided = Decided(Decision.APPROVE)
        decide_exemption(session, bank.house.vault, number, decided, actor="official-test", now=now)
    return number
