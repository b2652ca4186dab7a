"""Questions as of a day by the API: one applicant, a list, and a day that has not come."""

import json
import threading
from datetime import timedelta
from typing import Any

from creditbank.clock import civil_day, utc_now
from creditbank.jobs.batches import run_batches
from tests.api.desk import Desk, problem_of, stated
from tests.api.test_registry_and_verdicts import PERSON, granted, on_record, question
from tests.api.test_verdict_batches import PATH, listed

ONE = "/api/v1/verdicts"


def counted(statement: dict[str, Any]) -> list[str]:
    return [row["counted"] for row in statement["credited"]]


def test_an_applicant_is_answered_as_of_a_day_and_the_day_is_part_of_the_question(
    desk: Desk,
) -> None:
    granted(desk)
    on_record(desk)
    plain = desk.title_system.post(ONE, question(disclose="record")).get_json()["statement"]
    day = sorted(entry["body"][7] for entry in plain["entries"])[1]

    then = desk.title_system.post(ONE, question(as_of=day), retry="once").get_json()
    again = desk.title_system.post(ONE, question(as_of=day), retry="once")
    other = desk.title_system.post(ONE, question(), retry="once")

    assert counted(plain) == ["24.00"]
    assert counted(then["statement"]) == ["16.00"]
    assert then["statement"]["question"]["as_of"] == day
    assert then["statement"]["supersedes"] == ""
    assert again.get_json() == then
    assert problem_of(other)["code"] == "idempotency-key-reused"


def test_a_list_is_answered_as_of_a_day_row_by_row(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    body = listed(stated(PERSON)) | {"as_of": "2020-01-01"}

    sent = desk.title_system.post(PATH, body).get_json()
    run_batches(threading.Event())

    answers = desk.title_system.get(f"{PATH}/{sent['batch_no']}/answers.jsonl").text
    [kept] = [json.loads(line) for line in answers.splitlines()]
    read = desk.title_system.get(f"{ONE}/{kept['verdict_no']}").get_json()["statement"]
    assert (read["question"]["as_of"], read["credited"]) == ("2020-01-01", [])


def test_a_day_that_has_not_come_is_refused_by_what_was_found_and_wanted(desk: Desk) -> None:
    granted(desk)
    today = civil_day(utc_now())
    ahead = (today + timedelta(days=2)).isoformat()

    one = desk.title_system.post(ONE, question(as_of=ahead))
    many = desk.title_system.post(PATH, listed(stated(PERSON)) | {"as_of": ahead})

    for refused in (one, many):
        problem = problem_of(refused)
        assert (refused.status_code, problem["code"]) == (422, "as-of-future")
        assert ahead in problem["found"]
        assert problem["next"]
