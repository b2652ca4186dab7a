"""Who is ready for a review, by the pages: a list by a day, its states, files, and reminders."""

import io
import threading
from datetime import timedelta

import pytest
import python_calamine

from creditbank.clock import civil_day, utc_now
from creditbank.crediting.imports import RecordRow
from creditbank.jobs.batches import run_batches
from creditbank.jobs.reminders import remind_people
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.bank import invented_person
from tests.web.browser import Browser
from tests.web.test_verdict_lists import NEW, csv
from tests.web.test_verdict_pages import PERSON, STRANGER, Seat, give_hours
from tests.web.visitors import Visitors, sign_in

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def seat(visitors: Visitors) -> Seat:
    return Seat(visitors)


def due() -> str:
    return (civil_day(utc_now()) + timedelta(days=10)).isoformat()


def look(seat: Seat, people: list[Identity], *more: str, **typed: str) -> str:
    """Send a list that looks by a day, have it answered; return its number."""
    seat.browser.get(NEW).send(
        "/verdict-batches/new", file=csv(people, *more), purpose="年度评审", legal_basis="第25号令",
        **({"ready_by": due()} | typed),
    )  # fmt: skip
    assert seat.browser.status == 200, seat.browser.text
    run_batches(threading.Event())
    return seat.browser.path.rpartition("/")[2]


def test_a_unit_sees_who_is_ready_who_is_short_of_what_and_who_cannot_be_told(seat: Seat) -> None:
    give_hours(seat.bank)
    ready = invented_person(20)
    rows = [
        RecordRow(ready, year, subject, hours)
        for year in range(2022, 2027)
        for subject, hours in (("public.general", 3000), ("professional", 6000))
    ]
    seat.bank.imported(rows)
    number = look(seat, [PERSON, STRANGER, ready], f"=1+1,身份证,{STRANGER.document.number}0,")

    page = seat.browser.get(f"/verdict-batches/{number}/readiness")
    text, status = page.text, page.status
    short = page.get(f"/verdict-batches/{number}/readiness?state=short").text
    nobody = page.get(f"/verdict-batches/{number}/readiness?state=waiting").text
    listed = page.get("/verdict-batches").text
    book = page.get(f"/verdict-batches/{number}/readiness.xlsx").page
    table = page.get(f"/verdict-batches/{number}/readiness.csv?state=short").page
    assert book is not None
    assert table is not None

    assert status == 200
    assert f"评审须在此日前完成</dt><dd>{due()}" in text
    assert "由本单位写明" in text
    assert "还有 10 天" in text
    assert "2026 年 专业科目 还缺 24.00 学时。" in text
    assert "没有记录（不等于未达到要求）" in text
    assert "已够" in text
    assert "未能核验" in text
    assert PERSON.name in short
    assert ready.name not in short
    assert "没有这样的人" in nobody
    assert f"评审须在 {due()} 前完成" in listed
    cells = python_calamine.load_workbook(io.BytesIO(book.data)).get_sheet_by_index(0).to_python()
    assert [row[3] for row in cells[1:]] == ["还缺学时", "不能判定", "已够", "未能核验"]
    assert "要求 60.00，已有 36.00" in str(cells[1][4])
    assert not any(str(cell).startswith(("=", "+", "@")) for row in cells for cell in row)
    assert table.data.decode("utf-8-sig").count("\r\n") == 2
    assert PERSON.document.number not in text + table.text


def test_a_list_without_any_day_or_with_decisions_alone_is_refused_in_words(seat: Seat) -> None:
    file, why = csv([PERSON]), {"purpose": "年度评审", "legal_basis": "令"}
    page, address = seat.browser.get(NEW), "/verdict-batches/new"
    no_day = page.send(address, file=file, readiness="yes", **why).text
    past = page.get(NEW).send(address, file=file, ready_by="2020-09-30", **why).text
    bare = page.get(NEW).send(address, file=file, ready_by=due(), disclose="decision", **why).text

    assert "规则包 cn-3710 没有规定评审截止日" in no_day
    assert "评审截止日已过" in past
    assert "只给结论的名单看不出还缺多少" in bare


def test_the_person_and_the_unit_are_told_before_the_day_until_they_have_read_it(
    seat: Seat, visitors: Visitors
) -> None:
    person = visitors.professional(7)
    give_hours(seat.bank)
    number = look(seat, [person])
    holder = sign_in(Browser(seat.bank), person.document.number, "resident_id")
    before = holder.get("/").text, holder.get("/hours/reminders").text, seat.browser.get("/").text

    remind_people(threading.Event())
    told = holder.get("/").text
    own = holder.get("/hours/reminders").text
    asked = holder.get("/hours/queries").text
    after = holder.get("/hours/reminders").send("/hours/reminders").text
    home = holder.get("/").text
    unit = seat.browser.get("/").text
    near = seat.browser.get("/readiness").text
    there = f"/verdict-batches/{number}/readiness"
    unread = seat.browser.get(there).text
    seat.browser.send(f"{there}/read")
    read = seat.browser.get("/").text

    assert "评审截止提醒还没有读过" not in before[0]
    assert "没有提醒" in before[1]
    assert "评审截止日临近" not in before[2]
    assert "有 1 条评审截止提醒还没有读过" in told
    assert f"须在 {due()} 前完成，你的学时还不够" in own
    assert "2026 年 专业科目 还缺 24.00 学时。" in own
    assert asked.count('<section class="card"') == 1, "the clock asked nobody"
    assert "已标为已读" in after
    assert "评审截止提醒还没有读过" not in home
    assert "有 1 份名单的评审截止日临近" in unit
    assert number in near
    assert "请重新提交名单" in unread
    assert "评审截止日临近" not in read


def test_readiness_is_paged_and_a_colleague_sees_nothing_of_it(
    seat: Seat, visitors: Visitors
) -> None:
    number = look(seat, [invented_person(100 + n) for n in range(60)])
    there = f"/verdict-batches/{number}/readiness"
    first = seat.browser.get(there).text
    rest = seat.browser.get(f"{there}?after=51").text
    other = visitors.seated(Role.TITLE_SYSTEM, name="colleague")

    assert [first.count("<tr>"), rest.count("<tr>")] == [51, 11]
    assert "after=51" in first
    assert [other.get(f"{there}{end}").status for end in ("", ".xlsx", ".csv")] == [404] * 3
