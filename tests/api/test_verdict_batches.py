"""Lists of applicants by the API: sent once, watched, read row by row, taken away signed."""

import csv
import io
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from marshmallow import ValidationError

from creditbank.clock import civil_day, utc_now
from creditbank.house import EXTENSION
from creditbank.jobs import batches as jobs
from creditbank.jobs.batches import run_batches
from creditbank.schemas.fields import Inner, Several
from creditbank.schemas.verdict_batches import BatchPersonBody, People
from creditbank.verification.batches import take_up
from tests.api.desk import Desk, problem_of, stated
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
    behind = desk.title_system.get(f"{PATH}/{batch_no}/answers.jsonl?after=1").text
    assert behind == "".join(answers.text.splitlines(keepends=True)[1:])


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


def test_a_list_is_taken_away_as_csv_from_any_row_on(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    people = (stated(PERSON), stated(invented_person(77)), stated(PERSON))
    batch_no = desk.title_system.post(PATH, listed(*people)).get_json()["batch_no"]
    run_batches(threading.Event())

    whole = desk.title_system.get(f"{PATH}/{batch_no}/results.csv")
    behind = desk.title_system.get(f"{PATH}/{batch_no}/results.csv?after=2").text

    items = desk.title_system.get(f"{PATH}/{batch_no}/items").get_json()["items"]
    document = desk.nobody.get("/api/v1/openapi.json").get_json()
    documented = document["components"]["schemas"]["RowProblemAnswer"]

    assert whole.content_type.startswith("text/csv")
    # A row that is refused as a whole names no column, and the document lets it.
    [doubled] = items[2]["problems"]
    assert doubled["column"] == ""
    assert Draft202012Validator(documented).is_valid(doubled)
    header, *rows = csv.reader(io.StringIO(whole.text))
    assert header == ["row_no", "outcome", "verdict_no", "reasons", "shortfall"]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert rows[0][3].startswith(f"rules-outcome-{rows[0][1].replace('_', '-')}")
    read = desk.title_system.get(f"/api/v1/verdicts/{rows[0][2]}").get_json()["statement"]
    short = [each["short"] for each in read["advice"]]
    assert [each.split(":")[2] for each in rows[0][4].split()] == short
    assert rows[1][1] == "undetermined"
    assert rows[2][1:] == ["refused", "", "list-row-duplicate", ""]
    assert behind.splitlines() == [whole.text.splitlines()[at] for at in (0, 3)]


def test_a_list_counts_what_was_known_at_an_instant_as_a_single_answer_does(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    then = {"known_at": "2026-11-20T02:00:00Z"}
    sent = desk.title_system.post(PATH, listed(stated(PERSON)) | then).get_json()
    run_batches(threading.Event())
    single = desk.title_system.post("/api/v1/verdicts", question() | then).get_json()

    [row] = desk.title_system.get(f"{PATH}/{sent['batch_no']}/items").get_json()["items"]
    of_list = desk.title_system.get(f"/api/v1/verdicts/{row['verdict_no']}").get_json()
    now = desk.title_system.post("/api/v1/verdicts", question()).get_json()

    told = [(each["outcome"], each["statement"]["known_at"]) for each in (of_list, single, now)]
    assert told[0] == told[1] != told[2]


def test_a_list_may_be_larger_than_other_bodies(desk: Desk) -> None:
    granted(desk)
    house = desk.bank.house
    desk.bank.app.config["MAX_CONTENT_LENGTH"] = 1_000
    body = listed(*(stated(invented_person(number)) for number in range(10)))

    taken = desk.title_system.post(PATH, body)
    small = replace(house.settings, batch_bytes_max=1_000)
    desk.bank.app.extensions[EXTENSION] = replace(house, settings=small)
    refused = desk.title_system.post(PATH, body)

    assert (taken.status_code, refused.status_code) == (202, 413)


IDENTITY = stated(PERSON)
ROWS = (
    IDENTITY,
    {**IDENTITY, "stated": {"current_title_on": "2021-03-01"}},
    {**IDENTITY, "name": " 李\u3000示例 "},
    {**IDENTITY, "stated": {"current_title_on": " 2021-03-01 "}},
    {**IDENTITY, "stated": {"Current": "x"}},
    {**IDENTITY, "stated": {"current_title_on": ""}},
    {**IDENTITY, "stated": {"current_title_on": 1}},
    {**IDENTITY, "stated": []},
    {**IDENTITY, "document_number": "999999198505150019"},
    {**IDENTITY, "document_kind": "letter"},
    {**IDENTITY, "name": "\u0000"},
    {**IDENTITY, "more": "1"},
    {"name": "李示例"},
    "李示例",
)


@pytest.mark.parametrize("row", ROWS, ids=map(str, range(len(ROWS))))
def test_a_row_that_is_read_quickly_is_read_as_its_shape_reads_it(row: Any) -> None:
    def tried(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except ValidationError as error:
            return error.messages

    quick = tried(lambda: People().deserialize([row, IDENTITY]))
    shaped = tried(lambda: Several(Inner(BatchPersonBody)).deserialize([row, IDENTITY]))

    assert quick == shaped


def test_a_list_is_signed_once_and_each_answer_gives_its_proof(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    twice = stated(PERSON) | {"name": "张三"}
    body = listed(stated(PERSON), stated(invented_person(77)), twice) | {"signing": "tree"}

    sent = desk.title_system.post(PATH, body).get_json()
    batch_no = sent["batch_no"]
    early = desk.title_system.get(f"{PATH}/{batch_no}/answers.jsonl")
    run_batches(threading.Event())
    done = desk.title_system.get(f"{PATH}/{batch_no}").get_json()
    answers = desk.title_system.get(f"{PATH}/{batch_no}/answers.jsonl").text.splitlines()
    kept = [json.loads(line) for line in answers]
    read = desk.title_system.get(f"/api/v1/verdicts/{kept[0]['verdict_no']}")
    as_jose = desk.title_system.get(
        f"/api/v1/verdicts/{kept[0]['verdict_no']}", headers={"Accept": "application/jose"}
    )
    rows = desk.title_system.get(f"{PATH}/{batch_no}/results.csv").text.splitlines()[1:]

    assert (early.status_code, early.text) == (200, "")
    assert (sent["signing"], done["signing"], done["state"]) == ("tree", "tree", "done")
    assert [each["outcome"] for each in kept] == ["not_met", "undetermined", "refused"]
    assert {tuple(each) for each in kept} == {("row_no", "verdict_no", "outcome", "listed")}
    assert kept[2]["verdict_no"] == ""
    assert read.get_json()["listed"] == as_jose.get_json()["listed"] == kept[0]["listed"]
    assert "jws" not in read.get_json()
    assert read.get_json()["statement"]["jti"] == kept[0]["verdict_no"]
    assert [row.split(",")[1] for row in rows] == ["not_met", "undetermined", "refused"]
    assert PERSON.name not in "".join(answers)


def test_an_answer_of_a_list_that_is_not_signed_yet_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted(desk)
    on_record(desk)
    monkeypatch.setattr(jobs, "SLICE_ROWS", 1)
    body = listed(stated(PERSON), stated(invented_person(77))) | {"signing": "tree"}
    batch_no = desk.title_system.post(PATH, body).get_json()["batch_no"]
    stop = threading.Event()
    with desk.bank.unit() as session:
        turn = take_up(session, batch_no, now=utc_now())
    assert turn is not None
    jobs.run_batch(turn, stop, lambda _rows: stop.set())
    [row, _] = desk.title_system.get(f"{PATH}/{batch_no}/items").get_json()["items"]

    refused = desk.title_system.get(f"/api/v1/verdicts/{row['verdict_no']}")

    assert (refused.status_code, refused.get_json()["code"]) == (409, "verdict-unsigned")


def test_how_a_list_is_signed_is_one_of_two_words(desk: Desk) -> None:
    granted(desk)

    refused = desk.title_system.post(PATH, listed(stated(PERSON)) | {"signing": "twice"})

    assert [each["path"] for each in refused.get_json()["errors"]] == ["/signing"]


def test_who_of_a_list_is_ready_is_read_row_by_row_with_what_is_missing(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    body = listed(stated(PERSON), stated(invented_person(77)))
    day = (civil_day(utc_now()) + timedelta(days=30)).isoformat()

    sent = desk.title_system.post(PATH, {**body, "ready_by": day}).get_json()
    run_batches(threading.Event())
    there = f"{PATH}/{sent['batch_no']}/readiness"
    first = desk.title_system.get(f"{there}?limit=1").get_json()
    rest = desk.title_system.get(f"{there}?limit=1&cursor={first['next_cursor']}").get_json()
    short = desk.title_system.get(f"{there}?state=short").get_json()
    silent = desk.title_system.post(PATH, {**body, "readiness": True})
    past = desk.title_system.post(PATH, {**body, "ready_by": "2020-09-30"})
    bare = desk.title_system.post(PATH, {**body, "ready_by": day, "disclose": "decision"})
    plain = desk.title_system.post(PATH, body).get_json()

    assert sent["readiness"] == {
        "due_on": day, "rule_scheme": "", "rule_key": "", "told_at": None,
    }  # fmt: skip
    assert "readiness" not in plain
    assert first["due_on"] == day
    [known], [nobody] = first["items"], rest["items"]
    assert (known["ready"], known["on_record"]) == ("short", True)
    assert {"year", "through", "subject", "short"} == known["missing"][0].keys()
    assert (nobody["ready"], nobody["on_record"]) == ("undetermined", False)
    assert nobody["reasons"][0] == "verdict-no-record"
    assert [each["row_no"] for each in short["items"]] == [1]
    assert [problem_of(each)["code"] for each in (silent, past, bare)] == [
        "readiness-day-missing", "readiness-day-past", "readiness-figures",
    ]  # fmt: skip
