"""A bare yes or no over the API: by a mandate or a code, counted as verdicts count, and telling
nothing else about the person."""

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from joserfc import jws

from creditbank.answering import Inquiry
from creditbank.api.verdicts import JOSE
from creditbank.canonical import canonical_bytes
from creditbank.clock import utc_now
from creditbank.people.register import find_person
from creditbank.verification.answers import SignedAnswer
from creditbank.verification.codes import CodeDraft, make_code
from creditbank.verification.models import Verdict
from creditbank.verification.query_models import HolderCode
from creditbank.verification.questions import CodeLevel
from tests.api.desk import YEAR, Caller, Desk, problem_of, stated
from tests.api.test_registry_and_verdicts import PERSON, granted, on_record, question
from tests.bank import TestBank, invented_person

PATH = "/api/v1/predicates"
ASKERS = 16
#: What a seminar of the desk's gives: three days of eight hours.
ENOUGH, TOO_MANY = "24.00", "24.01"


def known(desk: Desk) -> None:
    """Let the person have hours, and the title system a mandate."""
    on_record(desk)
    granted(desk)


def claim(**changed: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        **stated(PERSON), "scheme": "cn-3710", "subject": "professional", "at_least": ENOUGH,
        "first_year": YEAR, "last_year": YEAR, "series": "engineering",
        "level": "associate_senior", "purpose": "人才引进", "legal_basis": "第25号令",
    }  # fmt: skip
    return asked | changed


def by_code(code: str, **changed: Any) -> dict[str, Any]:
    names = ("scheme", "subject", "at_least", "first_year", "last_year")
    return {name: claim()[name] for name in names} | {"code": code} | changed


def made(
    bank: TestBank, *, uses: int = 1, level: CodeLevel = CodeLevel.PREDICATE
) -> tuple[str, str]:
    """Have the person make a code; return its number and its text."""
    now = utc_now()
    with bank.unit() as session:
        person_id = find_person(session, bank.house.vault, PERSON)
        draft = CodeDraft("应聘工程师", level, now + timedelta(days=3), uses)
        row, code = make_code(session, bank.house.vault, person_id, draft, now=now)
        return row.code_no, code


def asked(desk: Desk, body: dict[str, Any], **options: Any) -> dict[str, Any]:
    response = desk.title_system.post(PATH, body, **options)
    assert response.status_code == 201, response.get_json()
    answer: dict[str, Any] = response.get_json()
    return answer


def signed_in(answer: dict[str, Any]) -> dict[str, Any]:
    token = jws.extract_compact(answer["jws"].encode())
    assert token.headers()["typ"] == "creditbank-predicate+jwt"
    payload: dict[str, Any] = json.loads(token.payload)
    return payload


def bound(nonce: str, *of: str) -> str:
    """HMAC-SHA-256 as docs/formats.md has it."""
    said = b"creditbank/predicate-subject/v1\n" + canonical_bytes(list(of))
    return hmac.new(bytes.fromhex(nonce), said, hashlib.sha256).hexdigest()


def test_hours_that_are_there_are_a_signed_yes_and_one_more_centihour_a_no(desk: Desk) -> None:
    known(desk)

    yes, no = asked(desk, claim()), asked(desk, claim(at_least=TOO_MANY))
    total = asked(desk, {k: v for k, v in claim().items() if k != "subject"})
    elsewhere = asked(desk, claim(subject="public", at_least="0.01"))

    assert [each["answer"] for each in (yes, no, total, elsewhere)] == ["yes", "no", "yes", "no"]
    statement = signed_in(yes)
    assert statement == yes["statement"]
    assert statement["question"]["at_least"] == ENOUGH
    assert "不少于 24.00" in statement["words"]["zh"]
    assert "at least 24.00 hours" in statement["words"]["en"]
    [head] = statement["heads"]
    assert head["origin"].endswith(f"/ledger/cn-3710/{utc_now().year}")
    assert desk.title_system.get(f"{PATH}/{yes['predicate_no']}").get_json() == yes


def test_each_year_is_wanted_by_itself_or_all_of_them_together(desk: Desk) -> None:
    known(desk)
    years = {"first_year": YEAR - 1, "last_year": YEAR}

    each = asked(desk, claim(**years))
    together = asked(desk, claim(**years, per="window"))

    assert (each["answer"], together["answer"]) == ("no", "yes")
    assert each["statement"]["words"] != together["statement"]["words"]


def test_what_is_signed_tells_nothing_else_about_the_person(desk: Desk) -> None:
    known(desk)
    code_no, code = made(desk.bank, uses=2)
    with desk.bank.reading() as session:
        person_id = find_person(session, desk.bank.house.vault, PERSON)

    answers = [asked(desk, claim()), asked(desk, by_code(code))]

    members = {
        "iss", "jti", "iat", "statement", "asker", "question", "subject", "answer", "reasons",
        "words", "packs", "heads", "known_at",
    }  # fmt: skip
    number = PERSON.document.number
    for answer in answers:
        statement = signed_in(answer)
        text = json.dumps(statement, ensure_ascii=False)
        assert set(statement) == members
        for told in (number, number[-4:], PERSON.name, str(person_id), code_no, answer["nonce"]):
            assert told not in text
        assert number not in json.dumps(answer)
        assert set(statement["subject"]) == {"of", "digest"}


def test_yes_and_no_are_alike_but_for_the_word(desk: Desk) -> None:
    known(desk)
    yes, no = signed_in(asked(desk, claim())), signed_in(asked(desk, claim(at_least=TOO_MANY)))

    for each in (yes, no):
        for name in ("jti", "iat", "answer", "question", "words", "subject"):
            del each[name]

    assert yes == no


def test_the_asker_alone_can_show_whom_it_is_about(desk: Desk) -> None:
    known(desk)
    _, code = made(desk.bank, uses=2)
    by_document, of_code = asked(desk, claim()), asked(desk, by_code(code))
    again = asked(desk, claim())
    person = ("document", "resident_id", PERSON.document.number, PERSON.name)

    digest = by_document["statement"]["subject"]["digest"]
    assert digest == bound(by_document["nonce"], *person)
    assert of_code["statement"]["subject"] == {
        "of": "code", "digest": bound(of_code["nonce"], "code", code.replace("-", "")),
    }  # fmt: skip
    assert again["statement"]["subject"]["digest"] != digest, "two answers cannot be tied together"
    assert len({each["nonce"] for each in (by_document, of_code, again)}) == 3
    stranger = desk.other_provider.get(f"{PATH}/{by_document['predicate_no']}")
    assert stranger.status_code == 403


def test_who_is_not_on_record_or_not_of_that_name_is_undetermined_with_the_code(
    desk: Desk,
) -> None:
    known(desk)
    nobody, other_name = invented_person(77), {**stated(PERSON), "name": "王示例"}

    answers = [asked(desk, claim(**stated(nobody))), asked(desk, claim(**other_name))]

    assert [each["answer"] for each in answers] == ["undetermined"] * 2
    codes = [each["statement"]["reasons"][0]["code"] for each in answers]
    assert codes == ["verdict-no-record", "identity-mismatch"]
    refused = desk.official.get("/api/v1/refused-questions").get_json()["refused_questions"]
    assert [each["reason"] for each in refused] == ["identity-mismatch"]
    with desk.bank.reading() as session:
        kept = [session.get_one(Verdict, each["predicate_no"]) for each in answers]
        assert [each.person_id for each in kept] == [None, None]


def test_without_a_mandate_nothing_is_answered(desk: Desk) -> None:
    on_record(desk)
    before = desk.row_counts()

    response = desk.title_system.post(PATH, claim())

    assert problem_of(response)["code"] == "mandate-missing"
    assert desk.row_counts() == before | {"refused_question": 1}
    granted(desk)
    assert problem_of(desk.title_system.post(PATH, claim(series="health")))["code"] == (
        "mandate-missing"
    )


def test_a_code_that_shows_a_predicate_only_is_too_narrow_for_any_verdict(desk: Desk) -> None:
    known(desk)
    code_no, code = made(desk.bank, uses=2)
    names = ("scheme", "series", "level", "application_day", "stated")
    verdict = {name: question()[name] for name in names} | {"code": code}

    wider = [
        desk.title_system.post("/api/v1/verdicts", verdict | more)
        for more in ({}, {"disclose": "decision"}, {"disclose": "record"})
    ]
    answer = asked(desk, by_code(code))
    _, open_code = made(desk.bank, level=CodeLevel.RECORD)
    by_an_open_one = asked(desk, by_code(open_code))

    told = {(each.status_code, problem_of(each)["code"]) for each in wider}
    assert told == {(403, "holder-code-narrower")}
    assert answer["answer"] == by_an_open_one["answer"] == "yes"
    assert answer["statement"]["asker"]["purpose"] == "应聘工程师"
    assert "holder" not in answer
    with desk.bank.reading() as session:
        row = session.get_one(HolderCode, code_no)
        assert (row.level, row.uses_taken) == (CodeLevel.PREDICATE, 1), "refusals take none"


def test_with_the_document_that_lies_before_the_asker_a_code_answers_for_nobody_else(
    desk: Desk,
) -> None:
    known(desk)
    code_no, code = made(desk.bank, uses=3)

    hers = asked(desk, by_code(code, **stated(PERSON)))
    other = asked(desk, by_code(code, **stated(invented_person(77))))
    partly = desk.title_system.post(PATH, by_code(code, name=PERSON.name))

    person = ("document", "resident_id", PERSON.document.number, PERSON.name)
    assert (hers["answer"], other["answer"]) == ("yes", "undetermined")
    assert hers["statement"]["subject"]["digest"] == bound(hers["nonce"], *person)
    assert other["statement"]["reasons"][0]["code"] == "identity-mismatch"
    assert partly.status_code == 422
    with desk.bank.reading() as session:
        assert session.get_one(HolderCode, code_no).uses_taken == 2, "a wrong guess takes a use"


def test_it_is_kept_and_seen_as_what_it_was_and_is_no_verdict(desk: Desk) -> None:
    known(desk)
    number = asked(desk, claim())["predicate_no"]
    path = f"/api/v1/verdicts/{number}"

    as_verdict = [
        desk.title_system.get(path),
        desk.title_system.post(f"{path}/watch"),
        desk.title_system.post(f"{path}/results", {"result": "submitted", "day": f"{YEAR}-01-02"}),
    ]
    verdict_no = desk.title_system.post("/api/v1/verdicts", question()).get_json()["verdict_no"]
    as_predicate = desk.title_system.get(f"{PATH}/{verdict_no}")

    assert {problem_of(each)["code"] for each in as_verdict} == {"verdict-unknown"}
    assert problem_of(as_predicate)["code"] == "predicate-unknown"
    with desk.bank.reading() as session:
        row = session.get_one(Verdict, number)
        assert (row.disclose, row.outcome, row.purpose) == ("predicate", "yes", "人才引进")
        assert row.person_id == find_person(session, desk.bank.house.vault, PERSON)


def test_the_same_request_again_is_the_first_answer_and_takes_no_further_use(desk: Desk) -> None:
    known(desk)
    code_no, code = made(desk.bank)

    first = desk.title_system.post(PATH, by_code(code), retry="one")
    again = desk.title_system.post(PATH, by_code(code), retry="one")
    other = desk.title_system.post(PATH, by_code(code, at_least="1.00"), retry="one")

    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status_code in {409, 422}
    with desk.bank.reading() as session:
        assert session.get_one(HolderCode, code_no).uses_taken == 1


def test_what_was_asked_before_names_what_came_after(desk: Desk) -> None:
    known(desk)
    first, second = (asked(desk, claim())["predicate_no"] for _ in range(2))
    asked(desk, claim(at_least="1.00"))

    read = desk.title_system.get(f"{PATH}/{first}").get_json()

    assert read["superseded_by"] == second


def all_ask(desk: Desk, code: str) -> list[str]:
    """Let sixteen ask at once; return what each was told."""
    start = Barrier(ASKERS)

    def ask(number: int) -> str:
        client = desk.bank.app.test_client()
        start.wait()
        answer = client.post(
            PATH, json=by_code(code),
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
    _, code = made(desk.bank, uses=5)

    assert all_ask(desk, code) == ["201"] * 5 + ["holder-code-refused"] * 11


def test_a_use_that_is_not_taken_would_be_seen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    known(desk)
    _, code = made(desk.bank, uses=5)
    monkeypatch.setattr("creditbank.verification.predicates.take_use", lambda *_, **__: None)

    assert all_ask(desk, code).count("201") > 5


def test_years_that_have_not_begun_and_subjects_that_there_are_not_are_refused(desk: Desk) -> None:
    known(desk)
    wrong: list[dict[str, Any]] = [
        {"last_year": utc_now().year + 1}, {"first_year": YEAR, "last_year": YEAR - 1},
        {"first_year": YEAR - 20}, {"subject": "astrology"}, {"at_least": "0.00"},
    ]  # fmt: skip

    codes = [problem_of(desk.title_system.post(PATH, claim(**each)))["code"] for each in wrong]

    assert codes == ["predicate-years"] * 3 + ["subject-unknown", "request-invalid"]


def test_the_jws_alone_is_handed_over_to_who_accepts_only_that(desk: Desk) -> None:
    known(desk)
    headers = {"Accept": JOSE}

    alone = desk.title_system.post(PATH, claim(), headers=headers)

    assert alone.content_type == JOSE
    assert jws.extract_compact(alone.data).headers()["typ"] == "creditbank-predicate+jwt"


def test_of_two_that_ask_the_same_at_once_the_first_to_be_kept_answers_both(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(desk)
    asked(desk, claim(series="engineering"))
    before = desk.row_counts()["verdict"]
    signed, meanwhile = Inquiry.signed, list[str]()

    def signed_late(inquiry: Any, settled: Any) -> SignedAnswer:
        """Let the other's answer be kept between the signature of this one and its place."""
        mine = signed(inquiry, settled)
        if not meanwhile:
            meanwhile.append("asked")
            meanwhile[0] = asked(desk, claim(), retry="once")["predicate_no"]
        return mine

    monkeypatch.setattr(Inquiry, "signed", signed_late)
    late = desk.title_system.post(PATH, claim(), retry="once")
    other = desk.title_system.post(PATH, claim(at_least=TOO_MANY), retry="once")

    assert late.status_code == 201
    assert [late.get_json()["predicate_no"]] == meanwhile
    assert late.headers["Idempotency-Replayed"] == "true"
    assert desk.row_counts()["verdict"] == before + 1
    assert problem_of(other)["code"] == "idempotency-key-reused"


def test_an_answer_whose_key_another_question_took_meanwhile_is_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(desk)
    signed, meanwhile = Inquiry.signed, list[str]()

    def signed_late(inquiry: Any, settled: Any) -> SignedAnswer:
        mine = signed(inquiry, settled)
        if not meanwhile:
            meanwhile.append("asked")
            asked(desk, claim(at_least=TOO_MANY), retry="once")
        return mine

    monkeypatch.setattr(Inquiry, "signed", signed_late)
    late = desk.title_system.post(PATH, claim(), retry="once")

    assert problem_of(late)["code"] == "idempotency-key-reused"
    assert desk.row_counts()["verdict"] == 1


def test_the_same_question_at_once_from_many_sides_is_answered_once(desk: Desk) -> None:
    known(desk)
    gate = Barrier(ASKERS)

    def send(_number: int) -> tuple[int, str]:
        caller = Caller(desk.bank.app.test_client(), desk.title_system.token)
        gate.wait(timeout=60)
        response = caller.post(PATH, claim(), retry="race")
        return response.status_code, response.get_json().get("predicate_no", "")

    with ThreadPoolExecutor(ASKERS) as pool:
        answers = list(pool.map(send, range(ASKERS)))

    assert {status for status, _ in answers} == {201}
    assert len({number for _, number in answers}) == 1
    assert desk.row_counts()["verdict"] == 1
