"""A code that the person made stands for person, purpose and mandate; its uses are taken once each,
however many ask at a time, and what does not hold is refused alike."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from joserfc import jws

from creditbank.clock import utc_now
from creditbank.people.register import find_person
from creditbank.verification import answers
from creditbank.verification.codes import CodeDraft, make_code, revoke_code
from creditbank.verification.query_models import HolderCode, HolderCodeUse
from creditbank.verification.questions import CodeLevel
from tests.api.desk import Desk, problem_of, stated
from tests.api.test_queries_api import known
from tests.api.test_registry_and_verdicts import PERSON, question
from tests.bank import TestBank

ASKERS = 16
IDENTITY = {*stated(PERSON), "purpose", "legal_basis"}


def made(
    bank: TestBank, *, uses: int = 1, disclose: CodeLevel = CodeLevel.SUMMARY,
    now: datetime | None = None, days: int = 3,
) -> tuple[str, str]:  # fmt: skip
    """Have the person make a code; return its number and its text."""
    now = now or utc_now()
    with bank.unit() as session:
        person_id = find_person(session, bank.house.vault, PERSON)
        draft = CodeDraft("应聘工程师", disclose, now + timedelta(days=days), uses)
        row, code = make_code(session, bank.house.vault, person_id, draft, now=now)
        return row.code_no, code


def by_code(code: str, **changed: Any) -> dict[str, Any]:
    asked = question(code=code, **changed)
    return {name: value for name, value in asked.items() if name not in IDENTITY}


def test_a_code_is_answered_without_a_mandate_a_number_or_a_name(desk: Desk) -> None:
    known(desk)
    code_no, code = made(desk.bank, uses=2)

    first = desk.title_system.post("/api/v1/verdicts", by_code(code.lower().replace("-", " ")))
    answer = first.get_json()
    read = desk.title_system.get(f"/api/v1/verdicts/{answer['verdict_no']}").get_json()
    wider = desk.title_system.post("/api/v1/verdicts", by_code(code, disclose="record"))
    less = desk.title_system.post("/api/v1/verdicts", by_code(code, disclose="decision"))
    used_up = desk.title_system.post("/api/v1/verdicts", by_code(code))

    assert first.status_code == 201, answer
    number = PERSON.document.number
    assert answer["holder"] == read["holder"] == {
        "document_kind": "resident_id", "last_four": number[-4:], "name": PERSON.name,
    }  # fmt: skip
    statement = json.loads(jws.extract_compact(answer["jws"].encode()).payload)
    assert statement["asker"]["mandate"] == code_no
    assert statement["asker"]["purpose"] == "应聘工程师"
    assert statement["disclose"] == "summary"
    assert number not in json.dumps(answer)
    assert PERSON.name not in json.dumps(statement, ensure_ascii=False)
    assert (wider.status_code, problem_of(wider)["code"]) == (403, "holder-code-narrower")
    assert less.get_json()["statement"]["supersedes"] == answer["verdict_no"]
    assert problem_of(used_up)["code"] == "holder-code-refused"
    with desk.bank.reading() as session:
        assert session.get_one(HolderCode, code_no).uses_taken == 2
        assert code.replace("-", "").encode() not in session.get_one(HolderCode, code_no).code_hash


def test_the_commitment_of_an_answer_by_a_code_does_not_give_the_number_away(desk: Desk) -> None:
    known(desk)
    _, code = made(desk.bank)
    subject = desk.title_system.post("/api/v1/verdicts", by_code(code)).get_json()["statement"][
        "subject"
    ]
    opened = {
        number: answers.tagged_digest(
            "creditbank/subject/v1", bytes.fromhex(subject["salt"]),
            answers.canonical_bytes([subject["document_kind"], number, PERSON.name]),
        ).hex()
        for number in (PERSON.document.number, subject["last_four"])
    }  # fmt: skip

    assert opened[subject["last_four"]] == subject["commitment"]
    assert opened[PERSON.document.number] != subject["commitment"]


def test_what_does_not_hold_is_refused_in_the_same_words(desk: Desk) -> None:
    known(desk)
    past = utc_now() - timedelta(days=9)
    revoked_no, revoked = made(desk.bank)
    _, expired = made(desk.bank, now=past)
    _, used = made(desk.bank)
    desk.title_system.post("/api/v1/verdicts", by_code(used))
    with desk.bank.unit() as session:
        people = [find_person(session, desk.bank.house.vault, PERSON)]
        revoke_code(session, people, revoked_no, now=utc_now())

    said = [
        desk.title_system.post("/api/v1/verdicts", by_code(code))
        for code in (revoked, expired, used, "0000-0000-0000-0000", "x")
    ]

    assert {each.status_code for each in said} == {403}
    assert len({each.get_data() for each in said}) == 1
    assert problem_of(said[0])["code"] == "holder-code-refused"


def test_an_asker_that_tries_codes_waits_and_a_right_one_is_not_counted(desk: Desk) -> None:
    known(desk)
    _, code = made(desk.bank, uses=3)
    desk.title_system.post("/api/v1/verdicts", by_code(code))
    wrong = [
        problem_of(desk.title_system.post("/api/v1/verdicts", by_code(f"{number:016d}")))["code"]
        for number in range(21)
    ]
    paused = desk.title_system.post("/api/v1/verdicts", by_code(code))

    assert wrong == ["holder-code-refused"] * 20 + ["holder-code-paused"]
    assert (paused.status_code, problem_of(paused)["code"]) == (429, "holder-code-paused")


def test_a_code_and_a_person_do_not_stand_together_and_one_of_them_has_to(desk: Desk) -> None:
    both = problem_of(desk.title_system.post("/api/v1/verdicts", question(code="x")))
    neither = problem_of(desk.title_system.post("/api/v1/verdicts", {**by_code("x"), "code": None}))
    nothing = by_code("x")
    del nothing["code"]
    lacking = problem_of(desk.title_system.post("/api/v1/verdicts", nothing))

    assert {each["path"] for each in both["errors"]} == {f"/{name}" for name in IDENTITY}
    assert neither["status"] == 422
    assert {each["path"] for each in lacking["errors"]} == {f"/{name}" for name in IDENTITY}


def test_the_same_question_sent_again_takes_no_further_use(desk: Desk) -> None:
    known(desk)
    code_no, code = made(desk.bank)

    first = desk.title_system.post("/api/v1/verdicts", by_code(code), retry="one")
    again = desk.title_system.post("/api/v1/verdicts", by_code(code), retry="one")

    assert first.get_json()["verdict_no"] == again.get_json()["verdict_no"]
    assert again.get_json()["holder"]["name"] == PERSON.name
    with desk.bank.reading() as session:
        assert session.get_one(HolderCode, code_no).uses_taken == 1


def all_ask(desk: Desk, code: str) -> list[str]:
    """Let sixteen ask at once, each with connections of its own; return what each was told."""
    start = Barrier(ASKERS)

    def ask(number: int) -> str:
        client = desk.bank.app.test_client()
        start.wait()
        answer = client.post(
            "/api/v1/verdicts", json=by_code(code),
            headers={
                "Authorization": f"Bearer {desk.title_system.token}",
                "Idempotency-Key": f"asker-{number}",
            },
        )  # fmt: skip
        return str(answer.get_json().get("code", answer.status_code))

    with ThreadPoolExecutor(ASKERS) as pool:
        return sorted(pool.map(ask, range(ASKERS)))


def test_sixteen_who_ask_at_once_never_take_more_uses_than_there_are(desk: Desk) -> None:
    known(desk)
    code_no, code = made(desk.bank, uses=5)

    told = all_ask(desk, code)

    assert told == ["201"] * 5 + ["holder-code-refused"] * 11
    with desk.bank.reading() as session:
        uses = session.query(HolderCodeUse).filter_by(code_no=code_no).all()
        assert sorted(each.use_no for each in uses) == [1, 2, 3, 4, 5]


def test_a_use_that_is_looked_at_and_then_taken_would_be_seen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(desk)
    _, code = made(desk.bank, uses=5)
    monkeypatch.setattr(answers, "take_use", lambda *_, **__: None)

    assert all_ask(desk, code).count("201") > 5
