"""Who asked about somebody is theirs to read and to object to; officials answer; refused questions
are seen by both."""

import json
import re
import threading

import pytest

from creditbank.jobs.batches import run_batches
from creditbank.registry.clients import Role
from creditbank.registry.mandates import change_mandate
from creditbank.verification.query_models import QueryObjection
from tests.bank import NOW, TestBank, invented_person
from tests.web.browser import Browser
from tests.web.test_verdict_lists import send_list
from tests.web.test_verdict_pages import NUMBER, TITLE, Seat
from tests.web.visitors import Visitors, sign_in

PERSON = invented_person(91)
WORDS, REASON = "我没有向该单位申报职称", "该单位依授权核验本年度申报人"


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


@pytest.fixture
def holder(visitors: Visitors) -> Browser:
    return sign_in(Browser(visitors.bank), visitors.professional().document.number, "resident_id")


def test_a_query_is_seen_objected_to_and_answered(
    visitors: Visitors, holder: Browser, bank: TestBank
) -> None:
    nothing = words(holder.get("/hours/queries"))
    seat, official = Seat(visitors), visitors.seated(Role.OFFICIAL)
    number = NUMBER.findall(seat.ask(PERSON, disclose="decision").path)[0]
    seat.ask(invented_person(92))

    seen = words(holder.get("/hours/queries"))
    action = f"/hours/queries/{number}/objection"
    empty = holder.send(action, words=" ").status
    holder.get("/hours/queries").send(action, words=WORDS)
    raised = words(holder)
    [objection_no] = re.findall(r"O[0-9A-Z]{9}", holder.text)
    desk = official.get("/desk/objections").text
    compared = words(official.get(f"/desk/objections/{objection_no}"))
    official.send(f"/desk/objections/{objection_no}/answer", finding="rejected", reason=REASON)
    notice = words(holder.get("/"))
    answered = words(holder.get("/hours/queries"))
    holder.send("/hours/queries/read")
    after = words(holder.get("/"))
    file = json.loads(holder.http.get("/hours/queries.json", base_url=holder.base).data)

    assert "还没有人查询过您" in nothing
    assert seen.count("查询时间") == 1, "another's queries are not shown"
    for said in ("职称申报资格审核", "人社部令第25号", seat.mandate_no, "单独核验", number):
        assert said in seen
        assert said in compared
    assert empty == 422
    assert "异议已提交" in raised
    assert WORDS in raised
    assert objection_no in desk
    assert WORDS not in desk
    assert WORDS in compared
    assert PERSON.name not in compared
    assert "您提出的异议有 1 项新答复" in notice
    assert REASON in answered
    assert "异议不成立" in answered
    assert "新答复" not in after
    [line] = file["queries"]
    assert line["objection"] == {"words": WORDS, "finding": "rejected", "answer": REASON}
    with bank.reading() as session:
        row = session.get_one(QueryObjection, objection_no)
        assert WORDS.encode() not in row.words_cipher
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_objects_once_and_an_answer_stands(visitors: Visitors, holder: Browser) -> None:
    seat, official = Seat(visitors), visitors.seated(Role.OFFICIAL)
    number = NUMBER.findall(seat.ask(PERSON).path)[0]
    action = f"/hours/queries/{number}/objection"
    holder.get("/hours/queries")
    form = holder.forms()[action].values
    holder.send(action, words=WORDS)
    [objection_no] = re.findall(r"O[0-9A-Z]{9}", holder.text)
    answer = f"/desk/objections/{objection_no}/answer"
    official.get(f"/desk/objections/{objection_no}")
    held = official.forms()[answer].values
    official.send(answer, finding="upheld", reason=REASON)

    again = holder.http.post(action, data=form | {"words": "又"}, base_url=holder.base)
    more = official.http.post(
        answer, data=held | {"finding": "rejected", "reason": "改"}, base_url=official.base
    )

    assert again.status_code == 409
    assert objection_no in again.text
    assert more.status_code == 409
    assert "没有待答复的异议" in official.get("/desk/objections").text
    assert objection_no in official.get("/desk/objections?state=all").text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_row_of_a_list_is_a_query_too_and_many_queries_have_pages(
    visitors: Visitors, holder: Browser, bank: TestBank
) -> None:
    seat = Seat(visitors)
    for _ in range(20):
        seat.ask(PERSON)
    send_list(seat, [PERSON])
    run_batches(threading.Event())

    first, second = words(holder.get("/hours/queries")), words(holder.get("/hours/queries?page=2"))

    assert first.count("查询时间") == 20
    assert "名单核验" in first
    assert second.count("查询时间") == 1
    assert "名单核验" not in second


def test_a_refused_question_is_seen_by_officials_and_whoever_it_was_about_and_tells_nothing(
    visitors: Visitors, holder: Browser
) -> None:
    seat, official = Seat(visitors), visitors.seated(Role.OFFICIAL)
    mismatch = seat.ask(PERSON, name="不是此人").status
    seat.browser.get(TITLE.format(level="associate_senior"))
    with seat.bank.unit() as session:
        change_mandate(session, seat.mandate_no, "suspended", actor="official-test", now=NOW)
    outside = seat.browser.send(
        "/verdicts/new", document_number=PERSON.document.number, person_name=PERSON.name,
        purpose="越权打听", legal_basis="无",
    ).status  # fmt: skip

    about_me = words(holder.get("/hours/queries"))
    desk = words(official.get("/desk/refused-questions"))

    assert (mismatch, outside) == (409, 403)
    assert "越权打听" in about_me
    assert "证件号码与姓名不符" in about_me
    assert "超出授权" in desk
    assert "授权已中止或撤销" in desk
    assert PERSON.name not in desk
    assert PERSON.document.number[-4:] not in desk


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_became_of_an_application_is_reported_and_seen_by_both(
    visitors: Visitors, holder: Browser
) -> None:
    seat = Seat(visitors)
    number = NUMBER.findall(seat.ask(PERSON).path)[0]
    path = f"/verdicts/{number}/results"
    before = words(seat.browser)
    dayless = seat.browser.send(path, result="passed", day="", reason="").status
    reported = words(seat.browser.get(f"/verdicts/{number}").send(
        path, result="passed", day="2026-01-05", reason=""
    ))  # fmt: skip
    refused = words(seat.browser.send(path, result="failed", day="2026-01-05", reason=""))
    seen = words(holder.get("/hours/queries"))

    assert "还没有报告" in before
    assert dayless == 422
    assert "2026-01-05 · 评审通过 · 副高级" in reported
    assert "现在可以报告：撤销上一次报告" in refused
    assert "2026-01-05 该单位报告： 评审通过" in seen
