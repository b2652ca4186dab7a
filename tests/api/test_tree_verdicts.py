"""Answers that a list's tree proves: their exemptions are told, and what became of them settles."""

import base64
import json
import threading
from typing import Any

from creditbank.jobs.batches import run_batches
from tests.api.desk import DAYS, YEAR, Desk, stated
from tests.api.exempting import DAY, OTHER, PATH, PERSON, Register

#: A day that has come, whenever this runs.
PASSED = DAYS[0].isoformat()


def answered(desk: Desk) -> dict[str, str]:
    """Ask about two people in one list that is signed as a whole; return whose answer is which."""
    body = {
        "scheme": "cn-3710", "series": "engineering", "level": "associate_senior",
        "application_day": DAY, "purpose": "职称申报", "legal_basis": "人社部令第25号",
        "pathway": "enterprise_recommendation", "disclose": "decision", "signing": "tree",
        "people": [
            {**stated(each), "stated": {"current_title_on": "2021-03-01"}}
            for each in (PERSON, OTHER)
        ],
    }  # fmt: skip
    sent = desk.title_system.post("/api/v1/verdict-batches", body)
    assert sent.status_code in (201, 202), sent.get_json()
    batch_no = sent.get_json()["batch_no"]
    run_batches(threading.Event())
    lines = desk.title_system.get(f"/api/v1/verdict-batches/{batch_no}/answers.jsonl").text
    rows = [json.loads(line) for line in lines.splitlines()]
    return {("exempt" if row["outcome"] == "exempt" else "other"): row["verdict_no"]
            for row in rows}  # fmt: skip


def proved(desk: Desk, verdict_no: str) -> dict[str, Any]:
    answer = desk.title_system.get(f"/api/v1/verdicts/{verdict_no}").get_json()
    payload = base64.urlsafe_b64decode(answer["listed"]["payload"] + "==")
    assert json.loads(payload) == answer["statement"]
    statement: dict[str, Any] = answer["statement"]
    return statement


def report(desk: Desk, verdict_no: str, **told: Any) -> Any:
    return desk.title_system.post(f"/api/v1/verdicts/{verdict_no}/results", told)


def test_an_exemption_is_told_by_a_tree_used_up_by_its_result_and_stands_again(desk: Desk) -> None:
    register = Register(desk)
    register.may_ask()
    number = register.approved()
    numbers = answered(desk)

    statement = proved(desk, numbers["exempt"])
    passed = report(desk, numbers["exempt"], result="passed", day=PASSED)
    used = desk.official.get(f"{PATH}/{number}").get_json()["state"]
    retracted = report(desk, numbers["exempt"], result="retracted", day=PASSED, reason="误报")
    stands = desk.official.get(f"{PATH}/{number}").get_json()["state"]

    assert statement["exemption"]["number"] == number
    assert (passed.status_code, retracted.status_code) == (201, 201), passed.get_json()
    assert (used, stands) == ("used", "approved")
    assert proved(desk, numbers["exempt"]) == statement, "what was signed stays as it was"
    assert desk.bank.fsck() == []


def test_a_title_that_was_passed_by_an_answer_of_a_tree_begins_the_next_count(desk: Desk) -> None:
    register = Register(desk)
    register.may_ask()
    register.approved()
    numbers = answered(desk)
    assert report(desk, numbers["exempt"], result="passed", day=PASSED).status_code == 201

    told = register.ask(level="full_senior", stated={}, application_day=f"{YEAR + 1}-03-15")

    facts = {each["fact"]: each for each in told["statement"]["registered"]}
    assert facts["current_title_on"]["value"] == PASSED
    assert facts["current_title_on"]["evidence"] == numbers["exempt"]
    withdrawn = report(desk, numbers["other"], result="withdrawn", day=PASSED)
    assert withdrawn.status_code == 201, withdrawn.get_json()
