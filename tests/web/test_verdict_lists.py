"""Lists of applicants by the pages: a file goes in, every row's fate and answer comes out."""

import io
import json
import re
import threading
from collections.abc import Sequence

import pypdfium2
import pytest
import python_calamine

from creditbank.clock import utc_now
from creditbank.jobs.batches import run_batches
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.bank import invented_person
from tests.certificates.counter import press_at_hand
from tests.web.test_verdict_pages import PERSON, STRANGER, TITLE, Seat, give_hours
from tests.web.visitors import Visitors

NEW = TITLE.format(level="associate_senior").replace("/verdicts/", "/verdict-batches/")
HEAD = "姓名,证件类型,证件号码,现职称取得日期"


def csv(people: Sequence[Identity], *more: str) -> bytes:
    rows = [f"{each.name},身份证,{each.document.number},2018-06-30" for each in people]
    return "\n".join([HEAD, *rows, *more]).encode()


def send_list(seat: Seat, people: Sequence[Identity], *more: str) -> str:
    """Send a list; return its number."""
    seat.browser.get(NEW).send(
        "/verdict-batches/new", file=csv(people, *more), purpose="年度评审", legal_basis="第25号令"
    )
    assert seat.browser.status == 200, seat.browser.text
    return seat.browser.path.rpartition("/")[2]


@pytest.fixture
def seat(visitors: Visitors) -> Seat:
    return Seat(visitors)


def test_a_list_is_sent_watched_and_taken_away(seat: Seat) -> None:
    give_hours(seat.bank)
    wrong = f"李不符,身份证,{STRANGER.document.number}0,2018-06-30"
    number = send_list(seat, [PERSON, STRANGER], wrong)
    waiting = seat.browser.text
    still = seat.browser.get(f"/verdict-batches/{number}?watch=no").text
    run_batches(threading.Event())

    done = seat.browser.get(f"/verdict-batches/{number}").text
    printed = seat.browser.get(f"/verdict-batches/{number}/print").text
    listed = seat.browser.get("/verdict-batches").text
    table = seat.browser.get(f"/verdict-batches/{number}/results.xlsx").page
    answers = seat.browser.get(f"/verdict-batches/{number}/answers.jsonl").text

    assert 'http-equiv="refresh"' in waiting
    assert "已处理 1 人，共 3 人" in waiting
    assert 'http-equiv="refresh"' not in still + done, "only while it works, and not if unwanted"
    for text in (done, printed):
        assert "未达到要求" in text
        assert PERSON.name in text
        assert "位数" in text, "the row that could not be read says why"
        assert PERSON.document.number not in text
    assert "已完成" in listed
    assert PERSON.name not in listed
    kept = [json.loads(line) for line in answers.splitlines()]
    assert [(each["row_no"], each["outcome"]) for each in kept] == [
        (2, "not_met"), (3, "undetermined"),
    ]  # fmt: skip
    assert f"/verdicts/{kept[0]['verdict_no']}" in done
    assert table is not None
    sheet = python_calamine.load_workbook(io.BytesIO(table.data)).get_sheet_by_index(0)
    rows = sheet.to_python()
    assert rows[1][:4] == [2, PERSON.name, PERSON.document.number[-4:], "未达到要求"]
    assert rows[3][3] == "未能核验"
    assert rows[3][6]


def test_a_list_may_be_asked_about_as_of_a_day(seat: Seat) -> None:
    typed = {"file": csv([PERSON]), "purpose": "年度评审", "legal_basis": "第25号令"}
    sent = seat.browser.get(NEW).send("/verdict-batches/new", as_of="2025-12-31", **typed).text
    number = seat.browser.path.rpartition("/")[2]
    printed = seat.browser.get(f"/verdict-batches/{number}/print").text
    refused = seat.browser.get(NEW).send("/verdict-batches/new", as_of="2199-12-31", **typed)

    for text in (sent, printed):
        assert "学时取得截至" in text
        assert "2025-12-31" in text
    assert "截止日在未来" in refused.text


def test_the_template_is_filled_in_and_sent_as_it_is(seat: Seat) -> None:
    page = seat.browser.get(NEW)
    [plain, *with_pathway] = re.findall(r'href="(/verdict-batches/template[^"]+)"', page.text)

    for address in (plain, *with_pathway):
        file = page.get(address.replace("&amp;", "&")).page
        assert file is not None
        rows = python_calamine.load_workbook(io.BytesIO(file.data)).get_sheet_by_index(0)
        head = [str(cell) for cell in rows.to_python()[0]]
        assert head[:3] == ["姓名\nname", "证件类型\ndocument kind", "证件号码\ndocument number"]
        assert head[3] == "现职称取得日期\ncurrent_title_on"
        assert (len(head) > 4) == (address != plain)
        empty = page.get(NEW).send(
            "/verdict-batches/new", file=file.data, purpose="年度评审", legal_basis="依据"
        )
        assert (empty.status, "名单里没有数据" in empty.text) == (422, True)


def test_a_file_that_is_no_list_and_a_title_outside_the_mandate_are_refused_in_words(
    seat: Seat,
) -> None:
    photo = seat.browser.get(NEW).send(
        "/verdict-batches/new", file=b"\xff\xd8\xff\xe0 photo", purpose="年度评审", legal_basis="x"
    )
    said = photo.status, "年度评审" in photo.text
    nothing = photo.send("/verdict-batches/new", purpose="年度评审", legal_basis="x")

    assert said == (422, True)
    assert "没有填写：名单文件。" in nothing.text
    assert "不在授权之内的是：级别。" in seat.browser.get(
        NEW.replace("associate_senior", "full_senior")
    ).text  # fmt: skip


def test_rows_are_paged_and_a_colleague_sees_nothing(seat: Seat, visitors: Visitors) -> None:
    number = send_list(seat, [invented_person(100 + n) for n in range(60)])
    text = seat.browser.text

    [more] = re.findall(r'href="(/verdict-batches/[^"]+after=[^"]+)"', text)
    rest = seat.browser.get(more.replace("&amp;", "&")).text
    other = visitors.seated(Role.TITLE_SYSTEM, name="colleague")

    assert [text.count("<tr>"), rest.count("<tr>")] == [51, 11]
    assert other.get(f"/verdict-batches/{number}").status == 404
    assert number not in other.get("/verdict-batches").text


def printed_pages(seat: Seat, number: str, language: str) -> list[str]:
    """Return the text of each page of the list as PDF, without spaces."""
    file = seat.browser.get(f"/verdict-batches/{number}/results.pdf?lang={language}").page
    assert file is not None
    assert file.content_type == "application/pdf"
    with pypdfium2.PdfDocument(file.data) as document:
        return [re.sub(r"\s", "", each.get_textpage().get_text_range()) for each in document]


def test_a_list_is_printed_with_every_answer_and_what_is_missing(seat: Seat) -> None:
    press_at_hand()
    give_hours(seat.bank)
    rare = Identity(invented_person(9).document, "王\U00031350")
    wrong = f"李不符,身份证,{STRANGER.document.number}0,2018-06-30"
    number = send_list(seat, [PERSON, STRANGER, rare], wrong)
    run_batches(threading.Event())
    answers = seat.browser.get(f"/verdict-batches/{number}/answers.jsonl").text
    kept = [json.loads(line)["verdict_no"] for line in answers.splitlines()]

    linked = f"/verdict-batches/{number}/results.pdf" in seat.browser.get(
        f"/verdict-batches/{number}"
    ).text  # fmt: skip
    [zh], [en] = (printed_pages(seat, number, language) for language in ("zh", "en"))

    assert linked
    assert len(kept) == 3
    for said in (
        "名单核验结果", number, "查询单位", "工程", "副高级", "cn-3710", "2027-03-15", "年度评审",
        "第25号令", "已处理4人，共4人", "未达到要求1尚不能确定2未能核验1", *kept,
        PERSON.name, PERSON.document.number[-4:], "2026年专业科目还缺24.00学时。",
        "没有记录（不等于未达到要求）", "证件号码：证件号码位数不对。收到19位。", "王〓",
        "第4行U+31350", "任何人如何核对", "/.well-known/jwks.json", "1/1",
    ):  # fmt: skip
        assert said in zh, said
    for said in ("Answerstoalist", "24.00hoursshort", "row4U+31350", *kept):
        assert said in en, said
    assert PERSON.document.number not in zh + en


def test_a_list_may_be_signed_as_a_whole_and_by_what_was_known(seat: Seat) -> None:
    give_hours(seat.bank)
    typed = {"file": csv([PERSON, STRANGER]), "purpose": "年度评审", "legal_basis": "第25号令"}
    form = seat.browser.get(NEW)
    asked = form.text
    known = form.send(
        "/verdict-batches/new", signing="tree", known_on=f"{utc_now():%Y-%m-%d}", **typed
    ).text
    number = seat.browser.path.rpartition("/")[2]
    run_batches(threading.Event())
    kept = [
        json.loads(line)
        for line in seat.browser.get(f"/verdict-batches/{number}/answers.jsonl").text.splitlines()
    ]
    verdict_no = kept[0]["verdict_no"]
    answer = seat.browser.get(f"/verdicts/{verdict_no}").text
    file = seat.browser.http.get(f"/verdicts/{verdict_no}/answer.jws")
    printed = seat.browser.get(f"/verdict-batches/{number}/print").text

    assert 'value="tree"' in asked
    assert "整份名单一次签名" in known
    assert "账本截至" in known + printed
    assert f"本答复随名单 {number} 一并签名，为其中第 1 项" in answer
    assert f"{verdict_no}.json --jwks" in answer
    assert file.get_json() == kept[0]["listed"]
    assert file.headers["Content-Disposition"] == f'attachment; filename="{verdict_no}.json"'
