"""Lists of applicants by the API: sent once, watched, read row by row, taken away signed."""

import json
import threading
from dataclasses import replace
from typing import Any

from creditbank.house import EXTENSION
from creditbank.jobs.batches import run_batches
from tests.api.desk import Desk, stated
from tests.api.test_registry_and_verdicts import PERSON, granted, on_record, question
from tests.bank import invented_person

PATH = "/api/v1/verdict-batches"


def listed(*people: dict[str, Any]) -> dict[str, Any]:
    asked = question()
    facts = asked.pop("stated")
    alike = {key: value for key, value in asked.items() if key not in stated(PERSON)}
    return {**alike, "people": [{**each, "stated": facts} for each in people]}


def test_a_list_is_answered_row_by_row_and_sent_again_is_the_same_list(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    body = listed(stated(PERSON), stated(PERSON) | {"name": "张三"}, stated(invented_person(77)))
    body["people"][1]["document_number"] = invented_person(78).document.number

    sent = desk.title_system.post(PATH, body, retry="once")
    again = desk.title_system.post(PATH, body, retry="once")
    batch_no = sent.get_json()["batch_no"]
    run_batches(threading.Event())
    done = desk.title_system.get(f"{PATH}/{batch_no}").get_json()
    first = desk.title_system.get(f"{PATH}/{batch_no}/items?limit=2").get_json()
    rest = desk.title_system.get(
        f"{PATH}/{batch_no}/items?limit=2&cursor={first['next_cursor']}"
    ).get_json()
    answers = desk.title_system.get(f"{PATH}/{batch_no}/answers.jsonl")

    assert (sent.status_code, sent.get_json()["counts"]) == (202, {"waiting": 3})
    assert again.get_json() == sent.get_json()
    assert (done["state"], done["rows_done"], done["rows_total"]) == ("done", 3, 3)
    rows = first["items"] + rest["items"]
    assert [row["row_no"] for row in rows] == [1, 2, 3]
    assert rest["next_cursor"] == ""
    kept = [json.loads(line) for line in answers.text.splitlines()]
    assert [each["verdict_no"] for each in kept] == [row["verdict_no"] for row in rows]
    read = desk.title_system.get(f"/api/v1/verdicts/{kept[0]['verdict_no']}").get_json()
    assert read["jws"] == kept[0]["jws"]
    assert PERSON.name not in answers.text + json.dumps(rows, ensure_ascii=False)


def test_a_row_that_is_refused_says_what_to_do(desk: Desk) -> None:
    granted(desk)
    on_record(desk)

    sent = desk.title_system.post(PATH, listed(stated(PERSON) | {"name": "张三"})).get_json()
    run_batches(threading.Event())
    [row] = desk.title_system.get(
        f"{PATH}/{sent['batch_no']}/items", headers={"Accept-Language": "en"}
    ).get_json()["items"]

    assert (row["state"], row["verdict_no"]) == ("refused", "")
    assert row["problems"][0]["code"] == "identity-mismatch"
    assert row["problems"][0]["next"]


def test_a_list_without_a_mandate_or_beyond_the_limit_is_refused_whole(desk: Desk) -> None:
    two = listed(stated(PERSON), stated(invented_person(77)))
    without = desk.title_system.post(PATH, two)
    granted(desk)
    house = desk.bank.house
    desk.bank.app.extensions[EXTENSION] = replace(
        house, settings=replace(house.settings, batch_rows_max=1)
    )

    beyond = desk.title_system.post(PATH, two)

    assert (without.status_code, without.get_json()["code"]) == (403, "mandate-missing")
    assert beyond.status_code == 422
    assert beyond.get_json()["errors"][0]["path"] == "/people"
