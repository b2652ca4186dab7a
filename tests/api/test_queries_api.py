"""Objections and refused questions by the API; a refusal tells the asker nothing about anybody."""

from typing import Any

from creditbank.people.register import find_person
from creditbank.verification.objections import object_to
from tests.api.desk import Desk, problem_of, stated
from tests.api.test_registry_and_verdicts import PERSON, granted, question
from tests.bank import NOW, invented_person


def asked_and_objected(desk: Desk) -> tuple[str, str]:
    """Have a title system ask and the person object; return both numbers."""
    granted(desk)
    verdict_no = str(
        desk.title_system.post("/api/v1/verdicts", question()).get_json()["verdict_no"]
    )
    vault = desk.bank.house.vault
    with desk.bank.unit() as session:
        people = [find_person(session, vault, PERSON)]
        row = object_to(session, vault, people, verdict_no, "未申报", now=NOW)
    return verdict_no, row.objection_no


def test_an_official_reads_and_answers_an_objection_once(desk: Desk) -> None:
    known(desk)
    verdict_no, objection_no = asked_and_objected(desk)
    listed = desk.official.get("/api/v1/query-objections").get_json()["objections"]
    read = desk.official.get(f"/api/v1/query-objections/{objection_no}").get_json()
    body = {"finding": "upheld", "reason": "用途与授权不符"}
    answered = desk.official.post(f"/api/v1/query-objections/{objection_no}/answer", body)
    again = desk.official.post(f"/api/v1/query-objections/{objection_no}/answer", body)
    waiting = desk.official.get("/api/v1/query-objections").get_json()["objections"]
    every = desk.official.get("/api/v1/query-objections?state=all").get_json()["objections"]

    assert [each["objection_no"] for each in listed] == [objection_no]
    assert "words" not in listed[0]
    assert (read["words"], read["verdict_no"], read["purpose"]) == (
        "未申报",
        verdict_no,
        "职称评审",
    )
    assert (answered.status_code, answered.get_json()["finding"]) == (200, "upheld")
    assert problem_of(again)["code"] == "objection-answered"
    assert (waiting, len(every)) == ([], 1)


def known(desk: Desk) -> None:
    """Let the person be on record."""
    filing_no = desk.approved_filing()
    rows = [{**stated(PERSON), "day": _day(desk, filing_no), "attended_minutes": 360}]
    posted = desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", {"rows": rows})
    assert posted.status_code == 201, posted.get_json()


def _day(desk: Desk, filing_no: str) -> Any:
    filing = desk.provider.get(f"/api/v1/filings/{filing_no}").get_json()
    return filing["sessions"][0]["day"]


def test_a_question_outside_the_mandate_is_told_of_to_officials_and_alike_for_everybody(
    desk: Desk,
) -> None:
    known(desk)
    granted(desk)
    stranger = stated(invented_person(42))
    answers = [
        problem_of(desk.title_system.post("/api/v1/verdicts", question(series="medicine", **who)))
        for who in ({}, stranger)
    ]
    listed = question(series="medicine", people=[{**stated(PERSON)}, stranger])
    body = {key: listed[key] for key in listed.keys() - {*stated(PERSON), "stated"}}
    lists = desk.title_system.post("/api/v1/verdict-batches", body)

    found = desk.official.get("/api/v1/refused-questions?limit=2").get_json()
    rest = desk.official.get(
        f"/api/v1/refused-questions?limit=2&cursor={found['next_cursor']}"
    ).get_json()
    far = desk.far_official.get("/api/v1/refused-questions").get_json()["refused_questions"]
    lines = found["refused_questions"] + rest["refused_questions"]
    of_another = desk.official.get("/api/v1/refused-questions?client=nobody").get_json()

    assert answers[0] == answers[1], "somebody on record and nobody are refused alike"
    assert problem_of(lists)["code"] == "mandate-missing"
    assert sorted(each["people"] for each in lines) == [1, 1, 2]
    assert {each["reason"] for each in lines} == {"mandate-missing"}
    assert {each["bounds"] for each in lines} == {"mandate-bound-series"}
    assert {each["client"] for each in lines} == {desk.title_system.client_id}
    assert PERSON.document.number not in str(lines)
    assert (far, of_another["refused_questions"]) == ([], [])
