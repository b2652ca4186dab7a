"""What becomes of an application is reported back: it settles an exemption, and begins a count."""

from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from creditbank.answering import answered
from creditbank.registry.clients import Client
from creditbank.registry.mandates import change_mandate
from creditbank.verification.answers import SignedAnswer
from creditbank.verification.exemption_models import Exemption
from creditbank.verification.questions import Ask
from creditbank.verification.results import (
    ResultDayError,
    ResultDraft,
    ResultMandateError,
    ResultUnfitError,
    report_result,
)
from creditbank.verification.review_reports import Report, Result, standing
from tests.acts import seal_all
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.verification.askers import asker, failures
from tests.verification.exempted import DAY as EXEMPTED_ON
from tests.verification.exempted import approved, filed, list_enterprise

PERSON = invented_person(41)
LATER = NOW + timedelta(days=400)
PASSED_ON = date(2027, 6, 30)


def ask(bank: TestBank, client: Client, *, now: datetime = NOW, **changed: Any) -> SignedAnswer:
    said: dict[str, Any] = {
        "series": "engineering", "level": "associate_senior", "application_day": date(2026, 12, 1),
        "stated": {"current_title_on": "2018-06-30"},
    } | changed  # fmt: skip
    question = Ask(PERSON, "cn-3710", purpose="评审", legal_basis="第25号令", **said)
    return answered(question, client, now=now)


def report(
    bank: TestBank, client: Client, verdict_no: str, result: Result, *, day: date = PASSED_ON,
    now: datetime = LATER,
) -> list[Report]:  # fmt: skip
    with bank.unit() as session:
        draft = ResultDraft(result, day)
        return report_result(session, bank.house.vault, verdict_no, draft, client, now=now)


@pytest.fixture
def client(bank: TestBank) -> Client:
    """Somebody has a few hours, and a title system may ask."""
    bank.post(bank.approved_filing(), attendance([PERSON], SEMINAR_DAYS[:1]))
    seal_all(bank)
    return asker(bank)


def test_the_newest_report_stands_and_one_in_error_is_taken_back(
    bank: TestBank, client: Client
) -> None:
    number = ask(bank, client).verdict_no
    report(bank, client, number, Result.SUBMITTED)
    passed = report(bank, client, number, Result.PASSED)
    with pytest.raises(ResultUnfitError) as refused:
        report(bank, client, number, Result.FAILED)
    back = report(bank, client, number, Result.RETRACTED)
    failed = report(bank, client, number, Result.FAILED)

    stood = [standing(each) for each in (passed, back, failed)]
    assert [each.result for each in stood if each] == [
        Result.PASSED, Result.SUBMITTED, Result.FAILED,
    ]  # fmt: skip
    assert refused.value.facts["wanted_words"] == ["applied-result-retracted"]
    assert [each.result for each in failed] == [
        Result.SUBMITTED, Result.PASSED, Result.RETRACTED, Result.FAILED,
    ]  # fmt: skip
    assert bank.fsck() == []


def test_what_has_not_come_or_is_nobodys_or_under_no_mandate_is_refused(
    bank: TestBank, client: Client
) -> None:
    signed = ask(bank, client)
    mandate_no = str(dict(signed.statement["asker"])["mandate"])  # type: ignore[arg-type]

    with pytest.raises(ResultDayError):
        report(bank, client, signed.verdict_no, Result.PASSED, now=NOW)
    with bank.unit() as session:
        change_mandate(session, mandate_no, "suspended", actor="official-test", now=NOW)
    with pytest.raises(ResultMandateError):
        report(bank, client, signed.verdict_no, Result.PASSED)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_title_that_was_passed_begins_the_next_count_whatever_is_stated(
    bank: TestBank, client: Client, checker: ModuleType
) -> None:
    number = ask(bank, client).verdict_no
    report(bank, client, number, Result.PASSED)
    next_day = {"application_day": date(2027, 12, 1), "now": LATER}

    higher = ask(bank, client, level="full_senior", **next_day)
    earlier = ask(bank, client, level="full_senior", application_day=date(2027, 3, 1), now=LATER)
    same = ask(bank, client, **next_day)
    other = ask(bank, client, series="economics", level="full_senior", **next_day)
    report(bank, client, number, Result.RETRACTED)
    after = ask(bank, client, level="full_senior", **next_day)

    [told] = higher.statement["registered"]  # type: ignore[misc]
    assert told == {
        "fact": "current_title_on", "value": PASSED_ON.isoformat(), "evidence": number,
        "stated": "2018-06-30",
    }  # fmt: skip
    assert higher.statement["statement"] == "creditbank/verdict/v2"
    assert "exemption" not in higher.statement
    codes = [each["code"] for each in higher.statement["reasons"]]  # type: ignore[index,union-attr]
    assert "verdict-registered-differs" in codes
    for answer in (earlier, same, other, after):
        assert "registered" not in answer.statement
    assert failures(bank, checker, higher) == []


def exemption(bank: TestBank, number: str) -> tuple[str, bool]:
    with bank.reading() as session:
        query = Exemption.exemption_no == number
        row = session.query(Exemption).filter(query).one()
        return row.state, row.holds_place


def test_an_exemption_is_used_by_a_title_that_was_passed_and_let_go_by_a_withdrawal(
    bank: TestBank, client: Client
) -> None:
    list_enterprise(bank)
    number = approved(bank, filed(bank, PERSON))
    seal_all(bank)
    way = {"pathway": "enterprise_recommendation", "application_day": EXEMPTED_ON, "stated": {}}
    freed = ask(bank, client, **way)
    assert freed.outcome == "exempt"

    report(bank, client, freed.verdict_no, Result.SUBMITTED)
    waiting = exemption(bank, number)
    report(bank, client, freed.verdict_no, Result.PASSED)
    used, no_more = exemption(bank, number), ask(bank, client, **way).outcome
    report(bank, client, freed.verdict_no, Result.RETRACTED)
    again, freed_again = exemption(bank, number), ask(bank, client, **way).outcome
    report(bank, client, freed.verdict_no, Result.WITHDRAWN)
    withdrawn = exemption(bank, number)

    assert (waiting, used, again) == (("approved", True), ("used", True), ("approved", True))
    assert (no_more != "exempt", freed_again) == (True, "exempt")
    assert withdrawn[0] == "withdrawn"
    assert bank.fsck() == []
