"""A county whose law is mended, and each step of a re-assessment in one line."""

import threading
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from creditbank.crediting.models import ReassessedCredit, Reassessment
from creditbank.crediting.reassessments import (
    ReassessmentDraft,
    approve_reassessment,
    propose_reassessment,
    reassessment_numbered,
    request_reassessment,
)
from creditbank.jobs.reassessments import run_reassessments
from creditbank.people.register import Identity
from tests.acts import approve, publish, register_enterprise, roster
from tests.bank import NOW, SEMINAR_DAYS, TestBank
from tests.lawtexts import COUNTY, law, rule

USCC = "91371000MA3TE5T024"
ONE, OTHER = "official-test", "official-second"
ELSEWHERE = "cn-3712"
_RULES = {
    "recognise.enterprise_course": "true",
    "conversion.enterprise_course": '{ kind = "per_day", hours_per_day = "8" }',
    "part_day.enterprise_course": '"pro_rata"',
    "recognise.paper": "true",
    "conversion.paper": '{ kind = "by_rank", hours = ["24", "12"] }',
    "recognise.book": "true",
    "conversion.book": '{ kind = "per_unit", measure = "characters", units = 10000, hours = "8", '
    'spread = { years = 2, how = "even" } }',
    f"transfer.{ELSEWHERE}": '{ subjects = "same", percent = 100 }',
}


def county_law(version: int = 1, id: str = COUNTY, **changed: str) -> str:
    """Write a county's law; `changed` names rules by key, `__` for the dot; empty for none."""
    rules = _RULES | {key.replace("__", "."): value for key, value in changed.items()}
    if id == ELSEWHERE:
        del rules[f"transfer.{ELSEWHERE}"]
        rules[f"transfer.{COUNTY}"] = '{ subjects = "same", percent = 50 }'
    written = (rule(key, value) for key, value in rules.items() if value)
    return law(*written, version=version, id=id).decode()


def day_worth(hours: str) -> dict[str, str]:
    """Return what makes a day of a course worth so many hours."""
    return {"conversion__enterprise_course": f'{{ kind = "per_day", hours_per_day = "{hours}" }}'}


def found_county(bank: TestBank) -> None:
    """Publish the law of a county and register an enterprise there."""
    publish(bank, county_law())
    register_enterprise(bank, USCC, COUNTY)


def mend(bank: TestBank, version: int = 2, **changed: str) -> None:
    """Publish a corrigendum."""
    publish(bank, county_law(version, **changed), corrigendum="引文有误，更正。")


def attended(
    bank: TestBank, *people: Identity, days: Sequence[date] = SEMINAR_DAYS[:1], seats: int = 40
) -> str:
    """Let people attend days of the county's enterprise; return the filing's number."""
    filing_no = approve(bank, days, seats=seats, uscc=USCC)
    bank.post(filing_no, roster([(each, day, 360) for each in people for day in days]))
    return filing_no


def rehearse(bank: TestBank, **draft: object) -> str:
    """Ask for a re-assessment of the county and let it be rehearsed; return its number."""
    with bank.unit() as session:
        asked = ReassessmentDraft(COUNTY, "威人社〔2026〕9号", ONE, **draft)  # type: ignore[arg-type]
        number = request_reassessment(session, asked, now=NOW).reassessment_no
    assert run_reassessments(threading.Event()) == 1
    return number


def propose(bank: TestBank, number: str, *, actor: str = ONE) -> None:
    """Put the report before a second official."""
    digest = one(bank, number).digest
    with bank.unit() as session:
        propose_reassessment(session, number, digest.hex() if digest else "", actor=actor, now=NOW)


def agree(bank: TestBank, number: str, *, actor: str = OTHER) -> None:
    """Approve the report as a second official."""
    digest = one(bank, number).digest
    with bank.unit() as session:
        approve_reassessment(session, number, digest.hex() if digest else "", actor=actor, now=NOW)


def carried_out(bank: TestBank, **draft: object) -> str:
    """Rehearse, propose, approve and carry out a re-assessment; return its number."""
    number = rehearse(bank, **draft)
    propose(bank, number)
    agree(bank, number)
    assert run_reassessments(threading.Event()) == 1
    return number


def one(bank: TestBank, number: str) -> Reassessment:
    """Return a re-assessment as it stands."""
    with bank.reading() as session:
        return reassessment_numbered(session, number)


def listed(bank: TestBank, number: str) -> list[tuple[str, int, int, str, str]]:
    """Return each credit of the list: occasion, hours before and after, plan, outcome."""
    with bank.reading() as session:
        rows = session.scalars(
            select(ReassessedCredit)
            .where(ReassessedCredit.reassessment_no == number)
            .order_by(ReassessedCredit.occasion, ReassessedCredit.leaf)
        )
        return [(r.occasion, r.centihours, r.new_centihours, r.plan, r.outcome) for r in rows]
